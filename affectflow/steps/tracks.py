"""Hosting of what renders tracks: files found, recordings joined, reasons counted."""

import functools
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import conform_like
from affectflow.batches.nesting import nest
from affectflow.batches.tracks import TRACKS, recording_of, turns_of
from affectflow.errors import StorageError, UsageError
from affectflow.kinds.account import Fault, account
from affectflow.kinds.renderer import (
    Renderer,
    TrackRenderer,
    UnmeasuredError,
    check_not_on_the_web,
    is_on_the_web,
)
from affectflow.kinds.source import File
from affectflow.schemas import CUES
from affectflow.sources.filesystems import file_system
from affectflow.sources.listing import list_files
from affectflow.storage import storage_errors

NO_RECORDING, NOT_MEASURED = "no_cue_no_recording", "no_cue_not_measured"
OF_OTHERS = "no_cue_unknown_speaker"
OF_COLUMNS = frozenset({"no_such_column", "no_such_time_column", "no_times"})
"""Reasons whose message names the columns that a file has."""
_LONGEST = 500
"""Characters that are kept of why a file cannot be read."""
AMBIGUOUS, OUTSIDE = "no_cue_two_files_of_one_recording", "no_cue_outside_every_turn"


def files_of(renderer: Renderer) -> list[File]:
    """Returns the files that the option `tracks` of a renderer means.

    Raises:
      UsageError: it means none.
    """
    if not isinstance(renderer, TrackRenderer) or not renderer.tracks:
        return []
    return list_files(renderer.tracks, renderer.suffixes)


def digest_of_files(renderer: Renderer) -> str:
    """Returns what tells a renderer's files from others; empty if it has none.

    Raises:
      UsageError: there are none.
    """
    if not isinstance(renderer, TrackRenderer):
        return ""
    if not renderer.tracks:
        if renderer.needs_tracks:
            raise UsageError(
                f"{type(renderer).__name__} reads tables: name them, for example --set "
                f"tracks='*{renderer.suffixes[0]}'"
            )
        return ""
    digest = hashlib.blake2b(digest_size=6)
    for file in files_of(renderer):
        digest.update(f"{file.uri} {file.size} {version_of(file.uri)}\n".encode())
    return digest.hexdigest()


def version_of(uri: str) -> str:
    """Returns what tells a file from one that takes its place; empty if it is gone."""
    try:
        with storage_errors(uri):
            fs, path = file_system(uri)
            return str(fs.ukey(path))
    except (StorageError, UsageError):
        return ""


def version_met(uri: str) -> str:
    """Returns `version_of` an address that a message names.

    It is empty of one of the web, which is not opened.
    """
    return "" if is_on_the_web(uri) else version_of(uri)


def check_columns(renderer: Renderer) -> None:
    """Raises unless a file has the columns that the options of a renderer name.

    Raises:
      UsageError: no file has them; names those that the first one has.
    """
    if not (isinstance(renderer, TrackRenderer) and renderer.named_columns):
        return
    first = ""
    for fault in _faults(renderer):
        if fault is None:
            return
        if fault.reason in OF_COLUMNS:
            first = first or str(fault)
    if first:
        raise UsageError(first)


def how_files_are_named(renderer: Renderer) -> list[str]:
    """Returns a line on how files are matched to recordings, with an example."""
    return [
        f"no file matches a recording of this lake: {file.uri!r} would match one named "
        f"{recording_of(file.uri)!r}; name the file after the recording (`media_uri`) "
        "or the conversation that it measures"
        for file in files_of(renderer)[:1]
    ]


def _faults(renderer: TrackRenderer) -> Iterator[UnmeasuredError | None]:
    """Yields why each file gives nothing; None for one that gives something."""
    for file in files_of(renderer):
        try:
            renderer.measure(file.uri)
        except UnmeasuredError as error:
            yield error
        except (UsageError, pa.ArrowInvalid) as error:
            yield UnmeasuredError("unreadable_file", str(error))
        else:
            yield None


@dataclass(frozen=True)
class _Instrument:
    """A renderer and its files, each of which is read once for all that are equal.

    Args:
      renderer: whose options are in its id.
      files: what tells its files from others.
    """

    renderer: TrackRenderer = field(compare=False)
    files: str

    # Two of one id measure alike, but not where their files lie elsewhere.
    key: tuple[str, str] = field(init=False)

    def __post_init__(self) -> None:
        key = self.renderer.id, self.renderer.tracks
        object.__setattr__(self, "key", key)


def cues_of(
    batch: pa.RecordBatch, renderer: TrackRenderer, files: str = ""
) -> pa.ListArray:
    """Returns the cues of each utterance of a batch, of one renderer.

    A file that cannot be read, or says nothing, gives no cue and is counted.

    Args:
      batch: of utterances, with what `turns_of` reads.
      renderer: what measures, or reads what was measured.
      files: as `digest_of_files` gives it.
    """
    turns = turns_of(batch)
    account().tally(NO_RECORDING, batch.num_rows - turns.num_rows)
    instrument = _Instrument(renderer, files)
    rows: list[dict[str, Any]] = []
    for recording, own in _by_recording(turns):
        measured = list(_measured(instrument, recording, own))
        account().tally(NOT_MEASURED, 0 if measured else own.num_rows)
        for tracks in measured:
            rows += renderer.render(own, tracks)
            account().tally(OUTSIDE, _outside(tracks, own))
            account().tally(OF_OTHERS, _of_others(tracks, own))
    said = [row for row in renderer.worded(rows, turns) if row["phrase"]]
    found = pa.Table.from_pylist(said, schema=CUES)
    return nest(found, "cues", batch.column("utterance_id"))


