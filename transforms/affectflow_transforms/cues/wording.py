"""What cues of text look like, and their words: `data/styles/plain.toml`."""

import functools

from affectflow import data

STYLE = "plain"


@functools.cache
def wording(section: str) -> dict[str, str]:
    """Returns a section of the style: what is found, and the words for it."""
    found: dict[str, str] = data.find("styles", STYLE).table()[section]
    return found


@functools.cache
def words(name: str) -> frozenset[str]:
    """Returns one of the style's lists of words: `acronyms`, `doubled`."""
    return frozenset(wording("words")[name].split())
