"""What EmbeddedEmotions answers to texts, after the package's own ingest."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow.batches.readings import read
from affectflow.schemas import UTTERANCES, fields
from affectflow.steps.textualize import Textualize
from affectflow.vocabularies import members
from affectflow_transforms.models.emotions.embedded import EmbeddedEmotions
from affectflow_transforms.text.normalize import NormalizeText

Scores = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Scores and choices of labels, shape (texts,) each.

    Args:
      answered: which texts are answered: not silent, not in another language.
    """

    scores: dict[str, Scores]
    chosen: dict[str, Mask]
    answered: Mask

    def folded(self, label: str, vocabulary: str) -> tuple[Scores, Mask]:
        """Returns the label that GoEmotions' labels fold to; see `any_of`."""
        return self.any_of(members(label, vocabulary, "goemotions"))

    def any_of(self, labels: Sequence[str]) -> tuple[Scores, Mask]:
        """Returns the highest score, and whether one of the labels is chosen."""
        scores = np.max([self.scores[label] for label in labels], axis=0)
        return scores, np.any([self.chosen[label] for label in labels], axis=0)

    def summed(self, labels: Sequence[str]) -> Scores:
        """Returns the mean of the scores: it ranks as their sum does."""
        mean: Scores = np.mean([self.scores[label] for label in labels], axis=0)
        return mean


@functools.cache
def model():
    """Returns the models that come with the package."""
    return EmbeddedEmotions().load_model()


def readings(texts: Sequence[str]) -> tuple[list[str], Mask]:
    """Returns what a model reads of texts, and which have nothing to read."""
    return _readings(tuple(texts))


@functools.cache
def _readings(texts: tuple[str, ...]) -> tuple[list[str], Mask]:
    ids = [str(number) for number in range(len(texts))]
    columns = {"utterance_id": ids, "text": list(texts)}
    schema = fields(UTTERANCES, "utterance_id", "text")
    batch = pa.RecordBatch.from_pydict(columns, schema=schema)
    for step in (NormalizeText(), Textualize()):
        step.setup()
        batch = step.apply(batch)
    reading = read(batch, apart=True)
    return reading.texts.to_pylist(), np.asarray(reading.silent)


def answers(texts: Sequence[str]) -> Answers:
    """Returns the answers of the annotator that comes with the package."""
    return _answers(tuple(texts))


@functools.cache
def _answers(texts: tuple[str, ...]) -> Answers:
    read_as, silent = readings(texts)
    scores = np.column_stack(model().scores(read_as))
    return answers_of(
        (*model().emotions.labels, "frustration"),
        scores,
        np.append(model().emotions.thresholds, np.float32(model().threshold)),
        ~silent & ~model().emotions.looks_unsupported(read_as),
    )


def answers_of(
    labels: Sequence[str],
    scores: npt.NDArray[np.float32],
    thresholds: npt.NDArray[np.float32],
    answered: Mask,
) -> Answers:
    """Returns answers of scores, shape (texts, labels), with a threshold a label."""
    chosen = scores >= thresholds.astype(np.float32)
    return Answers(
        scores={each: scores[:, n].astype(np.float64) for n, each in enumerate(labels)},
        chosen={label: chosen[:, n] for n, label in enumerate(labels)},
        answered=answered,
    )
