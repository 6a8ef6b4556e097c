"""Ingest: batches of utterances into the parts of a lake. Contains the only shuffle."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import is_dead, split
from affectflow.batches.grouping import Claim, gather, spill
from affectflow.kinds.transform import Transform
from affectflow.lake import Lake, speakers
from affectflow.lake.commits import (
    Change,
    commit,
    commit_serially,
    landed,
    retry,
)
from affectflow.lake.files import entry_of
from affectflow.lake.tables import FileEntry, by_bucket, stem
from affectflow.schemas import FINDINGS
from affectflow.stages.ingest.buckets import give_back, write_bucket
from affectflow.stages.ingest.conversations import follow_conversations
from affectflow.stages.ingest.files_read import skipped_in
from affectflow.stages.ingest.held import Known
from affectflow.stages.ingest.losses import losses, write_examples
from affectflow.stages.ingest.parents import keep_sought, settle_parents
from affectflow.stages.ingest.seal import seal
from affectflow.stages.ingest.twins import Losers, find_twins, keep_merges
from affectflow.stages.runs.answers import ANNOTATED, MINE
from affectflow.stages.runs.committing import labels_first, settle
from affectflow.stages.runs.deadletters import (
    commit_letters,
    passed_over,
    refused,
    write_dead_letters,
)
from affectflow.stages.runs.once import CommitOnce
from affectflow.stages.runs.progress import Progress
from affectflow.stages.runs.reading import INLINE
from affectflow.stages.runs.receipts import Receipt, peak_rss_bytes, total
from affectflow.stages.runs.request import Request, clear_staging, mark_of, staging
from affectflow.stages.runs.results import Work
from affectflow.stages.runs.run import write_run, written_run
from affectflow.storage import Storage

_CLAIMS = "claims"

_Claim = tuple[int, tuple[str, int]]


class StoreUtterances(Transform):
    """Writes batches of utterances into a lake, each message once.

    Args:
      request: the run; its lake must exist.
      commit: makes what was written visible; `commit_ingest` if not given.
    """

    def __init__(self, request: Request, commit: Any = None):
        super().__init__()
        self.request = request
        self.commit = commit or commit_ingest

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
            | "Commit" >> CommitOnce(self.request, self.commit)
        )


class _SpillFn(beam.DoFn):
    """Seals batches, puts living rows into staging and dead ones into dead letters."""

    def __init__(self, request: Request):
        self._request = request

    def _open(self) -> None:
        # Not in `setup`: Spark waits three minutes for a worker that fails there.
        self._lake = self._request.open_lake()
        self._key = speakers.read_key(
            self._lake.settings, self._request.speaker_key_uri
        )
        self._staging = Storage(staging(self._lake, self._request))
        self._progress = Progress(self._lake, self._request)
        self._progress.begin()

    def process(self, element: pa.RecordBatch) -> Iterator[Any]:
        if not hasattr(self, "_lake"):
            self._open()
        for batch in split(element):
            sealed = seal(batch, self._key, self._lake.buckets)
            dead = is_dead(sealed)
            living = sealed.filter(pc.invert(dead)) if dead.true_count else sealed
            for bucket, claim in spill(living, self._staging):
                yield bucket, tuple(claim)
            receipt = self._account(sealed, living)
            self._progress.add(receipt.rows)
            yield beam.pvalue.TaggedOutput("receipts", receipt.to_json())

    def _account(self, sealed: pa.RecordBatch, living: pa.RecordBatch) -> Receipt:
        dead, known = refused(sealed), passed_over(sealed)
        request, lost = self._request, losses(living, dead)
        return Receipt(
            unit="spill",
            files=write_dead_letters(self._lake, dead, "ingest", request.run_id),
            rows={
                "rows_in": living.num_rows + dead.num_rows,
                "rows_dead": dead.num_rows,
            },
            counters={**lost.counters, **known},
            examples=lost.examples,
            values_read=lost.values_read,
            peak_rss_bytes=peak_rss_bytes(),
        )


class _WriteBucketFn(beam.DoFn):
    def __init__(self, request: Request):
        self._request = request

    def process(self, element: tuple[int, Iterable[tuple[str, int]]]) -> Iterator[str]:
        bucket, claims = element
        if not hasattr(self, "_lake"):
            self._lake = self._request.open_lake()
            folder = Storage(staging(self._lake, self._request))
            self._known = Known.read(self._lake, skipped_in(folder))
        lake = self._lake
        with Progress(lake, self._request).unit(f"bucket-{bucket}") as unit:
            given = sorted(claims)
            receipt = _write(lake, self._request, bucket, given, self._known)
            unit.rows = receipt.rows
        give_back()
        yield receipt.to_json()


def _write(
    lake: Lake,
    request: Request,
    bucket: int,
    claims: list[tuple[str, int]],
    known: Known | None = None,
    losers: Losers | None = None,
) -> Receipt:
    folder = Storage(staging(lake, request))
    # Not in the receipt: at the commit the receipts of all buckets are one element.
    folder.write(json.dumps(claims).encode(), _CLAIMS, f"{bucket}.json")
    batches = gather([Claim(*claim) for claim in claims], folder)
    seek = partial(keep_sought, folder, bucket)
    known = known or Known.read(lake, skipped_in(folder))
    return write_bucket(lake, bucket, batches, request.run_id, seek, known, losers)


def _claims(lake: Lake, request: Request, bucket: int) -> list[tuple[str, int]]:
    folder = Storage(staging(lake, request))
    found = json.loads(folder.read(_CLAIMS, f"{bucket}.json"))
    return [(name, number) for name, number in found]


# -- commit ------------------------------------------------------------------------


def settle_letters(lake: Lake, receipts: Sequence[Receipt]) -> Receipt:
    """Makes the dead letters of an ingest visible; returns what else to count."""
    commit_letters(lake, _files(receipts, "dead_letters"))
    return Receipt()


def commit_ingest(
    request: Request,
    receipts: Sequence[Receipt],
    settle_letters: Callable[[Lake, Sequence[Receipt]], Receipt] = settle_letters,
) -> dict[str, Any]:
    """Makes an ingest visible, and returns its row of `runs`.

    If another ingest came first, the buckets that it touched are merged again with
    what it wrote, from the batches that still wait in staging.
    """
    lake, mark = request.open_lake(), mark_of(receipts)
    if (row := written_run(lake, request, mark)) is not None:
        return row  # a retry of a commit that had gone through
    once, receipts = f"{request.run_id}-{mark}", list(receipts)

    def merge() -> None:
        if not landed(lake.storage, "utterances", once):
            present = lake.committed("utterances")
            now = by_bucket(sorted(present))
            receipts[:] = [_renewed(lake, request, r, now) for r in receipts]
            _leave_out_twins(lake, request, receipts, present)
            _commit_utterances(lake, once, receipts, present)

    retry(merge)
    follow(lake, receipts)
    follow_answers(lake, receipts)
    counted = settle_letters(lake, receipts)
    astray = settle_parents(lake, Storage(staging(lake, request)))
    summed = total([*receipts, counted, astray])
    write_examples(lake, request.name, summed)
    row = write_run(lake, request, summed, mark=mark)
    clear_staging(lake, request)
    return row


def _renewed(
    lake: Lake, request: Request, receipt: Receipt, now: dict[int, list[str]]
) -> Receipt:
    kind, _, number = receipt.unit.partition(" ")
    if kind != "bucket" or now.get(int(number), []) == receipt.base:
        return receipt
    claims = _claims(lake, request, int(number))
    return _write(lake, request, int(number), claims)


def _leave_out_twins(
    lake: Lake,
    request: Request,
    receipts: list[Receipt],
    present: dict[str, FileEntry],
) -> None:
    """Writes buckets again without copies of messages that stay elsewhere."""
    twins = find_twins(lake, present, receipts)
    if twins is None:
        return
    keep_merges(Storage(staging(lake, request)), twins.merges)
    at = {receipt.unit: place for place, receipt in enumerate(receipts)}
    for bucket, losers in sorted(twins.losers.items()):
        place = at.get(f"bucket {bucket}")
        claims = [] if place is None else _claims(lake, request, bucket)
        receipt = _write(lake, request, bucket, claims, losers=losers)
        if place is None:
            receipts.append(receipt)
        else:
            receipts[place] = receipt


def _commit_utterances(
    lake: Lake,
    once: str,
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
            once=once,
            expected=present,
        )


def _files(receipts: Sequence[Receipt], table: str) -> list[FileEntry]:
    return [f for receipt in receipts for f in receipt.files if f.table == table]


def follow(lake: Lake, receipts: Sequence[Receipt] = ()) -> None:
    """Makes what came in with the utterances follow the visible parts.

    Files of findings (`cues`, `annotations`, ...) are named after their part; a commit
    interrupted between two tables is completed here. Information in `receipts` is not
    read from files again.
    """
    told = {(f.table, f.path): f for receipt in receipts for f in receipt.files}

    def change(table: str, present: Mapping[str, FileEntry], live: set[str]) -> Change:
        inline = {p for p in present if p.startswith(f"{INLINE}/")}
        names = lake.storage.names(table, INLINE)
        written = {f"{INLINE}/{n}" for n in names if n.endswith(".parquet")}
        wanted = {path for path in written if stem(path) in live}
        adds = [
            told.get((table, path)) or entry_of(lake.storage, table, path)
            for path in sorted(wanted - inline)
        ]
        return adds, sorted(inline - wanted)

    for table in (*FINDINGS, "rollups"):
        commit_serially(lake, table, partial(change, table))
    follow_conversations(lake)


def follow_answers(lake: Lake, receipts: Sequence[Receipt]) -> None:
    """Makes visible what the steps before a sink answered, as their stages do."""
    works = {Work(stage, folder) for r in receipts for stage, folder in r.works}
    for work in labels_first(works):
        tables = ("causes",) if work.stage == MINE else ANNOTATED
        some = [
            file
            for table in tables
            for file in _files(receipts, table)
            if file.path.startswith(f"{work.folder}/")
        ]
        settle(lake, work, tables, [], some)
    commit(lake.storage, "annotators", _files(receipts, "annotators"))
