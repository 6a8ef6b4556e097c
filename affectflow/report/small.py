"""Which cells of a table are too small to be shown, and which would reveal them."""

from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from affectflow.report.asked import Asked

Key = TypeVar("Key", bound=Hashable)


class Size(NamedTuple):
    """How much is in a cell."""

    messages: int
    people: int


def hidden_parts(parts: Mapping[Key, Size], asked: Asked) -> set[Key]:
    """Returns the parts of a whole that may not be shown beside the whole.

    These are the parts that are too small, and the next smallest ones for as long as
    the hidden parts together are so small that subtraction would reveal a small cell.
    """
    return _hidden_of(parts, set(), asked)


def hidden_cells(
    cells: Mapping[tuple[Key, Key], Size], asked: Asked
) -> set[tuple[Key, Key]]:
    """Returns the cells of a table that may not be shown beside its margins.

    Rows and columns are checked in turn until no further cell has to be hidden.
    """
    lines: dict[tuple[int, Key], dict[tuple[Key, Key], Size]] = {}
    for cell, size in cells.items():
        for axis in (0, 1):
            lines.setdefault((axis, cell[axis]), {})[cell] = size
    hidden: set[tuple[Key, Key]] = set()
    while True:
        more = {
            cell
            for line in lines.values()
            for cell in _hidden_of(line, hidden & line.keys(), asked)
        }
        if more <= hidden:
            return hidden
        hidden |= more


def _hidden_of(parts: Mapping[Key, Size], before: set[Key], asked: Asked) -> set[Key]:
    filled = {k: size for k, size in parts.items() if size.messages}
    hidden = {k for k in filled if k in before or not _is_large(filled[k], asked)}
    by_size = sorted(filled.keys() - hidden, key=lambda k: (filled[k], str(k)))
    while hidden and by_size:
        if _is_large(_together(filled[k] for k in hidden), asked):
            break
        hidden.add(by_size.pop(0))
    return hidden


def _is_large(size: Size, asked: Asked) -> bool:
    return asked.shows(size.messages, size.people)


def _together(sizes: Iterable[Size]) -> Size:
    """Returns a lower bound for cells together: a person may be in several."""
    given = list(sizes)
    return Size(
        sum(s.messages for s in given), max((s.people for s in given), default=0)
    )
