"""Results that depend on a part move with it when parts are merged.

Annotators and miners keep one result per part; the receipt under `_work` names its
files. Merged parts leave a record under `_work/compact`, so that a result still in
progress when its part was merged follows it, and an interrupted commit is completed.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import asdict, dataclass, field
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import one_batch
from affectflow.lake import Lake
from affectflow.lake.files import read_files, write_file
from affectflow.lake.tables import FileEntry, part_of, stem
from affectflow.schemas import RULES
from affectflow.stages.runs.answers import ANNOTATE, TEXTUALIZE
from affectflow.stages.runs.deadletters import write_letters
from affectflow.stages.runs.journal_files import JOURNAL
from affectflow.stages.runs.reading import INLINE
from affectflow.stages.runs.receipts import (
    WORK,
    Receipt,
    read_receipt,
    receipt_path,
    total,
)
from affectflow.stages.runs.rollups import rollups
from affectflow.storage import in_threads

RECORDS = "compact"
RESULTS = tuple(name for name, rules in RULES.items() if rules.files == "results")
"""The tables in which a part has files of its own, besides `utterances`."""

READ_BY_OTHERS = (TEXTUALIZE, ANNOTATE)
"""The stages whose results other results are made from, the first ones first."""

OUTSIDE = "outside-"
"""Begins the folder of an input outside of the lake; its digest follows."""

PARTIAL = "~some"
"""Suffix of results for some of a part's messages; a receipt covers all of them."""

OF_A_PART = re.compile(r"(b\d{5,}-[0-9a-f]{16})\.json")


class Work(NamedTuple):
    """A stage with its settings: a folder of receipts, and one in each table."""

    stage: str
    folder: str


# -- receipts and records ----------------------------------------------------------


def finished(lake: Lake) -> dict[Work, set[str]]:
    """Returns the parts that have a receipt, by stage and folder."""
    found = {}
    for stage in lake.storage.names(WORK):
        if stage in (RECORDS, JOURNAL):
            continue
        for folder in lake.storage.names(WORK, stage):
            if parts := parts_in(lake, stage, folder):
                found[Work(stage, folder)] = parts
    return found


def parts_in(lake: Lake, *folder: str) -> set[str]:
    """Returns the parts of which a folder of `_work` has a JSON file."""
    # Other files under `_work` (progress, journals) have other names.
    names = map(OF_A_PART.fullmatch, lake.storage.names(WORK, *folder))
    return {name[1] for name in names if name}


class Receipts:
    """The receipts of a lake, each read once.

    Args:
      lake: that holds them.
    """

    def __init__(self, lake: Lake):
        self.lake = lake
        self.finished = finished(lake)
        self._read: dict[tuple[Work, str], Receipt] = {}

    def of(self, work: Work, names: Iterable[str]) -> dict[str, Receipt]:
        """Returns the existing receipts for parts of one stage and folder."""
        there = sorted(self.finished.get(work, set()).intersection(names))
        new = [name for name in there if (work, name) not in self._read]
        read = in_threads(lambda name: read_receipt(self.lake, *work, name), new)
        for name, receipt in zip(new, read, strict=True):
            if receipt is None:  # removed since the folder was listed
                continue
            receipt.unit = name
            self._read[work, name] = receipt
        return {n: self._read[work, n] for n in there if (work, n) in self._read}

    def one(self, work: Work, name: str) -> Receipt | None:
        """Returns the receipt of a part, or None."""
        return self.of(work, [name]).get(name)

    def add(self, work: Work, receipt: Receipt) -> None:
        """Notes a receipt that was just written."""
        self.finished.setdefault(work, set()).add(receipt.unit)
        self._read[work, receipt.unit] = receipt


