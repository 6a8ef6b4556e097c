"""Answers of the steps before a sink, stored as `annotate` and `mine` store them.

A part is done if a step has answered all its messages: the stage of that step finds its
receipt and does nothing. If a step has answered only some, the answers are kept until
the stage does the whole part.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import one_batch
from affectflow.batches.nesting import rows_of
from affectflow.kinds.identity import ids_in
from affectflow.lake import Lake
from affectflow.lake.files import entry_of, read_files, write_file
from affectflow.lake.tables import FileEntry, part_of
from affectflow.schemas import ANNOTATORS_COLUMN, TABLES
from affectflow.stages.runs.answers import (
    ANNOTATE,
    EMOTIONS,
    MINE,
    folder_of,
    label_files,
    mined_folder,
    tables_of,
    write_annotator,
)
from affectflow.stages.runs.receipts import Receipt, peak_rss_bytes, receipt_path
from affectflow.stages.runs.results import PARTIAL, Work, free_path
from affectflow.stages.runs.rollups import rollups
from affectflow.stages.runs.statuses import counted


class Step(NamedTuple):
    """A step that answers: an annotator, or a miner of an annotator's labels.

    An annotator may also read the labels of another, or the vectors of several.
    """

    stage: str
    annotator_id: str
    labels_of: str = ""

    @property
    def work(self) -> Work:
        """Where its results and receipts are."""
        if self.stage == MINE:
            return Work(MINE, mined_folder(self.annotator_id, self.labels_of))
        return Work(ANNOTATE, folder_of(self.annotator_id))


@dataclass(kw_only=True)
class Signatures:
    """Who has answered the rows of a batch.

    Args:
      answered: for each step, of how many rows.
      annotators: rows of `annotators`.
    """

    answered: Mapping[Step, int]
    annotators: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        """Ids of all annotators."""
        return [row["annotator_id"] for row in self.annotators]


def signatures(batch: pa.RecordBatch) -> Signatures:
    """Returns who has answered the rows of a batch, annotators first."""
    if ANNOTATORS_COLUMN.name not in batch.schema.names:
        return Signatures(answered={})
    column = batch.column(ANNOTATORS_COLUMN.name)
    items = pc.list_flatten(column)
    names = pa.table([items.field("stage"), items.field("annotator_id")], ["s", "a"])
    pairs = iter(zip(names["s"].to_pylist(), names["a"].to_pylist(), strict=True))
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_pylist()
    chains = Counter(tuple(next(pairs) for _ in range(n)) for n in lengths)
    first = names.append_column("at", pa.array(range(len(items)))).group_by(
        "a", use_threads=False
    )
    places = first.aggregate([("at", "min")])["at_min"]
    known = items.take(places.combine_chunks()).to_pylist()
    over = {row["annotator_id"]: row["over"] or "" for row in known}
    answered: Counter[Step] = Counter()
    for chain, rows in chains.items():
        answered.update(dict.fromkeys(_steps(chain, over), rows))
    order = sorted(answered, key=lambda step: (_depth(step, over), step))
    return Signatures(
        answered={step: answered[step] for step in order}, annotators=known
    )


def _depth(step: Step, over: Mapping[str, str]) -> float:
    """Returns how many annotators a step's answers rest on; a miner comes last."""
    if step.stage == MINE:
        return math.inf
    depth, names = 0, set(ids_in(step.labels_of))
    while names and depth <= len(over):
        names = {below for each in names for below in ids_in(over.get(each))}
        depth += 1
    return depth


def _steps(
    chain: tuple[tuple[str, str], ...], over: Mapping[str, str]
) -> Iterator[Step]:
    """Yields what the steps of a chain did; a miner mined those before it."""
    labelled: list[str] = []
    for stage, annotator_id in chain:
        if stage == ANNOTATE:
            labelled.append(annotator_id)
            yield Step(stage, annotator_id, over[annotator_id])
        else:
            yield from (Step(stage, annotator_id, each) for each in labelled)


