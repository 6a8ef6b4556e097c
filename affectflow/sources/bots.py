"""Which account names are programs': by a list, and by how names end."""

import functools
import re
import tomllib
from importlib.resources import files
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_MARKED = re.compile(r".*(\[(ro)?bot\]|\(bot\))$")
_APART = re.compile(r"(?:.*[-_])?(?P<word>[^-_]+)[-_]bot[-_]?\d{0,3}$|bot$")
_ROBOT = re.compile(r"(?:.*-)?(?P<word>[^-]+)-robot$")
_TOGETHER = re.compile(r"(?:.*[-_. ])?(?P<word>[^-_. ]+?)[. ]?bot\d{0,3}$")
_CAPITAL = re.compile(r".*?(?P<word>[A-Z]?[a-z0-9]+)Bot\d{0,3}$")
# GitLab names the accounts of access tokens so.
_TOKEN = re.compile(r"(?:project|group)_\d+_bot(?:_[a-z0-9]+|\d{1,3})?$")
_FOR_BLANKS = ("", "-")
_LONG_TASK = 5
"""A shorter task may be the end of another word by chance."""
_MAYBE = r"(?i)bot[\])]?[-_]?[0-9]{0,3}\s*$|^\s*(?:project|group)_[0-9]+_bot"


class _Names:
    """The list of names, read."""

    def __init__(self) -> None:
        text = (files(__package__) / "bots.toml").read_text(encoding="utf-8")
        read: dict[str, Any] = tomllib.loads(text)
        self.known = frozenset(n for g in read["group"] for n in g["names"].split())
        self.before = frozenset(read["before"]["words"].split())
        self.not_before = frozenset(read["not_before"]["words"].split())


@functools.cache
def _names() -> _Names:
    return _Names()


def is_bot_name(name: str | None) -> bool:
    """Returns whether an account's name says that it is a program.

    >>> [is_bot_name(name) for name in ("codecov-commenter", "my-bot", "talbot")]
    [True, True, False]
    """
    if not name:
        return False
    name = name.strip()
    low, names = name.lower(), _names()
    if (
        names.known.intersection(_spellings(low))
        or _MARKED.match(low)
        or _TOKEN.match(low)
    ):
        return True
    if apart := _APART.match(low):
        return apart["word"] not in names.not_before
    if capital := _CAPITAL.match(name):
        word = capital["word"].lower()
        return word != "ro" and word not in names.not_before
    ending = _ROBOT.match(low) or _TOGETHER.match(low)
    return ending is not None and _ends_in_task(ending["word"], names)


def _ends_in_task(word: str, names: _Names) -> bool:
    """Returns whether a word is a task of programs, or a project's: `pytorchmerge`."""
    long = (word[-size:] for size in range(_LONG_TASK, len(word)))
    return word in names.before or any(each in names.before for each in long)


def _spellings(low: str) -> set[str]:
    """Returns a name as it stands, and as accounts write the blanks in it."""
    return {low, *(low.replace(" ", sign) for sign in _FOR_BLANKS)}


def are_bots(names: pa.Array) -> pa.Array:
    """Returns true for names of programs; null for others, which may be people's."""
    encoded = pc.dictionary_encode(names)
    words = encoded.dictionary
    known = pa.array(_names().known, pa.string())
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(words))
    maybe = pc.match_substring_regex(words, _MAYBE)
    for spelled in (lower, *(pc.replace_substring(lower, " ", s) for s in _FOR_BLANKS)):
        maybe = pc.or_(maybe, pc.is_in(spelled, value_set=known))
    told = [
        True if likely and is_bot_name(word) else None
        for word, likely in zip(words.to_pylist(), maybe.to_pylist(), strict=True)
    ]
    return pa.array(told, pa.bool_()).take(encoded.indices)
