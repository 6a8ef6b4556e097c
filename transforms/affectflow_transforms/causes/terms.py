"""The terms of short causes: content words and pairs of them, weighed by TF-IDF."""

import functools
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from affectflow_transforms.causes.phrases.concerns import CONCERNS
from affectflow_transforms.causes.phrases.generic import GENERIC, SAME

_TOKEN = re.compile(r"[^\W\d_][\w'+#.-]*[\w+#]|[^\W\d_]")
_LINK = re.compile(r"https?://\S+|\[[A-Z ]+\]|`+")
_VOWEL = re.compile(r"[aeiouy]")
# A title is context: it counts less than what people said.
_TITLE_WEIGHT = 0.4
# A concern is what people mean; the words are how they put it.
_CONCERN_WEIGHT = 2.0
# Above this share of all causes a term tells nothing apart.
_MAX_SHARE = 0.15
_FEW = 50
_PREFIX = "concern: "


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
class Terms:
    """Terms of some causes.

    Args:
      weights: sparse matrix, one row per cause, of Euclidean length 1 or 0.
      names: the name of each column of `weights`, as people write it.
      kinds: what each column is: a `concern`, a `pair` of words or a `word`.
    """

    weights: Any
    names: list[str]
    kinds: list[str]


_NAMES = list(CONCERNS)
_CONCERN = [
    re.compile(rf"(?<![\w-])(?:{wordings})(?![\w-])") for wordings in CONCERNS.values()
]


def concerns_of(text: str) -> list[str]:
    """Returns the concerns that a text speaks of."""
    lower = text.lower().replace("’", "'")
    return [
        name
        for name, pattern in zip(_NAMES, _CONCERN, strict=True)
        if pattern.search(lower)
    ]


def terms_of(text: str) -> list[tuple[str, str]]:
    """Returns (term, surface form) of the content words and of adjacent pairs."""
    found: list[tuple[str, str]] = []
    last: tuple[str, str] | None = None
    last_end = -1
    plain = _LINK.sub(lambda match: " " * len(match.group()), text.replace("’", "'"))
    for match in _TOKEN.finditer(plain):
        surface = match.group().strip(".'-")
        word = surface.lower()
        if len(word) < 2 or word in GENERIC or stem(word) in GENERIC:
            last = None
            continue
        one = stem(word), surface if _is_name(surface) else word
        found.append(one)
        if last is not None and plain[last_end : match.start()].isspace():
            found.append((f"{last[0]} {one[0]}", f"{last[1]} {one[1]}"))
        last, last_end = one, match.end()
    return found


def _is_name(surface: str) -> bool:
    return sum(letter.isupper() for letter in surface) > 1


def weigh(
    texts: Sequence[str], titles: Sequence[str | None], *, sample: int = 50_000
) -> Terms:
    """Returns the terms of `texts`, weighed by TF-IDF.

    A word counts if two of the first `sample` causes have it, and not too large a
    share of them: so the vocabulary is bounded. `titles` add to the terms that causes
    have, at a lower weight.
    """
    share, surfaces = _fit(texts[:sample])
    n = min(len(texts), sample)
    most = max(_MAX_SHARE * n if n >= _FEW else n, 2)
    words = sorted(t for t in surfaces if 2 <= share[t] <= most)
    kept = [*words, *(_PREFIX + c for c in _NAMES if share[_PREFIX + c])]
    columns = {term: number for number, term in enumerate(kept)}
    weights = _tf_idf(texts, titles, columns, [share[term] for term in kept], n)
    names = [surfaces.get(t) or t.removeprefix(_PREFIX) for t in kept]
    return Terms(weights, names, [_kind(term) for term in kept])


def _fit(texts: Sequence[str]) -> tuple[Counter[str], dict[str, str]]:
    """Returns how many texts have each term, and the commonest form of each word.

    Of equally common forms, the first in alphabetical order.
    """
    share: Counter[str] = Counter()
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        found = set(terms_of(text))
        share.update({term for term, _ in found})
        share.update(_PREFIX + concern for concern in concerns_of(text))
        for term, surface in found:
            forms[term][surface] += 1
    return share, {
        term: min(counter, key=lambda form: (-counter[form], form))
        for term, counter in forms.items()
    }


def _kind(term: str) -> str:
    if term.startswith(_PREFIX):
        return "concern"
    return "pair" if " " in term else "word"


def _counts(text: str, title: str | None, columns: dict[str, int]) -> dict[int, float]:
    """Returns the columns of the terms of one cause, and how much each counts."""
    terms = dict.fromkeys((t for t, _ in terms_of(text)), 1.0)
    terms |= {_PREFIX + c: _CONCERN_WEIGHT for c in concerns_of(text)}
    counts = {columns[t]: count for t, count in terms.items() if t in columns}
    # A title alone makes no theme: it only speaks for causes that say something.
    if counts and title:
        for term, _ in terms_of(title):
            if term in columns:
                counts.setdefault(columns[term], _TITLE_WEIGHT)
    return counts


def _tf_idf(
    texts: Sequence[str],
    titles: Sequence[str | None],
    columns: dict[str, int],
    share: list[int],
    n: int,
) -> Any:
    """Returns the sparse matrix of weights: sklearn's smoothed idf, rows normalised."""
    import numpy as np
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    idf = np.log((1 + n) / (1 + np.asarray(share, dtype=float))) + 1
    # Machine numbers, not objects: a million causes are a few hundred megabytes.
    indices, values, pointers = array("i"), array("d"), array("q", [0])
    for text, title in zip(texts, titles, strict=True):
        counts = _counts(text, title, columns)
        for column in sorted(counts):
            indices.append(column)
            values.append(counts[column] * idf[column])
        pointers.append(len(indices))
    shape = (len(texts), len(columns))
    matrix = csr_matrix(
        (np.asarray(values), np.asarray(indices), pointers), shape=shape
    )
    return normalize(matrix) if columns else matrix