@dataclass(kw_only=True)
class Record:
    """How a part was merged.

    Args:
      name: of the merged part.
      sources: names of the parts that it took the place of.
      merged: for `<stage>/<folder>`, the files of the sources' results.
    """

    name: str
    sources: list[str]
    merged: dict[str, list[str]] = field(default_factory=dict)

    def write(self, lake: Lake) -> None:
        """Writes the record."""
        content = json.dumps(asdict(self), sort_keys=True).encode()
        lake.storage.write(content, WORK, RECORDS, f"{self.name}.json")

    @classmethod
    def read(cls, lake: Lake, name: str) -> Self:
        """Returns the record that `write` wrote."""
        return cls(**json.loads(lake.storage.read(WORK, RECORDS, f"{name}.json")))


def records(lake: Lake) -> dict[str, Record]:
    """Returns all records by the name of the merged part."""
    names = sorted(parts_in(lake, RECORDS))
    read = in_threads(lambda name: Record.read(lake, name), names)
    return dict(zip(names, read, strict=True))


def parts_gone(lake: Lake, names: Set[str]) -> set[str]:
    """Returns the parts that are neither live nor merged into a live part."""
    live = set(lake.parts()) if names else set()
    gone = names - live
    known = records(lake) if gone else {}
    waiting = [known[name] for name in live.intersection(known)]
    while waiting and gone:
        sources = waiting.pop().sources
        gone -= set(sources)
        waiting += [known[name] for name in sources if name in known]
    return set(gone)


# -- results -----------------------------------------------------------------------


def result_part(table: str, path: str) -> tuple[str, str] | None:
    """Returns folder and part of a result's path in its table, or None.

    Dead letters lie at `<folder>/<part>/<hash>.parquet`, other results at
    `<folder>/<part>.parquet`. What came in with the utterances is not a result.
    """
    names = path.split("/")
    if names[0] == INLINE or len(names) != (3 if table == "dead_letters" else 2):
        return None
    return names[0], names[1] if table == "dead_letters" else part_of(path)


Keep = Callable[[str, pa.Table], pa.Table]
"""Takes the name of a table and rows of it, and returns those that stay."""


def all_rows(table: str, rows: pa.Table) -> pa.Table:
    """Returns the rows of a table as they are."""
    return rows


def merge_results(
    receipts: Receipts,
    work: Work,
    sources: Sequence[Receipt],
    name: str,
    ids: pa.Array,
    keep: Keep = all_rows,
) -> Receipt | None:
    """Writes the results of several parts as those of one, and then its receipt.

    Args:
      receipts: of the lake; the new one is noted.
      work: the stage and its folder.
      sources: receipts of the parts that were merged.
      name: of the merged part.
      ids: its `utterance_id`s: the order in which results are written.
      keep: the rows that are merged.

    Returns:
      The receipt; None if a result that it was computed from has not moved yet.
    """
    base = _moved_base(receipts, sources[0], name)
    if base is None:
        return None
    lake, receipt = receipts.lake, total(sources)
    receipt.unit, receipt.base = name, base
    away = {part for source in sources for part in source.points_into}
    receipt.points_into = sorted(away - {source.unit for source in sources})
    receipt.pauses = _pauses(sources)
    # A fault names a file, which may be of a message that is erased.
    if keep is all_rows:
        receipt.faults = {uri: f for each in sources for uri, f in each.faults.items()}
    receipt.files = list(_merged_files(lake, work.folder, sources, name, ids, keep))
    if keep is not all_rows:
        receipt.rows = _rows_of(receipt, len(ids))
    content = receipt.to_json().encode()
    lake.storage.write(content, *receipt_path(*work, name))
    receipts.add(work, receipt)
    return receipt


def _pauses(sources: Sequence[Receipt]) -> dict[str, float]:
    """Returns the pauses of sources; if two differ, the one not in force is kept."""
    pairs = {pair for source in sources for pair in source.pauses.items()}
    several = Counter(source for source, _ in pairs)
    return {source: -1 if several[source] > 1 else pause for source, pause in pairs}


def _rows_of(receipt: Receipt, rows: int) -> dict[str, int]:
    """Returns the counts of a receipt that now covers `rows` utterances."""
    dead = sum(file.rows for file in receipt.files if file.table == "dead_letters")
    return {"rows_in": rows, "rows_out": rows - dead, "rows_dead": dead}


