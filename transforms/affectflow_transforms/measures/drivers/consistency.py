"""ImportanceConsistency: whether cohorts or models agree on what goes with an outcome.

From row 39 of the literature (arXiv 2402.12398): the mean size of a factor's
attributions, divided by the sum over factors, is a distribution of importance; models
and cohorts are compared by it.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import pyarrow as pa

from affectflow.kinds.measure import Measure, Value
from affectflow.registry import Card
from affectflow_transforms.measures.drivers.shares import Floats

MAX_COHORTS = 100
"""All pairs are compared: 4,950."""


class Cohort(NamedTuple):
    """A cohort or model, and how it distributes importance over its factors."""

    name: str
    shares: Mapping[str, float]
    n: int


def divergence(p: Floats, q: Floats) -> float:
    """Returns KL(p || q) in nats (Kullback and Leibler 1951); infinite if q lacks some.

    Args:
      p: a distribution.
      q: another, over the same factors.
    """
    there = p > 0
    if np.any(q[there] <= 0):
        return math.inf
    return float(np.sum(p[there] * np.log(p[there] / q[there])))


def rank_agreement(p: Floats, q: Floats) -> float:
    """Returns Kendall's tau-b of two rankings, -1..1; NaN if one is all ties."""
    from scipy.stats import kendalltau

    return float(kendalltau(p, q).statistic)


_DIFFERS = (
    "CASE WHEN (SELECT count(DISTINCT {0}) FROM found) > 1 THEN nullif({0}, '') END"
)
_CALLED = ", ".join(_DIFFERS.format(name) for name in ("outcome", "annotator"))


@dataclass(kw_only=True)
class ImportanceConsistency(Measure):
    """Compares how cohorts or models distribute importance over the same factors.

    The importance of a factor is the mean size of its attributions; a cohort's sum to
    1. Of each pair of cohorts: `kl`, the divergence of the second from the first in
    nats, both ways; and `kendall_tau`, how alike they rank factors, 1 for the same
    order and -1 for the reverse. Of each factor the `consensus`, its mean share; of
    each cohort the `kl` of the consensus from it. Of all pairs: the mean `kendall_tau`.

    In a lake it reads what `DriverImportance` stored in `measures`: groups are cohorts,
    and so are annotators, outcomes and factors if they differ.

    Args:
      outcome: only importance for this outcome, in a lake; all if empty.
    """

    outcome: str = ""

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("cohort", pa.string(), metadata={"doc": "a cohort, or a model"}),
            pa.field("factor", pa.string(), metadata={"doc": "the factor"}),
            pa.field("attribution", pa.float64(), metadata={
                "doc": "attribution of the factor in one answer, or its importance"}),
            pa.field("unit", pa.string(), metadata={
                "doc": "what intervals resample: a conversation"}),
        ]
    )  # fmt: skip
    needed: ClassVar[tuple[str, ...]] = ("cohort", "factor", "attribution")
    refuses: ClassVar[Mapping[str, str]] = {
        "an attribution is not finite": "NOT isfinite(attribution)"
    }
    query: ClassVar[str] = f"""
WITH here AS (
  SELECT *, count("group") OVER (PARTITION BY parameters) > 0 AS is_grouped,
    array_to_string(
      json_extract_string(parameters, '$.options.factors[*]'), ','
    ) AS factors,
    json_extract_string(parameters, '$.options.told') AS told
  FROM drivers WHERE $outcome = '' OR outcome = $outcome
),
found AS (
  SELECT * FROM here WHERE NOT is_grouped OR "group" <> '(all)'
),
called AS (SELECT *, concat_ws(' ', "group", {_CALLED}) AS name FROM found)
SELECT factor, importance AS attribution,
  -- What else differs tells cohorts of one name apart.
  concat_ws(
    ' ',
    nullif(name, ''),
    CASE
      WHEN name = '' OR count(DISTINCT parameters) OVER (PARTITION BY name) > 1
      THEN concat_ws(' ', told, nullif(grouped_by, ''), factors)
    END
  ) AS cohort
FROM called
"""
    chooses: ClassVar[Mapping[str, str]] = {
        "outcome": "SELECT outcome FROM drivers",
    }
    wants: ClassVar[str] = (
        "values of DriverImportance: first run `affectflow measure DriverImportance "
        "LAKE --by container`"
    )
    keys: ClassVar[tuple[str, ...]] = ("unit", "cohort", "factor")
    state: ClassVar[str] = """
SELECT unit, cohort, factor, count(*) AS n, sum(abs(attribution)) AS size
FROM observations GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="whether cohorts or models agree on what goes with an outcome",
        answers="do the same circumstances matter everywhere?",
        example="affectflow measure ImportanceConsistency lake --set "
        "outcome=frustration",
        misleads="with few factors, cohorts agree by chance: of three, one order in "
        "six is the same; importance that rests on little explained variance agrees "
        "with nothing",
    )

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the consensus, each cohort against it, and each pair."""
        cohorts, left_out = _comparable(_cohorts(state))
        for cohort, why in left_out:
            yield Value("cohort", cohort.name, "kl", math.nan, n=cohort.n, why=why)
        if not cohorts:
            return
        factors = sorted(cohorts[0].shares)
        each = np.array([[one.shares[factor] for factor in factors] for one in cohorts])
        consensus = each.mean(axis=0)
        for factor, share in zip(factors, consensus.tolist(), strict=True):
            yield Value("factor", factor, "consensus", share, n=len(cohorts))
        for cohort, own in zip(cohorts, each, strict=True):
            yield _diverges("cohort", cohort.name, consensus, own, cohort.n)
        yield from _pairs(cohorts, each)


