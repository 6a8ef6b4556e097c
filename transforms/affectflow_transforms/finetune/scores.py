"""How good outputs are: the figure that chooses an epoch, thresholds, and figures."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.batches.labelling import choose_passing, choose_top
from affectflow.kinds.trainer import Figure
from affectflow_transforms.finetune.aims import Aim
from affectflow_transforms.models import trained
from affectflow_transforms.models.sequence_classifier.answers import (
    expected_ratings,
    sigmoid,
    softmax,
    steps_of,
)

Matrix = npt.NDArray[Any]
_DRAWS = 1_000


def figure_of(aim: Aim, outputs: Matrix, target: Matrix) -> float:
    """Returns the figure by which an epoch is chosen; more is better.

    Macro-F1 of labels (of several ones, at the best thresholds), the concordance of
    values, the negative mean distance of steps and shares, and the share of pairs in
    order.

    Args:
      aim: what the head learns.
      outputs: shape (rows, outputs); of a reward, (rows,), chosen less rejected.
      target: of the same rows.
    """
    if aim.head == "reward":
        return float((outputs > 0).mean())
    if aim.head == "several":
        return float(np.mean([_best(o, t)[1] for o, t in _columns(outputs, target)]))
    if aim.head == "value":
        return float(np.mean([_ccc(o, t) for o, t in _columns(outputs, target)]))
    if aim.head == "ordinal":
        return -float(np.abs(places(aim, outputs) - target).mean())
    if aim.head == "items":
        off = np.abs(expected_ratings(outputs, len(aim.labels)) - target)
        return -float(off[target >= 0].mean())
    if aim.head == "shares":
        return -float(((softmax(outputs) - target) ** 2).mean())
    right = outputs.argmax(axis=1)
    there = np.unique(target)
    return float(np.mean([_f1(right == label, target == label) for label in there]))


def places(aim: Aim, outputs: Matrix) -> Matrix:
    """Returns the mean place on a scale of steps, 0 for the lowest."""
    coral = aim.objective == "coral"
    shares = steps_of(outputs) if coral else softmax(outputs)
    found: Matrix = shares @ np.arange(len(aim.labels), dtype=np.float32)
    return found


def thresholds_of(outputs: Matrix, target: Matrix) -> list[float]:
    """Returns of each label the lowest score that makes for the best F1.

    0.5 for a label that no row has.
    """
    return [
        float(sigmoid(np.array([_best(o, t)[0]], np.float32))[0]) if t.any() else 0.5
        for o, t in _columns(outputs, target)
    ]


def figures_of(
    aim: Aim,
    outputs: Matrix,
    target: Matrix,
    thresholds: Sequence[float],
    units: Sequence[str],
) -> tuple[Figure, ...]:
    """Returns figures with 95 % intervals; units are drawn, not rows."""
    if aim.head == "reward":
        return (share_figure("accuracy", "(pairs)", outputs > 0, units),)
    if aim.head == "value":
        return trained.value_figures(aim.labels, outputs, target, units)
    if aim.head == "shares":
        shares = softmax(outputs)
        figures = trained.value_figures(aim.labels, shares, target, units)
        return (*figures, *_accuracy(shares, target, units))
    if aim.head == "ordinal":
        found = places(aim, outputs)[:, None]
        return trained.value_figures(["step"], found, target[:, None], units)
    if aim.head == "items":
        found = expected_ratings(outputs, len(aim.labels))
        return tuple(_of_items(aim.labels, found, target, units))
    if aim.head == "several":
        scores = sigmoid(outputs)
        chosen = choose_passing(scores, np.array(thresholds, np.float32))
        return trained.label_figures(
            aim.labels, scores, chosen, target.astype(bool), units
        )
    scores = softmax(outputs)
    truth = target[:, None] == np.arange(len(aim.labels))
    return trained.label_figures(
        aim.labels, scores, choose_top(scores, 0.0), truth, units
    )


def _of_items(
    items: Sequence[str], found: Matrix, target: Matrix, units: Sequence[str]
) -> Iterator[Figure]:
    for place, item in enumerate(items):
        rows = np.flatnonzero(target[:, place] >= 0)
        given, truth = found[rows][:, [place]], target[rows][:, [place]]
        own = [units[row] for row in rows.tolist()]
        yield from trained.value_figures([item], given, truth, own)


def _columns(outputs: Matrix, target: Matrix) -> list[tuple[Matrix, Matrix]]:
    return list(zip(outputs.T, target.T, strict=True))


def _f1(chosen: Matrix, truth: Matrix) -> float:
    both = float((chosen & truth).sum())
    return 2 * both / max(float(chosen.sum() + truth.sum()), 1.0)


def _best(output: Matrix, truth: Matrix) -> tuple[float, float]:
    """Returns the lowest output to choose a label at, and the F1 there."""
    order = np.argsort(-output, kind="stable")
    right = np.cumsum(truth[order] > 0)
    f1 = 2 * right / (np.arange(1, len(order) + 1) + right[-1])
    # Equal outputs are chosen together.
    ends = np.append(np.diff(output[order]) != 0, True)
    place = int(np.argmax(np.where(ends, f1, -1.0)))
    here = output[order[place]]
    below = output[order[place + 1]] if place + 1 < len(order) else here
    return float(here + below) / 2, float(f1[place])


def _ccc(one: Matrix, other: Matrix) -> float:
    spread = one.var() + other.var() + (one.mean() - other.mean()) ** 2
    together = ((one - one.mean()) * (other - other.mean())).mean()
    return float(2 * together / max(spread, 1e-12))


def _accuracy(
    shares: Matrix, target: Matrix, units: Sequence[str]
) -> tuple[Figure, ...]:
    """Returns how often the highest share is that of the readers.

    Rows whose readers have no single favourite are not counted, as SEVLM does (arXiv
    2403.11150); without any other row there is no figure.
    """
    highest = target == target.max(axis=1, keepdims=True)
    clear = np.flatnonzero(highest.sum(axis=1) == 1)
    if not len(clear):
        return ()
    right = shares[clear].argmax(axis=1) == target[clear].argmax(axis=1)
    favoured = [units[row] for row in clear.tolist()]
    return (share_figure("accuracy", "(favourite)", right, favoured),)


def share_figure(name: str, label: str, right: Matrix, units: Sequence[str]) -> Figure:
    """Returns a share of what is right with a 95 % interval: 1,000 bootstrap samples.

    Args:
      name: of the figure.
      label: what it is of.
      right: shape (answers,).
      units: what is drawn, of each answer.
    """
    names, places = np.unique(np.asarray(units), return_inverse=True)
    total = np.bincount(places)
    hits = np.bincount(places, right)
    random = np.random.default_rng(0)
    drawn = random.integers(0, len(names), (_DRAWS, len(names)))
    shares = hits[drawn].sum(axis=1) / total[drawn].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return Figure(name, label, float(right.mean()), float(low), float(high))
