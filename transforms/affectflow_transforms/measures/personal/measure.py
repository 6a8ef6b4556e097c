"""PersonalScale: how each rater uses a scale, and what knowing it is worth.

Row 41 of the literature (arXiv 2412.19200, 2024) fits a network to one listener's
ratings of music, from one example on; here a factor and an offset, in closed form.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.bootstrap import bootstrap
from affectflow.errors import UsageError
from affectflow.kinds.measure import Measure, Value
from affectflow.registry import Card
from affectflow.schemas import PEOPLE
from affectflow_transforms.measures.personal.fit import (
    Fit,
    Floats,
    Integers,
    Sums,
    fit,
)
from affectflow_transforms.models.ranges import spelt

Mask = npt.NDArray[np.bool_]

_NORMAL = 1.959963984540054
_ALONE = "nobody else rates what this rater rates"


class _Ratings(NamedTuple):
    """Ratings of one label, with what is common.

    Attributes:
      raters: their names.
      rater: shape (ratings,): places in `raters`.
      item: shape (ratings,): what is rated; empty where only sums are known.
      x: shape (ratings,): the common value.
      y: shape (ratings,): the rating.
      sums: of them, by rater.
    """

    raters: list[str]
    rater: Integers
    item: list[str]
    x: Floats
    y: Floats
    sums: Sums


@dataclass(kw_only=True)
class PersonalScale(Measure):
    """Fits to each rater a `scale` and an `offset` on top of a common value.

    A rater says scale x value + offset. Both are drawn towards 1 and 0, the more so the
    fewer ratings there are, so that it works from one rating on. The common value is
    `base`; where it is empty, the mean of the others who rate the same. Or it says how
    far the ratings that were not used are from what is foretold, after 0, 1, 3, ...
    `examples` of each rater.

    Args:
      tell: the scale of each of the `raters`, which tells about persons; or `held_out`,
        the RMSE of ratings that were held out, by the number of examples.
      base: of a lake: the annotator whose values are the common ones, by its id or the
        beginning of it; empty for the mean of the others.
      label: only this one; all if empty.
      ridge: weight of the drawing, the same for all; if not given, what the spread of
        raters and the noise of ratings say.
      examples: how many ratings of each rater are used, of `held_out`.

    Raises:
      UsageError: `tell` is another word, `ridge` is below 0, or `examples` is empty.
    """

    tell: Literal["raters", "held_out"] = "raters"
    base: str = ""
    label: str = ""
    ridge: float | None = None
    examples: tuple[int, ...] = (0, 1, 3, 5, 10, 20)

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("rater", pa.string(), metadata={"doc": "who rates"}),
            pa.field("item", pa.string(), metadata={"doc": "what is rated"}),
            pa.field("value", pa.float64(), metadata={"doc": "the rating"}),
            pa.field("base", pa.float64(), metadata={
                "doc": "the common value, such as a model's; if empty, the mean of the "
                "others who rate the item"}),
            pa.field("label", pa.string(), metadata={"doc": "in which respect"}),
        ]
    )  # fmt: skip
    needed: ClassVar[tuple[str, ...]] = ("rater", "item", "value")
    refuses: ClassVar[Mapping[str, str]] = {
        "a value or a base that is no finite number": (
            "NOT isfinite(value) OR NOT isfinite(coalesce(base, 0))"
        ),
    }
    annotators: ClassVar[tuple[str, ...]] = ("base",)
    keys: ClassVar[tuple[str, ...]] = ("label", "rater", "item", "has_base")
    query: ClassVar[str] = f"""
WITH said AS (
  SELECT utterance_id, label, avg(value) AS value, max(score) AS score
  FROM annotations
  WHERE annotator_id = $base AND label IS NOT NULL
  GROUP BY ALL
),
known AS (
  SELECT DISTINCT utterance_id FROM annotations
  WHERE annotator_id = $base AND (label IS NOT NULL OR status = 'ok')
)
SELECT a.annotator_id AS rater,
  a.utterance_id AS item,
  coalesce(a.value, a.chosen::INTEGER) AS value,
  CASE WHEN $base = '' THEN NULL WHEN a.value IS NULL THEN coalesce(said.score, 0)
    ELSE said.value END AS base,
  a.label,
  a.utterance_id
FROM annotations AS a
LEFT JOIN said USING (utterance_id, label)
WHERE a.annotator_id IN {PEOPLE} AND a.label IS NOT NULL AND a.status = 'ok'
  AND ($base = '' OR a.utterance_id IN (FROM known))
  AND ($base = '' OR a.value IS NULL OR said.value IS NOT NULL)
"""
    chooses: ClassVar[Mapping[str, str]] = {"label": "SELECT label FROM observations"}
    wants: ClassVar[str] = "people's values or labels, and with `base` that annotator's"
    state: ClassVar[str] = """
SELECT
  label,
  rater,
  CASE WHEN base IS NULL OR $tell = 'held_out' THEN item END AS item,
  base IS NOT NULL AS has_base,
  count(*) AS n,
  sum(value) AS y,
  sum(value ** 2) AS yy,
  coalesce(sum(base), 0.0) AS x,
  coalesce(sum(base ** 2), 0.0) AS xx,
  coalesce(sum(base * value), 0.0) AS xy
