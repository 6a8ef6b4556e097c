"""RenderEmoji: emoji and `:short_codes:`, by name."""

import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from affectflow.kinds.renderer import BLANK, Cue
from affectflow.registry import Card
from affectflow_transforms.cues.wording import (
    ENGLISH,
    GERMAN,
    MOST,
    WordRenderer,
    times,
    wording,
    words,
)

_TONE = "[\U0001f3fb-\U0001f3ff]"
_BASE = (
    "[\u203c\u2049\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f004\U0001f0cf\U0001f170-\U0001f19a\U0001f201-\U0001f251"
    "\U0001f300-\U0001f3fa\U0001f400-\U0001faff]"
)
_ONE = f"{_BASE}\ufe0f?{_TONE}?\ufe0f?[\U000e0020-\U000e007f]*"
_EMOJI = (
    f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_ONE}(?:\u200d{_ONE})*|{_TONE}"
)
_CODE = re.compile(r":([a-z0-9_+'\-]{1,60}):(?::skin-tone-[2-6]:)?")
_CODES = rf"(?<![\w:])(?P<codes>(?:{_CODE.pattern.replace('(', '(?:', 1)})+)(?!\w)"
# An emoji of a server of Discord, `<:pepe_sad:123456>`; segments blank its brackets.
_OWN = rf"(?:<a?|{BLANK}):(?P<own>\w{{2,32}}):(?:[0-9]{{5,25}}>|{BLANK}{{6,26}})"
_CUE = re.compile(
    f"(?=[#*0-9:<\x80-\U0010ffff])(?:(?P<emoji>{_EMOJI})|{_OWN}|{_CODES})"
)
_GENDER = re.compile("\u200d[\u2640\u2642]$")
# What a code that no table has looks like, where it is an emoji of a community.
_STANDS_ALONE = re.compile(r"(?:^|[\s(>:;,.!?\ufffc-])$")
_GOES_ON = re.compile(r"[`=/\\]")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|[_~]+")
_DROPPED = re.compile(f"(?!^){_TONE}|\ufe0f")

_TONE_NAMES = re.compile(
    r",? ?\b(?:(?:medium-|light|dark|medium|light) skin tone"
    r"|(?:mitteldunkle|mittelhelle|mittlere|dunkle|helle) hautfarbe)"
)

# Without the selector U+FE0F these are drawn as text by default; people mean the face.
_MEANT = frozenset("☺☹❤♥❣☠☝✌✍☀☮☢✊✋")


@functools.cache
def _names(language: str) -> dict[str, str]:
    """Returns the phrase of every emoji, without its selectors."""
    import emoji

    if language == GERMAN:
        emoji.config.load_language(GERMAN)
    names = {
        _DROPPED.sub("", char): _phrase(entry[language])
        for char, entry in emoji.EMOJI_DATA.items()
    }
    return names | wording("shown", language)


@functools.cache
def _codes(language: str) -> dict[str, str]:
    """Returns the phrase of every short code, without its colons."""
    import emoji

    codes = dict(wording("emoji", language))
    for char, entry in emoji.EMOJI_DATA.items():
        phrase = _named(_DROPPED.sub("", char), language)
        for code in (entry["en"], *entry.get("alias", ())):
            codes.setdefault(code.strip(":").lower(), phrase or "")
    return codes


@functools.cache
def _drawn_as_emoji() -> frozenset[str]:
    import emoji

    qualified = emoji.STATUS["fully_qualified"]
    return frozenset(c for c, e in emoji.EMOJI_DATA.items() if e["status"] == qualified)


def _phrase(name: str) -> str:
    words = name.strip(":").replace("_", " ").replace("’", "'").lower()
    return _TONE_NAMES.sub("", words)


@functools.lru_cache(maxsize=16_384)
def name_of(char: str, language: str = ENGLISH) -> str | None:
    """Returns the phrase for one emoji sequence; None if it is a sign, not a cue.

    A sequence that is not in the tables has the name of its first emoji.
    """
    if len(char) == 1 and char not in _drawn_as_emoji() and char not in _MEANT:
        return None
    return _named(_DROPPED.sub("", char), language)


