"""Which encodings make bytes likely as text, for those that are not UTF-8.

A reading is an encoding with a language that was written in it. It costs what its
characters cost in bits: little for those frequent in the language, much for those that
it does not have. The cheapest reading is the likeliest.
"""

import functools
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

_SAMPLE_BYTES = 8 << 10
_SHOWN_CHARS = 30
# Frequencies fall as those of ranked letters do: by Zipf's law, shifted.
_RANK_SHIFT = 6
_LISTED_SHARE = 0.8
_ASCII_BITS, _SIGN_BITS, _OTHER_BITS = 4.0, 9.0, 18.0
# One of the some 7,000 characters that are not listed, at a fifth of the text.
_OF_SCRIPT_BITS = 15.0
_CAPITAL_BITS = {"first": 3.0, "second": 1.0, "in capitals": 0.3, "inside": 12.0}
# An ASCII letter beside one of an alphabet that is not Latin.
_MIXED_BITS = 12.0
# Within Latin script, most letters are ASCII.
_ACCENT_BITS = 3.0
# More than this for each character beyond ASCII, and no language looks like the text.
_MOST_BITS = 11.3
# A hundred times less likely is not named.
_NAMED_WITHIN_BITS = 7.0
_MOST_NAMED = 3
# Texts with fewer bytes beyond ASCII: what is likelier tells little, so more is named.
_SHORT_BYTES = 20
_SHORT_WITHIN_BITS = 14.0
_MOST_NAMED_OF_SHORT = 5
_COMMON = "CP1252"
# All other encodings together have fewer files than that one.
_RARE_BITS = 8.0

_SIGNS = frozenset("«»“”„‘’‚–—…№°•·€£©®™§±×¿¡\xa0、。，！？：；「」（）ー～・　ºª")
_LARGE_SCRIPT = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")
_LATIN = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")
_MIXED = re.compile("(?<=[A-Za-z])(?=[\u0370-\u0eff])|(?<=[\u0370-\u0eff])(?=[A-Za-z])")


@dataclass(frozen=True)
class Guess:
    """An encoding that text may be in.

    Args:
      encoding: a name that both Python and iconv know.
      shown: some characters of the text, read so.
    """

    encoding: str
    shown: str

    def __str__(self) -> str:
        return f"{self.encoding}, as {self.shown!r}"


def guesses(sample: bytes) -> list[Guess]:
    """Returns the likely encodings of some lines, the likeliest first.

    Empty if no language that is known makes one of them likely. Encodings that read
    the lines alike are named once.

    >>> [str(guess) for guess in guesses("сборка не работает".encode("koi8-r"))]
    ["KOI8-R, as 'сборка не работает'"]
    """
    sample = _whole_lines(sample)
    costs: dict[str, tuple[float, str]] = {}
    for encoding, languages in _languages().items():
        text = _decoded(sample, encoding)
        if text is not None:
            cost = min(_bits(text, each) for each in languages) + _RARE_BITS * (
                encoding != _COMMON
            )
            costs[text] = min((cost, encoding), costs.get(text, (math.inf, "")))
    ranked = sorted((cost, name, text) for text, (cost, name) in costs.items())
    most, within = (
        (_MOST_NAMED_OF_SHORT, _SHORT_WITHIN_BITS)
        if _is_short(sample)
        else (_MOST_NAMED, _NAMED_WITHIN_BITS)
    )
    return [
        Guess(name, _shown(text))
        for cost, name, text in ranked[:most]
        if cost <= ranked[0][0] + within and _is_likely(cost, text)
    ]


def in_words(likely: Sequence[Guess], sample: bytes) -> str:
    r"""Returns what lines may be, from their guesses; empty if there are none.

    >>> in_words([Guess("CP1251", "нет"), Guess("KOI8-R", "МЕР")], b"\xed\xe5\xf2")
    "it may be CP1251, as 'нет' or KOI8-R, as 'МЕР' (the text is too short to tell)"
    """
    if not likely:
        return ""
    doubt = " (the text is too short to tell)"
    named = " or ".join(map(str, likely))
    return f"it may be {named}{doubt if len(likely) > 1 and _is_short(sample) else ''}"


def _is_short(sample: bytes) -> bool:
    return sum(byte >= 0x80 for byte in sample) < _SHORT_BYTES


def _whole_lines(sample: bytes) -> bytes:
    if len(sample) <= _SAMPLE_BYTES:
        return sample
    return sample[: sample.rfind(b"\n", 0, _SAMPLE_BYTES) + 1] or sample


def _decoded(sample: bytes, encoding: str) -> str | None:
    try:
        return sample.decode(encoding)
    except UnicodeDecodeError:
        return None


@functools.cache
def _languages() -> Mapping[str, list[Mapping[str, float]]]:
    """Returns what each encoding's languages pay for their characters, in bits."""
    text = (files(__package__) / "languages.toml").read_text(encoding="utf-8")
    found: dict[str, list[Mapping[str, float]]] = {}
    for language in tomllib.loads(text).values():
        costs = _costs("".join(language["characters"].split()))
        for encoding in language["encodings"]:
            found.setdefault(encoding, []).append(costs)
    return found


def _costs(characters: str) -> Mapping[str, float]:
    shares = [1 / (rank + _RANK_SHIFT) for rank in range(len(characters))]
    whole = sum(shares) / _LISTED_SHARE
    return {
        char: (_ACCENT_BITS if _LATIN.match(char) else 0) - math.log2(share / whole)
        for char, share in zip(characters, shares, strict=True)
    }


def _bits(text: str, costs: Mapping[str, float]) -> float:
    mixed = len(_MIXED.findall(text)) * _MIXED_BITS
    return mixed + sum(
        _char_bits(char, text[max(0, at - 2) : at], costs)
        for at, char in enumerate(text)
    )


def _char_bits(char: str, before: str, costs: Mapping[str, float]) -> float:
    if char.isascii():
        return _ASCII_BITS
    if char in costs:
        return costs[char]
    if char.lower() in costs:
        return costs[char.lower()] + _CAPITAL_BITS[_place(before)]
    if char in _SIGNS:
        return _SIGN_BITS
    of_script = _LARGE_SCRIPT.match(char) and len(costs) > len(_SIGNS)
    return _OF_SCRIPT_BITS if of_script else _OTHER_BITS


def _place(before: str) -> str:
    """Returns where in a word a capital stands, by the two characters before it."""
    if before[-1:].islower():
        return "inside"
    if not before[-1:].isupper():
        return "first"
    return "in capitals" if len(before) == 2 and before[0].isupper() else "second"


def _is_likely(cost: float, text: str) -> bool:
    ascii_chars = sum(map(str.isascii, text))
    return cost - ascii_chars * _ASCII_BITS <= (len(text) - ascii_chars) * _MOST_BITS


def _shown(text: str) -> str:
    """Returns the words around the first character beyond ASCII, on one line."""
    words = " ".join(text.split())
    first = next((at for at, char in enumerate(words) if not char.isascii()), 0)
    start = max(0, words.rfind(" ", 0, max(0, first - 8)) + 1) if first > 8 else 0
    return words[start : start + _SHOWN_CHARS]
