"""Clusterers: group causes by subject.

A clusterer learns groups from a sample of the causes of one family of emotions, assigns
every cause to a group, and names the groups. `steps/themes.py` handles the sample, the
sums over parts, ids and tables. The check of a clusterer is
`affectflow.testing.check_clusterer`.
"""

import abc
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.registry import Plugin
from affectflow.schemas import CAUSES, VECTORS

ModelT = TypeVar("ModelT")

MOST_PEOPLE = 64
"""How many people of a group are distinguished; more are not counted."""

TERMS = pa.schema([("row", pa.int64()), ("term", pa.int64()), ("weight", pa.float64())])


class Assigned(NamedTuple):
    """The groups that causes were given to.

    Args:
      groups: the number of each cause's group; below 0 if it is in none.
      similarity: of each cause to its group, 0..1.
      terms: what the groups may be named by, as `TERMS`: `row` is the place of a cause,
        `term` a number that the clusterer knows, `weight` 0..1; each term once per row.
    """

    groups: Sequence[int] | Any
    similarity: Sequence[float] | Any
    terms: pa.Table = TERMS.empty_table()


class Term(NamedTuple):
    """A term of a group: its weights summed, and how many causes have it."""

    weight: float
    causes: int


class Group(NamedTuple):
    """All causes of a group together: how many, and their terms by number."""

    size: int
    terms: Mapping[int, Term]


class Name(NamedTuple):
    """A group's name, such as `flaky tests / CI`, and the words that identify it."""

    title: str
    keywords: Sequence[str]


@dataclass(kw_only=True)
class Clusterer(Plugin, abc.ABC, Generic[ModelT]):
    """Groups the causes of one family of emotions; their order does not matter.

    Subclasses are dataclasses with plain-data arguments. Causes are a table of
    `cause_id`, `family`, `cause_text`, `summary`, and possibly `conversation_id`,
    `speaker_id` and `title`; each cause appears once and has a text.

    Args:
      fitted: at most this many causes of a family are in the sample.
      min_size: fewer causes do not make a theme.
      min_people: causes of fewer people do not make a theme. A cause whose speaker is
        unknown counts for its conversation instead.

    Raises:
      UsageError: an option is out of range.
    """

    fitted: int = 20_000
    min_size: int = 3
    min_people: int = 3

    requires: ClassVar[pa.Schema] = pa.schema(
        [
            CAUSES.field("cause_id"),
            pa.field("family", pa.string()),
            CAUSES.field("cause_text"),
            CAUSES.field("summary"),
        ]
    )

    def __post_init__(self) -> None:
        name = type(self).__name__
        if self.fitted < 1:
            raise UsageError(f"{name}: `fitted` must be at least 1, got {self.fitted}")
        if self.min_size < 2:
            raise UsageError(
                f"{name}: `min_size` must be at least 2, got {self.min_size}"
            )
        if not 1 <= self.min_people <= MOST_PEOPLE:
            raise UsageError(
                f"{name}: `min_people` must be from 1 to {MOST_PEOPLE}, got "
                f"{self.min_people}"
            )

    @property
    def reads(self) -> Mapping[str, str]:
        """Digests of the files that its options name: other files give other themes."""
        return {}

    @abc.abstractmethod
    def fit(self, sample: pa.Table, total: int) -> ModelT:
        """Returns the model learned from the sample of a family.

        Args:
          sample: its causes, by id.
          total: how many causes the family has, in the sample or not.
        """

    @abc.abstractmethod
    def assign(self, causes: pa.Table, model: ModelT) -> Assigned:
        """Returns the groups of some causes of a family."""

    @abc.abstractmethod
    def name(self, groups: Mapping[int, Group], model: ModelT) -> Mapping[int, Name]:
        """Returns the names of groups; a group left out does not become a theme.

        Args:
          groups: those of enough causes and people, and of two conversations or more,
            with what all their causes say.
          model: of the family.
        """

    def dump(self, model: ModelT) -> bytes:
        """Returns the model as bytes: JSON, unless a clusterer says otherwise."""
        return json.dumps(model).encode()

    def load(self, content: bytes) -> ModelT:
        """Returns the model that `dump` wrote."""
        model: ModelT = json.loads(content)
        return model


@dataclass(kw_only=True)
class OverVectors(Clusterer[ModelT], abc.ABC, Generic[ModelT]):
    """Groups causes by vectors: their column `vector` is that of the cause's utterance.

    It is null where there is none.

    Args:
      vectors: whose vectors, by id or a beginning of it; the only ones if empty.
    """

    vectors: str = ""

    requires: ClassVar[pa.Schema] = pa.schema(
        [*Clusterer.requires, VECTORS.field("vector")]
    )


def hashes(causes: pa.Table) -> Any:
    """Returns 64 bits of the hash of each cause's id: an order without meaning."""
    ids = causes.column("cause_id").to_pylist()
    digests = (hashlib.blake2b(each.encode(), digest_size=8).digest() for each in ids)
    return np.frombuffer(b"".join(digests), dtype="<u8")
