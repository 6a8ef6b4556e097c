"""The strict partition behind the cells: see `affectflow.report.cells` for why."""

from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = ("container", "period", "role", "kind")
"""What the page filters by, in the order in which messages are split."""
# Withheld messages are separated as early as possible: later, a part has fewer.
_ORDER = (
    "container", "withheld", "period", "withheld", "role", "kind", "answered_by",
    "withheld",
)  # fmt: skip
MAX_CHOICES = 6
"""Annotators that are distinguished."""

Value = TypeVar("Value", int | None, str | None)
Numbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Cell(Generic[Value]):
    """Messages that are only counted together.

    Args:
      values: one of each dimension, in their order; None is several.
      choices: numbers of the annotators that answered all of its messages.
      messages: their number.
      people: a lower bound for the number of their authors.
      flagged: messages by number of the annotator and label.
    """

    values: tuple[Value, ...]
    choices: tuple[int, ...]
    messages: int
    people: int
    flagged: dict[tuple[int, str], int] = field(default_factory=dict)


class Least(NamedTuple):
    """What a cell needs."""

    people: int
    messages: int


@dataclass(frozen=True, kw_only=True)
class Messages:
    """Messages as columns of numbers, a place for each message.

    Args:
      columns: by name: the number of the value in each dimension, -1 if it is rare;
        `withheld`, 0 or 1; `answered_by`, a set of bits.
      person: numbers of the authors, -1 if unknown.
    """

    columns: dict[str, Numbers]
    person: Numbers

    def __len__(self) -> int:
        return len(self.person)


class Labels(NamedTuple):
    """Chosen labels, a place for each; no label twice for a message and choice.

    `message`, `choice` and `label` are numbers; `names` are the labels by number.
    """

    message: Numbers
    choice: Numbers
    label: Numbers
    names: list[str]


def partition(messages: Messages, least: Least) -> tuple[Numbers, dict[str, Numbers]]:
    """Returns the cell of each message, numbered from 0, and the dimensions there.

    Each cell has enough people and messages. If all messages together are too few,
    there is one cell, which is too small. If a cell has several values of a dimension,
    the dimension is -1 there.
    """
    cell = np.zeros(len(messages), np.int64)
    told = {name: messages.columns[name] for name in DIMENSIONS}
    for name in _ORDER:
        value = messages.columns[name]
        if not _differs(value):
            continue
        cell, apart = _split(cell, value, messages.person, least)
        if name in told:
            told[name] = np.where(apart, value, -1)
    return cell, told


def _differs(value: Numbers) -> bool:
    return bool(len(value)) and bool(value.min() < 0 or value.min() < value.max())


def _split(
    cell: Numbers, value: Numbers, person: Numbers, least: Least
) -> tuple[Numbers, NDArray[np.bool_]]:
    """Returns the cells by one more dimension, and which messages are told apart by it.

    The small parts of a cell are kept together. If they are too small together, the
    smallest of its other parts is added to them.
    """
    width = int(value.max()) + 2
    parts, part = np.unique(cell * width + value + 1, return_inverse=True)
    of_cell, number = np.divmod(parts, width)
    sizes = _sizes(part, person)
    large = (number > 0) & _enough(sizes, least)
    small = ~large[part]
    pools = _sizes(cell[small], person[small], int(cell.max()) + 1)
    alone = (pools.messages == 0) | _enough(pools, least)
    apart = large.copy()
    by_size = np.lexsort((number, sizes.messages, ~large, of_cell))
    _, first = np.unique(of_cell[by_size], return_index=True)
    smallest = by_size[first]
    apart[smallest[~alone[of_cell[smallest]]]] = False
    together = of_cell * (width + 1) + np.where(apart, number, width)
    _, renumbered = np.unique(together, return_inverse=True)
    return renumbered[part], apart[part]


class _Sizes(NamedTuple):
    messages: Numbers
    people: Numbers


def _sizes(group: Numbers, person: Numbers, groups: int = 0) -> _Sizes:
    """Returns messages and people of each group; unknown people do not count."""
    known, width = person >= 0, int(person.max(initial=0)) + 1
    pairs = distinct(group[known] * width + person[known])
    messages = np.bincount(group, minlength=groups)
    return _Sizes(messages, np.bincount(pairs // width, minlength=len(messages)))


def distinct(numbers: Numbers) -> Numbers:
    """Returns each of the numbers once, sorted."""
    # Without counts `np.unique` hashes, which takes ten times as long as to sort.
    return np.unique(numbers, return_counts=True)[0]


def _enough(sizes: _Sizes, least: Least) -> NDArray[np.bool_]:
    return (sizes.messages >= least.messages) & (sizes.people >= least.people)


def published(
    messages: Messages, labels: Labels, least: Least
) -> dict[int, Cell[int | None]]:
    """Returns the cells that may be embedded by number, their values as numbers."""
    cell, told = partition(messages, least)
    sizes = _sizes(cell, messages.person)
    withheld = np.bincount(cell, messages.columns["withheld"]) > 0
    flagged = _flagged(cell, labels)
    _, first = np.unique(cell, return_index=True)
    answered_by = messages.columns["answered_by"]
    missing = [np.bincount(cell, answered_by >> n & 1 ^ 1) for n in range(MAX_CHOICES)]
    cells = {}
    for number in np.flatnonzero(_enough(sizes, least) & ~withheld).tolist():
        choices = tuple(n for n, without in enumerate(missing) if not without[number])
        said = flagged.get(number, {})
        cells[number] = Cell(
            values=tuple(_value(told[name][first[number]]) for name in DIMENSIONS),
            choices=choices,
            messages=int(sizes.messages[number]),
            people=int(sizes.people[number]) // least.people * least.people,
            flagged={key: said[key] for key in sorted(said) if key[0] in choices},
        )
    return cells


def _value(number: Any) -> int | None:
    return None if number < 0 else int(number)


def _flagged(cell: Numbers, labels: Labels) -> dict[int, dict[tuple[int, str], int]]:
    """Returns messages by cell, and there by choice and label."""
    width = max(1, len(labels.names))
    found = (cell[labels.message] * MAX_CHOICES + labels.choice) * width + labels.label
    counts: dict[int, dict[tuple[int, str], int]] = {}
    keys, sizes = np.unique(found, return_counts=True)
    for key, n in zip(keys.tolist(), sizes.tolist(), strict=True):
        rest, label = divmod(key, width)
        number, choice = divmod(rest, MAX_CHOICES)
        counts.setdefault(number, {})[choice, labels.names[label]] = n
    return counts