def _cohorts(state: pa.Table) -> list[Cohort]:
    means: dict[str, dict[str, float]] = {}
    counts: dict[str, int] = {}
    for row in state.to_pylist():
        name = row["cohort"]
        means.setdefault(name, {})[row["factor"]] = row["size"] / row["n"]
        counts[name] = counts.get(name, 0) + row["n"]
    return [Cohort(name, _shares(means[name]), counts[name]) for name in sorted(means)]


def _shares(sizes: Mapping[str, float]) -> Mapping[str, float]:
    total = sum(sizes.values())
    return {factor: size / total for factor, size in sizes.items()} if total else {}


def _comparable(
    cohorts: Sequence[Cohort],
) -> tuple[list[Cohort], list[tuple[Cohort, str]]]:
    """Returns the cohorts that have the same factors, as most have, and the others."""
    sets = Counter(tuple(sorted(one.shares)) for one in cohorts if one.shares)
    most = min(sets, key=lambda each: (-sets[each], each), default=())
    found, left_out = [], []
    for one in cohorts:
        if why := _not_like(one, most):
            left_out.append((one, why))
        else:
            found.append(one)
    if why := _too_few(found, most):
        return [], [*left_out, *((one, why) for one in found[:MAX_COHORTS])]
    return found, left_out


def _not_like(cohort: Cohort, factors: Sequence[str]) -> str:
    if not cohort.shares:
        return "nothing is attributed to any factor"
    if other := sorted(set(cohort.shares) ^ set(factors)):
        return f"its factors differ from those of most cohorts: {', '.join(other)}"
    return ""


def _too_few(cohorts: Sequence[Cohort], factors: Sequence[str]) -> str:
    if len(cohorts) < 2:
        return "there is no other cohort to compare it with"
    if len(cohorts) > MAX_COHORTS:
        return f"{len(cohorts):,} cohorts, but at most {MAX_COHORTS} can be compared"
    if len(factors) < 2:
        return "there is only one factor, which has all the importance"
    return ""


def _diverges(unit_type: str, name: str, p: Floats, q: Floats, n: int) -> Value:
    found = divergence(p, q)
    if math.isinf(found):
        why = "a factor has no importance in one of them, so it is infinite"
        return Value(unit_type, name, "kl", math.nan, n=n, why=why)
    return Value(unit_type, name, "kl", found, n=n)


def _pairs(cohorts: Sequence[Cohort], each: Floats) -> Iterator[Value]:
    taus, factors = [], each.shape[1]
    for one, other in itertools.combinations(range(len(cohorts)), 2):
        names = f"{cohorts[one].name} | {cohorts[other].name}"
        back = f"{cohorts[other].name} | {cohorts[one].name}"
        yield _diverges("cohorts", names, each[one], each[other], factors)
        yield _diverges("cohorts", back, each[other], each[one], factors)
        taus.append(rank_agreement(each[one], each[other]))
        yield _agrees(names, taus[-1], factors)
    yield _agrees("(all)", float(np.mean(taus)), len(taus))


def _agrees(names: str, tau: float, n: int) -> Value:
    why = "one ranks no factor above another" if math.isnan(tau) else ""
    return Value("cohorts", names, "kendall_tau", tau, n=n, why=why)
