"""What causes say, and how much each term of it counts: TF-IDF over a vocabulary."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow_transforms.themes.terms import (
    CONCERN_NAMES,
    Found,
    find_concerns,
    find_terms,
    without_addresses,
)

# A title is context: it counts less than what people said.
_TITLE_WEIGHT = 0.4
# A concern is what people mean; the words are how they put it.
_CONCERN_WEIGHT = 2.0
# Above this share of all causes a term tells nothing apart.
_MAX_SHARE = 0.15
_FEW = 50
PREFIX = "concern: "


@dataclass(frozen=True)
class Said:
    """What causes say, each text read once however often it was said.

    Args:
      texts: terms of the different texts.
      concerns: for each of `CONCERN_NAMES`, the texts that speak of it.
      text_of: the text of each cause.
      titles: terms of the different titles.
      title_of: the title of each cause; an empty one if it has none.
    """

    texts: Found
    concerns: list[Any]
    text_of: Any
    titles: Found
    title_of: Any

    @classmethod
    def read(cls, causes: pa.Table) -> "Said":
        """Returns what causes say, with `cause_text`, `summary` and maybe `title`."""
        texts = pc.dictionary_encode(without_addresses(_said(causes)))
        titles = pc.dictionary_encode(_titles(causes))
        return cls(
            texts=find_terms(texts.dictionary),
            concerns=list(map(np.flatnonzero, find_concerns(texts.dictionary))),
            text_of=np.asarray(texts.indices),
            titles=find_terms(titles.dictionary),
            title_of=np.asarray(titles.indices),
        )


def _said(causes: pa.Table) -> pa.Array:
    """Returns the causes, each with its summary where that adds words."""
    texts = _one_array(causes.column("cause_text"))
    summaries = _one_array(causes.column("summary"))
    some = pc.indices_nonzero(
        pc.fill_null(pc.greater(pc.utf8_length(summaries), 0), False)
    )
    pairs = zip(
        texts.take(some).to_pylist(), summaries.take(some).to_pylist(), strict=True
    )
    longer = pa.array([_with_summary(*pair) for pair in pairs], pa.string())
    place = np.full(len(texts), -1)
    place[np.asarray(some)] = np.arange(len(some))
    return pc.coalesce(longer.take(pa.array(place, mask=place < 0)), texts)


def _with_summary(text: str, summary: str) -> str:
    known = " ".join(text.lower().split())
    return text if summary.lower() in known else f"{text}\n{summary}"


def _titles(causes: pa.Table) -> pa.Array:
    if "title" not in causes.schema.names:
        return pa.array([""] * causes.num_rows, pa.string())
    return pc.fill_null(_one_array(causes.column("title")), "")


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    joined = column.combine_chunks()
    return pa.concat_arrays(joined.chunks) if hasattr(joined, "chunks") else joined


@dataclass(frozen=True)
class Vocabulary:
    """Terms that count, and how much.

    Args:
      terms: in the order of their columns.
      names: of each, as people write it.
      idf: of each, the weight of a text that has it once.
    """

    terms: list[str]
    names: list[str]
    idf: Any

    @cached_property
    def kinds(self) -> list[str]:
        """What each term is: a `concern`, a `pair` of words or a `word`."""
        return [_kind(term) for term in self.terms]

    @cached_property
    def columns(self) -> dict[str, int]:
        """The column of each term."""
        return {term: column for column, term in enumerate(self.terms)}

    def weigh(self, said: Said, rows: Any) -> Any:
        """Returns weights of some causes: sparse, a row each, of length 1 or 0.

        Sklearn's smoothed TF-IDF; a text has a term or has it not. A title adds to the
        terms of its cause, at a lower weight.
        """
        from scipy.sparse import diags
        from sklearn.preprocessing import normalize

        own = self._texts(said)[said.text_of[rows]]
        titles = self._titles(said)[said.title_of[rows]]
        # A title alone makes no theme: it only speaks for causes that say something.
        speaks = diags((np.diff(own.indptr) > 0).astype(float))
        counts = own.maximum(speaks @ titles).tocsr()
        counts.sort_indices()
        counts.data *= self.idf[counts.indices]
        return normalize(counts) if counts.nnz else counts

    def _texts(self, said: Said) -> Any:
        rows, columns = self._placed(said.texts)
        entries = [(rows, columns, np.ones(len(rows)))]
        for name, speaking in zip(CONCERN_NAMES, said.concerns, strict=True):
            if (column := self.columns.get(PREFIX + name)) is not None:
                heavy = np.full(len(speaking), _CONCERN_WEIGHT)
                entries.append((speaking, np.full(len(speaking), column), heavy))
        together = [np.concatenate(each) for each in zip(*entries, strict=True)]
        return self._matrix(said.texts.texts, *together)

    def _titles(self, said: Said) -> Any:
        rows, columns = self._placed(said.titles)
        weights = np.full(len(rows), _TITLE_WEIGHT)
        return self._matrix(said.titles.texts, rows, columns, weights)

    def _placed(self, found: Found) -> tuple[Any, Any]:
        """Returns row and column of each entry whose term is in the vocabulary."""
        known = [self.columns.get(term, -1) for term in found.terms]
        columns = np.asarray(known, dtype=np.int64)[found.forms]
        inside = columns >= 0
        return found.rows[inside], columns[inside]

    def _matrix(self, height: int, rows: Any, columns: Any, weights: Any) -> Any:
        """Returns a sparse matrix; what a text has twice counts once."""
        from scipy.sparse import csr_matrix

        width = len(self.terms)
        keys, first = np.unique(rows * max(1, width) + columns, return_index=True)
        pointers = np.searchsorted(keys, np.arange(height + 1) * max(1, width))
        shape = height, width
        return csr_matrix((weights[first], keys % max(1, width), pointers), shape=shape)


def learn(said: Said) -> Vocabulary:
    """Returns the vocabulary of causes.

    A word counts if two causes have it, and not too large a share of them.
    """
    n = len(said.text_of)
    most = max(_MAX_SHARE * n if n >= _FEW else n, 2)
    weight = np.bincount(said.text_of, minlength=said.texts.texts)
    words, names = _common(said.texts, weight, most)
    heard = [int(weight[speaking].sum()) for speaking in said.concerns]
    concerns = {c: h for c, h in zip(CONCERN_NAMES, heard, strict=True) if h}
    share = np.asarray([*words.values(), *concerns.values()], dtype=float)
    return Vocabulary(
        terms=[*words, *(PREFIX + concern for concern in concerns)],
        names=[*(names[word] for word in words), *concerns],
        idf=np.log((1 + n) / (1 + share)) + 1,
    )


def _common(
    found: Found, weight: Any, most: float
) -> tuple[dict[str, int], dict[str, str]]:
    """Returns how many causes have each term that counts, and the names of terms.

    A name is the commonest form; of equally common ones the first in alphabetical
    order.
    """
    number_of = {term: number for number, term in enumerate(dict.fromkeys(found.terms))}
    numbers = np.asarray([number_of[term] for term in found.terms], dtype=np.int64)
    share = _having(found.rows, numbers[found.forms], weight)
    uses = _having(found.rows, found.forms, weight)
    kept = sorted(t for t, number in number_of.items() if 2 <= share[number] <= most)
    order = sorted(uses, key=lambda form: (-uses[form], found.surfaces[form]))
    names: dict[str, str] = {}
    for form in order:
        names.setdefault(found.terms[form], found.surfaces[form])
    return {term: share[number_of[term]] for term in kept}, names


def _having(rows: Any, numbers: Any, weight: Any) -> dict[int, int]:
    """Returns how many causes have each number; one that has it twice counts once."""
    width = int(numbers.max()) + 1 if len(numbers) else 1
    keys = np.unique(rows * width + numbers)
    counted = np.bincount(keys % width, weights=weight[keys // width])
    return {number: int(counted[number]) for number in np.unique(keys % width).tolist()}


def _kind(term: str) -> str:
    if term.startswith(PREFIX):
        return "concern"
    return "pair" if " " in term else "word"
