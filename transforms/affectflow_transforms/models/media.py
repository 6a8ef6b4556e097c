"""Models of what is seen or heard: asked about recordings and pictures, not texts."""

import abc
import math
import os
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.labelling import annotate, annotations
from affectflow.batches.texts import Collapsed, Mask, collapse
from affectflow.errors import RowError
from affectflow.kinds.embedder import Embedded, with_vectors
from affectflow.kinds.model import BatchModelHandler, Scored, refuse_failed
from affectflow.kinds.renderer import UnmeasuredError, check_not_on_the_web
from affectflow.kinds.scales import on_scale
from affectflow.schemas import UTTERANCES, VECTORS_COLUMN, Status, fields
from affectflow.storage import absolute

ModelT = TypeVar("ModelT")

# A unit separator, which no address contains.
_BETWEEN = "\x1f"
_OF_ANOTHER_KIND = ("no_video", "no_audio")


class Clip(NamedTuple):
    """What a model is asked about: a picture, or a stretch of a recording.

    Attributes:
      uri: path or fsspec URL.
      start_s: seconds from the beginning of the recording.
      end_s: likewise, exclusive; infinite for the end of the recording.
      detail: what else the row tells the model.
    """

    uri: str
    start_s: float = 0.0
    end_s: float = math.inf
    detail: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Given(Scored):
    """What a model says about clips.

    Args:
      abstained: shape (clips,): whether a clip has nothing to look at or listen to.
    """

    abstained: Mask | None = None


class UnreadError(RowError):
    """A picture or a recording that a model cannot be asked about.

    Args:
      error: the reason, with its error type.
    """

    def __init__(self, error: UnmeasuredError):
        super().__init__(str(error))
        self.error_type = error.reason

    @property
    def is_nothing(self) -> bool:
        """Whether the file is sound, but has nothing to look at or to listen to."""
        return self.error_type in _OF_ANOTHER_KIND


@dataclass(kw_only=True)
class MediaModel(BatchModelHandler[ModelT], abc.ABC):
    """A model that looks at pictures or listens to recordings.

    Each distinct stretch is asked about once. An utterance without `media_uri`, or
    whose file has nothing to look at or listen to, gets no answer. An utterance whose
    file cannot be read fails alone and goes to `dead_letters` with the reason.

    Args:
      folder: the folder of files that `media_uri` names by a relative path; empty for
        the folder in which the run is started.
    """

    folder: str = ""

    requires: ClassVar[pa.Schema] = fields(UTTERANCES, "media_uri", "start_s", "end_s")
    # It says where files are; their content decides the answer.
    not_in_id: ClassVar[frozenset[str]] = frozenset({"folder"})

    def __post_init__(self) -> None:
        super().__init__()
        # A worker has a different working directory.
        self._folder = absolute(self.folder or ".")

    @property
    def cues_read(self) -> str:
        """None: it looks and listens itself."""
        return "none"

    def details(self, batch: pa.RecordBatch) -> pa.StringArray:
        """Returns what else the model is told of each row; null for nothing."""
        return pa.nulls(batch.num_rows, pa.string())

    def clips(self, asked: Collapsed) -> list[Clip]:
        """Returns the stretches that are asked about."""
        return [clip_of(each, self._folder) for each in asked.unique]


@dataclass(kw_only=True)
class MediaScorer(MediaModel[ModelT]):
    """A model that gives pictures or recordings scores, or values on a scale.

    If there is nothing to look at or listen to, the status is `abstained` and there is
    no label.
    """

    @abc.abstractmethod
    def score(self, clips: list[Clip], model: ModelT) -> Given:
        """Returns what the model says about clips: distinct ones, perhaps none."""

    def predict(self, batch: pa.RecordBatch, model: ModelT) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row."""
        asked = _asked(batch, self.details(batch))
        scored = self.score(self.clips(asked), model)
        statuses = _statuses(asked, scored)
        annotator_id = self.annotator()["annotator_id"]
        for answer in scored.answers:
            of_rows, said = on_scale(answer.spread(asked), statuses)
            batch = annotate(batch, annotations(of_rows, said, annotator_id))
        return refuse_failed(batch, asked, scored.failed, type(self).__name__)


@dataclass(kw_only=True)
class MediaEmbedder(MediaModel[ModelT]):
    """A model that gives pictures or recordings vectors, for the table `vectors`."""

    provides: ClassVar[pa.Schema] = pa.schema([VECTORS_COLUMN])

    @abc.abstractmethod
    def embed(self, clips: list[Clip], model: ModelT) -> Embedded:
        """Returns one vector for each of the clips: distinct ones, perhaps none."""

    def predict(self, batch: pa.RecordBatch, model: ModelT) -> pa.RecordBatch:
        """Returns `batch` with one vector for each row that has something in it."""
        asked = _asked(batch, self.details(batch))
        found = self.embed(self.clips(asked), model)
        own = self.annotator()["annotator_id"]
        batch = with_vectors(batch, found, asked, own, self.card.modality)
        return refuse_failed(batch, asked, found.failed, type(self).__name__)


def clip_of(said: str, folder: str) -> Clip:
    """Returns a clip that `clips_of` has written down.

    Args:
      said: the clip as text.
      folder: the folder of files that it names by a relative path.
    """
    uri, start, end, detail = said.split(_BETWEEN, 3)
    if "://" not in uri and "::" not in uri:
        uri = os.path.join(folder, uri)
    return Clip(uri, float(start or 0), float(end or math.inf), detail)


def clips_of(batch: pa.RecordBatch, details: pa.StringArray | None = None) -> pa.Array:
    """Returns the clip of each row as text; null where it has no recording.

    Args:
      batch: rows with the columns that `MediaScorer` requires.
      details: what else each row tells the model; null for nothing.
    """
    uris = batch.column("media_uri")
    times = (batch.column(f"{name}_s").cast(pa.string()) for name in ("start", "end"))
    details = details if details is not None else pa.nulls(len(uris), pa.string())
    texts = pc.binary_join_element_wise(
        uris, *times, details, _BETWEEN, null_handling="replace", null_replacement=""
    )
    there = pc.greater(pc.utf8_length(pc.fill_null(uris, "")), 0)
    return pc.if_else(there, texts, None)


def check_clip(clip: Clip) -> None:
    """Raises UnmeasuredError if a clip cannot be asked about, whatever its file holds.

    Web addresses are refused.
    """
    check_not_on_the_web(clip.uri)
    if not 0 <= clip.start_s < clip.end_s:
        raise UnmeasuredError(
            "wrong_times",
            f"a turn of {clip.uri!r} has wrong times: from {clip.start_s:g} s to "
            f"{clip.end_s:g} s",
        )


def _asked(batch: pa.RecordBatch, details: pa.StringArray) -> Collapsed:
    """Returns the clips of a batch, each once, as text."""
    texts = clips_of(batch, details)
    return collapse(texts, np.asarray(pc.is_valid(texts)))


def _statuses(asked: Collapsed, scored: Given) -> npt.NDArray[np.int8]:
    of_clips = np.full(len(asked.unique), Status.OK, np.int8)
    if scored.truncated is not None:
        of_clips[scored.truncated] = Status.TRUNCATED
    if scored.abstained is not None:
        of_clips[scored.abstained] = Status.ABSTAINED
    of_clips[list(scored.failed)] = Status.REFUSED
    statuses: npt.NDArray[np.int8] = asked.spread(of_clips, Status.ABSTAINED)
    return statuses