def _by_recording(turns: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    names = turns["recording"]
    for name in sorted(set(names.to_pylist())):
        yield name, turns.filter(pc.equal(names, name))


def _measured(
    instrument: _Instrument, recording: str, turns: pa.Table
) -> Iterator[pa.Table]:
    """Yields what was measured of a recording, file by file."""
    for uri in _uris(instrument, recording, turns):
        tracks = _of_file(instrument, uri)
        if tracks is not None:
            same = tracks.filter(pc.equal(_names(tracks, uri), recording))
            if same.num_rows:
                yield same


def _names(tracks: pa.Table, uri: str) -> pa.Array:
    """Returns the name of the recording that each row is of."""
    named = pc.fill_null(tracks["recording"], uri)
    distinct = pc.unique(named)
    stems = pa.array([recording_of(name) for name in distinct.to_pylist()], pa.string())
    return stems.take(pc.index_in(named, value_set=distinct).combine_chunks())


def _uris(instrument: _Instrument, recording: str, turns: pa.Table) -> Iterable[str]:
    """Returns the files that cover a recording."""
    if instrument.renderer.tracks:
        named = [f for f in _files(instrument) if recording_of(f) == recording]
        # Only tables hold several recordings; a recording is not heard for its name.
        tables = instrument.renderer.needs_tracks
        found = named or (_holders(instrument).get(recording, []) if tables else [])
    else:
        found = sorted({uri for uri in turns["media_uri"].to_pylist() if uri})
    if len(found) > 1:
        account().tally(AMBIGUOUS, len(found))
        return ()
    return found


def _of_file(instrument: _Instrument, uri: str) -> pa.Table | None:
    try:
        if not instrument.renderer.tracks:
            check_not_on_the_web(uri)
        return _read(instrument, uri)
    except UnmeasuredError as error:
        _note(uri, error.reason, error)
    except (OSError, UsageError, pa.ArrowInvalid) as error:
        _note(uri, "unreadable_file", error)
    return None


def _note(uri: str, reason: str, error: Exception) -> None:
    """Counts a file that gives no cue, and keeps why."""
    plain = "".join(each if each.isprintable() else " " for each in str(error))
    why = " ".join(plain.split())[:_LONGEST]
    message = why if repr(uri) in why else f"{uri!r}: {why}"
    account().fault(uri, Fault(f"no_cue_{reason}", message, version_met(uri)))


@functools.lru_cache(maxsize=4)
def _files(instrument: _Instrument) -> tuple[str, ...]:
    return tuple(f.uri for f in files_of(instrument.renderer))


@functools.lru_cache(maxsize=4)
def _holders(instrument: _Instrument) -> dict[str, list[str]]:
    """Returns the files that hold several recordings, by the names of these."""
    found: dict[str, list[str]] = {}
    for uri in _files(instrument):
        tracks = _of_file(instrument, uri)
        if tracks is not None and tracks["recording"].null_count < tracks.num_rows:
            for name in pc.unique(_names(tracks, uri)).to_pylist():
                found.setdefault(name, []).append(uri)
    return found


@functools.lru_cache(maxsize=4)
def _read(instrument: _Instrument, uri: str) -> pa.Table:
    tracks = instrument.renderer.measure(uri)
    (batch,) = tracks.combine_chunks().to_batches() or [
        pa.RecordBatch.from_pylist([], schema=TRACKS)
    ]
    return pa.Table.from_batches([conform_like(batch, TRACKS)])


def _of_others(tracks: pa.Table, turns: pa.Table) -> int:
    """Returns how many measurements are of someone who speaks in no turn."""
    whose = tracks["speaker"]
    known = pc.is_in(whose, value_set=pc.unique(turns["speaker_id"]))
    return int(pc.sum(pc.and_(pc.is_valid(whose), pc.invert(known))).as_py() or 0)


def _outside(tracks: pa.Table, turns: pa.Table) -> int:
    """Returns how many measurements are in no turn."""
    start, end = (np.asarray(tracks[f"{name}_us"]) for name in ("start", "end"))
    spoken_from, spoken_to = _spoken(turns)
    # The first stretch of speech that is not over when the measurement begins.
    nearest = np.searchsorted(spoken_to, start, side="right")
    begins = np.append(spoken_from, np.iinfo(np.int64).max)[nearest]
    return int(((begins >= end) | (end <= start)).sum())


def _spoken(turns: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns when someone begins to speak, and when nobody does any more."""
    rows = turns.filter(pc.less(turns["start_us"], turns["end_us"]))
    rows = rows.sort_by("start_us")
    start, end = (np.asarray(rows[f"{name}_us"]) for name in ("start", "end"))
    ended = np.maximum.accumulate(end)
    first = np.append(True, start[1:] > ended[:-1])[: len(start)]
    return start[first], ended[np.append(first[1:], True)[: len(start)]]
