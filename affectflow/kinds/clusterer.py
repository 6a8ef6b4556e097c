"""What the stage themes asks of a clusterer."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa


@runtime_checkable
class Model(Protocol):
    """What a sample of the causes of one family taught."""

    def to_bytes(self) -> bytes:
        """Returns the model as plain bytes."""


# Beam checks arguments against their types.
@runtime_checkable
class Clusterer(Protocol):
    """Groups causes that lie in parts. Picklable; its answers depend on no order.

    Tables of causes have the columns `cause_id`, `family`, `cause_text`, `summary`,
    `conversation_id`, `title`. A tally is what some causes add to the groups of their
    family, as bytes; `merge` is associative and commutative.
    """

    def prepare(self, causes: pa.Table) -> pa.Table:
        """Returns the causes that can be grouped, each once in its family."""

    def sampled(self, causes: pa.Table, counts: Mapping[str, int]) -> pa.Table:
        """Returns the causes of a part for the sample; `counts` are of all parts."""

    def fit(self, sample: pa.Table, total: int) -> Any:
        """Returns the model of a family with `total` causes: a `Model`."""

    def load(self, model: bytes) -> Any:
        """Returns the model whose `to_bytes` gave these."""

    def assign(
        self, models: Mapping[str, Any], causes: pa.Table
    ) -> tuple[pa.Table, dict[str, bytes]]:
        """Returns the groups of a part's causes, and a tally for each family."""

    def merge(self, found: Sequence[bytes]) -> bytes:
        """Returns the tally of several parts."""

    def themes(self, family: str, model: Any, found: bytes) -> pa.Table:
        """Returns the themes of a family, with `family` and `group`."""

    def members(self, assigned: pa.Table, themes: pa.Table) -> pa.Table:
        """Returns the members of themes in one part: table `theme_members`."""
