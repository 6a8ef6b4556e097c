"""PersonalityTransition: the emotion to expect from a speaker, by personality."""

import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.labelling import Answer, Statuses, annotate, annotations
from affectflow.batches.texts import Mask
from affectflow.errors import UsageError
from affectflow.kinds.account import account
from affectflow.kinds.identity import options_of
from affectflow.kinds.model import BatchModelHandler
from affectflow.registry import Card
from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, Status, fields
from affectflow.vocabularies import get
from affectflow_transforms.models.conversations.folded import folded
from affectflow_transforms.models.conversations.states import Floats, Ints
from affectflow_transforms.models.conversations.traits import (
    Personalities,
    anchors,
    moved,
    nearest,
    read_personalities,
)

TASK, VOCABULARY = "expected_emotion", "meld"


@dataclass(kw_only=True)
class PersonalityTransition(BatchModelHandler[Personalities]):
    """Predicts the emotion at a turn before the turn is read.

    The prediction starts at the emotion of the speaker's last turn and moves towards
    what others have felt since, as far as the speaker's personality lets valence,
    arousal and dominance follow; the nearest emotion of MELD is predicted. If no one
    else has spoken since, the emotion stays. A turn gets `abstained` if it is the first
    of its speaker, or if the speaker or their traits are unknown.

    The rule and its numbers are those of Wen et al. 2021, but there a network that read
    the texts set the direction.

    Args:
      over: the annotator that labelled the turns; its emotions are folded to MELD's.
      traits: CSV with `speaker_id`, as in the lake, and from 0 to 1 `openness`,
        `conscientiousness`, `extraversion`, `agreeableness` and `stability` (or, in its
        place, `neuroticism`, its opposite).
      vocabulary: which of the annotator's answers are read, if it answers in several
        vocabularies that fold to MELD's.

    Raises:
      UsageError: the file does not exist, or its columns or values are wrong.
    """

    over: str = ""
    traits: str = ""
    vocabulary: str = ""

    unit = "conversation"
    annotator_kind: ClassVar[str] = "rules"
    requires: ClassVar[pa.Schema] = pa.schema(
        [
            *fields(UTTERANCES, "conversation_id", "speaker_id", "timestamp"),
            ANNOTATIONS_COLUMN,
        ]
    )
    card: ClassVar[Card] = Card(
        summary="the emotion to expect from a speaker, given their Big Five and the "
        "other turns",
        answers="what would this person be expected to feel next?",
        misleads="it is an expectation from questionnaires, not what the person felt",
        touches=("person",),
    )

    def __post_init__(self) -> None:
        super().__init__()
        if not self.traits:
            raise UsageError(
                "PersonalityTransition needs --set traits=FILE, a CSV with the Big "
                "Five of speakers"
            )
        self._personalities = read_personalities(self.traits)

    def parameters(self) -> dict[str, Any]:
        """Returns the options, and a digest of what the file says."""
        return {**options_of(self), "traits": _digest(self._personalities)}

    def load_model(self) -> Personalities:
        """Returns the personalities."""
        return self._personalities

    def predict(self, batch: pa.RecordBatch, model: Personalities) -> pa.RecordBatch:
        """Returns `batch` with one annotation for each row."""
        labels = get(VOCABULARY).labels
        spread = folded(batch, self.over, VOCABULARY, self.vocabulary)
        speaks = np.asarray(pc.is_valid(batch.column("speaker_id")))
        rows = np.flatnonzero(~np.isnan(spread).any(axis=1) & speaks)
        felt = anchors(labels)[spread[rows].argmax(axis=1)]
        said, ends = _expected(batch.take(pa.array(rows)), felt, model)
        chosen: Mask = np.zeros(spread.shape, np.bool_)
        chosen[rows[said], nearest(ends, labels)] = True
        statuses: Statuses = np.full(batch.num_rows, Status.ABSTAINED, np.int8)
        statuses[rows[said]] = Status.OK
        answer = Answer(task=TASK, vocabulary=VOCABULARY, labels=labels, chosen=chosen)
        annotator_id = self.annotator()["annotator_id"]
        return annotate(batch, annotations(answer, statuses, annotator_id))


def _expected(
    turns: pa.RecordBatch, felt: Floats, known: Personalities
) -> tuple[Ints, Floats]:
    """Returns the turns at which something is expected, and where it lies."""
    before, delta = contexts(turns, felt)
    speakers = pa.array(known.speakers, pa.string())
    whose = pc.index_in(turns.column("speaker_id"), value_set=speakers)
    which = np.asarray(pc.fill_null(whose, -1))
    follows = before >= 0
    account().tally("turns_without_traits", int((follows & (which < 0)).sum()))
    said = np.flatnonzero(follows & (which >= 0))
    return said, moved(felt[before[said]], delta[said], known.points[which[said]])


def contexts(turns: pa.RecordBatch, points: Floats) -> tuple[Ints, Floats]:
    """Returns the speaker's last turn before each turn, and where others draw it.

    Args:
      turns: with `conversation_id` and `speaker_id`, conversations in order of time.
      points: of the emotions of the turns, shape (turns, 3).

    Returns:
      Shape (turns,), -1 for none; and shape (turns, 3): the mean of what others felt
      since, less what the speaker felt then; 0 if nobody else spoke.
    """
    talks, speakers = (
        np.asarray(
            pc.dictionary_encode(turns.column(name), null_encoding="encode").indices
        )
        for name in ("conversation_id", "speaker_id")
    )
    # Turns of one conversation are adjacent, and so is what lies between them.
    order = np.argsort(talks, kind="stable")
    by_speaker = order[np.lexsort((speakers[order], talks[order]))]
    same = (np.diff(talks[by_speaker]) == 0) & (np.diff(speakers[by_speaker]) == 0)
    before = np.full(len(order), -1)
    before[by_speaker[1:][same]] = by_speaker[:-1][same]
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    sums = np.concatenate([np.zeros((1, 3)), np.cumsum(points[order], axis=0)])
    n_between = place - place[before] - 1
    drawn = (before >= 0) & (n_between > 0)
    delta = np.zeros(points.shape)
    between = sums[place[drawn]] - sums[place[before[drawn]] + 1]
    delta[drawn] = between / n_between[drawn, None] - points[before[drawn]]
    return before, delta


def _digest(known: Personalities) -> str:
    rows = sorted(zip(known.speakers, known.points.tolist(), strict=True))
    return hashlib.blake2b(repr(rows).encode(), digest_size=8).hexdigest()