class Keeper:
    """Stores the answers that came with the messages of a bucket.

    Args:
      lake: that they are kept in.
      run_id: of the run.
      receipt: of the bucket; it gets the files that no receipt of a part names.
      places: gives `utterance_id` and `part` of all messages of the bucket.
      replaced: names of the parts that this run's parts replace.
    """

    def __init__(
        self,
        lake: Lake,
        run_id: str,
        receipt: Receipt,
        places: Callable[[], pa.Table],
        replaced: Set[str] = frozenset(),
    ):
        self._lake = lake
        self._run_id = run_id
        self._receipt = receipt
        self._places = places
        self._replaced = replaced
        self._old: dict[str, list[str]] = {}

    def keep(self, part: str, batch: pa.RecordBatch, n_rows: int) -> None:
        """Writes the answers of a part, and receipts for stages they complete.

        Args:
          part: its name.
          batch: the messages of the part that came in, in its order.
          n_rows: of the part.
        """
        signed = signatures(batch)
        for row in signed.annotators:
            entry = write_annotator(self._lake, row)
            if entry not in self._receipt.files:
                self._receipt.files.append(entry)
        came = _Came(batch)
        for step, rows in signed.answered.items():
            found = _results(came, step)
            if step.stage == MINE and not _is_mined(came, step.labels_of):
                continue
            if list(step.work) not in self._receipt.works:
                self._receipt.works.append(list(step.work))
            if not self._lake.storage.exists(*receipt_path(*step.work, part)):
                done = rows == n_rows
                if done:
                    counters = _counters(batch, step)
                    self._finish(step, part, found, n_rows, counters)
                else:
                    self._some(step, part, found)

    def keep_rest(
        self, part: str, ids: pa.Array, unsigned: Mapping[str, pa.RecordBatch]
    ) -> None:
        """Keeps a stage's answers about a part's other messages, and unsigned ones.

        Its earlier answers about the messages answered now are no longer shown.

        Args:
          part: its name.
          ids: of all its messages.
          unsigned: rows that came in with them, by table.
        """
        for table in {"annotations", "vectors", "causes"}.intersection(unsigned):
            for step, given in _given(table, unsigned[table]):
                paths = self._of_replaced(table, step.work.folder)
                if paths:
                    rows = read_files(self._lake.storage, table, paths)
                    told = rows.column("utterance_id")
                    own = pc.is_in(told, value_set=ids)
                    rest = pc.and_not(own, pc.is_in(told, value_set=given))
                    self._some(step, part, _with_rollups(table, rows.filter(rest)))
                    self._receipt.works.append(list(step.work))

    def _of_replaced(self, table: str, folder: str) -> list[str]:
        if not self._replaced:
            return []
        if table not in self._old:
            files = sorted(self._lake.committed(table))
            self._old[table] = [p for p in files if part_of(p) in self._replaced]
        return [path for path in self._old[table] if path.startswith(f"{folder}/")]

    def _finish(
        self,
        step: Step,
        part: str,
        found: dict[str, pa.Table],
        n_rows: int,
        counters: dict[str, int],
    ) -> None:
        receipt = Receipt(unit=part, run_id=self._run_id, counters=counters)
        receipt.rows = {"rows_in": n_rows, "rows_out": n_rows, "rows_dead": 0}
        if step.labels_of:
            receipt.base = self._paths_read(step.labels_of, part)
        if step.stage == MINE:
            receipt.points_into = self._points_into(part, found["causes"])
        for table, rows in found.items():
            receipt.files.append(self._write(table, step.work.folder, part, rows))
        receipt.peak_rss_bytes = peak_rss_bytes()
        content = receipt.to_json().encode()
        self._lake.storage.write(content, *receipt_path(*step.work, part))

    def _paths_read(self, labels_of: str, part: str) -> list[str]:
        """Returns the files of what a step has read of a part."""
        files = label_files(self._lake, labels_of, part)
        if not files:
            vectors = ["vectors"]
            ids = ids_in(labels_of)
            found = [label_files(self._lake, each, part, vectors) for each in ids]
            files = [file for each in found for file in each]
        return list(dict.fromkeys(file.path for file in files))

    def _write(self, table: str, folder: str, part: str, rows: pa.Table) -> FileEntry:
        path = free_path(self._lake, table, f"{folder}/{part}.parquet")
        return write_file(self._lake.storage, table, path, rows)

    def _some(self, step: Step, part: str, found: dict[str, pa.Table]) -> None:
        for table, rows in found.items():
            path = f"{step.work.folder}/{part}{PARTIAL}.parquet"
            # The first stays: it may be visible, and a retry writes the same rows.
            if self._lake.storage.exists(table, *path.split("/")):
                entry = entry_of(self._lake.storage, table, path)
            else:
                entry = write_file(self._lake.storage, table, path, rows)
            self._receipt.files.append(entry)

    def _points_into(self, part: str, causes: pa.Table) -> list[str]:
        places = self._places()
        held = pc.is_in(places["utterance_id"], causes["cause_utterance_id"])
        parts = pc.unique(places["part"].filter(held)).to_pylist()
        return sorted({*parts} - {part})