def base_folders(receipt: Receipt) -> tuple[str, ...] | None:
    """Returns the folders of a result's inputs; None if they are of another part."""
    if any(part_of(path) != receipt.unit for path in receipt.base):
        return None
    return tuple(dict.fromkeys(path.rpartition("/")[0] for path in receipt.base))


def works_read(receipts: Receipts, receipt: Receipt) -> list[Work]:
    """Returns the stages whose results a result was made from: labels and cues."""
    folders = base_folders(receipt) or ()
    works = [Work(stage, each) for each in folders for stage in READ_BY_OTHERS]
    return [work for work in works if work in receipts.finished]


def inputs_now(receipts: Receipts, folders: Iterable[str], name: str) -> dict[str, str]:
    """Returns the files that results of a part are made from now, by folder.

    Args:
      receipts: of the lake.
      folders: of the files that such results are made from; one that is not in what
        is returned has none of this part.
      name: of the part.
    """
    wanted = set(folders)
    found = {INLINE: f"{INLINE}/{name}.parquet"}
    found |= {f: f"{f}/{name}.parquet" for f in wanted if f.startswith(OUTSIDE)}
    if wanted - found.keys():
        found |= _results_now(receipts, name)
    return {folder: path for folder, path in found.items() if folder in wanted}


def _results_now(receipts: Receipts, name: str) -> dict[str, str]:
    """Returns the current file of a part's cues, labels or vectors, by folder."""
    found = (receipts.one(work, name) for work in sorted(receipts.finished))
    files = [file for receipt in found if receipt for file in receipt.files]
    # Of an annotator that gives both, its annotations say which is the current one.
    found_in = {
        table: {f.path.split("/")[0]: f.path for f in files if f.table == table}
        for table in ("cues", "vectors", "annotations")
    }
    return found_in["cues"] | found_in["vectors"] | found_in["annotations"]


def _moved_base(receipts: Receipts, source: Receipt, name: str) -> list[str] | None:
    folders = base_folders(source) or ()
    now = inputs_now(receipts, folders, name)
    return [now[f] for f in folders] if len(now) == len(folders) else None


def _merged_files(
    lake: Lake,
    folder: str,
    sources: Sequence[Receipt],
    name: str,
    ids: pa.Array,
    keep: Keep,
) -> Iterator[FileEntry]:
    files = [file for receipt in sources for file in receipt.files]
    for table in dict.fromkeys(file.table for file in files):
        same = [file.path for file in files if file.table == table]
        if table == "rollups" and any(f.table == "annotations" for f in files):
            continue
        rows = _in_order(keep(table, read_files(lake.storage, table, same)), ids)
        if table == "dead_letters":
            yield from write_letters(lake, rows, f"{folder}/{name}")
            continue
        yield _write(lake, table, folder, name, rows)
        if table == "annotations" and any(f.table == "rollups" for f in files):
            yield _write(lake, "rollups", folder, name, rollups(one_batch(rows)))


def _in_order(rows: pa.Table, ids: pa.Array) -> pa.Table:
    """Returns rows in the order of their utterances, each's in the order they had."""
    if "utterance_id" not in rows.schema.names:
        return rows
    place = pc.index_in(rows.column("utterance_id"), value_set=ids)
    order = np.argsort(np.asarray(pc.fill_null(place, len(ids))), kind="stable")
    return rows.take(pa.array(order))


def _write(lake: Lake, table: str, folder: str, name: str, rows: pa.Table) -> FileEntry:
    path = free_path(lake, table, f"{folder}/{name}.parquet")
    return write_file(lake.storage, table, path, rows)


def free_path(lake: Lake, table: str, path: str) -> str:
    """Returns `path`, or the first generation after it that is not there yet.

    A file that is there may be visible in some version of the table.
    """
    folder, slash, _ = path.rpartition("/")
    generation = int(stem(path).partition("~")[2] or 0)
    while lake.storage.exists(table, *path.split("/")):
        generation += 1
        path = f"{folder}{slash}{part_of(path)}~{generation}.parquet"
    return path
