"""Ratings of recordings or of their frames, and whose frames they are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from affectflow.batches.tracks import US, recording_of
from affectflow.errors import UsageError
from affectflow.kinds.renderer import UnmeasuredError
from affectflow.kinds.trainer import Tell
from affectflow.sources.listing import list_files
from affectflow_transforms.face.frames import rate
from affectflow_transforms.finetune.splits import Source, column, read
from affectflow_transforms.sequences.series import (
    SUFFIXES,
    Floats,
    Integers,
    Reading,
    Series,
    check_rate,
    series_of,
)

FOLDER = "tracks"
RECORDING = "recording"
_SUBJECTS = ("subject", "participant", "speaker_id", "speaker", "child", "person")
_OF_A_FILE = frozenset({"no_rows", "no_face_in_file", "no_numbers"})
"""Reasons for which a recording is left out, and the training goes on."""
_FEWEST = 3


@dataclass(frozen=True, kw_only=True)
class Material:
    """Frames of all recordings, one after the other, and what is said of them.

    Args:
      files: of the tracks.
      source: the ratings.
      series: the recordings.
      offsets: shape (recordings + 1,): where the frames of each begin.
      frames: shape (frames, channels).
      row: shape (frames,): the row of `source` that rates a frame; -1 for none.
      subjects: of each row of `source`.
      left_out: rows and frames that are not used, by reason.
    """

    files: tuple[Path, ...]
    source: Source
    series: tuple[Series, ...]
    offsets: Integers
    frames: Floats
    row: Integers
    subjects: tuple[str, ...]
    left_out: Counter[str]

    @property
    def ends(self) -> Integers:
        """Where frames without a gap end, exclusive."""
        starts = self.offsets[:-1].tolist()
        own = [s.ends + at for s, at in zip(self.series, starts, strict=True)]
        return np.concatenate(own)

    @property
    def rate(self) -> float:
        """Frames per second, the median of the recordings; 0 without times."""
        rates = [s.rate for s in self.series if s.rate and s.has_times]
        return float(np.median(rates)) if rates else 0.0


def material_of(
    data: Path,
    where: str,
    reading: Reading,
    labels: Sequence[str],
    key: str,
    tell: Tell,
) -> Material:
    """Returns the recordings of a folder, with their ratings.

    Args:
      data: the folder.
      where: of the tables: a path or glob; empty for its folder `tracks`, or else for
        all its tables but the ratings.
      reading: how tables are read.
      labels: columns of the ratings.
      key: the column of the subject; empty to find it.
      tell: is handed a line about what is left out.

    Raises:
      UsageError: there are no tables or no ratings, or they do not fit.
    """
    rated = any((data / f"train.{s}").is_file() for s in _RATINGS)
    # What rates a frame is no channel, wherever the ratings are read.
    reading = replace(reading, ratings=tuple(labels))
    files = _files(data, where, rated)
    series, left_out = _read(files, reading, tell)
    source = read(data) if rated else _of_frames(series, labels, files)
    row, unknown = _rows(source, series, reading)
    if unknown:
        left_out["rated, but without frames"] = len(unknown)
        tell(
            f"{len(unknown):,} ratings are left out: there are no frames of them, such "
            f"as of {unknown[0]!r}"
        )
    if not (row >= 0).any():
        raise UsageError(
            f"no rating of {str(data)!r} is of a recording that has frames: ratings "
            f"name {', '.join(map(repr, unknown[:3]))}, tables {_names(series)}; give "
            "both the same names in the column `recording`"
        )
    lengths = [len(s.starts) for s in series]
    return Material(
        files=files,
        source=source,
        series=series,
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        frames=np.concatenate([s.values for s in series]),
        row=row,
        subjects=_subjects(source, series, row, lengths, key),
        left_out=left_out,
    )


# -- tables ----------------------------------------------------------------------------

_RATINGS = ("csv", "csv.gz", "jsonl", "jsonl.gz", "parquet")


def _files(data: Path, where: str, rated: bool) -> tuple[Path, ...]:
    """Returns the tables of a folder."""
    folder = data / FOLDER if (data / FOLDER).is_dir() else data
    pattern = where or str(folder)
    if where and not Path(where).is_absolute() and "://" not in where:
        pattern = str(data / where)
    own = {f"{name}.{s}" for name in ("train", "dev") for s in _RATINGS}
    try:
        found = [Path(file.uri) for file in list_files(pattern, SUFFIXES)]
    except UsageError as error:
        raise UsageError(
            f"no tables of tracks in {str(folder)!r} ({error}): --data is a folder "
            f"with a folder {FOLDER!r}, or name the tables with --set tracks='au/*.csv'"
        ) from error
    found = [f for f in found if not (rated and f.parent == data and f.name in own)]
    if not found:
        raise UsageError(f"no tables of tracks beside the ratings in {str(data)!r}")
    return tuple(found)


def _read(
    files: Sequence[Path], reading: Reading, tell: Tell
) -> tuple[tuple[Series, ...], Counter[str]]:
    """Returns the recordings of tables, all with the same channels and rate."""
    found: list[Series] = []
    left_out: Counter[str] = Counter()
    for file in files:
        try:
            found += series_of(str(file), reading)
        except UnmeasuredError as error:
            if error.reason not in _OF_A_FILE:
                raise UsageError(str(error)) from error
            left_out["tables without frames"] += 1
            tell(f"left out: {error}")
    found = [series for series in found if len(series.starts)]
    if not found:
        raise UsageError(
            f"no table has a frame that can be used; the first is {str(files[0])!r}"
        )
    _check_alike(found)
    for series in found:
        left_out += Counter({f"frames {why}": n for why, n in series.left_out.items()})
    return tuple(found), left_out


def _check_alike(found: Sequence[Series]) -> None:
    first, names = found[0], Counter((s.recording, s.speaker) for s in found)
    wanted = next((series.rate for series in found if series.rate), 0.0)
    for series in found:
        if series.channels != first.channels:
            other = set(first.channels) ^ set(series.channels)
            raise UsageError(
                f"the recording {series.recording!r} has other columns than "
                f"{first.recording!r} ({', '.join(sorted(other)[:3]) or 'their order'} "
                "differs): name those that all have with --set channels=A,B"
            )
        try:
            check_rate(series, wanted, "give --set hz=10, or another rate for all")
        except UnmeasuredError as error:
            raise UsageError(str(error)) from error
        if names[series.recording, series.speaker] > 1:
            raise UsageError(
                f"two tables are of the recording {series.recording!r}: leave one"
            )


# -- ratings ---------------------------------------------------------------------------


def _of_frames(
    series: Sequence[Series], labels: Sequence[str], files: Sequence[Path]
) -> Source:
    """Returns the ratings that stand beside the frames themselves."""
    if not all(s.ratings.shape[1] == len(labels) for s in series):
        raise UsageError(
            f"neither a file 'train.csv' beside the tables, nor columns "
            f"{', '.join(map(repr, labels))} in all of them: ratings are in one or the "
            "other; name their columns with --set labels=A,B"
        )
    columns: dict[str, Any] = {
        RECORDING: [s.recording for s in series for _ in s.starts],
        "speaker": [s.speaker for s in series for _ in s.starts],
        "_start": np.concatenate([s.starts for s in series]),
    }
    ratings = np.concatenate([s.ratings for s in series])
    for place, name in enumerate(labels):
        columns[name] = pa.array(ratings[:, place].astype(np.float64), from_pandas=True)
    table = pa.table(columns)
    given = np.zeros(table.num_rows, np.bool_)
    return Source(files=tuple(files[:1]), table=table, given=given)


def _rows(
    source: Source, series: Sequence[Series], reading: Reading
) -> tuple[Integers, list[str]]:
    """Returns the row that rates each frame, and recordings rated without frames."""
    names = [recording_of(str(each or "")) for each in column(source, RECORDING)]
    starts, ends = _stretches(source, reading)
    of: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        of.setdefault(name, []).append(place)
    used = np.zeros(len(names), np.bool_)
    found = []
    for each in series:
        row = np.full(len(each.starts), -1, np.int64)
        places = np.array(of.get(each.recording, []), np.int64)
        places = places[np.argsort(starts[places], kind="stable")]
        at = np.searchsorted(starts[places], each.starts, side="right") - 1
        inside = at >= 0
        inside[inside] &= each.starts[inside] < ends[places[at[inside]]]
        row[inside] = places[at[inside]]
        used[row[inside]] = True
        found.append(row)
    unknown = [
        name for name, seen in zip(names, used.tolist(), strict=True) if not seen
    ]
    return np.concatenate(found), unknown


def _stretches(source: Source, reading: Reading) -> tuple[Integers, Integers]:
    """Returns which part of a recording each row rates: microseconds, end exclusive."""
    there, rows = source.table.column_names, source.table.num_rows
    everything = np.iinfo(np.int64).max
    if "_start" in there:
        starts = np.asarray(source.table["_start"], np.int64)
        return starts, starts + 1
    if "frame" in there:
        width = US / rate(reading.fps) if reading.fps else float(US)
        starts = _times(source, "frame", width)
        return starts - round(width / 2), starts + round(width / 2)
    if "start" in there and "end" in there:
        return _times(source, "start", US), _times(source, "end", US)
    _check_once(source)
    return np.zeros(rows, np.int64), np.full(rows, everything)


def _times(source: Source, name: str, width: float) -> Integers:
    try:
        times = np.array([float(each) for each in column(source, name)])
        return np.rint(times * width).astype(np.int64)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"column {name!r} of {str(source.files[0])!r} has a cell that is not a "
            f"number: {error}"
        ) from error


def _check_once(source: Source) -> None:
    names = Counter(recording_of(str(each)) for each in column(source, RECORDING))
    name, n = names.most_common(1)[0]
    if n > 1:
        raise UsageError(
            f"{str(source.files[0])!r} rates the recording {name!r} {n} times: give "
            "one rating, or say of which part each is in columns `start` and `end`, or "
            "`frame`"
        )


# -- subjects --------------------------------------------------------------------------


def _subjects(
    source: Source,
    series: Sequence[Series],
    row: Integers,
    lengths: Sequence[int],
    key: str,
) -> tuple[str, ...]:
    """Returns whose each row is: its subject, or else its recording."""
    there = source.table.column_names
    name = key or next((n for n in _SUBJECTS if n in there), "")
    recordings = [str(each) for each in column(source, RECORDING)]
    if name:
        said = [str(each or "").strip() for each in column(source, name)]
        if any(said):
            return tuple(s or r for s, r in zip(said, recordings, strict=True))
    found = list(map(recording_of, recordings))
    of_frames = np.repeat([s.speaker for s in series], lengths)
    for place in np.unique(row[row >= 0]).tolist():
        speaker = of_frames[int(np.argmax(row == place))]
        found[place] = str(speaker) or found[place]
    return tuple(found)


def _names(series: Sequence[Series]) -> str:
    return ", ".join(repr(s.recording) for s in series[:3])


def check_subjects(subjects: Sequence[str], wanted: int = _FEWEST) -> None:
    """Raises UsageError if there are too few subjects to hold some of them out."""
    there = sorted(set(subjects))
    if len(there) < wanted:
        raise UsageError(
            f"the ratings are of {len(there)} subject{'s' * (len(there) != 1)} "
            f"({', '.join(map(repr, there))}): figures need subjects that nothing was "
            f"learned from, so give {wanted} or more, in a column `subject`"
        )
