"""Terms of causes, and how much each counts: TF-IDF over a vocabulary."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow_transforms.themes.subjects import CODES, names_a_theme
from affectflow_transforms.themes.taxonomy import Taxonomy
from affectflow_transforms.themes.terms import (
    Found,
    find_concerns,
    find_talks,
    find_terms,
    without_addresses,
)

# A title is context: it counts less than what people said.
_TITLE_WEIGHT = 0.4
# A concern is what people mean; the words are how they say it.
_CONCERN_WEIGHT = 2.0
# Above this share of all causes a term distinguishes nothing.
_MAX_SHARE = 0.15
_FEW = 50
PREFIX, WORDING, TALK = "concern: ", "wording: ", "talk: "
"""Terms that are no words: a concern, one of its wordings, and talk of the kind."""


class Concern(NamedTuple):
    """Which texts speak of a concern, and by which of its wordings."""

    name: str
    rows: Any
    wordings: list[str]


@dataclass(frozen=True)
class Said:
    """What causes say, each text read once however often it was said.

    Args:
      texts: terms of the different texts.
      concerns: of the taxonomy, with the texts that speak of each.
      talks: of the taxonomy, the texts that are each of them.
      text_of: the text of each cause.
      titles: terms of the different titles.
      title_talks: the titles that are.
      title_of: the title of each cause; an empty one if it has none.
    """

    texts: Found
    concerns: list[Concern]
    talks: list[Any]
    text_of: Any
    titles: Found
    title_talks: list[Any]
    title_of: Any

    @classmethod
    def read(cls, causes: pa.Table, taxonomy: Taxonomy) -> "Said":
        """Returns what causes say, with `cause_text`, `summary` and maybe `title`."""
        texts = pc.dictionary_encode(without_addresses(_said(causes)))
        titles = pc.dictionary_encode(_titles(causes))
        return cls(
            texts=find_terms(texts.dictionary),
            concerns=[Concern(*c) for c in find_concerns(texts.dictionary, taxonomy)],
            talks=find_talks(texts.dictionary, taxonomy),
            text_of=np.asarray(texts.indices),
            titles=find_terms(titles.dictionary),
            title_talks=find_talks(titles.dictionary, taxonomy),
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
      leads: whether each can be the first of a title.
      talks: share of all causes, 0..1, that are each talk of the taxonomy.
    """

    terms: list[str]
    names: list[str]
    idf: Any
    leads: Any
    talks: Any

    def arrays(self) -> dict[str, Any]:
        """Returns the vocabulary as arrays; text as JSON."""
        words = json.dumps([self.terms, self.names])
        return {
            "words": np.frombuffer(words.encode(), dtype=np.uint8),
            "idf": self.idf,
            "may_lead": self.leads,
            "talks": self.talks,
        }

    @classmethod
    def from_arrays(cls, held: Any) -> "Vocabulary":
        """Returns the vocabulary that `arrays` gave."""
        terms, names = json.loads(held["words"].tobytes())
        return cls(terms, names, held["idf"], held["may_lead"], held["talks"])

    @cached_property
    def kinds(self) -> list[str]:
        """What each term is: a `concern`, a `pair` of words or a `word`; or told."""
        return [_kind(term) for term in self.terms]

    @cached_property
    def columns(self) -> dict[str, int]:
        """The column of each term."""
        return {term: column for column, term in enumerate(self.terms)}

    def weigh(self, said: Said, rows: Any) -> Any:
        """Returns weights of some causes: sparse, one row each, of length 1 or 0.

        Sklearn's smoothed TF-IDF; a text has a term or has it not. A title adds to the
        terms of its cause, at a lower weight.
        """
        from scipy.sparse import diags
        from sklearn.preprocessing import normalize

        own = self._texts(said)[said.text_of[rows]]
        titles = self._titles(said)[said.title_of[rows]]
        # A title alone makes no theme: it only adds to causes that say something.
        speaks = diags((np.diff(own.indptr) > 0).astype(float))
        counts = own.maximum(speaks @ titles).tocsr()
        counts.sort_indices()
        counts.data *= self.idf[counts.indices]
        return normalize(counts) if counts.nnz else counts

    def _texts(self, said: Said) -> Any:
        rows, columns = self._placed(said.texts)
        entries = [(rows, columns, np.ones(len(rows)))]
        for name, speaking, _ in said.concerns:
            if (column := self.columns.get(PREFIX + name)) is not None:
                heavy = np.full(len(speaking), _CONCERN_WEIGHT)
                entries.append((speaking, np.full(len(speaking), column), heavy))
        together = [np.concatenate(each) for each in zip(*entries, strict=True)]
        return self._matrix(said.texts.texts, *together)

    def told(self, said: Said) -> Any:
        """Returns which wordings each cause has, and whether it is talk: sparse, 1."""
        rows, columns = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for name, speaking, wordings in said.concerns:
            known = [self.columns.get(f"{WORDING}{name}\t{w}", -1) for w in wordings]
            places = np.asarray(known, dtype=np.int64)
            rows.append(speaking[places >= 0])
            columns.append(places[places >= 0])
        own = self._told(said.texts, said.talks, rows, columns)
        under = self._told(said.titles, said.title_talks)
        return own[said.text_of].maximum(under[said.title_of]).tocsr()

    def _told(
        self,
        found: Found,
        talks: list[Any],
        rows: Sequence[Any] = (),
        columns: Sequence[Any] = (),
    ) -> Any:
        where = [self.columns[f"{TALK}{number}"] for number in range(len(talks))]
        row = np.concatenate([np.empty(0, np.int64), *rows, *talks])
        talk = [np.full(len(r), c) for r, c in zip(talks, where, strict=True)]
        column = np.concatenate([np.empty(0, np.int64), *columns, *talk])
        return self._matrix(found.texts, row, column, np.ones(len(row)))

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
    words, names, leads = _common(said.texts, weight, most)
    heard = {c.name: int(weight[c.rows].sum()) for c in said.concerns if len(c.rows)}
    wordings = sorted(
        {f"{c.name}\t{wording}" for c in said.concerns for wording in c.wordings}
    )
    talks = [f"{TALK}{number}" for number in range(len(said.talks))]
    told = [*(WORDING + each for each in wordings), *talks]
    share = np.asarray([*words.values(), *heard.values()], dtype=float)
    idf = np.log((1 + n) / (1 + share)) + 1
    return Vocabulary(
        terms=[*words, *(PREFIX + concern for concern in heard), *told],
        names=[*(names[word] for word in words), *heard, *told],
        idf=np.concatenate([idf, np.zeros(len(told))]),
        leads=np.asarray([*leads, *[True] * len(heard), *[False] * len(told)], bool),
        talks=np.asarray([_talking(said, k) for k in range(len(talks))], float),
    )


