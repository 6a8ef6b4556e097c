"""DriverImportance: which circumstances go with an outcome, and how much.

From row 39 of the literature (arXiv 2402.12398): attributions of a model, turned into a
distribution of importance over factors. Here the model is a linear fit, and both its
attributions and each factor's share of what it explains are exact Shapley values.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import UsageError
from affectflow.kinds.measure import Measure, Value, by_options
from affectflow.registry import Card
from affectflow_transforms.measures.drivers import shares, sql
from affectflow_transforms.measures.drivers.columns import (
    MAX_COLUMNS,
    Factor,
    factors_of,
    moments_of,
)
from affectflow_transforms.measures.drivers.shares import Moments

MAX_FACTORS = 10
"""All subsets of factors are fitted: 1,024 of 10."""
MAX_NUMBER = "1e100"
"""In SQL. Squares of larger numbers, or their sums, may not be finite."""
_RESERVED = ("unit", "group", "left_out", "utterance_id", "speaker_id")
_TIMELESS = (
    "factors such as turns_before, is_review, role and length need no times: "
    "--set factors=NAME,NAME"
)
_HIDDEN = chr(31)
"""Prefix of a level of a lake with too few people; see `sql.HIDDEN`."""
_NO_MORE = "the factors explain no more than chance would"


def _reads(measure: "DriverImportance") -> pa.Schema:
    outcome = pa.field(
        measure.outcome, pa.float64(), metadata={"doc": "what the factors go with"}
    )
    doc = {"doc": "a number, true or false, or a name"}
    factors = [pa.field(name, pa.string(), metadata=doc) for name in measure.factors]
    unit = pa.field(
        "unit", pa.string(), metadata={"doc": "what intervals resample: a conversation"}
    )
    return pa.schema([outcome, *factors, unit])


def _needed(measure: "DriverImportance") -> tuple[str, ...]:
    timeless = (name for name in measure.factors if name not in sql.OF_TIMES)
    return (measure.outcome, *timeless)


def _refuses(measure: "DriverImportance") -> Mapping[str, str]:
    numbers = [sql.quoted(measure.outcome)]
    numbers += [
        f"coalesce({sql.number_of(name, measure.categories)}, 0)"
        for name in measure.factors
    ]
    # NaN and infinity are beyond it too.
    beyond = " OR ".join(f"NOT abs({number}) <= {MAX_NUMBER}" for number in numbers)
    missing = {
        f"no {name}; {_TIMELESS}": f"{sql.quoted(name)} IS NULL"
        for name in measure.factors
        if name in sql.OF_TIMES
    }
    return {**missing, f"a number is not finite, or beyond {MAX_NUMBER}": beyond}


def _keys(measure: "DriverImportance") -> tuple[str, ...]:
    places = range(1, len(measure.factors) + 1)
    return ("unit", *(f"level_{place}" for place in places))


def _query(measure: "DriverImportance") -> str:
    return sql.query_of(measure.outcome, measure.factors, measure.categories)


def _wants(measure: "DriverImportance") -> str:
    return (
        f"an annotator that gives the label {measure.outcome!r}, or an outcome that is "
        f"one of {', '.join(sql.CIRCUMSTANCES)}"
    )


def _state(measure: "DriverImportance") -> str:
    return sql.state_of(measure.outcome, measure.factors, measure.categories)


@dataclass(kw_only=True)
class DriverImportance(Measure):
    """Divides what a linear fit explains of an outcome among its factors.

    By factor: `importance`, its share of R², which sum to 1; `spread`, the standard
    deviation of what it adds to the fitted outcome, in the outcome's units; of a number
    the `slope`, how the outcome changes with 1 more of it, the other factors held. By
    level of a factor of names: its `attribution`, how far the fitted outcome is from
    the mean where it holds; in a lake, levels of fewer than 5 people or 20 messages are
    fitted and not shown, and counted as `hidden`. Of the outcome: `r2` and
    `adjusted_r2`. A factor goes with the outcome; this does not show that it causes it.

    Args:
      outcome: in a lake a label, such as `frustration`, or a circumstance; in a file a
        column of numbers or booleans.
      factors: at most 10. In a lake `turns_before`, `hours_open`, `wait_hours`,
        `pause_hours`, `opens`, `role`, `newcomer`, `kind`, `is_review`, `is_reply`,
        `hour`, `weekend`, `length`, `has_code`, `has_quote`, `has_log`, `has_link`,
        `source`, `container`, `lang`, `split`, `visibility` or `attrs.NAME`; in a file
        any columns.
      categories: factors whose numbers are names, such as `hour`.
      told: of a lake's label: whether it is `chosen`, its `score`, or its `value`.
      annotator: in a lake: whose label, by its id or the start of it; empty for the
        basis of reports.

    Raises:
      UsageError: there are no factors or more than 10, one is named twice or is a
        person, or `categories` names none of them.
    """

    outcome: str = "frustration"
    factors: tuple[str, ...] = ("wait_hours", "turns_before", "is_review", "role")
    categories: tuple[str, ...] = ()
    told: Literal["chosen", "score", "value"] = "chosen"
    annotator: str = ""

    reads: ClassVar[pa.Schema] = by_options(_reads)
    needed: ClassVar[tuple[str, ...]] = by_options(_needed)
    refuses: ClassVar[Mapping[str, str]] = by_options(_refuses)
    annotators: ClassVar[tuple[str, ...]] = ("annotator",)
    keys: ClassVar[tuple[str, ...]] = by_options(_keys)
    query: ClassVar[str] = by_options(_query)
    wants: ClassVar[str] = by_options(_wants)
    state: ClassVar[str] = by_options(_state)
    card: ClassVar[Card] = Card(
        summary="which circumstances go with an outcome, and how much each",
        answers="what goes with frustration here: waiting, reviews, roles?",
        example="affectflow measure DriverImportance lake "
        "--set factors=wait_hours,turns_before,is_review,role --by container",
        misleads="association is not causation; importance is a share "
        "of what these factors explain, which may be little: read `r2` first",
    )

    def __post_init__(self) -> None:
        names = [self.outcome, *self.factors]
        if not 1 <= len(self.factors) <= MAX_FACTORS:
            raise UsageError(
                f"`factors` must name 1 to {MAX_FACTORS} factors, got "
                f"{len(self.factors)}"
            )
        for name in names:
            if not name or name.lower() in _RESERVED or '"' in name:
                raise UsageError(
                    f"{name!r} cannot be the outcome or a factor; name another column"
                )
        if len({name.lower() for name in names}) < len(names):
            raise UsageError(f"outcome and factors must differ, got {', '.join(names)}")
        for name in set(self.categories) - set(self.factors):
            raise UsageError(
                f"`categories` names {name!r}, which is not among the factors "
                f"{', '.join(self.factors)}"
            )

    def check_columns(self, present: Sequence[str], cure: str = "rename one") -> None:
        """Checks that the outcome and all factors are there.

        Raises:
          UsageError: one is missing; names the columns that are there.
        """
        super().check_columns(present, cure)
        for name in self.factors:
            if name not in present:
                raise self.without(name, present, cure)

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields what each factor, each level and all together say of the outcome."""
        factors = factors_of(state, self.factors)
        used = [factor for factor in factors if not factor.why]
        n = pc.sum(state["n"]).as_py()
        for factor in factors:
            if factor.why:
                yield _nothing(factor.name, n, f"it {factor.why}")
        if not used:
            yield Value("outcome", self.outcome, "r2", math.nan, n=n, why="no factor")
            return
        places = [factors.index(factor) + 1 for factor in used]
        columns = sum(max(1, len(factor.levels) - 1) for factor in used)
        if columns > MAX_COLUMNS:
            yield from self._undefined(used, n, f"{columns} columns are too many")
            return
        moments = moments_of(state, used, places)
        if why := self._why_not(moments, used):
            yield from self._undefined(used, n, why)
            return
        yield from self._values(moments, used)

    def _why_not(self, moments: Moments, used: Sequence[Factor]) -> str:
        columns = len(moments.owner)
        if moments.n < columns + 2:
            return f"{moments.n} observations are too few for {columns} columns"
        if not moments.variance:
            return f"{self.outcome} is the same everywhere"
        if found := shares.collinear(moments):
            names = " and ".join(used[factor].name for factor in found)
            return f"{names} say the same; leave one out"
        return ""

    def _undefined(self, used: Sequence[Factor], n: int, why: str) -> Iterator[Value]:
        for factor in used:
            yield _nothing(factor.name, n, why)
        yield Value("outcome", self.outcome, "r2", math.nan, n=n, why=why)

    def _values(self, moments: Moments, used: Sequence[Factor]) -> Iterator[Value]:
        n, explained = moments.n, shares.explained(moments)
        r2 = float(explained.sum())
        adjusted = 1 - (1 - r2) * (n - 1) / (n - 1 - len(moments.owner))
        yield Value("outcome", self.outcome, "r2", r2, n=n)
        yield Value("outcome", self.outcome, "adjusted_r2", adjusted, n=n)
        spreads = shares.spreads(moments)
        for place, factor in enumerate(used):
            if adjusted > 0:
                share = float(explained[place]) / r2
                yield Value("factor", factor.name, "importance", share, n=n)
            else:
                yield _nothing(factor.name, n, _NO_MORE)
            yield Value("factor", factor.name, "spread", float(spreads[place]), n=n)
            yield from _directions(moments, factor, moments.owner == place)


def _directions(
    moments: Moments, factor: Factor, own: npt.NDArray[np.bool_]
) -> Iterator[Value]:
    """Yields the slope of a number, or what each level adds."""
    slopes = shares.slopes_of(moments)[own]
    if not factor.levels:
        yield Value("factor", factor.name, "slope", float(slopes[0]), n=moments.n)
        return
    rows = np.eye(len(factor.levels))[:, 1:]
    added = shares.attributions(slopes, rows, moments.mean[own]).sum(axis=1)
    hidden = [level.startswith(_HIDDEN) for level in factor.levels]
    cells = zip(factor.levels, factor.counts, added, hidden, strict=True)
    for level, n, value, is_hidden in cells:
        if not is_hidden:
            name = f"{factor.name}={level}"
            yield Value("level", name, "attribution", float(value), n=n)
    if any(hidden):
        n = sum(each for each, is_hidden in zip(factor.counts, hidden, strict=True)
                if is_hidden)  # fmt: skip
        yield Value("factor", factor.name, "hidden", sum(hidden), n=n)


def _nothing(name: str, n: int, why: str) -> Value:
    return Value("factor", name, "importance", math.nan, n=n, why=why)
