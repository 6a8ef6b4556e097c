"""Objectives: functions that say how wrong a network is; a trainer makes that small.

`objective(output, target, options)` takes tensors of torch and a mapping, and gives a
tensor without dimensions: the mean over rows. Its check is
`affectflow.testing.check_objective`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

HEADS = ("one", "several", "ordinal", "items", "value", "shares", "reward", "pair")
"""What a network may be trained to say, as `train finetune --set head=...` takes it."""
Objective = Callable[..., Any]
ObjectiveT = TypeVar("ObjectiveT", bound=Objective)


def fits(*heads: str) -> Callable[[ObjectiveT], ObjectiveT]:
    """Marks an objective that can train some of `HEADS`.

    With n rows and k outputs, `output` has the shape (n, k), and `target` is: of `one`
    and `pair` the place of the right label and of `ordinal` that of the right step,
    whole numbers of shape (n,); of `items` the steps of several items, shape (n,
    items), -1 where one was not rated; of `several` 0 or 1, of `value` numbers and of
    `shares` shares, of shape (n, k). Of `reward` the output is by how much the reward
    of the chosen text is higher, and the target how strongly it was preferred: shape
    (n,).

    Raises:
      ValueError: there is no such head.
    """
    if unknown := [each for each in heads if each not in HEADS]:
        raise ValueError(f"`fits` takes some of {HEADS}, got {unknown[0]!r}")

    def marked(objective: ObjectiveT) -> ObjectiveT:
        objective.heads = heads  # type: ignore[attr-defined]
        return objective

    return marked


def heads_of(objective: Objective) -> tuple[str, ...]:
    """Returns the heads that an objective can train; none if it does not say."""
    heads: tuple[str, ...] = getattr(objective, "heads", ())
    return heads
