"""Miners: find the causes of emotions, conversation by conversation.

A miner is shown a scene, which is an utterance with chosen emotions and what was said
before it, and points at spans of text. Ids, the check that a span exists, and the table
are done for it. The check of a miner is `affectflow.testing.check_miner`.
"""

import abc
import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import with_column
from affectflow.errors import RowError, UsageError
from affectflow.kinds.account import account
from affectflow.kinds.doubts import NEUTRAL, Bars, Others, key_of, others_of
from affectflow.kinds.identity import Annotator, ids_in
from affectflow.schemas import (
    ANNOTATIONS_COLUMN,
    ANNOTATORS_COLUMN,
    CAUSES_COLUMN,
    UTTERANCES,
    fields,
)

ModelT = TypeVar("ModelT")

_SAID = ("annotator_id", "vocabulary", "label", "score", "experiencer", "chosen")
_READ = ("utterance_id", "conversation_id", "speaker_id", "reply_to", "text")


@dataclass(frozen=True, eq=False)
class Turn:
    """One utterance of a conversation.

    Args:
      segments: what of `text` is code, quote, link ...: dicts of the column
        `segments`; None if nothing was looked for.
      cues: its nonverbal cues: dicts of the column `cues`.
      notes: a miner may store here what it found out about the turn, from one scene to
        the next.
    """

    utterance_id: str
    speaker_id: str | None
    reply_to: str | None
    text: str
    segments: Sequence[dict[str, Any]] | None = None
    cues: Sequence[dict[str, Any]] = ()
    notes: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, eq=False)
class Scene:
    """An utterance whose emotions need a cause.

    Args:
      now: the utterance.
      earlier: what was said before it, in order: at most the miner's `history` turns.
      labels: the emotions chosen in it, each once.
      scores: how certain an annotator is of each label, 0..1; labels given by people
        have no score.
    """

    now: Turn
    earlier: tuple[Turn, ...]
    labels: tuple[str, ...]
    scores: Mapping[str, float | None] = field(default_factory=dict)


class Found(NamedTuple):
    """A cause: `turn.text[start:end]`, in code points, and its certainty, 0..1.

    A miner that cannot say how certain it is gives None. `summary` states the cause in
    a few words.
    """

    label: str
    turn: Turn
    start: int
    end: int
    score: float | None
    summary: str | None = None


