"""SequenceClassifier: any text classifier of the transformers library."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

import affectflow
from affectflow.batches import labelling as labels
from affectflow.batches.batch import Rows, error_row, refuse
from affectflow.batches.labelling import Labelling, Status
from affectflow.batches.readings import read
from affectflow.errors import UsageError
from affectflow.kinds.model import BatchModelHandler
from affectflow.registry import Card
from affectflow_transforms.models.sequence_classifier import loading, source
from affectflow_transforms.models.sequence_classifier.forward import (
    Classifier,
    Scored,
    classify,
)

__all__ = ["SequenceClassifier"]

_WORDS = {
    "answer": ("auto", "one", "several"),
    "dtype": ("auto", "float32", "bfloat16"),
    "trust_remote_code": ("refuse", "allow"),
    "cues": ("words", "as_written"),
}
# Where and in what portions a model runs is no part of what it answers.
_NOT_PARAMETERS = {"model", "revision", "device", "max_batch_tokens", "licence"}


@dataclass(kw_only=True)
class SequenceClassifier(BatchModelHandler[Classifier]):
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
    cues: str = "words"
    licence: str = ""

    card: ClassVar[Card] = Card(
        summary="labels utterances with a transformers sequence classifier",
        weights_licence="the model's own",
        extra="torch",
    )

    def __post_init__(self) -> None:
        super().__init__()
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                raise UsageError(
                    f"`{name}` is one of {words}, got {getattr(self, name)!r}"
                )
        source.check_model(self.model, self.revision)

    def load_model(self) -> Classifier:
        """Returns the classifier on this worker's device.

        Raises:
          MissingExtraError: the extra `torch` is not installed.
          UsageError: the model cannot be fetched, or is no classifier.
        """
        loading.check_extra()
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

    def predict(self, batch: pa.RecordBatch, model: Classifier) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row.

        A row that the model cannot score gets an error and no annotation.
        """
        reading = read(batch, cues=self.cues)
        texts = labels.collapse(reading.texts, ~reading.silent)
        scored = classify(model, texts.unique)
        statuses = _statuses(texts, scored)
        scores = texts.spread(scored.scores)
        new = labels.annotations(
            scores, self._choose(scores, model), statuses, self._labelling(model)
        )
        return _refuse_failed(labels.annotate(batch, new), texts, scored)

    def annotator(self) -> dict[str, Any]:
        """Returns this annotator's row of the table `annotators`.

        Raises:
          UsageError: the folder holds no model in safetensors.
        """
        licence = self.licence or source.licence_of(self.model)
        return {
            "annotator_id": self._annotator_id(),
            "kind": "model",
            "model": self.model,
            "revision": source.revision_of(self.model, self.revision),
            "licence": licence,
            "commercial_use": source.allows_commerce(licence),
            "parameters": labels.as_json(self._parameters()),
            "version": affectflow.__version__,
        }

    def _choose(self, scores: labels.Scores, model: Classifier) -> labels.Mask:
        if model.several:
            threshold = 0.5 if self.threshold is None else self.threshold
            thresholds = np.full(len(model.labels), threshold, np.float32)
            return labels.choose_passing(scores, thresholds)
        return labels.choose_top(scores, self.threshold or 0.0)

    def _labelling(self, model: Classifier) -> Labelling:
        return Labelling(
            annotator_id=self._annotator_id(),
            task=self.task,
            vocabulary=model.vocabulary,
            labels=model.labels,
        )

    def _annotator_id(self) -> str:
        revision = source.revision_of(self.model, self.revision)
        return labels.annotator_id(self._name(), revision, self._parameters())

    def _name(self) -> str:
        folder = Path(self.model)
        return folder.resolve().name if folder.is_dir() else self.model

    def _parameters(self) -> dict[str, Any]:
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in _NOT_PARAMETERS
        }


def _statuses(texts: labels.Collapsed, scored: Scored) -> labels.Statuses:
    unique = np.where(scored.truncated, Status.TRUNCATED, Status.OK).astype(np.int8)
    unique[list(scored.failed)] = Status.REFUSED
    return texts.spread(unique, elsewhere=Status.NO_AUTHOR_TEXT)


def _refuse_failed(
    batch: pa.RecordBatch, texts: labels.Collapsed, scored: Scored
) -> pa.RecordBatch:
    if not scored.failed:
        return batch
    unique: list[Rows | None] = [None] * len(texts.unique)
    for at, error in scored.failed.items():
        unique[at] = error_row(SequenceClassifier.__name__, error)
    errors: list[Rows | None] = [None] * batch.num_rows
    for row, at in zip(texts.rows.tolist(), texts.which.tolist(), strict=True):
        errors[row] = unique[at]
    return refuse(batch, errors)
