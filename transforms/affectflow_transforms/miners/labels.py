"""Which labels need a cause, for miners without words for labels."""

from dataclasses import dataclass

from affectflow.kinds.miner import Miner, ModelT

_QUIET = frozenset({"neutral", "none", "no emotion"})
"""Labels that mean there is nothing to explain."""


@dataclass(kw_only=True)
class AnyLabelMiner(Miner[ModelT]):
    """A miner of whatever labels it is shown.

    Args:
      labels: which labels to mine, of any vocabulary; empty for all but `neutral`.
    """

    labels: tuple[str, ...] = ()

    def mines(self, label: str) -> bool:
        """Returns whether it was asked for this label, or for all."""
        if self.labels:
            return label in self.labels
        return label.lower() not in _QUIET
