"""Labelled stretches of EEG recordings, as windows, and whose are for what."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.errors import UsageError
from affectflow.kinds.renderer import UnmeasuredError
from affectflow_transforms.eeg import recordings
from affectflow_transforms.eeg.model import read
from affectflow_transforms.eeg.saved import Montage
from affectflow_transforms.finetune.splits import (
    Rows,
    Source,
    Splits,
    check_dev,
    column,
)
from affectflow_transforms.models.media import Clip

MOST_BYTES = 4 << 30
"""Windows are held in memory, and no more of them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """Windows with labels.

    Args:
      windows: shape (n, channels, size).
      target: shape (n,), places of labels.
      row: shape (n,), which stretch a window is of.
      rows: stretches that have windows.
      left_out: how many have not, by reason.
    """

    windows: recordings.Windows
    target: npt.NDArray[np.int64]
    row: Rows
    rows: Rows
    left_out: Counter[str]

    def of(self, rows: Rows) -> Rows:
        """Returns the places of the windows of some stretches."""
        return np.flatnonzero(np.isin(self.row, rows))


def clips_of(source: Source, data: Path) -> list[Clip]:
    """Returns the stretch of each row: `file`, and if given `start_s` and `end_s`."""
    files = [str(data / str(name or "")) for name in column(source, "file")]
    ends: dict[str, Sequence[float]] = {}
    for name, default in (("start_s", 0.0), ("end_s", float("inf"))):
        there = name in source.table.column_names
        given = column(source, name) if there else [None] * len(files)
        ends[name] = [_seconds(each, default, source, name) for each in given]
    return [
        Clip(*each) for each in zip(files, ends["start_s"], ends["end_s"], strict=True)
    ]


def _seconds(value: Any, default: float, source: Source, name: str) -> float:
    if value in (None, ""):
        return default
    try:
        return float(value)
    except ValueError as error:
        raise UsageError(
            f"column {name!r} of {str(source.files[0])!r} has {value!r}, which is not "
            "a number of seconds"
        ) from error


def examples_of(
    source: Source, clips: Sequence[Clip], target: npt.NDArray[np.int64], to: Montage
) -> Examples:
    """Returns the windows of all stretches; one that cannot be read is left out.

    Args:
      source: the rows.
      clips: the stretch of each.
      target: the place of its label, -1 for none.
      to: what the network reads.

    Raises:
      UsageError: none can be read, a channel is missing, or they fill the memory.
    """
    left_out: Counter[str] = Counter()
    found: list[recordings.Windows] = []
    rows: list[int] = []
    why = ""
    for row, clip in enumerate(clips):
        if target[row] < 0:
            left_out["without a label"] += 1
            continue
        try:
            found.append(read(clip, to))
            rows.append(row)
        except UnmeasuredError as error:
            _check_channels(error)
            left_out[error.reason.replace("_", " ")] += 1
            why = why or str(error)
        _check_room(source, found)
    if not found:
        raise UsageError(
            f"no row of {str(source.files[0])!r} can be used: "
            f"{why or 'none has a label'}"
        )
    sizes = [len(each) for each in found]
    return Examples(
        windows=np.concatenate(found),
        target=np.repeat(target[rows], sizes),
        row=np.repeat(np.array(rows, np.int64), sizes),
        rows=np.array(rows, np.int64),
        left_out=left_out,
    )


def _check_channels(error: UnmeasuredError) -> None:
    if error.reason == "missing_channel":
        raise UsageError(
            f"{error}: all recordings need the same electrodes; name those that all "
            "have with --set channels=A,B,..."
        ) from error


def _check_room(source: Source, found: Sequence[recordings.Windows]) -> None:
    held = sum(each.nbytes for each in found)
    if held > MOST_BYTES:
        raise UsageError(
            f"the windows of {str(source.files[0])!r} fill more than "
            f"{MOST_BYTES >> 30} GiB of memory: give fewer rows, or shorter stretches"
        )


def split(source: Source, rows: Rows, split_by: str) -> Splits:
    """Returns which stretches are for what; all of one person are for the same.

    Of people, a fifth is held out and a tenth is for choosing, in the order of a hash
    of their names: with a dozen people, a hash of each alone would often leave none.

    Raises:
      UsageError: there are fewer than three people, or one is in both files.
    """
    keys = [str(each or "") for each in column(source, split_by, "split_by")]
    people = sorted({keys[row] for row in rows if not source.given[row]}, key=_hash)
    given = {keys[row] for row in rows if source.given[row]}
    check_dev(source, len(given))
    _check_people(source, people, given, split_by)
    n_held = 0 if given else max(1, round(len(people) / 5))
    held = given or set(people[:n_held])
    chosen = set(people[n_held : n_held + max(1, round(len(people) / 10))])
    who = np.array([keys[row] for row in rows])
    is_held, is_chosen = np.isin(who, list(held)), np.isin(who, list(chosen))
    return Splits(
        learned=rows[~is_held & ~is_chosen],
        chosen=rows[is_chosen],
        held_out=rows[is_held],
        key=split_by,
    )


def _check_people(
    source: Source, people: Sequence[str], given: set[str], split_by: str
) -> None:
    both = sorted(set(people) & given)
    if both:
        raise UsageError(
            f"`{split_by}` {both[0]!r} is in both {source.files[0].name!r} and "
            f"{source.files[1].name!r}, so the figures would be too good: put all rows "
            "of one person into the same file"
        )
    needed = 2 if given else 3
    if len(people) < needed:
        raise UsageError(
            f"{str(source.files[0])!r} has recordings of {len(people)} `{split_by}` "
            f"that can be used: give at least {needed}, to choose and measure on "
            "people that the network was not trained on"
        )


def _hash(name: str) -> bytes:
    return hashlib.blake2b(name.encode()).digest()
