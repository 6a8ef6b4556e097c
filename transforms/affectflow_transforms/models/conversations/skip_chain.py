"""SkipChain: labels of turns, by what their speakers and the others felt before."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import weights as stored
from affectflow.batches.labelling import (
    Answer,
    Scores,
    Statuses,
    annotate,
    annotations,
    choose_top,
)
from affectflow.batches.texts import Mask
from affectflow.errors import UsageError
from affectflow.kinds.account import account
from affectflow.kinds.identity import Origin
from affectflow.kinds.model import BatchModelHandler
from affectflow.registry import Card
from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, Status, fields
from affectflow_transforms.models.conversations.chain import Chain, marginals, paths
from affectflow_transforms.models.conversations.folded import folded
from affectflow_transforms.models.conversations.links import Piece, pieces
from affectflow_transforms.models.conversations.potentials import ANNOTATOR, Potentials


@dataclass(kw_only=True)
class SkipChain(BatchModelHandler[Potentials]):
    """Labels turns by another annotator's labels and by the turns before and after.

    A turn is linked to the last turn of its own speaker (inertia) and to the turn
    before it, if that is someone else's (contagion). Scores are the probabilities of
    the labels given the whole conversation, computed exactly in conversations of up to
    512 turns; longer ones are read in windows that overlap by 64 turns on either side.
    Replies are ignored: turns follow one another in time. A turn without a speaker has
    no link, and a turn that the annotator has not answered gets `abstained`.

    This is the decoder of EmotionIC (Liu et al. 2023) without its network that reads
    the texts: here the annotator does that.

    Args:
      over: the annotator that labelled the turns.
      weights: folder that `affectflow train skip-chain` wrote.
      vocabulary: which of the annotator's answers are read, if it answers in several
        vocabularies; they fold to that of the weights.
      max_open: how many speakers who will speak again are remembered; each further one
        multiplies the time by the number of labels. Other links are cut and counted.
      path: choose the labels that are most probable together, instead of the most
        probable label of each turn.

    Raises:
      UsageError: `weights` is not such a folder, `max_open` is below 1, or none of the
        annotator's vocabularies folds to that of the weights.
    """

    over: str = ""
    weights: str = ""
    vocabulary: str = ""
    max_open: int = 3
    path: bool = False

    unit = "conversation"
    # The revision identifies the weights.
    not_in_id: ClassVar[frozenset[str]] = frozenset({"weights"})
    requires: ClassVar[pa.Schema] = pa.schema(
        [
            *fields(UTTERANCES, "conversation_id", "speaker_id", "timestamp"),
            ANNOTATIONS_COLUMN,
        ]
    )
    card: ClassVar[Card] = Card(
        summary="refines another annotator's emotions of turns by nearby turns",
        weights_licence="that of your training data; no weights come with the package",
        misleads="an emotion that it adds may come from nearby turns, not from the "
        "words: do not use its labels to count how emotions follow one another",
    )

    def __post_init__(self) -> None:
        super().__init__()
        if not self.weights:
            raise UsageError(
                "SkipChain comes without weights: train it with `affectflow train "
                "skip-chain --data RECCON --out skip`, then give --model skip"
            )
        if self.max_open < 1:
            raise UsageError(f"`max_open` must be at least 1, got {self.max_open}")
        self._folder = Path(self.weights).expanduser()
        self._metadata = stored.read_metadata(self._folder, ANNOTATOR)
        self._revision = stored.digest(self._folder)

    def origin(self) -> Origin:
        """Returns the user's weights, with the licence of their data."""
        licence = self._metadata.get("licence", "not stated")
        allowed = False if re.search(r"\bNC\b", licence) else None
        return Origin(ANNOTATOR, self._revision, licence, allowed)

    def load_model(self) -> Potentials:
        """Returns the potentials in `weights`."""
        return Potentials.load(self._folder)

    def predict(self, batch: pa.RecordBatch, model: Potentials) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row."""
        target = self._metadata["vocabulary"]
        spread = folded(batch, self.over, target, self.vocabulary)
        answered = np.asarray(~np.isnan(spread).any(axis=1))
        scores, chosen = self._decoded(batch, spread, answered, model)
        statuses: Statuses = np.full(batch.num_rows, Status.ABSTAINED, np.int8)
        statuses[answered] = Status.OK
        answer = Answer(
            task="emotion",
            vocabulary=target,
            labels=model.labels,
            scores=scores,
            chosen=chosen,
        )
        annotator_id = self.annotator()["annotator_id"]
        return annotate(batch, annotations(answer, statuses, annotator_id))

    def _decoded(
        self, batch: pa.RecordBatch, spread: Scores, answered: Mask, model: Potentials
    ) -> tuple[Scores, Mask]:
        """Returns scores and the labels chosen, shape (rows, labels)."""
        speaks = np.asarray(pc.is_valid(batch.column("speaker_id")))
        read = list(pieces(batch, answered & speaks, self.max_open))
        opened = account()
        opened.tally("links_cut", sum(piece.links.n_cut for piece in read))
        opened.tally("turns_without_speaker", int((answered & ~speaks).sum()))
        unary = model.unary(spread)
        chains = [Chain(unary[piece.rows], piece.links) for piece in read]
        scores = np.zeros(spread.shape, np.float32)
        scores[answered] = model.alone(spread[answered])
        _put(scores, read, marginals(chains, model.tables))
        if not self.path:
            return scores, choose_top(scores)
        labels = scores.argmax(axis=1)
        _put(labels, read, paths(chains, model.tables))
        chosen: Mask = labels[:, None] == np.arange(len(model.labels))
        return scores, chosen


def _put(
    rows: npt.NDArray[Any], read: Sequence[Piece], found: Sequence[npt.NDArray[Any]]
) -> None:
    """Puts what was found for the turns of each piece into their rows."""
    for piece, of_turns in zip(read, found, strict=True):
        rows[piece.rows[piece.answered]] = of_turns[piece.answered]
