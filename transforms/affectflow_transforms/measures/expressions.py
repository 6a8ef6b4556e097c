"""Expressions: which words go with one group of texts rather than another.

Log-odds ratios with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008,
"Fightin' Words", Political Analysis 16): with y_i of n_i words in corpus i, a of the
a_0 words of the prior, and l_i = log((y_i + a) / (n_i + a_0 - y_i - a)), the log-odds
ratio is l_1 - l_2, its variance 1 / (y_1 + a) + 1 / (y_2 + a), and z is the ratio by
the root of that. The prior is how often both corpora together use the word.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import UsageError
from affectflow.kinds.measure import Measure, Value
from affectflow.registry import Card
from affectflow.schemas import PEOPLE
from affectflow_transforms.measures.gaps import PERSPECTIVES
from affectflow_transforms.measures.text_overlap import grams

HIDDEN, SHOWN, NEITHER = "hidden", "shown", "neither"
# In SQL, a quote within a word is doubled.
_WORD = r"[\p{L}\p{M}\p{N}_]+(?:[''’][\p{L}\p{M}]+)*"
_NORMAL = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""
_EVERYTHING = "(all)"
_KIND = "expressions"

Floats = npt.NDArray[np.float64]


class Odds(NamedTuple):
    """Results for words, shape (words,) each: log-odds ratio, its error, and z."""

    ratio: Floats
    error: Floats

    @property
    def z(self) -> Floats:
        """The ratio in standard errors: above 0 for words of the first corpus."""
        return self.ratio / self.error


def log_odds(first: Floats, second: Floats, prior: float) -> Odds:
    """Returns the log-odds ratios of words between two corpora.

    Args:
      first: how often the first corpus has each word; not all of them 0.
      second: how often the second has.
      prior: how many words the prior is worth, above 0.
    """
    both = first + second
    own = prior * both / both.sum()
    seen = [corpus + own for corpus in (first, second)]
    rest = [each.sum() - each for each in seen]
    ratio = np.log(seen[0] / rest[0]) - np.log(seen[1] / rest[1])
    return Odds(ratio, np.sqrt(1 / seen[0] + 1 / seen[1]))


@dataclass(kw_only=True)
class Expressions(Measure):
    """Finds words and word pairs that one group of texts uses more than another.

    Of each expression `z`, `log_odds` and its interval, and how often both groups use
    it, `n_first` and `n_second`. Above 0 it goes with the first group. How many were
    `tested` and how many were too `rare` stands under `(all)`.

    In a lake the groups are `hidden`, what writers feel and readers do not see, and
    `shown`, what they do. Where the gap between writers and readers does not vary
    beyond the noise of ratings, there are no expressions.

    Args:
      first: the group with which expressions above 0 go; `hidden` if empty, or where
        there is no such group, the first of two by name.
      second: the other group.
      order: the longest expression, in words.
      least: texts that must have an expression; rarer ones are left out.
      z_min: how many standard errors an expression must be from 0.
      top: at most so many expressions of each group.
      prior: how many words the prior is worth.
      label: of a lake: the emotion.
      writer_min: of a lake: writers of hidden and shown texts say at least this.
      reader_max: of a lake: of hidden texts, readers say at most this.

    Raises:
      UsageError: a number is out of its range.
    """

    first: str = ""
    second: str = ""
    order: int = 2
    least: int = 5
    z_min: float = 1.96
    top: int = 100
    prior: float = 500.0
    label: str = ""
    writer_min: float = 1.0
    reader_max: float = 0.0

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("text", pa.string(), metadata={"doc": "what is written"}),
            pa.field("side", pa.string(), metadata={"doc": "the group of the text"}),
            pa.field("gap", pa.float64(), metadata={
                "doc": "writer minus readers, if the groups are based on it"}),
            pa.field("noise", pa.float64(), metadata={
                "doc": "the variance of that gap that is due to few ratings"}),
        ]
    )  # fmt: skip
    needed: ClassVar[tuple[str, ...]] = ("text", "side")
    refuses: ClassVar[Mapping[str, str]] = {
        "a gap or a noise is not a finite number": (
            "NOT isfinite(coalesce(gap, 0) + coalesce(noise, 0))"
        )
    }
    keys: ClassVar[tuple[str, ...]] = ("side", "n", "term")
    # As `gaps_of` does: noise within texts, pooled, by ratings.
    query: ClassVar[str] = f"""
