"""Replay of parts: reruns dead letters, and merges those that work exactly once.

A part with dead letters gets the next generation of its results, with the older rows
and those that work now, in one commit. Letters that work are kept with status
`replayed`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import one_batch
from affectflow.lake import Lake
from affectflow.lake.files import read_files, write_file
from affectflow.schemas import TABLES
from affectflow.stages.runs.deadletters import (
    dead_letters,
    is_open,
    replayed,
    write_letters,
)
from affectflow.stages.runs.parts import (
    Answers,
    Compute,
    Part,
    PartTask,
    answer,
    next_generation,
    note_asked,
    receipt_of,
    write_receipt,
)
from affectflow.stages.runs.receipts import ROWS, Receipt
from affectflow.stages.runs.rollups import rollups

STAGE = "replay"


class ReplayTask(PartTask):
    """A stage over the dead letters of its parts.

    Args:
      inner: the task of the stage; its request is the replay's.
    """

    def __init__(self, inner: PartTask):
        super().__init__(inner.request)
        self.inner = inner
        self.stage, self.tables = inner.stage, inner.tables

    @property
    def folder(self) -> str:
        """That of the stage."""
        return self.inner.folder

    def part(self, lake: Lake, name: str) -> Part:
        """Returns that of the stage."""
        return self.inner.part(lake, name)

    def read(self, lake: Lake, part: Part) -> pa.RecordBatch:
        """Returns the part as the stage needs it."""
        return self.inner.read(lake, part)

    def counted(
        self, batch: pa.RecordBatch, tallied: Mapping[str, int]
    ) -> dict[str, int]:
        """Returns what the stage counts."""
        return self.inner.counted(batch, tallied)

    def results(self, batch: pa.RecordBatch) -> dict[str, pa.Table]:
        """Returns those of the stage."""
        return self.inner.results(batch)

    def committed(self, lake: Lake) -> None:
        """Does what the stage does."""
        self.inner.committed(lake)

    def stale(self, lake: Lake, receipts: Sequence[Receipt]) -> set[str]:
        """Returns the parts of the stage, which are redone with their dead letters."""
        return self.inner.stale(lake, receipts)

    def plan(self, lake: Lake, parts: list[Part]) -> tuple[list[Part], list[Receipt]]:
        """Returns the parts with dead letters; the others are not looked at."""
        ready = self.inner.ready(lake, parts)
        todo = {
            name
            for name, receipt in self.done(lake, ready).items()
            if receipt.rows["rows_dead"] or self._is_mine(receipt)
        }
        return [part for part in ready if part.name in todo], []

    def _is_mine(self, receipt: Receipt) -> bool:
        return bool(receipt.replayed) and receipt.run_id == self.request.run_id

    def work(self, lake: Lake, part: Part, compute: Compute) -> Receipt:
        """Runs the dead letters of a part again, and merges what works."""
        before = receipt_of(self, lake, part.name)
        if before is not None and self._is_mine(before):
            return _of_replay(before)  # the engine retries
        if before is None or not before.rows["rows_dead"]:
            return Receipt()  # another replay did it a moment ago
        letters = _read(lake, before, "dead_letters")
        ids = letters.filter(is_open(letters)).column("utterance_id").combine_chunks()
        rows = self.inner.again(self.read(lake, part), ids)
        answers = _only(answer(rows, compute), ids)
        rows_after = _sums(before, answers)
        counters = self.counted(answers.living, answers.tallied)
        receipt = replace(
            before, rows=rows_after, replayed={**answers.counts(), **counters}
        )
        receipt.counters = dict(Counter(before.counters) + Counter(counters))
        more = self.inner.points_into(lake, part.name, answers.living)
        receipt.points_into = sorted({*before.points_into, *more})
        receipt.model_calls, receipt.model_seconds = 1, answers.seconds
        note_asked(receipt)
        path = f"{self.folder}/{next_generation(part.name, before)}.parquet"
        receipt.files = [
            write_file(lake.storage, table, path, merged)
            for table, merged in self._merged(lake, before, answers.living).items()
        ]
        left = _settled(letters, answers, self.request.run_id)
        receipt.files += write_letters(lake, left, f"{self.folder}/{part.name}")
        write_receipt(self, lake, receipt)
        return _of_replay(receipt)

    def _merged(
        self, lake: Lake, before: Receipt, living: pa.RecordBatch
    ) -> dict[str, pa.Table]:
        merged = {
            table: pa.concat_tables(
                [_read(lake, before, table), rows.cast(TABLES[table])]
            )
            for table, rows in self.results(living).items()
        }
        if "rollups" in merged:  # counts of groups, not rows to put side by side
            merged["rollups"] = rollups(one_batch(merged["annotations"]))
        return merged


def _read(lake: Lake, receipt: Receipt, table: str) -> pa.Table:
    paths = [file.path for file in receipt.files if file.table == table]
    return read_files(lake.storage, table, paths)


def _of_replay(receipt: Receipt) -> Receipt:
    """Returns a receipt that counts only what its replay did."""
    counts = receipt.replayed
    rows = {name: n for name, n in counts.items() if name in ROWS}
    counters = {name: n for name, n in counts.items() if name not in ROWS}
    return replace(receipt, rows=rows, counters=counters)


def _only(answers: Answers, ids: pa.Array) -> Answers:
    living, dead = (
        rows.filter(pc.is_in(rows.column("utterance_id"), value_set=ids))
        for rows in (answers.living, answers.dead)
    )
    return answers._replace(living=living, dead=dead)


def _sums(before: Receipt, answers: Answers) -> dict[str, int]:
    rows = dict(before.rows)
    rows["rows_out"] += answers.living.num_rows
    rows["rows_dead"] -= answers.living.num_rows
    return rows


def _settled(letters: pa.Table, answers: Answers, run_id: str) -> pa.Table:
    """Returns the letters of a part after a replay: replayed, or refused again."""
    living = answers.living.column("utterance_id")
    works = pc.is_in(letters.column("utterance_id"), value_set=living)
    kept = replayed(letters, pc.and_(works, is_open(letters)))
    kept = kept.filter(pc.invert(is_open(kept)))
    if not answers.dead.num_rows:
        return kept
    return pa.concat_tables([kept, dead_letters(answers.dead, run_id)])