def _talking(said: Said, number: int) -> float:
    """Returns the share of causes that are a talk, or stand under a title that is."""
    texts, titles = (np.zeros(f.texts, bool) for f in (said.texts, said.titles))
    texts[said.talks[number]], titles[said.title_talks[number]] = True, True
    talking = texts[said.text_of] | titles[said.title_of]
    return float(talking.mean()) if len(talking) else 0.0


def _common(
    found: Found, weight: Any, most: float
) -> tuple[dict[str, int], dict[str, str], list[bool]]:
    """Returns how many causes have each term that counts, names, and what may lead.

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
    roles, cases = (
        _counted(numbers[found.forms], each, len(number_of))
        for each in (found.roles, found.cases)
    )
    leads = [
        names_a_theme(names[t], roles[number_of[t]], cases[number_of[t]]) for t in kept
    ]
    return {term: share[number_of[term]] for term in kept}, names, leads


def _counted(numbers: Any, codes: Any, count: int) -> list[list[int]]:
    """Returns how often each number has each code."""
    keys = numbers * CODES + codes
    counted = np.bincount(keys, minlength=count * CODES).reshape(-1, CODES)
    rows: list[list[int]] = counted.tolist()
    return rows


def _having(rows: Any, numbers: Any, weight: Any) -> dict[int, int]:
    """Returns how many causes have each number; one that has it twice counts once."""
    width = int(numbers.max()) + 1 if len(numbers) else 1
    keys = np.unique(rows * width + numbers)
    counted = np.bincount(keys % width, weights=weight[keys // width])
    return {number: int(counted[number]) for number in np.unique(keys % width).tolist()}


def _kind(term: str) -> str:
    for prefix, kind in ((PREFIX, "concern"), (WORDING, "told"), (TALK, "told")):
        if term.startswith(prefix):
            return kind
    return "pair" if " " in term else "word"
