"""ConversationEmotions: what a conversation felt like, from the labels of its turns."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import vocabularies
from affectflow.batches.distributions import distribution
from affectflow.batches.labelling import (
    Answer,
    Scores,
    Statuses,
    annotate,
    annotations,
    choose_top,
)
from affectflow.errors import UsageError
from affectflow.kinds.model import BatchModelHandler
from affectflow.registry import Card
from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, Status, fields

TASK = "conversation_emotion"

Rows = npt.NDArray[np.int64]


class Mean:
    """A model without weights."""


@dataclass(kw_only=True)
class ConversationEmotions(BatchModelHandler[Mean]):
    """Labels whole conversations with the mean of the labels of their turns.

    A score is the mean, over the answered turns, of how another annotator's answer is
    spread over the labels. The answer is at the last turn, under the task
    `conversation_emotion`, so it does not count among the emotions of turns. A
    conversation without an answered turn gets `abstained`.

    Args:
      over: the annotator that labelled the turns.
      vocabulary: the vocabulary of its labels; its other answers are not read.

    Raises:
      UsageError: the vocabulary is unknown, or the annotator does not answer in it.
    """

    over: str = ""
    vocabulary: str = "goemotions"

    unit = "conversation"
    requires: ClassVar[pa.Schema] = pa.schema(
        [*fields(UTTERANCES, "conversation_id", "timestamp"), ANNOTATIONS_COLUMN]
    )
    annotator_kind: ClassVar[str] = "rules"
    card: ClassVar[Card] = Card(
        summary="emotions of whole conversations, as the mean of another annotator's "
        "labels"
    )

    def __post_init__(self) -> None:
        super().__init__()
        self._labels = vocabularies.get(self.vocabulary).labels

    def load_model(self) -> Mean:
        """Returns nothing to be loaded."""
        return Mean()

    def predict(self, batch: pa.RecordBatch, model: Mean) -> pa.RecordBatch:
        """Returns `batch` with annotations at the last turn of each conversation."""
        self._check_read(batch)
        turns = distribution(batch, self.over, self.vocabulary)
        codes = pc.dictionary_encode(
            batch.column("conversation_id"), null_encoding="encode"
        ).indices
        means, last = _means(turns, np.asarray(codes, dtype=np.int64))
        scores = np.zeros((batch.num_rows, len(self._labels)), np.float32)
        scores[last] = means
        answer = Answer(
            task=TASK,
            vocabulary=self.vocabulary,
            labels=self._labels,
            scores=scores,
            chosen=choose_top(scores),
        )
        statuses = _statuses(means, last, batch.num_rows)
        annotator_id = self.annotator()["annotator_id"]
        return annotate(batch, annotations(answer, statuses, annotator_id))

    def _check_read(self, batch: pa.RecordBatch) -> None:
        """Raises UsageError if labels are there, and none is of the vocabulary."""
        items = batch.column(ANNOTATIONS_COLUMN.name).flatten()
        own = pc.equal(items.field("annotator_id"), self.over)
        labelled = pc.and_(own, pc.is_valid(items.field("label")))
        there = pc.unique(items.field("vocabulary").filter(labelled)).to_pylist()
        if there and self.vocabulary not in there:
            raise UsageError(
                f"{self.over!r} answers in {', '.join(map(repr, there))}, not in "
                f"{self.vocabulary!r}; give --set vocabulary={there[0]}"
            )


def _means(turns: Scores, codes: Rows) -> tuple[Scores, Rows]:
    """Returns the mean of each conversation's answered turns, and its last row.

    Args:
      turns: shape (rows, labels); NaN where there is no answer.
      codes: the conversation of each row, numbered from 0.

    Returns:
      Shape (conversations, labels), NaN where no turn is answered; shape
      (conversations,).
    """
    n = int(codes.max(initial=-1)) + 1
    last = np.zeros(n, np.int64)
    np.maximum.at(last, codes, np.arange(len(codes)))
    answered = ~np.isnan(turns).any(axis=1)
    sums = np.zeros((n, turns.shape[1]))
    np.add.at(sums, codes[answered], turns[answered])
    counts = np.bincount(codes[answered], minlength=n)[:, None]
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return means.astype(np.float32), last


def _statuses(means: Scores, last: Rows, n_rows: int) -> Statuses:
    # A refused row gets no annotation: the answer is at the last turn.
    statuses: Statuses = np.full(n_rows, Status.REFUSED, np.int8)
    silent = np.isnan(means).any(axis=1)
    statuses[last] = np.where(silent, Status.ABSTAINED, Status.OK)
    return statuses
