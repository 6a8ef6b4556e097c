"""SequenceClassifier: any text classifier or regressor of the transformers library."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.entries import annotations_of
from affectflow.batches.labelling import annotate
from affectflow.batches.readings import Readings
from affectflow.errors import UsageError
from affectflow.kinds.model import Scored, Scorer
from affectflow.kinds.style import reading_of
from affectflow.registry import Card
from affectflow.schemas import UTTERANCES, fields
from affectflow_transforms.models.pretrained import source
from affectflow_transforms.models.pretrained.forward import Network, outputs
from affectflow_transforms.models.pretrained.options import Pretrained, check_word
from affectflow_transforms.models.sequence_classifier.answers import answers
from affectflow_transforms.models.sequence_classifier.cue_words import (
    check_attention,
    cue_words,
)
from affectflow_transforms.models.sequence_classifier.heads import (
    ANSWERS,
    Said,
    Space,
    space_of,
)
from affectflow_transforms.models.sequence_classifier.pairs import (
    apart,
    earlier_turns,
    paired,
    parents,
)

__all__ = ["SequenceClassifier"]

_WHAT = "a sequence classifier"
_PAIRS = ("", "parent")


@dataclass(frozen=True, kw_only=True, eq=False)
class Classifier:
    """A network on its device, and what its outputs are."""

    network: Network
    space: Space


@dataclass(kw_only=True)
class SequenceClassifier(Pretrained, Scorer[Classifier]):
    """Labels utterances with a sequence classifier, from a folder or from the hub.

    All texts of a batch are tokenised at once and run in micro-batches of similar
    length; a text that fails does not affect the others, and running out of memory
    halves the micro-batches. The options of `Pretrained` say where the model is and how
    it runs.

    Args:
      task: what the labels answer; if empty, `emotion`, or for values what they
        measure.
      answer: `one` label per text or `several`; `shares` of readers; `ordinal`, a place
        on the scale whose steps are the labels; `value`, numbers. `auto` follows the
        model's config.
      labels: the labels of the outputs, in their order; empty for those of the model's
        config.
      vocabulary: the label set; empty for the known one that matches the labels.
      scale: lowest and highest value that the model gives.
      context: how many earlier turns of the conversation are read as a second text.
      pair: `parent` reads the message that this one answers as a second text; messages
        that answer none are skipped.
      threshold: lowest score of a chosen label, 0..1. If labels exclude one another,
        the best one is chosen if it reaches the threshold; 0 always chooses it. None
        means 0.5, or 0 if labels exclude one another.

      evidence: for a model with attention over word vectors, at most this many words
        per text that it looked at, under the task with `_evidence` appended.

    Raises:
      UsageError: `model` is neither a folder nor a hub id with a pinned commit, or its
        outputs are unknown.
    """

    task: str = ""
    answer: str = "auto"
    labels: tuple[str, ...] = ()
    vocabulary: str = ""
    scale: tuple[float, float] | None = None
    context: int = 0
    pair: str = ""
    threshold: float | None = None
    evidence: int = 0

    only_if_said: ClassVar[frozenset[str]] = Scorer.only_if_said | {"evidence"}
    architectures: ClassVar[tuple[str, ...]] = ("*ForSequenceClassification",)
    card: ClassVar[Card] = Card(
        summary="labels utterances with a transformers sequence classifier",
        weights_licence="the model's own",
        extra="torch",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_word("answer", self.answer, ANSWERS)
        check_word("pair", self.pair, _PAIRS)
        if self.context < 0 or (self.context and self.pair):
            raise UsageError(
                "`context` must be at least 0 earlier turns, and cannot be combined "
                f"with `pair`, got context={self.context} and pair={self.pair!r}"
            )
        if self.evidence < 0 or (self.evidence and (self.context or self.pair)):
            raise UsageError(
                "`evidence` must be at least 0 words, and cannot be combined with "
                f"`context` or `pair`, got {self.evidence}"
            )
        if self.context or self.pair:
            self.unit = "conversation"
        self.check_options()
        config = source.config_at_hand(self.model, self.revision)
        if config is not None:
            self._check_threshold(space_of(config, self._said))

    @property
    def columns_required(self) -> pa.Schema:
        """The text, and what tells which text is its second one."""
        more = {"parent": ("utterance_id", "reply_to"), "": ()}[self.pair]
        turns = ("conversation_id",) if self.context else more
        return pa.schema([*self.requires, *fields(UTTERANCES, *turns)])

    def asked(self, batch: pa.RecordBatch, readings: Readings) -> pa.StringArray:
        """Returns what is asked of each row: its text, and a second one behind it."""
        if self.context:
            turns = earlier_turns(batch, readings, self.context)
            return paired(readings.texts, turns)
        if not self.pair:
            return readings.texts
        answered = parents(batch, readings)
        pairs = paired(readings.texts, answered)
        return pc.if_else(pc.is_valid(answered), pairs, pa.scalar(None, pa.string()))

    def load_model(self) -> Classifier:
        """Returns the classifier on this worker's device.

        Raises:
          MissingExtraError: the extra `torch` is not installed.
          UsageError: the model cannot be fetched or is not a classifier, or it is
            unknown what its outputs are.
        """
        network = self.load_network("AutoModelForSequenceClassification", _WHAT)
        space = space_of(network.module.config.to_dict(), self._said)
        self._check_threshold(space)
        if self.evidence:
            check_attention(network, self.model)
        return Classifier(network=network, space=space)

    def predict(self, batch: pa.RecordBatch, model: Classifier) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row."""
        before = batch
        batch = super().predict(batch, model)
        if not self.evidence:
            return batch
        readings = reading_of(before, cues=self.cues, style=self.style)
        own = self.annotator()["annotator_id"]
        said = batch.column("annotations")
        told = list(cue_words(model.network, said, readings, self.evidence, own))
        return annotate(batch, annotations_of(told, batch.num_rows, own))

    def score(self, texts: list[str], model: Classifier) -> Scored:
        """Returns what the head says; a text that fails does not affect the others."""
        network, space = model.network, model.space
        read = [apart(text) for text in texts]
        found = outputs(network, read, _logits, network.module.config.num_labels)
        return Scored(
            answers=answers(space, found.values, self.task, self.threshold),
            truncated=found.truncated,
            failed=found.failed,
        )

    @property
    def _said(self) -> Said:
        return Said(
            answer=self.answer,
            labels=self.labels,
            vocabulary=self.vocabulary,
            scale=self.scale,
        )

    def _check_threshold(self, space: Space) -> None:
        if self.threshold is not None and space.answer in ("ordinal", "value"):
            raise UsageError(
                f"answer={space.answer} gives values, which have no threshold: leave "
                "`threshold` out"
            )


def _logits(given: object, mask: object) -> object:
    return given.logits  # type: ignore[attr-defined]
