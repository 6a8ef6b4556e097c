"""Measuring: what reading, computing and writing a few rows takes in this process."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import is_dead
from affectflow.batches.grouping import whole_conversations
from affectflow.schemas import TABLES
from affectflow.stages.runs.parts import PartTask
from affectflow.stages.runs.receipts import peak_rss_bytes
from affectflow.storage import Storage

SMALL = (32, 128)
"""Rows of the first units of a sample: they show what a unit costs by itself."""
WARM_UP = 8
_PARTS = 3


class Parts(Protocol):
    """Batches that are read when they are asked for."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...


class Line(NamedTuple):
    """What units cost: `fixed` for each, and `each` for a row."""

    fixed: float = 0.0
    each: float = 0.0

    def at(self, rows: float, units: float = 1) -> float:
        """Returns what so many rows in so many units cost."""
        return self.fixed * units + self.each * rows


def fit(points: Iterable[tuple[int, float]]) -> Line:
    """Returns the line through (rows, cost), by least squares; neither is negative."""
    known = [(rows, cost) for rows, cost in points if rows]
    if not known:
        return Line()
    rows, costs = (np.array(column, float) for column in zip(*known, strict=True))
    if len(set(rows)) > 1:
        each, fixed = np.polyfit(rows, costs, 1)
        if fixed >= 0 and each >= 0:
            return Line(float(fixed), float(each))
    return Line(0.0, float(costs.sum() / rows.sum()))


class Watch:
    """Measures seconds, and by how much the memory of this process grew."""

    def __enter__(self) -> Self:
        self._before = _reset_peak()
        self._begun = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._begun
        self.growth = max(0, peak_rss_bytes() - self._before)


def _reset_peak() -> int:
    """Returns the resident set now, bytes; the peak counts from here on Linux."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        # Elsewhere the peak never falls, and only what goes above it is seen.
        return peak_rss_bytes()
    return rss_bytes()


def rss_bytes() -> int:
    """Returns the resident set of this process now; its peak where nobody knows."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:", 1)[1].split(maxsplit=1)[0]) * 1024
    except (OSError, IndexError):
        return peak_rss_bytes()


@dataclass
class Measured:
    """What a sample of units took: points of (rows, cost), one a unit."""

    seconds: list[tuple[int, float]] = field(default_factory=list)
    model_seconds: list[tuple[int, float]] = field(default_factory=list)
    bytes_out: list[tuple[int, float]] = field(default_factory=list)
    growth: list[tuple[int, float]] = field(default_factory=list)
    answered: list[pa.RecordBatch] = field(default_factory=list)
    cold_seconds: float = 0.0

    @property
    def rows(self) -> int:
        """Rows that were measured."""
        return sum(rows for rows, _ in self.seconds)

    @property
    def bytes_per_row(self) -> float:
        """By how much memory grows with a row, bytes."""
        # Of a few rows one sees the allocator's pages, not the rows.
        rows, growth = max(self.growth, default=(0, 0.0))
        return growth / rows if rows else 0.0


def measure(
    task: PartTask,
    parts: Parts,
    compute: Callable[[pa.RecordBatch], pa.RecordBatch],
    scratch: Storage,
    *,
    sample: int,
    seconds: float,
) -> Measured:
    """Returns what the stage's own code takes for heads of parts.

    Args:
      task: of the stage.
      parts: read one by one, only as far as the sample goes.
      compute: the model or the miner.
      scratch: where results are written, and thrown away.
      sample: about so many rows.
      seconds: no unit is begun that would probably end later.
    """
    found, begun = Measured(), time.perf_counter()
    share = max(1, sample // min(_PARTS, max(1, len(parts))))
    for head in _heads(parts, share, sample, found, begun + seconds):
        if not found.seconds:
            # First calls import and compile; a worker pays for that once.
            with Watch() as watch:
                _one(task, head.slice(0, WARM_UP), compute, scratch)
            found.cold_seconds = watch.seconds
        _measure_one(task, head, compute, scratch, found)
    expected = fit(found.seconds).at(WARM_UP)
    found.cold_seconds = max(0.0, found.cold_seconds - expected)
    return found


def _measure_one(
    task: PartTask,
    head: pa.RecordBatch,
    compute: Callable[[pa.RecordBatch], pa.RecordBatch],
    scratch: Storage,
    found: Measured,
) -> None:
    with Watch() as watch:
        answered, model_seconds, size = _one(task, head, compute, scratch)
    rows = head.num_rows
    found.seconds.append((rows, watch.seconds))
    found.model_seconds.append((rows, model_seconds))
    found.bytes_out.append((rows, float(size)))
    found.growth.append((rows, float(watch.growth)))
    found.answered.append(answered)


def _one(
    task: PartTask,
    batch: pa.RecordBatch,
    compute: Callable[[pa.RecordBatch], pa.RecordBatch],
    scratch: Storage,
) -> tuple[pa.RecordBatch, float, int]:
    begun = time.perf_counter()
    answered = compute(batch)
    seconds = time.perf_counter() - begun
    living = answered.filter(pc.invert(is_dead(answered)))
    size = 0
    for table, rows in task.results(living).items():
        cast = rows.cast(TABLES[table])
        size += scratch.write_parquet(cast, table, "sample.parquet")
    return answered, seconds, size


def _heads(
    parts: Iterable[pa.RecordBatch],
    share: int,
    sample: int,
    found: Measured,
    until: float,
) -> Iterator[pa.RecordBatch]:
    """Yields heads of parts, in whole conversations: small ones, then large ones."""
    for place, part in enumerate(parts):
        for most in (*SMALL, share) if place == 0 else (share,):
            left = min(sample - found.rows, _affordable(found.seconds, until))
            if left <= 0:
                return
            head = _head(part, min(most, left))
            yield head
            if head.num_rows == part.num_rows:
                break


def _head(part: pa.RecordBatch, rows: int) -> pa.RecordBatch:
    """Returns the first conversations of a part; a long one is cut."""
    return next(whole_conversations(part, rows), part).slice(0, rows)


def _affordable(points: Sequence[tuple[int, float]], until: float) -> int:
    """Returns how many rows there is time for, going by what was measured."""
    left = until - time.perf_counter()
    if not points:
        return SMALL[0]
    return int(max(0.0, left) / max(fit(points).each, 1e-9))


def tokens_per_row(batches: Sequence[pa.RecordBatch], model: Any) -> float:
    """Returns the mean number of tokens that a model reads of a row.

    By the model's own tokenizer if it has one of the library `tokenizers`, else a
    quarter of the characters.
    """
    from affectflow.batches.readings import read

    texts = [text for batch in batches for text in read(batch).texts.to_pylist()]
    if not texts:
        return 0.0
    encode = getattr(getattr(model, "tokenizer", None), "encode_batch", None)
    if encode is None:
        return sum(map(len, texts)) / 4 / len(texts)
    return sum(len(each.ids) for each in encode(texts)) / len(texts)
