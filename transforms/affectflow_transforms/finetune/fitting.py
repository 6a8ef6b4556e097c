"""Which objective trains a head: its own, or another one that fits it."""

from collections.abc import Mapping

from affectflow import registry
from affectflow.errors import UsageError
from affectflow.kinds.objective import heads_of

OWN: Mapping[str, str] = {
    "one": "cross_entropy",
    "pair": "cross_entropy",
    "several": "bce",
    "ordinal": "ordinal_soft",
    "items": "coral",
    "value": "mse",
    "shares": "shares_mse",
    "reward": "scaled_bt",
}
"""The objective of each head, where none is named."""


def objective_of(head: str, named: str = "") -> str:
    """Returns the objective that is named, ours or another's, or the head's own.

    Raises:
      UsageError: it does not fit the head; names those that do.
    """
    names = registry.names("objectives")
    if not named or (named in names and _fits(named, head)):
        return named or OWN[head]
    others = [each for each in names if each != OWN[head] and _fits(each, head)]
    raise UsageError(
        f"head={head} takes objective={' or '.join([OWN[head], *others])}, got "
        f"{named!r}"
    )


def _fits(objective: str, head: str) -> bool:
    return head in heads_of(registry.load("objectives", objective))
