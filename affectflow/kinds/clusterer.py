"""Clusterer: groups causes to themes. Its check: `affectflow.testing.check_clusterer`.

Causes lie in parts, on several machines: a sample of all parts is fitted, each part is
assigned by itself, and what the parts counted is added up.
"""

import abc
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import check_columns
from affectflow.registry import Card
from affectflow.schemas import CAUSES, THEME_MEMBERS, THEMES, fields

ASSIGNED = pa.schema(
    [
        ("family", pa.string()),
        ("group", pa.int64()),
        CAUSES.field("cause_id"),
        ("similarity", pa.float64()),
    ]
)
"""Causes and their groups; groups count from 0 in each family."""
NAMED = pa.schema([("family", pa.string()), ("group", pa.int64()), *THEMES])
"""Themes, and the groups that they are."""


class Model(Protocol):
    """What a sample of the causes of one family taught."""

    def to_bytes(self) -> bytes:
        """Returns the model as plain bytes."""


class Clusterer(abc.ABC):
    """Groups causes that lie in parts. Picklable; its answers depend on no order.

    Tables of causes have the columns of `requires`, and those of `knows` where the lake
    has them. A tally is what some causes add to the groups of their family, as bytes;
    `merge` is associative and commutative.
    """

    requires: ClassVar[pa.Schema] = pa.schema(
        [
            CAUSES.field("cause_id"),
            pa.field("family", pa.string()),
            *fields(CAUSES, "cause_text", "summary"),
        ]
    )
    knows: ClassVar[tuple[str, ...]] = ("title", "conversation_id")
    card: ClassVar[Card] = Card(summary="")

    def prepare(self, causes: pa.Table) -> pa.Table:
        """Returns the causes that say something, each once in its family, in order.

        Raises:
          MissingColumnError: a column of `requires` lacks.
        """
        check_columns(type(self).__name__, causes.schema, self.requires)
        wanted = [*self.requires.names, *self.knows]
        causes = causes.select([n for n in wanted if n in causes.schema.names])
        filled = [
            pc.greater(pc.utf8_length(causes.column(name)), 0)
            for name in ("cause_id", "family", "cause_text")
        ]
        causes = causes.filter(pc.and_(pc.and_(*filled[:2]), filled[2]))
        # By all that a row says: of equal ids the first must always be the same one.
        rest = [n for n in causes.schema.names if n not in ("family", "cause_id")]
        order = [(name, "ascending") for name in ("family", "cause_id", *rest)]
        causes = causes.sort_by(order).combine_chunks()
        return causes.filter(_first_of_each(causes))

    def sampled(self, causes: pa.Table, counts: Mapping[str, int]) -> pa.Table:
        """Returns the causes of which the sample is taken; all of a small family.

        Which they are depends on each cause alone: parts are asked one by one.

        Args:
          causes: of one part, as `prepare` gave them.
          counts: how many causes each family has, in all parts together.
        """
        return causes

    @abc.abstractmethod
    def fit(self, sample: pa.Table, total: int) -> Any:
        """Returns what the sample of one family teaches: a `Model`.

        Args:
          sample: what `sampled` gave of all parts, in any order.
          total: how many causes the family has.
        """

    @abc.abstractmethod
    def load(self, model: bytes) -> Any:
        """Returns the model whose `to_bytes` gave these."""

    @abc.abstractmethod
    def assign(
        self, models: Mapping[str, Any], causes: pa.Table
    ) -> tuple[pa.Table, dict[str, bytes]]:
        """Returns the groups of causes, and for each family what they add to its tally.

        Args:
          models: of each family.
          causes: of one part, as `prepare` gave them.

        Returns:
          A row of `ASSIGNED` for each cause in a group; and tallies as bytes.
        """

    @abc.abstractmethod
    def merge(self, found: Sequence[bytes]) -> bytes:
        """Returns the tally of several parts from the tallies of each."""

    @abc.abstractmethod
    def themes(self, family: str, model: Any, found: bytes) -> pa.Table:
        """Returns the themes of a family, as `NAMED`; a group may be none.

        Args:
          family: that it is.
          model: of the family.
          found: the tally of all its causes.
        """

    def members(self, assigned: pa.Table, themes: pa.Table) -> pa.Table:
        """Returns table `theme_members`: the causes whose group is a theme.

        Args:
          assigned: what `assign` gave of a part.
          themes: of all families.
        """
        ids = themes.select(["family", "group", "theme_id", "clustering_id"])
        rows = assigned.join(ids, ["family", "group"], join_type="inner")
        rows = rows.sort_by([("family", "ascending"), ("cause_id", "ascending")])
        membership = pc.round(rows.column("similarity"), 4)
        rows = rows.append_column("membership", membership)
        return rows.select(THEME_MEMBERS.names).cast(THEME_MEMBERS)


def _first_of_each(causes: pa.Table) -> pa.Array:
    columns = [causes.column(name).to_pylist() for name in ("family", "cause_id")]
    rows = list(zip(*columns, strict=True))
    before = [None, *rows][: len(rows)]
    return pa.array([a != b for a, b in zip(rows, before, strict=True)], pa.bool_())