FROM observations
WHERE $label = '' OR label = $label
GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="each rater's scale and offset on a common value, from one rating on",
        answers="how does each rater use the scale, and is knowing it worth it?",
        example="affectflow measure PersonalScale ratings.csv --set tell=held_out",
        misleads="a scale tells how someone answers, not how someone feels; raters who "
        "rated other things have other offsets if those differ in what the base misses",
    )

    def __post_init__(self) -> None:
        if self.tell not in ("raters", "held_out"):
            raise UsageError(f"`tell` must be raters or held_out, got {self.tell!r}")
        if self.ridge is not None and not self.ridge >= 0:
            raise UsageError(f"`ridge` must be at least 0, got {self.ridge}")
        if not self.examples or min(self.examples) < 0:
            raise UsageError(
                f"`examples` must be numbers of at least 0, got {spelt(self.examples)}"
            )

    @property
    def touches(self) -> tuple[str, ...]:
        """Persons, unless it says only how well ratings are foretold."""
        told = ("person",) if self.tell == "raters" else ()
        return tuple(dict.fromkeys((*super().touches, *told)))

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields scale and offset of each rater, or errors by number of examples."""
        for label in sorted(pc.unique(state["label"]).to_pylist(), key=str):
            same = pc.is_null(state["label"])
            if label is not None:
                same = pc.equal(state["label"], label)
            ratings = _ratings(state.filter(same))
            if self.tell == "raters":
                yield from self._raters(label, ratings)
            else:
                yield from self._held_out(label, ratings)

    def _raters(self, label: str | None, ratings: _Ratings) -> Iterator[Value]:
        found = fit(ratings.sums, self.ridge)
        for place, rater in enumerate(ratings.raters):
            n = int(ratings.sums.n[place])
            for figure in ("scale", "offset"):
                value, sd = (
                    float(getattr(found, name)[place]) if n else math.nan
                    for name in (figure, f"{figure}_sd")
                )
                low, high = value - _NORMAL * sd, value + _NORMAL * sd
                said = " ".join(filter(None, [label, figure]))
                yield Value("rater", rater, said, value, low, high, n, _ALONE)

    def _held_out(self, label: str | None, ratings: _Ratings) -> Iterator[Value]:
        rank, most = _ranks(ratings), max(self.examples)
        held = rank >= most
        name = label or "(rating)"
        few = int((ratings.sums.n <= most).sum())
        yield Value("label", name, "raters with too few ratings", few)
        why = "" if held.any() else f"no rater has more than {most} ratings"
        for examples in sorted(set(self.examples)):
            errors = self._errors(ratings, rank < examples, held)
            rmse = _rmse(ratings.rater[held], errors, self.draws)
            said = f"rmse after {examples} examples"
            yield Value("label", name, said, *rmse, n=int(held.sum()), why=why)

    def _errors(self, ratings: _Ratings, used: Mask, held: Mask) -> Floats:
        """Returns squared errors of what is held out, after a fit to what is used."""
        places = np.flatnonzero(used)
        columns = (ratings.rater[places], ratings.x[places], ratings.y[places])
        found: Fit = fit(Sums.of(*columns, len(ratings.raters)), self.ridge)
        told = found.predicted(ratings.rater[held], ratings.x[held])
        return np.asarray((ratings.y[held] - told) ** 2)


def _rmse(rater: Integers, squares: Floats, draws: int) -> tuple[float, float, float]:
    """Returns the root of a mean, and its interval if there are draws, of raters."""
    if not len(squares):
        return math.nan, math.nan, math.nan
    value = math.sqrt(squares.mean())
    if not draws:
        return value, math.nan, math.nan
    who, place = np.unique(rater, return_inverse=True)
    total, n = np.bincount(place, squares), np.bincount(place)
    found = bootstrap(
        who.tolist(), lambda w: np.sqrt((w @ total) / (w @ n)), draws=draws
    )
    return value, found.low, found.high


def _ratings(state: pa.Table) -> _Ratings:
    """Returns the ratings of a state of one label."""
    who = state["rater"].combine_chunks().dictionary_encode()
    raters = who.dictionary.to_pylist()
    order = np.argsort(np.argsort(np.array(raters, dtype=object)))
    rater = order[np.asarray(who.indices)]
    n, x, y, xx, xy, yy = (
        np.asarray(state[name], np.float64)
        for name in ("n", "x", "y", "xx", "xy", "yy")
    )
    has_base = np.asarray(state["has_base"])
    items = state["item"].combine_chunks().dictionary_encode("encode")
    code = np.asarray(items.indices)
    others = _mean_of_others(code, n, y, ~has_base)
    known = has_base | ~np.isnan(others)
    # Several ratings of an item by one rater count as often as there are.
    x = np.where(has_base, x, others * n)
    xx = np.where(has_base, xx, others**2 * n)
    xy = np.where(has_base, xy, others * y)
    sums = Sums.added(
        rater[known], [a[known] for a in (n, x, y, xx, xy, yy)], len(raters)
    )
    names = items.dictionary.to_pylist()
    return _Ratings(
        raters=sorted(raters),
        rater=rater[known],
        item=[str(names[place]) for place in code[known]],
        x=x[known] / n[known],
        y=y[known] / n[known],
        sums=sums,
    )


def _mean_of_others(code: Integers, n: Floats, y: Floats, wanted: Mask) -> Floats:
    """Returns the mean rating of an item by all others; NaN if there are none."""
    found = np.full(len(n), np.nan)
    if wanted.any():
        size = int(code.max()) + 1
        total, count = np.bincount(code, y, size), np.bincount(code, n, size)
        rest = count[code] - n
        np.divide(total[code] - y, rest, out=found, where=wanted & (rest > 0))
    return found


def _ranks(ratings: _Ratings) -> Integers:
    """Returns each rating's place among those of its rater, by a hash of the item."""
    digests = {
        item: hashlib.blake2b(item.encode(), digest_size=8).digest()
        for item in set(ratings.item)
    }
    keys = np.array([digests[item] for item in ratings.item], dtype="S8")
    order = np.lexsort((ratings.x, keys, ratings.rater))
    sorted_raters = ratings.rater[order]
    first = np.searchsorted(sorted_raters, sorted_raters)
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order)) - first
    return ranks