def _named(bare: str, language: str) -> str | None:
    names = _names(language)
    if len(bare) == 2 and "\U0001f1e6" <= bare[0] <= "\U0001f1ff":
        country = names.get(bare)
        return wording("times", language)["flag"].format(country) if country else None
    # Who shrugs, a woman or a man, is not a cue where the style has words for
    # shrugging.
    anybody = _GENDER.sub("", bare)
    if anybody in wording("shown", language):
        return names[anybody]
    return names.get(bare) or names.get(bare[:1])


@dataclass(kw_only=True)
class RenderEmoji(WordRenderer):
    """Puts emoji and short codes into words by what they show: "cracking up".

    Skin tones are not cues; neither are signs such as ©, ™ or ↔ that are drawn as text.
    A run of one emoji is one cue, its `value` the count: "crying, three times". Words
    for what people use most are of the style; the other names are those of Unicode's
    CLDR, through the library `emoji`. The codes of a community, `:party_parrot:`, are
    read as they are spelt.
    """

    renderer_id: ClassVar[str] = "emoji@2"
    pattern: ClassVar[str] = (
        r"[\x{203c}-\x{32ff}\x{1f000}-\x{1faff}\x{20e3}]|:[a-z0-9_+'-]+:"
        r"|:\w{2,32}:[0-9]{5}"
    )
    card: ClassVar[Card] = Card(summary="emoji and short codes as words")

    def render(self, text: str) -> list[Cue]:
        language = self.language or ENGLISH
        runs: list[Cue] = []
        for phrase, start, end in _found(text, language):
            last = runs[-1] if runs else None
            if last and last.phrase == phrase and _adjoin(text[last.end : start]):
                runs[-1] = Cue(*last[:2], last.value + 1, "count", last.start, end)
            else:
                runs.append(Cue("emoji", phrase, 1.0, "count", start, end))
        return [_counted(run, language) for run in runs]

    def reaction(self, name: str, count: int) -> str:
        """Returns a reaction in words: "reaction: thumbs up, twice"."""
        language = self.language or ENGLISH
        code = name.partition("::")[0].strip(":")
        known = _codes(language).get(code.lower()) or name_of(name, language)
        phrase = times(known or _spelt(code), count, language)
        return wording("times", language)["reaction"].format(phrase) if phrase else ""


def _counted(run: Cue, language: str) -> Cue:
    if run.value == 1:
        return run
    return run._replace(phrase=times(run.phrase, int(run.value), language))


def _adjoin(between: str) -> bool:
    return between in ("", " ")


def _found(text: str, language: str) -> Iterator[tuple[str, int, int]]:
    for found in itertools.islice(_CUE.finditer(text), MOST):
        if found.lastgroup == "emoji":
            if named := name_of(found[0], language):
                yield named, *found.span()
        elif found.lastgroup == "codes":
            yield from _in_codes(text, *found.span(), language)
        else:
            own = found["own"]
            phrase = _codes(language).get(own.lower()) or _spelt(own)
            yield phrase, found.start("own") - 1, found.end("own") + 1


def _in_codes(
    text: str, start: int, end: int, language: str
) -> Iterator[tuple[str, int, int]]:
    for found in _CODE.finditer(text, start, end):
        code = found[1]
        if named := _codes(language).get(code) or _custom(code, text, start, end):
            yield named, *found.span()


def _spelt(code: str) -> str:
    return _HUMP.sub(" ", code).strip().lower()


def _custom(code: str, text: str, start: int, end: int) -> str | None:
    """Returns how the code of a community reads; None if it may be something else.

    `:party_parrot:` has two words or more; of one word, it has a name that such codes
    go by, as `:pepega:`. Roles and fields of documentation have other ones.
    """
    before = text[max(0, start - 1) : start]
    if not _STANDS_ALONE.search(before) or _GOES_ON.match(text, end):
        return None
    if "_" in code.strip("_") or any(stem in code for stem in words("communities")):
        return _spelt(code) if code[0].isalpha() else None
    return None
