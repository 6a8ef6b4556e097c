"""From the outputs of a head to answers: labels with scores, or values on a scale."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.batches.labelling import (
    Answer,
    Scores,
    choose_passing,
    choose_top,
)
from affectflow.batches.texts import Mask
from affectflow_transforms.models.sequence_classifier.heads import Space


def answers(
    space: Space, outputs: npt.NDArray[np.float32], task: str, threshold: float | None
) -> tuple[Answer, ...]:
    """Returns what a head says about texts: one answer for each task.

    Args:
      space: what the outputs are.
      outputs: shape (texts, outputs), the output of the head.
      task: what is asked; if empty, `emotion`, or for values what they measure.
      threshold: lowest score of a chosen label; None for the one that suits the answer.
    """
    task = task or space.task
    if space.answer == "value":
        return tuple(_values(space, outputs, task))
    if space.answer == "items":
        return tuple(_measured(space, outputs, task or space.vocabulary))
    if space.answer == "ordinal":
        shares = steps_of(outputs) if space.cumulative else softmax(outputs)
        return (_ordinal(space, shares, task),)
    scores = sigmoid(outputs) if space.answer == "several" else softmax(outputs)
    answer = Answer(
        task=task or "emotion",
        vocabulary=space.vocabulary,
        labels=space.labels,
        scores=scores,
        chosen=_chosen(space, scores, threshold),
        # Shares are about the people who read a text, not about its author.
        perspective="reader" if space.answer == "shares" else "writer",
    )
    return (answer,)


def _chosen(space: Space, scores: Scores, threshold: float | None) -> Mask:
    if space.answer == "several":
        lowest = np.full(len(space.labels), 0.5 if threshold is None else threshold)
        if threshold is None and space.thresholds:
            lowest = np.array(space.thresholds)
        return choose_passing(scores, lowest.astype(np.float32))
    return choose_top(scores, threshold or 0.0)


def _values(
    space: Space, outputs: npt.NDArray[np.float32], task: str
) -> Iterable[Answer]:
    """Yields one answer for each output: its value on the vocabulary's scale."""
    values = outputs = outputs.astype(np.float32)
    if space.clipped and space.scale:
        values = np.clip(outputs, *space.scale)
    if space.onto and space.scale:
        low, high = space.scale
        values = (values - low) / (high - low)
        values = space.onto[0] + values * (space.onto[1] - space.onto[0])
    for column, label in enumerate(space.labels):
        yield Answer(
            task=task or label,
            vocabulary=space.vocabulary,
            labels=(label,),
            values=values[:, [column]].astype(np.float32),
            scale=space.onto or space.scale,
            given=outputs[:, [column]],
            chosen=np.ones((len(values), 1), np.bool_),
        )


def _ordinal(space: Space, shares: Scores, task: str) -> Answer:
    """Returns the mean place on the scale, and of its steps the nearest."""
    places = np.array(space.positions, np.float32)
    value = shares @ places
    chosen = np.ones((len(value), 1), np.bool_)
    if len(space.labels) > 1:
        # The labels are the steps, in the order of the scale.
        distance = np.abs(value[:, None] - np.sort(places))
        chosen = choose_top(-distance, -np.inf)
    return Answer(
        task=task or (space.labels[0] if len(space.labels) == 1 else space.vocabulary),
        vocabulary=space.vocabulary,
        labels=space.labels,
        values=np.repeat(value[:, None], len(space.labels), axis=1),
        chosen=chosen,
    )


def _measured(
    space: Space, outputs: npt.NDArray[np.float32], task: str
) -> Iterable[Answer]:
    """Yields the measure of texts, and its standard error as a task of its own."""
    sums = sums_of(item_shares(outputs, len(space.labels)))
    by_sum, errors = np.array(space.measures, np.float64).T
    measure = sums @ by_sum
    # What the ratings leave open, and that it is open which ratings there would be.
    error = np.sqrt(np.maximum(sums @ (errors**2 + by_sum**2) - measure**2, 0.0))
    for name, values in ((task, measure), (f"{task}_error", error)):
        yield Answer(
            task=name,
            vocabulary=space.vocabulary,
            labels=(name,),
            values=values[:, None].astype(np.float32),
            chosen=np.ones((len(values), 1), np.bool_),
        )


def item_shares(
    logits: npt.NDArray[np.float32], n_items: int
) -> npt.NDArray[np.float32]:
    """Returns how likely each rating of each item is, shape (texts, items, ratings).

    Args:
      logits: shape (texts, items (ratings - 1)), those of an item beside one another.
      n_items: how many items there are.
    """
    n = len(logits)
    shares = steps_of(logits.reshape(n * n_items, logits.shape[1] // n_items))
    return shares.reshape(n, n_items, shares.shape[1])


def expected_ratings(
    logits: npt.NDArray[np.float32], n_items: int
) -> npt.NDArray[np.float32]:
    """Returns the mean rating of each item, 0 for the lowest, shape (texts, items)."""
    shares = item_shares(logits, n_items)
    found: npt.NDArray[np.float32] = shares @ np.arange(shares.shape[2], dtype="f4")
    return found


def sums_of(shares: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Returns how likely each sum of ratings is, of items apart from one another.

    Args:
      shares: of each rating, from 0, shape (rows, items, ratings).
    """
    n, n_items, k = shares.shape
    sums = np.ones((n, 1))
    for item in range(n_items):
        longer = np.zeros((n, sums.shape[1] + k - 1))
        for rating in range(k):
            own = shares[:, item, rating, None]
            longer[:, rating : rating + sums.shape[1]] += sums * own
        sums = longer
    return sums


def sigmoid(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns 1 / (1 + exp(-x)), without overflow."""
    small = np.exp(-np.abs(logits))
    result: npt.NDArray[np.float32] = np.where(logits >= 0, np.float32(1), small)
    result /= 1 + small
    return result


def steps_of(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns how likely each step is, of how likely it is above each: CORAL's head.

    Args:
      logits: shape (texts, steps - 1).
    """
    above = sigmoid(logits)
    ends = np.ones((len(above), 1), np.float32)
    shares = np.clip(-np.diff(np.hstack([ends, above, 0 * ends])), 0, None)
    result: npt.NDArray[np.float32] = shares / shares.sum(axis=1, keepdims=True)
    return result


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns scores that sum to 1 over each row, without overflow."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    result: npt.NDArray[np.float32] = raised / raised.sum(axis=1, keepdims=True)
    return result
