"""Matches of a pattern, tried only at the places where one can begin.

A search tries a pattern of many alternatives at every character. Where each of them
begins with a word or a sign, finding those first is many times as fast.
"""

import re
from collections.abc import Iterable, Iterator

# Without regard to case, `re` takes these for letters of ASCII, `str.lower` does not.
_ODD_LETTERS = re.compile("[\u0130\u0131\u017f\u212a]")


def at_words(
    pattern: re.Pattern[str], words: Iterable[str], text: str
) -> Iterator[re.Match[str]]:
    """Yields what `pattern.finditer(text)` yields.

    Args:
      pattern: begins with one of the words, in whatever case.
      words: in lower case.
      text: to be searched.
    """
    if not text.isascii() and _ODD_LETTERS.search(text):
        return pattern.finditer(text)
    lowered = text.lower()
    return at_places(pattern, sorted(_places_of(words, lowered)), text)


def at_places(
    pattern: re.Pattern[str], places: Iterable[int], text: str
) -> Iterator[re.Match[str]]:
    """Yields what `pattern.finditer(text)` yields, if it begins at rising places only.

    The pattern matches no empty text.
    """
    end = 0
    for place in places:
        if place >= end and (found := pattern.match(text, place)):
            yield found
            end = found.end()


def places_of(word: str, text: str) -> Iterator[int]:
    """Yields where a word begins in a text."""
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + 1)


def _places_of(words: Iterable[str], text: str) -> set[int]:
    return {place for word in words for place in places_of(word, text)}
