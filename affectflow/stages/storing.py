"""Ingest: batches of utterances into the parts of a lake. The one shuffle is here."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches import is_dead, split
from affectflow.lake import Lake, speakers
from affectflow.lake.storage import Storage
from affectflow.lake.tables import (
    ConflictError,
    FileEntry,
    bucket_of_path,
    commit,
    landed,
    stem,
)
from affectflow.schemas import FINDINGS, NOT_AN_UTTERANCE
from affectflow.shuffle import Claim, gather, spill
from affectflow.stages.buckets import INLINE, write_bucket
from affectflow.stages.conversations import follow_conversations
from affectflow.stages.deadletters import (
    non_utterances,
    refused,
    write_dead_letters,
)
from affectflow.stages.receipts import Receipt, peak_rss_bytes, total
from affectflow.stages.runs import Request, write_run, written_run
from affectflow.stages.sealing import seal
from affectflow.transform import Transform

STAGING = "_staging"
MAX_ATTEMPTS = 20

_Claim = tuple[int, tuple[str, int]]


class StoreUtterances(Transform):
    """Writes batches of utterances into a lake, each message once.

    Args:
      request: the run; its lake must exist.
    """

    def __init__(self, request: Request):
        super().__init__()
        self.request = request

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Wires: spill by bucket, write each bucket, commit all together."""
        spilled = pcoll | "Spill" >> beam.ParDo(
            _SpillFn(self.request)
        ).with_output_types(_Claim, receipts=str).with_outputs(
            "receipts", main="claims"
        )
        written = (
            spilled.claims
            | "Group" >> beam.GroupByKey()
            | "WriteBuckets"
            >> beam.ParDo(_WriteBucketFn(self.request)).with_output_types(str)
        )
        return (
            (spilled.receipts, written)
            | "Receipts" >> beam.Flatten()
            | "Commit" >> CommitOnce(self.request, commit_ingest)
        )


class CommitOnce(beam.PTransform):
    """Gives all receipts of a stage to one function, once they are all there."""

    def __init__(self, request: Request, function: Any):
        super().__init__()
        self.request = request
        self.function = function

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Wires a sentinel in: an empty grouping would emit nothing."""
        sentinel = pcoll.pipeline | "Sentinel" >> beam.Create(
            [""], reshuffle=False
        ).with_output_types(str)
        return (
            (pcoll, sentinel)
            | "WithSentinel" >> beam.Flatten()
            | "OneKey" >> beam.Map(_one_key).with_output_types(tuple[int, str])
            | "Group" >> beam.GroupByKey()
            | "Commit"
            >> beam.Map(_commit_group, self.request, self.function).with_output_types(
                str
            )
        )


def _one_key(receipt: str) -> tuple[int, str]:
    return 0, receipt


def _commit_group(
    group: tuple[int, Iterable[str]], request: Request, function: Any
) -> str:
    receipts = [Receipt.from_json(text) for text in sorted(group[1]) if text]
    row = function(request, receipts)
    return json.dumps({"run_id": row["run_id"], "stage": row["stage"]})


class _SpillFn(beam.DoFn):
    """Seals batches, puts living rows into staging and dead ones into dead letters."""

    def __init__(self, request: Request):
        self._request = request

    def setup(self) -> None:
        self._lake = Lake.open(self._request.lake_uri)
        self._key = speakers.read_key(
            self._lake.settings, self._request.speaker_key_uri
        )
        self._staging = Storage(staging(self._lake, self._request))

    def process(self, element: pa.RecordBatch) -> Iterator[Any]:
        for batch in split(element):
            sealed = seal(batch, self._key, self._lake.buckets)
            living = sealed.filter(pc.invert(is_dead(sealed)))
            for bucket, claim in spill(living, self._staging):
                yield bucket, tuple(claim)
            receipt = self._account(sealed, living.num_rows)
            yield beam.pvalue.TaggedOutput("receipts", receipt.to_json())

    def _account(self, sealed: pa.RecordBatch, living: int) -> Receipt:
        dead, known = refused(sealed), non_utterances(sealed)
        request = self._request
        return Receipt(
            unit="spill",
            files=write_dead_letters(self._lake, dead, "ingest", request.run_id),
            rows={"rows_in": living + dead.num_rows, "rows_dead": dead.num_rows},
            counters={NOT_AN_UTTERANCE: known} if known else {},
            peak_rss_bytes=peak_rss_bytes(),
        )


class _WriteBucketFn(beam.DoFn):
    def __init__(self, request: Request):
        self._request = request

    def setup(self) -> None:
        self._lake = Lake.open(self._request.lake_uri)

    def process(self, element: tuple[int, Iterable[tuple[str, int]]]) -> Iterator[str]:
        bucket, claims = element
        yield _write(self._lake, self._request, bucket, list(claims)).to_json()


def _write(
    lake: Lake, request: Request, bucket: int, claims: list[tuple[str, int]]
) -> Receipt:
    addresses = [Claim(*claim) for claim in claims]
    batches = gather(addresses, Storage(staging(lake, request)))
    receipt = write_bucket(lake, bucket, batches, request.run_id)
    receipt.claims = sorted(claims)
    return receipt


def staging(lake: Lake, request: Request) -> str:
    """Returns the folder where a run's batches wait for their grouping."""
    return lake.storage.url(STAGING, request.run_id)