WITH said AS (
  SELECT utterance_id, perspective = 'reader' AS by_reader,
    coalesce(value, chosen::INTEGER) AS rating
  FROM annotations
  WHERE annotator_id IN {PEOPLE} AND label = $label AND status = 'ok'
    AND perspective IN {PERSPECTIVES}
),
rated AS (
  SELECT utterance_id, by_reader, count(*) AS n, avg(rating) AS mean,
    var_pop(rating) AS spread
  FROM said WHERE isfinite(rating) GROUP BY ALL
),
pairs AS (
  SELECT w.utterance_id, w.mean AS writer, r.mean AS reader, w.n AS n_w, r.n AS n_r,
    sum(w.n * w.spread) OVER () / nullif(sum(w.n - 1) OVER (), 0) AS var_w,
    sum(r.n * r.spread) OVER () / nullif(sum(r.n - 1) OVER (), 0) AS var_r
  FROM rated AS w
  JOIN rated AS r USING (utterance_id)
  WHERE r.by_reader AND NOT w.by_reader
)
SELECT u.text,
  CASE WHEN writer < $writer_min THEN '{NEITHER}'
    WHEN reader <= $reader_max THEN '{HIDDEN}' ELSE '{SHOWN}' END AS side,
  writer - reader AS gap,
  var_r / n_r + coalesce(var_w / n_w, 0) AS noise,
  utterance_id
FROM pairs
JOIN utterances AS u USING (utterance_id)
"""
    chooses: ClassVar[Mapping[str, str]] = {
        "first": "SELECT side FROM observations",
        "second": "SELECT side FROM observations",
        "label": "SELECT label FROM annotations",
    }
    wants: ClassVar[str] = (
        "people's labels by writers or self reports and by readers, of the label that "
        "--set label=LABEL names"
    )
    state: ClassVar[str] = f"""
WITH texts AS (
  SELECT row_number() OVER () AS id, side, gap, noise,
    regexp_extract_all(lower(text), '{_WORD}') AS words
  FROM observations
),
orders AS (SELECT *, unnest(range(1, $order + 1)) AS n FROM texts),
terms AS (
  SELECT id, side, n, replace(unnest({grams("words")}), chr(31), ' ') AS term
  FROM orders
),
by_text AS (SELECT id, side, n, term, count(*) AS said FROM terms GROUP BY ALL)
SELECT side, n, term, sum(said) AS said, count(*) AS texts
FROM by_text GROUP BY ALL
UNION ALL BY NAME
SELECT side, 0 AS n, NULL::VARCHAR AS term, count(*) AS texts, count(gap) AS gaps,
  coalesce(sum(gap), 0.0) AS gap, coalesce(sum(gap ** 2), 0.0) AS squares,
  count(noise) AS noises, coalesce(sum(noise), 0.0) AS noise
