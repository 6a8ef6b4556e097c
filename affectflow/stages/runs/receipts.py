"""Receipts: what one unit of work read, wrote and counted; the source of all counts."""

import json
import resource
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from affectflow.errors import LakeError
from affectflow.kinds.account import Fault
from affectflow.lake import Lake
from affectflow.lake.tables import FileEntry

WORK = "_work"
"""Folder, in a lake, of finished work and work in progress."""

ROWS = ("rows_in", "rows_out", "rows_dead", "rows_duplicate", "rows_unchanged")


MOST_FAULTS = 100
"""Number of files that a receipt names; further ones are only counted."""


@dataclass(kw_only=True)
class Receipt:
    """What one unit of work did; plain data, so that it crosses workers as JSON.

    Args:
      unit: the name of a part or a bucket.
      files: Parquet files that were written, to be committed.
      removes: paths in `utterances` that the files replace.
      rows: counts of input utterances by the names in `ROWS`.
      counters: anything else that was counted.
      examples: one example for some of the counters.
      values_read: how many values of a column could be read.
      model_calls: predictions of whole parts.
      model_seconds: seconds in prediction.
      asked: what a language model was asked, by the names of an `Account`.
      sent_to: the other machine that it was sent to.
      peak_rss_bytes: largest resident set of the worker so far.
      base: for a bucket, the paths in `utterances` that it was compared with; for a
        part, the paths of the labels that it was computed from.
      points_into: for a part, the other parts that its results refer to.
      faults: for a part, files that gave nothing, by their addresses: the first
        `MOST_FAULTS`.
      pauses: for a part that was read in windows, the pause of each source in it.
      works: for a bucket, stage and folder of the answers that came in with it.
      run_id: for a part, of the run that wrote this receipt last.
      replayed: for a part, the counts of that run, if it was a replay.
    """

    unit: str = ""
    files: list[FileEntry] = field(default_factory=list)
    removes: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    values_read: dict[str, int] = field(default_factory=dict)
    model_calls: int = 0
    model_seconds: float = 0.0
    asked: dict[str, float] = field(default_factory=dict)
    sent_to: str = ""
    peak_rss_bytes: int = 0
    base: list[str] = field(default_factory=list)
    points_into: list[str] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    pauses: dict[str, float] = field(default_factory=dict)
    works: list[list[str]] = field(default_factory=list)
    run_id: str = ""
    replayed: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """Returns the receipt as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Returns the receipt that `to_json` wrote."""
        fields: dict[str, Any] = json.loads(text)
        fields["files"] = [FileEntry(**each) for each in fields["files"]]
        faults = fields.get("faults", {})
        fields["faults"] = {uri: Fault(*each) for uri, each in faults.items()}
        return cls(**fields)


def total(receipts: Iterable[Receipt]) -> Receipt:
    """Returns the sums of counts and the largest peak; files are left out."""
    rows: Counter[str] = Counter(dict.fromkeys(ROWS, 0))
    counters: Counter[str] = Counter()
    values_read: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    summed = Receipt()
    for receipt in receipts:
        rows.update(receipt.rows)
        counters.update(receipt.counters)
        values_read.update(receipt.values_read)
        asked.update(receipt.asked)
        summed.sent_to = max(summed.sent_to, receipt.sent_to)
        # Receipts come in any order; the least is the same one in all of them.
        for name, example in receipt.examples.items():
            summed.examples[name] = min(example, summed.examples.get(name, example))
        summed.model_calls += receipt.model_calls
        summed.model_seconds += receipt.model_seconds
        summed.peak_rss_bytes = max(summed.peak_rss_bytes, receipt.peak_rss_bytes)
    summed.rows, summed.counters = dict(rows), dict(counters)
    summed.values_read, summed.asked = dict(values_read), dict(asked)
    return summed


def peak_rss_bytes() -> int:
    """Returns the largest resident set of this process so far, bytes."""
    try:
        # getrusage starts with the size of the parent process.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:", 1)[1].split(maxsplit=1)[0]) * 1024
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def receipt_path(stage: str, folder: str, name: str) -> tuple[str, ...]:
    """Returns where the receipt of a part is."""
    return (WORK, stage, folder, f"{name}.json")


def read_receipt(lake: Lake, stage: str, folder: str, name: str) -> Receipt | None:
    """Returns the receipt of a part, or None if it is not done.

    Raises:
      LakeError: it is damaged; says what to remove.
    """
    path = receipt_path(stage, folder, name)
    if not lake.storage.exists(*path):
        return None
    try:
        return Receipt.from_json(lake.storage.read(*path).decode())
    except (ValueError, TypeError, KeyError) as error:
        raise LakeError(
            f"the receipt {lake.storage.url(*path)!r} is damaged ({error}); remove it: "
            f"`affectflow {stage}` then redoes this part"
        ) from error


def receipts_of(lake: Lake, stage: str, run_id: str) -> Iterator[Receipt]:
    """Yields the receipts of a stage that a run wrote, whatever command it was."""
    for folder in lake.storage.names(WORK, stage):
        for name in lake.storage.names(WORK, stage, folder):
            receipt = read_receipt(lake, stage, folder, name.removesuffix(".json"))
            if receipt is not None and receipt.run_id == run_id:
                yield receipt


FILES_CUT = "files_cut"