@dataclass(kw_only=True)
class Miner(Annotator, abc.ABC, Generic[ModelT]):
    """Finds the causes of emotions that an annotator chose.

    Subclasses are dataclasses with plain-data arguments.

    Args:
      history: how many earlier utterances of the conversation it is shown.
      over_neutral: a label needs a cause only if its score is at least this many times
        that of `neutral`, if the same annotator scores both in one vocabulary. At 0
        every chosen label does; a label given without a score always does.
      max_neutral: nor do the labels of a message whose `neutral` scores more than this,
        0..1, and more than each of them. At 1 no message is left out. A bar of 0.3
        leaves a fifth fewer causes, but a blind reading found them no truer.
      of_surest: nor does a label whose score is below this share, 0..1, of that of the
        surest label that the annotator chose in the vocabulary. 0 leaves out none.
      min_label: nor does a label whose score is below this, 0..1. 0 leaves out none.

    Raises:
      UsageError: a number is out of range.
    """

    history: int = 0
    over_neutral: float = 0.5
    max_neutral: float = 1.0
    of_surest: float = 0.0
    min_label: float = 0.2

    only_if_said: ClassVar[frozenset[str]] = Annotator.only_if_said | {"over_neutral"}
    requires: ClassVar[pa.Schema] = pa.schema(
        [*fields(UTTERANCES, *_READ, "segments"), ANNOTATIONS_COLUMN]
    )
    provides: ClassVar[pa.Schema] = pa.schema([CAUSES_COLUMN])

    def __post_init__(self) -> None:
        if self.history < 0:
            raise UsageError(
                f"{type(self).__name__}: `history` must be at least 0, got "
                f"{self.history}"
            )
        if not self.over_neutral >= 0:
            raise UsageError(
                f"{type(self).__name__}: `over_neutral` must be at least 0, got "
                f"{self.over_neutral}"
            )
        for name in ("max_neutral", "of_surest", "min_label"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(
                    f"{type(self).__name__}: `{name}` must be from 0 to 1, got "
                    f"{getattr(self, name)}"
                )

    @property
    def columns_required(self) -> pa.Schema:
        """What this instance reads; `requires`, unless its arguments say otherwise."""
        return self.requires

    @property
    def asker(self) -> Any:
        """The model that it asks, whose answers are stored; None if it asks none."""
        return None

    @abc.abstractmethod
    def find(self, scene: Scene, model: ModelT) -> Iterable[Found]:
        """Returns causes of the scene's labels, in `scene.now` or `scene.earlier`.

        A label without one is stored as `none_found`.
        """

    def load_model(self) -> ModelT | None:
        """Returns the model; runs once per worker. Rules need none."""
        return None

    def mines(self, label: str) -> bool:
        """Returns whether this label needs a cause at all."""
        return True

    def mines_given(self, label: str) -> bool:
        """Returns whether this label needs a cause if given without a score."""
        return self.mines(label)

    def find_all(
        self, scenes: Iterable[Scene], model: ModelT
    ) -> Iterator[Iterable[Found]]:
        """Yields the causes of each scene, in order.

        For models that answer faster when asked about many scenes at once. Scenes are
        made on demand; only those not yet answered are kept in memory.
        """
        for scene in scenes:
            yield self.find(scene, model)

    def mine(self, batch: pa.RecordBatch, model: Any = None) -> pa.RecordBatch:
        """Returns `batch` with `causes`: at least one row per emotion that needs one.

        `batch` holds whole conversations, each in time order; `cues` are used if
        present. A cause is `ok` with its span; without one it is `none_found`, or
        `unaligned` if the miner pointed outside the text.

        Raises:
          RowError: `find_all` gave more or fewer answers than there are scenes.
        """
        mined: list[list[dict[str, Any]]] = [[] for _ in range(batch.num_rows)]
        annotator_id = self.annotator()["annotator_id"]
        waiting: deque[_Asked] = deque()
        scenes = _held(self._asked(batch), waiting)
        for found in self.find_all(scenes, model):
            if not waiting:
                raise RowError(
                    f"{type(self).__name__} answered a scene that it was not given"
                )
            asked = waiting.popleft()
            mined[asked.row] = list(_causes(asked, list(found), annotator_id))
        unasked = next(scenes, None)
        if waiting or unasked is not None:
            raise RowError(f"{type(self).__name__} left a scene without an answer")
        return with_column(batch, CAUSES_COLUMN, pa.array(mined, CAUSES_COLUMN.type))

    def _asked(self, batch: pa.RecordBatch) -> "Iterator[_Asked]":
        annotations = _labels(batch)
        left_out = _of_health(batch)
        for conversation in _conversations(batch):
            # Only as many turns are kept as are looked back at.
            earlier: deque[Turn] = deque(maxlen=self.history)
            for row, now in conversation:
                said = annotations.get(row)
                emotions = self._emotions(said, left_out) if said else []
                if emotions:
                    scores = _scores(emotions)
                    scene = Scene(now, tuple(earlier), tuple(scores), scores)
                    yield _Asked(row, emotions, scene)
                earlier.append(now)

    def _emotions(
        self, annotations: list[dict[str, Any]], left_out: set[str]
    ) -> list[dict[str, Any]]:
        """Returns the chosen emotions, one for each annotator and label."""
        others = others_of(annotations)
        found = {
            (*key_of(a), a["label"]): a
            for a in annotations
            if a["chosen"] and self._wants(a, others[key_of(a)])
        }
        return [a for a in found.values() if a["annotator_id"] not in left_out]

    def _wants(self, emotion: Mapping[str, Any], others: Others) -> bool:
        """Returns whether a label needs a cause; counts doubtful ones."""
        label, score = emotion["label"], emotion["score"]
        if score is None:
            return self.mines_given(label)
        if not self.mines(label):
            return False
        bars = Bars(self.over_neutral, self.max_neutral, self.of_surest, self.min_label)
        doubt = "" if label == NEUTRAL else bars.doubt(score, others)
        if doubt:
            account().tally(doubt)
        return not doubt


def _labels(batch: pa.RecordBatch) -> dict[int, list[dict[str, Any]]]:
    """Returns the chosen labels by row, and always `neutral`."""
    column = batch.column(ANNOTATIONS_COLUMN.name)
    rows, said = pc.list_parent_indices(column), column.flatten()
    is_neutral = pc.equal(said.field("label"), NEUTRAL)
    kept = pc.and_(
        pc.fill_null(pc.or_kleene(said.field("chosen"), is_neutral), False),
        pc.fill_null(pc.equal(said.field("status"), "ok"), False),
    )
    fields = [said.field(name).filter(kept).to_pylist() for name in _SAID]
    found: dict[int, list[dict[str, Any]]] = {}
    for row, *values in zip(rows.filter(kept).to_pylist(), *fields, strict=True):
        each = dict(zip(_SAID, values, strict=True))
        found.setdefault(row, []).append(each)
    return found


def _scores(emotions: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    """Returns each label with its highest score; None if anyone gave it without one."""
    scores: dict[str, float | None] = {}
    for each in emotions:
        label, score = each["label"], each["score"]
        known = scores.get(label, 0.0)
        given = score is None or known is None
        scores[label] = None if given else max(score, known)
    return scores


def _of_health(batch: pa.RecordBatch) -> set[str]:
    """Returns annotators of rows in flight that may reveal health: no theme has any."""
    if ANNOTATORS_COLUMN.name not in batch.schema.names:
        return set()
    signed = batch.column(ANNOTATORS_COLUMN.name).flatten()
    touching = pc.greater(pc.list_value_length(signed.field("touches")), 0)
    rows = signed.filter(pc.fill_null(touching, False)).to_pylist()
    found = {row["annotator_id"] for row in rows if "health" in row["touches"]}
    # Rows are signed in order: annotators come after those whose answers they read.
    over = signed.filter(pc.is_valid(signed.field("over"))) if found else signed[:0]
    for row in over.to_pylist():
        if not found.isdisjoint(ids_in(row["over"])):
            found.add(row["annotator_id"])
    return found


class _Asked(NamedTuple):
    row: int
    emotions: list[dict[str, Any]]
    scene: Scene


def _held(asked: Iterable[_Asked], waiting: deque[_Asked]) -> Iterator[Scene]:
    """Yields scenes; those already asked about wait for their answers."""
    for each in asked:
        waiting.append(each)
        yield each.scene


def _conversations(batch: pa.RecordBatch) -> Iterator[Iterator[tuple[int, Turn]]]:
    """Yields each conversation: its rows, by number and as turns."""
    ids, conversations, speakers, replies, texts = (
        batch.column(name).to_pylist() for name in _READ
    )
    segments, cues = _lists(batch, "segments"), _lists(batch, "cues")

    def turn(row: int) -> Turn:
        return Turn(
            ids[row],
            speakers[row],
            replies[row],
            texts[row] or "",
            segments[row],
            cues[row] or (),
        )

    grouped: dict[str, list[int]] = {}
    for row, conversation in enumerate(conversations):
        # A message without a thread is a conversation of its own.
        key = conversation if conversation is not None else f"\0{row}"
        grouped.setdefault(key, []).append(row)
    for rows in grouped.values():
        yield ((row, turn(row)) for row in rows)


def _lists(batch: pa.RecordBatch, name: str) -> list[Any]:
    if name not in batch.schema.names:
        return [None] * batch.num_rows
    values: list[Any] = batch.column(name).to_pylist()
    return values


def _causes(
    asked: _Asked, found: Sequence[Found], annotator_id: str
) -> Iterator[dict[str, Any]]:
    """Yields rows of `causes`; the id of each is derived from its content."""
    now = asked.scene.now
    for emotion in asked.emotions:
        of_label = [each for each in found if each.label == emotion["label"]]
        for cause in of_label or (None,):
            row = {
                "label": emotion["label"],
                "vocabulary": emotion["vocabulary"],
                "emotion_annotator_id": emotion["annotator_id"],
                "experiencer": emotion["experiencer"],
                "status": "none_found",
                "annotator_id": annotator_id,
                **(_placed(cause, now) if cause else {}),
            }
            yield row | {"cause_id": identity_of(now.utterance_id, row)}


def _placed(found: Found, now: Turn) -> dict[str, Any]:
    """Returns where a cause is, or that its span is not in the text."""
    start, end, text = found.start, found.end, found.turn.text
    if not 0 <= start < end <= len(text):
        return {"status": "unaligned", "score": found.score}
    return {
        "cause_utterance_id": found.turn.utterance_id,
        "start": start,
        "end": end,
        "cause_text": text[start:end],
        "summary": found.summary,
        "cause_type": cause_type(
            found.turn is now, now.speaker_id, found.turn.speaker_id
        ),
        "score": found.score,
        "status": "ok",
    }


def identity_of(utterance_id: str, row: Mapping[str, Any]) -> str:
    """Returns the `cause_id` of a row of `causes`, derived from its content."""
    said = ("label", "vocabulary", "emotion_annotator_id", "cause_utterance_id")
    parts = [utterance_id, *(row.get(name) for name in (*said, "start", "end"))]
    content = json.dumps([*parts, row["annotator_id"]]).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def cause_type(is_own: bool, speaker: str | None, of_cause: str | None) -> str | None:
    """Returns RECCON's type of a cause; None if the speakers are unknown.

    Args:
      is_own: the cause is in the utterance that expresses the emotion.
      speaker: of that utterance.
      of_cause: who said the cause.
    """
    if is_own:
        return "no_context"
    if speaker is None or of_cause is None:
        return None
    return "self_contagion" if speaker == of_cause else "inter_personal"