class _Came:
    """What came in with the messages of a batch, by table; each is unnested once."""

    def __init__(self, batch: pa.RecordBatch):
        self.batch = batch
        self._rows: dict[str, pa.RecordBatch] = {}

    def of(self, table: str, **ids: str) -> pa.RecordBatch:
        """Returns the rows of a table with these values."""
        if table not in self.batch.schema.names:
            return pa.RecordBatch.from_pylist([], schema=TABLES[table])
        if table not in self._rows:
            self._rows[table] = rows_of(self.batch, table)
        rows = self._rows[table]
        for name, value in ids.items():
            rows = rows.filter(pc.equal(rows.column(name), value))
        return rows


def _counters(batch: pa.RecordBatch, step: Step) -> dict[str, int]:
    """Returns what the stage of a step counts; what a miner passed over is unknown."""
    return counted(batch, step.annotator_id) if step.stage == ANNOTATE else {}


def _results(came: _Came, step: Step) -> dict[str, pa.Table]:
    """Returns the rows of each table that a step answered."""
    if step.stage == ANNOTATE:
        ids = {"annotator_id": step.annotator_id}
        return tables_of(came.batch, lambda name: came.of(name, **ids))
    ids = {"annotator_id": step.annotator_id, "emotion_annotator_id": step.labels_of}
    return {"causes": pa.Table.from_batches([came.of("causes", **ids)])}


def _given(table: str, rows: pa.RecordBatch) -> Iterator[tuple[Step, pa.ChunkedArray]]:
    """Yields the steps whose answers rows are, each with the messages answered."""
    causes = table == "causes"
    names = ["annotator_id", *(["emotion_annotator_id"] if causes else [])]
    stage, found = MINE if causes else ANNOTATE, pa.Table.from_batches([rows])
    for key in found.select(names).group_by(names).aggregate([]).to_pylist():
        same = reduce(pc.and_, (pc.equal(rows.column(n), v) for n, v in key.items()))
        if None not in key.values():
            yield Step(stage, *key.values()), found.filter(same).column("utterance_id")


def _with_rollups(table: str, rows: pa.Table) -> dict[str, pa.Table]:
    if table != "annotations":
        return {table: rows}
    return {table: rows, "rollups": rollups(one_batch(rows))}


def _is_mined(came: _Came, labels_of: str) -> bool:
    """Returns whether `mine` would look at an annotator's labels."""
    rows = came.of("annotations", annotator_id=labels_of)
    tasks = pa.array(EMOTIONS, pa.string())
    return bool(pc.any(pc.is_in(rows.column("task"), value_set=tasks)).as_py())
