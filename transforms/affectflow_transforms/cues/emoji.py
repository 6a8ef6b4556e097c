"""RenderEmoji: emoji and `:short_codes:`, by their names."""

import functools
import re
from collections.abc import Iterator
from typing import ClassVar

from affectflow.kinds.renderer import BLANK, Cue, TextRenderer
from affectflow.registry import Card
from affectflow_transforms.cues.wording import wording

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
_CODE = r"(?<![\w:]):(?P<code>[a-z0-9_+'\-]{1,60}):(?![\w])(?::skin-tone-[2-6]:)?"
# An emoji of a server of Discord, `<:pepe_sad:123456>`; segments blank its brackets.
_OWN = rf"(?:<a?|{BLANK}):(?P<own>\w{{2,32}}):(?:[0-9]{{5,25}}>|{BLANK}{{6,26}})"
_CUE = re.compile(f"(?=[#*0-9:<\x80-\U0010ffff])(?:(?P<emoji>{_EMOJI})|{_OWN}|{_CODE})")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|[_~]+")
_DROPPED = re.compile(f"(?!^){_TONE}|\ufe0f")

# Without the selector U+FE0F these are drawn as text by default; people mean the face.
_MEANT = frozenset("☺☹❤♥❣☠☝✌✍☀☮☢✊✋")


@functools.cache
def _names() -> dict[str, str]:
    """Returns the phrase of every emoji, without its selectors."""
    import emoji

    return {
        _DROPPED.sub("", char): _phrase(entry["en"])
        for char, entry in emoji.EMOJI_DATA.items()
    }


@functools.cache
def _codes() -> dict[str, str]:
    """Returns the phrase of every short code, without its colons."""
    import emoji

    codes = dict(wording("emoji"))
    for char, entry in emoji.EMOJI_DATA.items():
        phrase = _names()[_DROPPED.sub("", char)]
        for code in (entry["en"], *entry.get("alias", ())):
            codes.setdefault(code.strip(":").lower(), phrase)
    return codes


@functools.cache
def _drawn_as_emoji() -> frozenset[str]:
    import emoji

    qualified = emoji.STATUS["fully_qualified"]
    return frozenset(c for c, e in emoji.EMOJI_DATA.items() if e["status"] == qualified)


def _phrase(name: str) -> str:
    words = name.strip(":").replace("_", " ").replace("’", "'").lower()
    return re.sub(r" ?\b(?:medium-|light|dark|medium|light) skin tone", "", words)


def name_of(char: str) -> str | None:
    """Returns the phrase of one emoji sequence; None if it is a sign, not a cue.

    A sequence that is not in the tables has the name of its first emoji.
    """
    bare = _DROPPED.sub("", char)
    if len(char) == 1 and char not in _drawn_as_emoji() and char not in _MEANT:
        return None
    if len(bare) == 2 and "\U0001f1e6" <= bare[0] <= "\U0001f1ff":
        country = _names().get(bare)
        return f"flag of {country}" if country else None
    return _names().get(bare) or _names().get(bare[:1])


class RenderEmoji(TextRenderer):
    """Says emoji and short codes by their names: "face with tears of joy".

    Skin tones are no cue; neither are signs such as ©, ™ or ↔ that are drawn as text.
    A run of one emoji is one cue, its `value` the count. Names are those of Unicode's
    CLDR, through the library `emoji`.
    """

    renderer_id: ClassVar[str] = "emoji@1"
    pattern: ClassVar[str] = (
        r"[\x{203c}-\x{32ff}\x{1f000}-\x{1faff}\x{20e3}]|:[a-z0-9_+'-]+:"
        r"|:\w{2,32}:[0-9]{5}"
    )
    card: ClassVar[Card] = Card(summary="emoji and short codes as words")

    def render(self, text: str) -> list[Cue]:
        runs: list[Cue] = []
        for phrase, start, end in _found(text):
            last = runs[-1] if runs else None
            if last and last.phrase == phrase and _adjoin(text[last.end : start]):
                runs[-1] = last._replace(value=last.value + 1, end=end)
            else:
                runs.append(Cue("emoji", phrase, 1.0, "count", start, end))
        return runs


def _adjoin(between: str) -> bool:
    return between in ("", " ")


def _found(text: str) -> Iterator[tuple[str, int, int]]:
    for found in _CUE.finditer(text):
        if own := found["own"]:
            phrase = _codes().get(own.lower()) or _HUMP.sub(" ", own).strip().lower()
            yield phrase, found.start("own") - 1, found.end("own") + 1
            continue
        code = found["code"]
        named = _codes().get(code) if code else name_of(found[0])
        if named:
            yield named, *found.span()