FROM texts GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="words that go with one group of texts rather than another",
        answers="what do people write when their anger is not seen?",
        example="affectflow measure Expressions texts.csv --map side=group",
        misleads="of 1,000 words without any effect, 50 pass z 1.96; a word used by "
        "one writer or in one thread passes too",
    )

    def __post_init__(self) -> None:
        if min(self.order, self.least, self.top) < 1 or not self.prior > 0:
            raise UsageError(
                "`order`, `least` and `top` must be at least 1 and `prior` above 0, "
                f"got {self.order}, {self.least}, {self.top} and {self.prior}"
            )
        if not self.z_min >= 0:
            raise UsageError(f"`z_min` must be at least 0, got {self.z_min}")

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields expressions, or why there are none."""
        is_head = pc.is_null(state["term"])
        heads = state.filter(is_head).to_pylist()
        share, noisy = _beyond_noise(heads)
        if share is not None:
            yield Value(_KIND, _EVERYTHING, "beyond_noise", share)
        sides = self._sides([row["side"] for row in heads])
        if noisy or isinstance(sides, str):
            yield _none(noisy or str(sides))
            return
        texts = {row["side"]: row["texts"] for row in heads}
        for name, side in zip(("first", "second"), sides, strict=True):
            yield Value("side", side, name, texts[side], n=texts[side])
        yield from self._expressions(state.filter(pc.invert(is_head)), sides)

    def _sides(self, there: Sequence[str]) -> tuple[str, str] | str:
        """Returns the two groups, or why there are not two."""
        compared = sorted(set(there) - {NEITHER})
        pair = (self.first, self.second)
        if not any(pair) and HIDDEN in compared and SHOWN in compared:
            return HIDDEN, SHOWN
        if not any(pair) and len(compared) == 2:
            return compared[0], compared[1]
        named = [each for each in pair if each]
        if len(set(named)) < 2 or not set(named) <= set(there):
            listed = ", ".join(map(repr, sorted(there)[:9]))
            strange = " or ".join(repr(x) for x in named if x not in there)
            missing = f"there is no side {strange}; " if strange else ""
            return f"{missing}give first and second, two of the sides here: {listed}"
        return pair

    def _expressions(self, terms: pa.Table, sides: tuple[str, str]) -> Iterator[Value]:
        tested = rare = 0
        found: list[tuple[float, str, float, float, int, int]] = []
        for n in range(1, self.order + 1):
            names, said, texts = _counts(terms.filter(pc.equal(terms["n"], n)), sides)
            if len(names) < 2:
                continue  # odds are against other words
            kept = texts.sum(axis=0) >= self.least
            tested, rare = tested + int(kept.sum()), rare + int((~kept).sum())
            if not kept.any():
                continue
            odds = log_odds(said[0], said[1], self.prior)
            for place in np.flatnonzero(kept & (np.abs(odds.z) >= self.z_min)):
                figures = (odds.z, odds.ratio, odds.error)
                z, ratio, error = (float(each[place]) for each in figures)
                one, other = (int(each[place]) for each in said)
                found.append((z, names[place], ratio, error, one, other))
        yield Value(_KIND, _EVERYTHING, "tested", tested)
        yield Value(_KIND, _EVERYTHING, "rare", rare)
        if not tested:
            yield _none(f"no expression is in {self.least} texts")
        first = sorted(x for x in found if x[0] > 0)
        second = sorted(x for x in found if x[0] < 0)
        strongest = sorted(first, key=lambda x: (-x[0], x[1]))[: self.top]
        for row in [*strongest, *second[: self.top]]:
            yield from _said(*row)


def _said(
    z: float, term: str, ratio: float, error: float, one: int, other: int
) -> Iterator[Value]:
    n, half = one + other, _NORMAL * error
    yield Value("expression", term, "z", z, n=n)
    yield Value("expression", term, "log_odds", ratio, ratio - half, ratio + half, n)
    yield Value("expression", term, "n_first", one, n=n)
    yield Value("expression", term, "n_second", other, n=n)


def _none(why: str) -> Value:
    return Value(_KIND, _EVERYTHING, "z", math.nan, why=why)


def _beyond_noise(heads: Sequence[Mapping[str, Any]]) -> tuple[float | None, str]:
    """Returns the share of the gap's variance beyond noise, and why it forbids words.

    None where no gap is given, or its noise is not known.
    """
    n, noises = (sum(row[name] for row in heads) for name in ("gaps", "noises"))
    if not n:
        return None, ""
    total, squares, noise = (
        math.fsum(row[name] for row in heads) for name in ("gap", "squares", "noise")
    )
    variance = (squares - total**2 / n) / (n - 1) if n > 1 else 0.0
    if variance <= 1e-12 * squares / n:
        return None, "the gap between writers and readers does not vary"
    if not noises:
        return None, "the noise of the gap is unknown: no text has two readers"
    share = 1 - noise / noises / variance
    if share <= 0:
        why = "the gap between writers and readers does not vary beyond rating noise"
        return share, why
    return share, ""


def _counts(
    terms: pa.Table, sides: tuple[str, str]
) -> tuple[list[str], Floats, npt.NDArray[np.int64]]:
    """Returns the words, sorted, and of each side how often and in how many texts."""
    kept = terms.filter(pc.is_in(terms["side"], pa.array(sides)))
    names, place = np.unique(
        np.asarray(kept["term"].to_pylist(), np.object_), return_inverse=True
    )
    second = np.asarray(pc.equal(kept["side"], sides[1])).astype(np.int64)
    said = np.zeros((2, len(names)))
    texts = np.zeros((2, len(names)), np.int64)
    np.add.at(said, (second, place), np.asarray(kept["said"]))
    np.add.at(texts, (second, place), np.asarray(kept["texts"]))
    return names.tolist(), said, texts
