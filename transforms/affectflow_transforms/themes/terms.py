"""The terms of short causes: content words, pairs of them, and concerns, by column."""

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow_transforms.miners.addressing import ADDRESS, address_end
from affectflow_transforms.miners.phrases.generic import GENERIC, SAME
from affectflow_transforms.miners.phrases.words import STOP
from affectflow_transforms.themes.subjects import (
    CAPITAL,
    case_of,
    goes_on,
    role_after,
)
from affectflow_transforms.themes.taxonomy import NOT_BEFORE, Taxonomy

# Links, and what stands for something: [NAME], [<-LINK->], <code>, :smile:.
_LINK = (
    r"https?://\S+|\[?<-?[A-Z_ ]+-?>\]?|\[[A-Z_ ]+\]|</?[a-zA-Z@#!][^<>\s]{0,30}>|`+"
    r"|:[a-z][a-z0-9_+-]*:"
)
# A word, or else any one sign: what is between two words parts them.
_TOKEN = r"[\p{L}\p{Nl}\p{No}][\p{L}\p{N}_'+#.-]*[\p{L}\p{N}_+#]|\S"
_VOWEL = re.compile(r"[aeiouy]")


@functools.lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Returns a word without its inflection; crude, English.

    >>> [stem(word) for word in ("dependencies", "crashes", "merging", "tests")]
    ['dependency', 'crash', 'merg', 'test']
    """
    if word in SAME:
        return SAME[word]
    for ending, instead in (
        ("ies", "y"),
        ("sses", "ss"),
        ("shes", "sh"),
        ("ches", "ch"),
    ):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word[: -len(ending)] + instead
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return _without_e(SAME.get(word[:-1], word[:-1]))
    for ending in ("ing", "ed"):
        if word.endswith(ending) and _VOWEL.search(word[: -len(ending)]):
            rest = word[: -len(ending)]
            if len(rest) > 2:
                doubled = rest[-1] == rest[-2] and rest[-1] not in "lsz"
                return rest[:-1] if doubled else rest
    return _without_e(word)


def _without_e(word: str) -> str:
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


@dataclass(frozen=True)
class Found:
    """What stands in which text: one entry each time it does.

    Args:
      texts: how many there are.
      rows: the text of each entry, by its number.
      forms: the form of each entry, by its number in `terms` and `surfaces`.
      terms: of each form, the term: words without inflection, lower case.
      surfaces: of each form, how people write it.
      roles: of each entry, what the word before it makes of it: see `subjects`.
      cases: of each entry, how it is written: see `subjects`.
    """

    texts: int
    rows: Any
    forms: Any
    terms: list[str]
    surfaces: list[str]
    roles: Any
    cases: Any


def without_addresses(texts: pa.Array) -> pa.Array:
    """Returns texts without whom they address at their start: names are not terms."""
    may = pc.fill_null(pc.match_substring_regex(texts, ADDRESS), False)
    said = [text[address_end(text) :] for text in texts.filter(may).to_pylist()]
    return pc.replace_with_mask(texts, may, pa.array(said, pa.string()))


def find_terms(texts: pa.Array) -> Found:
    """Returns the content words of texts, and pairs of words next to each other."""
    rows, tokens = _tokens(texts)
    encoded = pc.dictionary_encode(tokens)
    forms: dict[tuple[str, str], int] = {}
    known = [_form(token) for token in encoded.dictionary.to_pylist()]
    numbers = [-1 if form is None else _number(forms, form) for form in known]
    words = np.asarray(numbers, dtype=np.int64)[np.asarray(encoded.indices)]
    first = _pair_starts(rows, words)
    pairs = _pairs(words[first], words[first + 1], forms)
    said = np.flatnonzero(words >= 0)
    codes, tokens = np.asarray(encoded.indices), encoded.dictionary.to_pylist()
    roles = _by_the_one_before(rows, codes, tokens, role_after)
    # A capital at the start of a text, or of a sentence, tells nothing.
    inside = _by_the_one_before(rows, codes, tokens, goes_on)
    written = np.asarray([case_of(token) for token in tokens], dtype=np.int8)[codes]
    cases = np.where((written == CAPITAL) & (inside == 0), 0, written)
    none = np.zeros(len(first), dtype=np.int8)
    return Found(
        len(texts),
        np.concatenate([rows[said], rows[first]]),
        np.concatenate([words[said], pairs]),
        [term for term, _ in forms],
        [surface for _, surface in forms],
        np.concatenate([roles[said], none]),
        np.concatenate([cases[said], none]),
    )


def _by_the_one_before(
    rows: Any, codes: Any, tokens: list[str], tells: Callable[[str], int]
) -> Any:
    """Returns what the token before each one tells of it, in its own text; or 0."""
    told = np.asarray([tells(token) for token in tokens], dtype=np.int8)[codes]
    found = np.zeros(len(rows), dtype=np.int8)
    same = rows[1:] == rows[:-1]
    found[1:][same] = told[:-1][same]
    return found


def _number(forms: dict[tuple[str, str], int], form: tuple[str, str]) -> int:
    return forms.setdefault(form, len(forms))


def _tokens(texts: pa.Array) -> tuple[Any, pa.Array]:
    """Returns the words and signs of all texts, and the row of each."""
    import polars as pl

    plain = pl.Series(texts.cast(pa.string()), dtype=pl.String).str
    plain = plain.replace_all("’", "'", literal=True).str.replace_all(_LINK, " ").str
    lists = plain.extract_all(_TOKEN)
    counts = lists.list.len().fill_null(0).to_numpy()
    rows = np.repeat(np.arange(len(texts)), counts)
    tokens = lists.filter(lists.list.len() > 0).explode()
    return rows, tokens.cast(pl.String).to_arrow().cast(pa.string())


def _form(token: str) -> tuple[str, str] | None:
    """Returns term and surface form of a word; None if it says nothing."""
    word = token.lower()
    if len(word) < 2 or word in GENERIC or stem(word) in GENERIC:
        return None
    if "_" in word and word in _emoji_names():
        return None
    return stem(word), token if _is_name(token) else word


@functools.cache
def _emoji_names() -> frozenset[str]:
    """Returns how emoji are spelt out: `slightly_smiling_face`."""
    import emoji

    said = (name for each in emoji.EMOJI_DATA.values() for name in _spelt(each))
    return frozenset(name.strip(":").lower() for name in said if "_" in name)


def _spelt(known: Mapping[str, Any]) -> Sequence[str]:
    return [known["en"], *known.get("alias", [])]


def _is_name(surface: str) -> bool:
    return sum(letter.isupper() for letter in surface) > 1


def _pair_starts(rows: Any, words: Any) -> Any:
    """Returns where a content word stands right before another of its text."""
    if len(words) < 2:
        return np.empty(0, dtype=np.int64)
    both = (words[:-1] >= 0) & (words[1:] >= 0)
    return np.flatnonzero(both & (rows[:-1] == rows[1:]))


def _pairs(first: Any, second: Any, forms: dict[tuple[str, str], int]) -> Any:
    """Returns the form of each pair; new forms are added to `forms`."""
    each = list(forms)
    keys, places = np.unique((first << 32) | second, return_inverse=True)
    numbers = np.empty(len(keys), dtype=np.int64)
    for place, key in enumerate(keys.tolist()):
        one, other = each[key >> 32], each[key & 0xFFFFFFFF]
        pair = f"{one[0]} {other[0]}", f"{one[1]} {other[1]}"
        numbers[place] = _number(forms, pair)
    return numbers[places.reshape(-1)]


# -- concerns ----------------------------------------------------------------------


_FOREIGN_WORD_SIGN = r"[^\x00-\x7F\P{L}]|[^\x00-\x7F\P{N}]"


def find_concerns(
    texts: pa.Array, taxonomy: Taxonomy
) -> Iterator[tuple[str, Any, list[str]]]:
    """Yields each concern, which texts speak of it, and by which of its wordings.

    A wording is the stems of what was said: `doc` for `the docs`.
    """
    lower = _lower(texts)
    for name, theme in taxonomy.themes.items():
        column, pattern = _searched(lower, theme.wordings)
        rows = _matching(column, pattern)
        yield name, rows, _wordings(column.take(pa.array(rows)), pattern)


def _wordings(texts: pa.Array, pattern: str) -> list[str]:
    if not len(texts):
        return []
    said = pc.extract_regex(texts, f"(?P<said>{pattern})").field("said")
    return [wording_of(word) for word in said.to_pylist()]


def find_talks(texts: pa.Array, taxonomy: Taxonomy) -> list[Any]:
    """Returns which texts are each of the talks that themes belong to."""
    lower = _lower(texts)
    return [_matching(*_searched(lower, talk.words)) for talk in taxonomy.talks]


def _lower(texts: pa.Array) -> pa.Array:
    lower = pc.replace_substring(pc.utf8_lower(texts), "’", "'")
    # To Arrow's regular expressions only ASCII is a word; a digit that no wording has
    # stands for the letters of all others.
    return pc.replace_substring_regex(lower, _FOREIGN_WORD_SIGN, "0")


def _searched(lower: pa.Array, wordings: Sequence[str]) -> tuple[pa.Array, str]:
    """Returns where to look for wordings, and the pattern of all of them."""
    plain = []
    for wording in wordings:
        if following := NOT_BEFORE.search(wording):
            wording = wording[: following.start()]
            lower = _masked(lower, wording, following[1])
        plain.append(wording)
    return lower, rf"(?:^|[^\w-])(?:{'|'.join(plain)})(?:$|[^\w-])"


def _masked(lower: pa.Array, wording: str, following: str) -> pa.Array:
    """Returns texts without a wording where the word follows that must not.

    Arrow's regular expressions cannot look ahead.
    """
    pattern = rf"\b(?:{wording}) {following}"
    return pc.replace_substring_regex(lower, pattern, f"0 {following}")


def _matching(texts: pa.Array, pattern: str) -> Any:
    return np.flatnonzero(pc.fill_null(pc.match_substring_regex(texts, pattern), False))


@functools.lru_cache(maxsize=100_000)
def wording_of(said: str) -> str:
    """Returns the stems of the words that tell what was said.

    >>> wording_of(" the docs,"), wording_of("for your help ")
    ('documentation', 'help')
    """
    words = re.findall(r"[\w'-]+", said)
    telling = [word for word in words if word not in STOP] or words
    return " ".join(stem(word) for word in telling)
