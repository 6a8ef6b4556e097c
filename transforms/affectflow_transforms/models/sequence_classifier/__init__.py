"""SequenceClassifier: any text classifier of the transformers library."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from affectflow.batches import labelling as labels
from affectflow.batches.labelling import Answer
from affectflow.batches.texts import Mask
from affectflow.errors import UsageError
from affectflow.kinds.identity import Origin
from affectflow.kinds.model import Scored, Scorer
from affectflow.registry import Card
from affectflow.weights import check_pinned
from affectflow_transforms.models.sequence_classifier import loading, source
from affectflow_transforms.models.sequence_classifier.forward import (
    Classifier,
    classify,
)

__all__ = ["SequenceClassifier"]

_WORDS = {
    "answer": ("auto", "one", "several"),
    "dtype": ("auto", "float32", "bfloat16"),
    "trust_remote_code": ("refuse", "allow"),
}


@dataclass(kw_only=True)
class SequenceClassifier(Scorer[Classifier]):
    """Labels utterances with a sequence classifier, from a folder or from the hub.

    All texts of a batch are tokenised at once and run in micro-batches of like
    length; a text that fails is alone in failing, and running out of memory halves
    the micro-batches.

    Args:
      model: a folder with config.json, tokenizer.json and model.safetensors, or a
        hub id (org/name).
      revision: the commit of a hub id, 40 hex digits. Of a folder: the digest that
        its model must have; empty takes what is there.
      task: what the labels answer: emotion, frustration, ...
      threshold: lowest score of a chosen label, 0..1. Where labels exclude one
        another, the best one is chosen if it reaches it; 0 always chooses it. None
        stands for 0.5 and 0.
      answer: `one` label a text or `several`; `auto` as the model's config says.
      max_tokens: longer texts are cut; 0 for the model's own limit, at most 512.
      max_batch_tokens: rows times longest text of a forward pass; 0 for a value that
        suits the device. Halve it if memory runs out all the time.
      dtype: `float32` or `bfloat16`; `auto` is bfloat16 where the device computes it.
      device: `cpu`, `cuda`, `cuda:1` ...; `auto` is CUDA where there is one.
      trust_remote_code: `allow` runs Python code that the model brings.
      cues: the model reads cues in `words`, or texts `as_written`.
      licence: of the weights; empty takes what the model's card says.

    Raises:
      UsageError: `model` is neither a folder nor a hub id with a pinned commit.
    """

    model: str
    revision: str = ""
    task: str = "emotion"
    threshold: float | None = None
    answer: str = "auto"
    max_tokens: int = 0
    max_batch_tokens: int = 0
    dtype: str = "auto"
    device: str = "auto"
    trust_remote_code: str = "refuse"
    licence: str = ""

    # The revision says which model it is.
    not_in_id: ClassVar[frozenset[str]] = frozenset(
        {"model", "revision", "device", "max_batch_tokens", "licence"}
    )
    architectures: ClassVar[tuple[str, ...]] = ("*ForSequenceClassification",)
    card: ClassVar[Card] = Card(
        summary="labels utterances with a transformers sequence classifier",
        weights_licence="the model's own",
        extra="torch",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                raise UsageError(
                    f"`{name}` is one of {words}, got {getattr(self, name)!r}"
                )
        check_pinned(self.model, self.revision)

    def load_model(self) -> Classifier:
        """Returns the classifier on this worker's device.

        Raises:
          MissingExtraError: the extra `torch` is not installed.
          UsageError: the model cannot be fetched, or is no classifier.
        """
        loading.check_extra(loading.WHAT)
        return loading.load(
            source.local_folder(self.model, self.revision),
            name=self._name(),
            answer=self.answer,
            device=self.device,
            dtype=self.dtype,
            max_tokens=self.max_tokens,
            max_batch_tokens=self.max_batch_tokens,
            trust_remote_code=self.trust_remote_code == "allow",
        )

    def score(self, texts: list[str], model: Classifier) -> Scored:
        """Returns scores and chosen labels; a text that fails is alone in failing."""
        found = classify(model, texts)
        answer = Answer(
            task=self.task,
            vocabulary=model.vocabulary,
            labels=model.labels,
            scores=found.scores,
            chosen=self._choose(found.scores, model),
        )
        return Scored(answers=(answer,), truncated=found.truncated, failed=found.failed)

    def origin(self) -> Origin:
        """Returns the model with its commit, or with the digest of its folder.

        Raises:
          UsageError: the folder holds no model in safetensors.
        """
        licence = self.licence or source.licence_of(self.model)
        return Origin(
            self._name(),
            source.revision_of(self.model, self.revision),
            licence,
            source.allows_commerce(licence),
            self.model,
        )

    def _choose(self, scores: labels.Scores, model: Classifier) -> Mask:
        if model.several:
            threshold = 0.5 if self.threshold is None else self.threshold
            thresholds = np.full(len(model.labels), threshold, np.float32)
            return labels.choose_passing(scores, thresholds)
        return labels.choose_top(scores, self.threshold or 0.0)

    def _name(self) -> str:
        folder = Path(self.model)
        return folder.resolve().name if folder.is_dir() else self.model
