"""Names of columns and fields, in messages: on one line, none too long."""

import difflib
from collections.abc import Iterable

MOST_LISTED = 12
_MOST_CHARS = 60


def shown(name: str) -> str:
    r"""Returns a name on one line, its middle left out if it is very long.

    >>> shown("first\nline"), len(shown("a" * 1_000))
    ('first line', 60)
    """
    line = " ".join(str(name)[: 4 * _MOST_CHARS].split())
    if len(line) <= _MOST_CHARS and len(str(name)) <= 4 * _MOST_CHARS:
        return line
    ends = _MOST_CHARS // 2
    return f"{line[:ends]}…{' '.join(str(name)[-ends:].split())[1 - ends :]}"


def listed(names: Iterable[str], near: str = "") -> str:
    """Returns some names for a message, those that look like `near` first.

    >>> listed(["id", "text_en"], near="text")
    'text_en, id'
    """
    names = list(names)
    close = difflib.get_close_matches(near, names, n=3, cutoff=0.6) if near else []
    ordered = [*close, *(name for name in names if name not in close)]
    more = len(ordered) - MOST_LISTED
    rest = f" and {more} more" if more > 0 else ""
    return (", ".join(map(shown, ordered[:MOST_LISTED])) or "none") + rest


def no_column(place: str, name: str, names: Iterable[str], cure: str) -> str:
    """Returns the message for a column that a table does not have.

    >>> no_column("a.csv", "txt", ["id", "text"], "type --set text=COLUMN")
    "'a.csv' has no column 'txt'; type --set text=COLUMN; its columns: text, id"

    Args:
      place: the file.
      name: of the column; empty if none was named.
      names: of its columns.
      cure: what to type.
    """
    what = f"no column {shown(name)!r}" if name else "columns, but none is named"
    return f"{place!r} has {what}; {cure}; its columns: {listed(names, near=name)}"