# -- commit ------------------------------------------------------------------------


def commit_ingest(request: Request, receipts: Sequence[Receipt]) -> dict[str, Any]:
    """Makes an ingest visible, and returns its row of `runs`.

    If another ingest came first, the buckets that it touched are merged again with
    what it wrote, from the batches that still wait in staging.
    """
    lake = Lake.open(request.lake_uri)
    if (row := written_run(lake, request)) is not None:
        return row  # a retry of a commit that had gone through
    receipts = list(receipts)
    for attempt in range(MAX_ATTEMPTS):
        try:
            if not landed(lake.storage, "utterances", request.run_id):
                present = lake.committed("utterances")
                receipts = [_renewed(lake, request, r, present) for r in receipts]
                _commit_utterances(lake, request, receipts, present)
            break
        except ConflictError:
            if attempt == MAX_ATTEMPTS - 1:
                raise
    follow(lake)
    _commit_table(lake, "dead_letters", receipts)
    row = write_run(lake, request, total(receipts))
    lake.storage.remove_tree(STAGING, request.run_id)
    return row


def _renewed(
    lake: Lake, request: Request, receipt: Receipt, present: dict[str, FileEntry]
) -> Receipt:
    if not receipt.claims:
        return receipt
    bucket = int(receipt.unit.rsplit(" ", 1)[-1])
    now = sorted(path for path in present if bucket_of_path(path) == bucket)
    if now == receipt.base:
        return receipt
    return _write(lake, request, bucket, receipt.claims)


def _commit_utterances(
    lake: Lake,
    request: Request,
    receipts: list[Receipt],
    present: dict[str, FileEntry],
) -> None:
    adds = _files(receipts, "utterances")
    removes = [path for receipt in receipts for path in receipt.removes]
    if adds or removes:
        commit(
            lake.storage,
            "utterances",
            adds,
            removes,
            serial="affectflow-ingest",
            once=request.run_id,
            expected=present,
        )


def _files(receipts: list[Receipt], table: str) -> list[FileEntry]:
    return [f for receipt in receipts for f in receipt.files if f.table == table]


def _commit_table(lake: Lake, table: str, receipts: list[Receipt]) -> None:
    commit(lake.storage, table, _files(receipts, table))


def follow(lake: Lake) -> None:
    """Makes what came in with the utterances follow the parts that are visible.

    Files of `cues`, `annotations` and `causes` are named after their part; a commit
    that was cut short between two tables is made up for here.
    """
    live = {stem(path) for path in lake.committed("utterances")}
    for table in (*FINDINGS, "rollups"):
        present = lake.committed(table)
        inline = {p for p in present if p.startswith(f"{INLINE}/")}
        names = lake.storage.names(table, INLINE)
        written = {f"{INLINE}/{n}" for n in names if n.endswith(".parquet")}
        wanted = {path for path in written if stem(path) in live}
        adds = [_entry(lake, table, path) for path in sorted(wanted - inline)]
        commit(lake.storage, table, adds, sorted(inline - wanted))
    follow_conversations(lake)


def _entry(lake: Lake, table: str, path: str) -> FileEntry:
    parts = path.split("/")
    size = lake.storage.size(table, *parts)
    return FileEntry(table, path, size, lake.storage.count_rows(table, *parts))
