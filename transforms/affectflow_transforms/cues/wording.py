"""What cues of text look like, and their words: `data/styles/plain*.toml`."""

import functools
from dataclasses import dataclass
from typing import ClassVar, Self, TypeVar

from affectflow import data
from affectflow.errors import UsageError
from affectflow.kinds.renderer import TextRenderer

STYLE = "plain"
ENGLISH, GERMAN = "en", "de"
LANGUAGES = {"": STYLE, ENGLISH: STYLE, GERMAN: "plain_de"}
"""The style of each language that cues are said in; English if none is given."""
WordRendererT = TypeVar("WordRendererT", bound="WordRenderer")
_NAMES = {"eng": ENGLISH, "deu": GERMAN, "ger": GERMAN}
MOST = 10_000
"""How many faces of a text are looked at: more repetitions add nothing."""


@functools.cache
def wording(section: str, language: str = "") -> dict[str, str]:
    """Returns a section of a style: what is found, and the words for it."""
    found: dict[str, str] = data.find("styles", LANGUAGES[language]).table()[section]
    return found


@functools.cache
def words(name: str) -> frozenset[str]:
    """Returns one of the style's lists of words: `acronyms`, `doubled`."""
    return frozenset(wording("words")[name].split())


def times(phrase: str, count: int, language: str = "") -> str:
    """Returns a phrase with how often it holds, if that is more than once.

    >>> times("crying", 3)
    'crying, three times'
    """
    if count < 2:
        return phrase
    said = wording("times", language)
    return f"{phrase}, {said.get(str(count)) or said['more'].format(count=count)}"


@functools.cache
def _bound(plugin: "type[WordRendererT]", language: str) -> "WordRendererT":
    return plugin(language=language)


@dataclass(kw_only=True)
class WordRenderer(TextRenderer):
    """What the renderers of this package share: the language of their words.

    Args:
      language: of the phrases, `en` or `de`; by default that of the utterance, where
        it is known and one of these, else English.

    Raises:
      UsageError: `language` is neither of them.
    """

    language: str = ""

    only_if_said: ClassVar[frozenset[str]] = frozenset({"language"})

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise UsageError(
                f"`language` must be {ENGLISH!r} or {GERMAN!r}, or left out, got "
                f"{self.language!r}"
            )
        self.style = LANGUAGES[self.language]

    def speaking(self, language: str) -> Self:
        """Returns the renderer in a language that it knows, unless it is bound to one.

        Args:
          language: two or three letters, in lower case.
        """
        known = _NAMES.get(language, language)
        if self.language or known not in LANGUAGES:
            return self
        return _bound(type(self), known)

    def said(self, phrase: str) -> str:
        """Returns a phrase of the plain style in the language of this renderer."""
        if self.language != GERMAN:
            return phrase
        return wording("phrases", GERMAN).get(phrase, phrase)
