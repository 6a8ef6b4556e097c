"""Dialogues that repeat one another, in groups that no split may part."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

REPEATED = 0.5
"""Dialogues belong together if one shares this part of its turns with the other."""
TOO_COMMON = 100
"""A turn found in more dialogues ("thank you") does not count as shared."""


def groups(dialogues: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Returns the group of each dialogue: the least name in it.

    Args:
      dialogues: texts of the turns, by name; letter case, spaces and punctuation do
        not count.
    """
    turns = {name: {_plain(t) for t in texts} for name, texts in dialogues.items()}
    where = defaultdict(list)
    for name, texts in turns.items():
        for text in sorted(texts - {""}):
            where[text].append(name)
    shared = Counter(
        (one, other)
        for names in where.values()
        if len(names) <= TOO_COMMON
        for place, one in enumerate(names)
        for other in names[place + 1 :]
    )
    found = {name: name for name in turns}
    for (one, other), n in shared.items():
        if n >= REPEATED * min(len(turns[one]), len(turns[other])):
            _join(found, one, other)
    return {name: _root(found, name) for name in found}


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _root(found: dict[str, str], name: str) -> str:
    while found[name] != name:
        name = found[name]
    return name


def _join(found: dict[str, str], one: str, other: str) -> None:
    first, second = sorted((_root(found, one), _root(found, other)))
    found[second] = first
