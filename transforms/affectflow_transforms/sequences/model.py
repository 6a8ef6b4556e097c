"""TrackRegressor: ratings of turns by what instruments measured during them."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from affectflow import weights as stored
from affectflow.batches.batch import error_row, refuse
from affectflow.batches.entries import Entry, annotations_of
from affectflow.batches.labelling import annotate
from affectflow.batches.tracks import recording_of, turns_of
from affectflow.errors import RowError, StorageError, UsageError
from affectflow.kinds.account import Fault, account
from affectflow.kinds.identity import Origin
from affectflow.kinds.model import BatchModelHandler
from affectflow.kinds.renderer import UnmeasuredError
from affectflow.registry import Card
from affectflow.schemas import UTTERANCES, Status, fields
from affectflow.sources.listing import list_files
from affectflow.storage import absolute
from affectflow_transforms.models.pretrained.source import allows_commerce
from affectflow_transforms.models.sequence_classifier.answers import answers
from affectflow_transforms.models.sequence_classifier.heads import Said, Space, space_of
from affectflow_transforms.sequences import network
from affectflow_transforms.sequences.network import ANNOTATOR, Shape
from affectflow_transforms.sequences.series import (
    SUFFIXES,
    Floats,
    Series,
    check_rate,
    series_of,
)
from affectflow_transforms.sequences.windows import stitched, windows_of

_OF_ALL = frozenset({"no_such_column", "another_rate", "no_frame_rate"})
"""Reasons that a first table shares with all others of its instrument."""
_LAST = np.iinfo(np.int64).max
_KEPT = 64
"""Tables that are kept in memory: a part asks for a recording in many turns."""


class UnreadTrackError(RowError):
    """A table of tracks that cannot be read.

    Args:
      error: says why, and its error type.
    """

    def __init__(self, error: UnmeasuredError):
        super().__init__(str(error))
        self.error_type = error.reason


class _SilentError(Exception):
    """There is nothing to say of a turn; its text says why."""


@dataclass(eq=False)
class Regressor:
    """A network with the tables that it reads.

    Args:
      module: the network.
      shape: of it.
      space: what its outputs are.
      uris: of the tables.
      fps: frames per second of tables that only count them.
    """

    module: Any
    shape: Shape
    space: Space
    uris: tuple[str, ...]
    fps: float
    cached: Any = field(init=False)

    def __post_init__(self) -> None:
        self.cached = functools.lru_cache(maxsize=_KEPT)(self._read)

    def read(self, uri: str) -> "list[Series] | UnmeasuredError":
        """Returns the series of a table, or why there are none."""
        found: list[Series] | UnmeasuredError = self.cached(uri)
        return found

    def _read(self, uri: str) -> "list[Series] | UnmeasuredError":
        try:
            found = series_of(uri, self.shape.reading(self.fps))
            for each in found if not self.shape.hz else []:
                check_rate(each, self._rate(each), self._cure)
        except UnmeasuredError as error:
            return error
        except StorageError as error:
            return UnmeasuredError("unreadable_file", str(error))
        return found

    def _rate(self, series: Series) -> float:
        return self.shape.rate if series.has_times else 0.0

    @property
    def _cure(self) -> str:
        return (
            "resample the table, or train again with --set hz="
            f"{self.shape.rate:.4g}, which puts any table on a grid"
        )

    @functools.cached_property
    def holders(self) -> dict[str, list[str]]:
        """The tables that hold several recordings, by the names of these."""
        found: dict[str, list[str]] = {}
        for uri in self.uris:
            series = self.read(uri)
            names = [] if isinstance(series, UnmeasuredError) else series
            for name in {each.recording for each in names}:
                found.setdefault(name, []).append(uri)
        return found

    def series_of(self, recording: str) -> list[Series]:
        """Returns what was measured of a recording.

        Raises:
          UnmeasuredError: its table cannot be read, or there are two.
        """
        named = [uri for uri in self.uris if recording_of(uri) == recording]
        found = named or self.holders.get(recording, [])
        if len(found) > 1:
            why = f"{found[0]!r} and {found[1]!r} are both of {recording!r}: leave one"
            raise UnmeasuredError("two_files_of_one_recording", why)
        series = [self.read(uri) for uri in found]
        for each in series:
            if isinstance(each, UnmeasuredError):
                raise each
        return [s for of in series for s in of if s.recording == recording]  # type: ignore[union-attr]


@dataclass(kw_only=True)
class TrackRegressor(BatchModelHandler[Regressor]):
    """Rates turns by action units or other tracks, with weights of `train tracks`.

    A turn gets the mean over its frames of what all windows in it say. Windows cross no
    gap. A turn without frames, or shorter than a window, gets the status `abstained`
    with the reason; one whose table cannot be read goes to `dead_letters`.

    Args:
      weights: folder that `affectflow train tracks` wrote.
      tracks: path, glob, folder or URL of the tables, named after the recordings
        (`media_uri`) or with a column `recording`.
      fps: frames per second of tables that only count frames.

    Raises:
      UsageError: `weights` is not such a folder, or no tables are named.
    """

    weights: str = ""
    tracks: str = ""
    fps: float = 0.0

    requires: ClassVar[pa.Schema] = fields(
        UTTERANCES,
        *("utterance_id", "conversation_id", "media_uri", "source", "speaker_id"),
        *("start_s", "end_s"),
    )
    # The revision says which weights they are, and files may lie anywhere.
    not_in_id: ClassVar[frozenset[str]] = frozenset({"weights", "tracks"})
    card: ClassVar[Card] = Card(
        summary="rates turns by action units or other tracks, with weights of your own",
        weights_licence="that of your training data; no weights come with the package",
        modality="tracks",
        extra="torch",
        answers="what would raters say of a face, a voice or a pulse during a turn?",
        misleads="it says what raters saw in such recordings, not what a person feels; "
        "another instrument measures on another scale",
        touches=("biometric",),
    )

    def __post_init__(self) -> None:
        super().__init__()
        if not self.weights:
            raise UsageError(
                "TrackRegressor comes without weights: train it with `affectflow train "
                "tracks --data FOLDER --out mine`, then give --model mine"
            )
        if not self.tracks:
            raise UsageError(
                "TrackRegressor reads tables: name them, for example --set "
                "tracks='au/*.csv'"
            )
        if self.fps < 0:
            raise UsageError(f"`fps` must be at least 0, got {self.fps}")
        self._folder = Path(self.weights).expanduser()
        self._metadata = stored.read_metadata(self._folder, ANNOTATOR)
        self._revision = stored.digest(self._folder)
        self._space = space_of(network.config_of(self._folder), Said())
        # A worker has another working directory.
        self._tracks = absolute(self.tracks)

    @property
    def cues_read(self) -> str:
        """None: it reads tables."""
        return "none"

    def origin(self) -> Origin:
        """Returns the user's weights, with the licence of their data."""
        licence = self._metadata.get("licence", "not stated")
        word = licence.strip().lower().replace(" ", "-")
        return Origin(ANNOTATOR, self._revision, licence, allows_commerce(word))

    def load_model(self) -> Regressor:
        """Returns the network, and checks the first table.

        Raises:
          MissingExtraError: torch is not installed.
          UsageError: there are no tables, or the first one has not the columns or the
            rate that the network learned.
        """
        module, shape = network.load(self._folder)
        uris = tuple(file.uri for file in list_files(self._tracks, SUFFIXES))
        model = Regressor(module, shape, self._space, uris, self.fps)
        first = model.read(uris[0])
        if isinstance(first, UnmeasuredError) and first.reason in _OF_ALL:
            raise UsageError(str(first))
        return model

    def predict(self, batch: pa.RecordBatch, model: Regressor) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row."""
        turns = {turn["utterance_id"]: turn for turn in turns_of(batch).to_pylist()}
        said: list[tuple[int, Floats]] = []
        entries: list[Entry] = []
        errors: list[Any] = [None] * batch.num_rows
        for row, name in enumerate(batch.column("utterance_id").to_pylist()):
            try:
                said.append((row, _of_turn(turns.get(name), model)))
            except _SilentError as error:
                entries += [
                    Entry(row, task, model.space.vocabulary, status=Status.ABSTAINED,
                          raw=str(error))
                    for task in self._tasks
                ]  # fmt: skip
            except UnmeasuredError as error:
                errors[row] = error_row(type(self).__name__, UnreadTrackError(error))
                why = f"no_answer_{error.reason}"
                account().fault(str(error), Fault(why, str(error), ""))
        entries += _entries(said, model.space)
        own = self.annotator()["annotator_id"]
        batch = annotate(batch, annotations_of(entries, batch.num_rows, own))
        return refuse(batch, errors) if any(errors) else batch

    @property
    def _tasks(self) -> list[str]:
        nothing = np.empty((0, len(self._space.labels)), np.float32)
        named = (answer.task for answer in answers(self._space, nothing, "", None))
        return list(dict.fromkeys(named))


def _of_turn(turn: dict[str, Any] | None, model: Regressor) -> Floats:
    """Returns what is said of a turn, shape (outputs,)."""
    if turn is None:
        raise _SilentError("the utterance is part of no recording")
    found = model.series_of(turn["recording"])
    if not found:
        raise _SilentError(f"no table is of the recording {turn['recording']!r}")
    own = [s for s in found if s.speaker in ("", turn["speaker_id"])] or found
    if len(own) > 1:
        raise _SilentError("several speakers are measured, and none is the turn's")
    series = _during(own[0], turn)
    shape = model.shape
    starts = windows_of(series.ends, shape.size, shape.stride)
    if not len(starts):
        n = len(series.starts)
        why = f"{n} frames, and no {shape.size} in a row" if n else "no frames"
        raise _SilentError(f"the turn has {why}")
    said = network.outputs_of(model.module, series.values, starts, shape.size)
    frames = stitched(said, starts, shape.size, len(series.starts))
    found_values: Floats = np.nanmean(frames, axis=0).astype(np.float32)
    return found_values


def _during(series: Series, turn: dict[str, Any]) -> Series:
    """Returns the frames that begin within a turn."""
    whole = turn["start_us"] == 0 and turn["end_us"] == _LAST
    if not series.has_times and not whole:
        raise UnmeasuredError(
            "no_frame_rate",
            f"the table of {series.recording!r} has frame numbers but no times: give "
            "the frame rate, such as --set fps=30",
        )
    inside = (series.starts >= turn["start_us"]) & (series.starts < turn["end_us"])
    return series.part(inside)


def _entries(said: list[tuple[int, Floats]], space: Space) -> Iterator[Entry]:
    """Yields the annotations of turns, one for each output."""
    if not said:
        return
    outputs = np.stack([values for _, values in said])
    for answer in answers(space, outputs, "", None):
        values = np.asarray(answer.values)[:, 0]
        for (row, _), value in zip(said, values.tolist(), strict=True):
            yield Entry(
                row=row,
                task=answer.task,
                vocabulary=answer.vocabulary,
                label=answer.labels[0],
                value=value,
                rank=1,
                chosen=True,
            )
