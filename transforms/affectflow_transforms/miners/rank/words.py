"""What a word is, whatever stands around it: its part of speech, and what it tells of.

Parts of speech are those that say where a clause begins and ends: closed classes by
list, the rest by ending.
"""

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple

from affectflow_transforms.miners.clauses import MASK
from affectflow_transforms.miners.phrases.complaints import STRONG
from affectflow_transforms.miners.phrases.connectives import FEELING, VERDICT
from affectflow_transforms.miners.phrases.emotions import FAMILIES, LABELS
from affectflow_transforms.miners.phrases.words import GOOD_NEWS, STOP, TROUBLE

_CLOSED = {
    "I": "i i'm i've i'd i'll im ive",
    "we": "we we're we've we'd we'll us our ours",
    "me": "me my mine myself",
    "you": "you you're you've you'd you'll your yours yourself u ur",
    "they": "he she they he's she's they're they've they'd they'll him her them his "
    "their somebody someone everyone everybody people",
    "it": "it it's it'd it'll its",
    "this": "this that these those that's there's there here here's",
    "determiner": "the a an any some every each another both all",
    "be": "is are was were be been being am isn't aren't wasn't weren't",
    "have": "have has had having haven't hasn't hadn't",
    "do": "do does did don't doesn't didn't doing done",
    "modal": "can could will would shall should may might must can't couldn't won't "
    "wouldn't shouldn't cannot",
    "not": "not no never none nothing nobody neither nor without",
    "preposition": "of in on at by with from into about over under after before during "
    "through between against within per via than like upon onto off out up down",
    "to": "to",
    "for": "for",
    "and": "and & plus",
    "but": "but though although however yet",
    "or": "or",
    "because": "because since as so therefore hence due",
    "if": "if unless whether",
    "when": "when whenever while until once time",
    "what": "what why how who which where whose",
    "adverb": "just really very too quite still again already even only also always "
    "now then today yesterday finally actually maybe perhaps ever almost",
    "thanks": "thanks thank thx ty cheers kudos appreciate appreciated grateful",
    "sorry": "sorry apologies oops whoops apologize apologise",
    "polite": "hi hello hey dear please pls regards best",
    "glad": "glad happy love loved loving like liked enjoy enjoyed hope hoping wish",
}
_PART = {
    word: part for part, words in reversed(_CLOSED.items()) for word in words.split()
}
_ENDINGS = {"ing": "-ing", "ed": "-ed", "ly": "-ly", "s": "-s"}

PARTS = (
    *("outside", "code", "number", "feeling", "verdict", "other"),
    *_CLOSED,
    *_ENDINGS.values(),
)
"""Parts of speech; `outside` stands before the first and after the last word."""


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


CLASSES: dict[str, re.Pattern[str]] = {
    **{family: _any(patterns) for family, patterns in FAMILIES.items()},
    "trouble": _any(TROUBLE),
    "good news": _any(GOOD_NEWS),
    "strong": _any(STRONG),
    "feeling": re.compile(FEELING),
    "verdict": re.compile(VERDICT),
}
"""What a word may tell of; each is a bit of `Word.classes`."""
BITS = {name: 1 << number for number, name in enumerate(CLASSES)}

GROUPS = ("displeased", "pleased", "wondering")
_GROUP = {"thanks": 1, "liking": 1, "joy": 1, "desire": 1, "wonder": 2}


class Word(NamedTuple):
    """A word by itself.

    Attributes:
      part: the place of its part of speech.
      classes: bits of `CLASSES`.
      telling: it is a word with content.
    """

    part: int
    classes: int
    telling: bool


@functools.cache
def group_of(label: str) -> int:
    """Returns the place in `GROUPS` of a label."""
    return _GROUP.get(LABELS[label][0], 0)


@functools.cache
def families_of(label: str) -> int:
    """Returns the bits of the words that express an emotion."""
    return sum(BITS[family] for family in LABELS[label])


@functools.lru_cache(maxsize=1 << 16)
def word_of(word: str) -> Word:
    """Returns what a word in lower case is."""
    if word[0] == MASK:
        return Word(PARTS.index("code"), 0, False)
    classes = sum(
        BITS[name] for name, pattern in CLASSES.items() if pattern.fullmatch(word)
    )
    telling = len(word) > 1 and word not in STOP
    return Word(PARTS.index(_part(word, classes)), classes, telling)


def _part(word: str, classes: int) -> str:
    if word in _PART:
        return _PART[word]
    if word[0].isdigit():
        return "number"
    if word.endswith("n't"):
        return "not"
    for name in ("feeling", "verdict"):
        if classes & BITS[name]:
            return name
    endings = (part for end, part in _ENDINGS.items() if word.endswith(end))
    return next(endings, "other")
