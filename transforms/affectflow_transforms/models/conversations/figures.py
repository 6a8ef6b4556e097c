"""Figures of labels that exclude one another, with and without the neutral one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow.kinds.trainer import Figure
from affectflow_transforms.models.conversations.states import Floats, Ints

SAMPLES, SEED = 1000, 0
NEUTRAL = "neutral"
_LOWEST = 1e-4


class Answers(NamedTuple):
    """What annotators say about turns whose labels are known.

    Attributes:
      truth: shape (turns,).
      units: the sampling unit of each turn: its conversation, or a group of them.
      scores: by annotator, shape (turns, labels).
    """

    truth: Ints
    units: npt.NDArray[np.str_]
    scores: Mapping[str, Floats]


def measured(answers: Answers, labels: Sequence[str]) -> Iterator[Figure]:
    """Yields figures of each annotator, with 95 % intervals by the bootstrap."""
    units, which = np.unique(answers.units, return_inverse=True)
    random = np.random.default_rng(SEED)
    share = np.full(len(units), 1 / len(units))
    drawn = random.multinomial(len(units), share, SAMPLES).astype(np.float64)
    times = np.concatenate([np.ones((1, len(units))), drawn])
    for name, scores in answers.scores.items():
        counts = _counts(answers.truth, scores.argmax(axis=1), which, len(labels))
        of_samples = np.tensordot(times, counts, axes=1)
        yield _figure("weighted_f1", name, weighted_f1(of_samples))
        for figure, left_out in (
            ("macro_f1", []),
            ("macro_f1_without_neutral", [NEUTRAL]),
        ):
            kept = [n for n, label in enumerate(labels) if label not in left_out]
            yield _figure(figure, name, _f1(of_samples)[:, kept].mean(axis=1))
        logs = -np.log(
            np.maximum(scores[np.arange(len(which)), answers.truth], _LOWEST)
        )
        sums, turns = np.bincount(which, logs), np.bincount(which)
        yield _figure("log_loss", name, (times @ sums) / (times @ turns))


def _figure(name: str, label: str, values: Floats) -> Figure:
    """Returns a figure of all turns, which is the first, and of samples of them."""
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return Figure(name, label, float(values[0]), float(low), float(high))


def _counts(truth: Ints, chosen: Ints, which: Ints, n_labels: int) -> Floats:
    """Returns true, chosen and right turns, shape (units, 3, labels)."""
    found = np.zeros((which.max() + 1, 3, n_labels))
    right = truth == chosen
    np.add.at(found[:, 0], (which, truth), 1)
    np.add.at(found[:, 1], (which, chosen), 1)
    np.add.at(found[:, 2], (which[right], truth[right]), 1)
    return found


def _f1(counts: Floats) -> Floats:
    """Returns F1 of each label, 0 where it is nowhere, shape (samples, labels)."""
    true, chosen, right = np.moveaxis(counts, 1, 0)
    f1: Floats = 2 * right / np.maximum(true + chosen, 1)
    return f1


def weighted_f1(counts: Floats) -> Floats:
    """Returns the mean of F1 over turns, by their true label, shape (samples,)."""
    true = counts[:, 0]
    mean: Floats = (_f1(counts) * true).sum(axis=1) / true.sum(axis=1)
    return mean
