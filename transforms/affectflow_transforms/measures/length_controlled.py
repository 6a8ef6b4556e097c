"""LengthControlled: how often a model would be preferred at equal answer length.

Length-controlled AlpacaEval: Dubois et al. 2024 (arXiv 2404.04475). The regressions are
in `pairwise.joint` and, as the authors' package alpaca_eval fits them, in
`pairwise.lasso`.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.kinds.measure import Measure, Value
from affectflow.registry import Card
from affectflow_transforms.measures.pairwise.controlled import (
    Contest,
    Standard,
    Variant,
    contests,
    difficulties,
)
from affectflow_transforms.measures.pairwise.names import key, several, sql_blank
from affectflow_transforms.measures.pairwise.table import (
    BASELINE,
    PairTable,
    read_pairs,
)
from affectflow_transforms.measures.truth import sql_truth

_TAKEN = ("item", "model", "baseline", "preference", "gamed", "difficulty", "unit", "n")


def _column(name: str, type_: pa.DataType, doc: str) -> pa.Field:
    return pa.field(name, type_, metadata={"doc": doc})


def _reads(nuisances: Sequence[str]) -> pa.Schema:
    number, text = pa.float64(), pa.string()
    return pa.schema(
        [
            _column("item", text, "what both answered: an instruction, or a message"),
            _column("model", text, "who is compared"),
            _column("baseline", text, "with whom"),
            _column(
                "preference", number, "`low` to `high`, the model's answer is better"
            ),
            *(
                _column(name, number, "length or other nuisance of the model's answer")
                for name in nuisances
            ),
            *(
                _column(BASELINE + name, number, "the same for the baseline's answer")
                for name in nuisances
            ),
            _column("difficulty", number, "difficulty of the item, if known"),
            _column(
                "gamed",
                text,
                "whether the model is the baseline, told to be longer or shorter: 1 or "
                "0, true or false, yes or no; empty is no",
            ),
            _column("unit", text, "what intervals resample; the item if empty"),
        ]
    )


def _state(nuisances: Sequence[str]) -> str:
    both = [f'"{start}{name}"' for start in ("", BASELINE) for name in nuisances]
    return f"""
SELECT
  coalesce(unit, item) AS unit,
  item,
  model,
  baseline,
  coalesce({sql_truth("gamed")}, false) AS gamed,
  (preference - $low) / ($high - $low) AS preference,
  difficulty,
  {", ".join(both)},
  count(*) AS n
FROM observations
GROUP BY ALL
"""


def _refuses(nuisances: Sequence[str]) -> dict[str, str]:
    numbers = [f'"{start}{name}"' for name in nuisances for start in ("", BASELINE)]
    return {
        "a model or a baseline has no name": (
            f"{sql_blank('model')} OR {sql_blank('baseline')}"
        ),
        # To DuckDB, NaN is above all numbers.
        "the preference is outside the scale": "NOT preference BETWEEN $low AND $high",
        "a nuisance is not a number": " OR ".join(
            f"NOT isfinite({n})" for n in numbers
        ),
        "a difficulty is not a number": "NOT isfinite(difficulty)",
        "gamed is not 1 or 0, true or false, yes or no": (
            f"gamed IS NOT NULL AND ({sql_truth('gamed')}) IS NULL"
        ),
    }


@dataclass(kw_only=True)
class LengthControlled(Measure):
    """Estimates how often models are preferred, and how often at equal answer length.

    Of each model: `win_rate` and its `standard_error` as they are, `length_controlled`,
    and the `gap` between the two rates; all 0..1. A gap that is far is `extreme_gap`;
    `one_length` is said of a model all of whose answers are as long, and `spellings` of
    one that is spelt in several ways, which count as one.

    Variants: `shrunk`, the default, fits all models together and needs three or more.
    The others are those of the authors' package, for each model alone: `minimal`
    without difficulties, `noreg` with them, `v1` held to answers of the baseline that
    was told to be longer or shorter (`gamed`).

    Args:
      variant: shrunk, minimal, noreg or v1.
      nuisance: columns whose effect is taken out; each has another that begins with
        `baseline_`.
      low: the preference for the baseline.
      high: the preference for the model.
      standard: `model`, differences are divided by their standard deviation of each
        model; or `given`, they are taken as they are.
      against: the model that all are compared with, by what was fitted; their baseline
        if empty.
      tell: `models`, or the difficulties of the `items`: above 0 where models do well.

    Raises:
      UsageError: an option makes no sense.
    """

    variant: Variant = "shrunk"
    nuisance: tuple[str, ...] = ("length",)
    low: float = 0.0
    high: float = 1.0
    standard: Standard = "model"
    against: str = ""
    tell: Literal["models", "items"] = "models"

    reads: ClassVar[pa.Schema] = _reads(("length",))
    needed: ClassVar[tuple[str, ...]] = (
        *("item", "model", "baseline", "preference", "length"),
        f"{BASELINE}length",
    )
    refuses: ClassVar[dict[str, str]] = _refuses(("length",))
    keys: ClassVar[tuple[str, ...]] = tuple(name for name in _reads(("length",)).names)
    state: ClassVar[str] = _state(("length",))
    chooses: ClassVar[dict[str, str]] = {
        "against": "SELECT unnest([model, baseline]) FROM observations",
    }
    card: ClassVar[Card] = Card(
        summary="how often a model would be preferred at equal length of answers",
        answers="is a model better, or does it only write more?",
        example="affectflow measure LengthControlled pairs.csv",
        misleads="a constant answer that games the judge gains even more; what goes "
        "with length, such as care, is removed with it; other variants and other "
        "models beside it give other figures",
    )

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise UsageError(
                f"`low` must be below `high`, got {self.low} and {self.high}"
            )
        for name in self.nuisance:
            if name in _TAKEN or not name.replace("_", "a").isalnum():
                raise UsageError(
                    f"`nuisance` must name a column of numbers, got {name!r}"
                )
        if not self.nuisance or len(set(self.nuisance)) < len(self.nuisance):
            raise UsageError(
                "`nuisance` must name at least one column, and each only once"
            )
        # The nuisances are columns too, so what is read depends on an option.
        reads = _reads(self.nuisance)
        optional = ("difficulty", "gamed", "unit")
        vars(self).update(
            reads=reads,
            needed=tuple(name for name in reads.names if name not in optional),
            refuses=_refuses(self.nuisance),
            keys=tuple(reads.names),
            state=_state(self.nuisance),
        )

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields what is known of each model, or the difficulty of each item."""
        table, items, said = read_pairs(state, self.nuisance)
        if self.tell == "items":
            yield from self._difficulties(table, items)
            return
        for name, ways in several(said).items():
            places = table.model == table.names.index(name)
            times = int(table.weight[places].sum())
            yield Value("model", name, "spellings", len(ways), n=times)
        found = contests(table, len(items), self.variant, self.standard)
        if self.against:
            yield from self._versus(found)
        else:
            for each in found:
                yield from _figures(each, self.nuisance)

    def _difficulties(self, table: PairTable, items: Sequence[str]) -> Iterator[Value]:
        for own in table.parts("baseline"):
            found, why = difficulties(own, len(items), self.standard)
            label = f"difficulty against {own.names[own.baseline[0]]}"
            if why:
                yield Value("items", "(all)", label, math.nan, why=why)
                continue
            times = np.bincount(own.item, own.weight, len(items))
            for place in np.flatnonzero(times).tolist():
                value, n = float(found[place]), int(times[place])
                yield Value("item", items[place], label, value, n=n)

    def _versus(self, found: Sequence[Contest]) -> Iterator[Value]:
        """Yields how often each model is preferred to one of them."""
        for baseline in dict.fromkeys(each.baseline for each in found):
            own = [each for each in found if each.baseline == baseline]
            known = {key(each.model): each for each in [own[0].of_baseline, *own]}
            other = known.get(key(self.against))
            label = f"length_controlled through {baseline}"
            for each in own:
                why = f"no model is named {self.against!r}" if other is None else ""
                why = why or each.why or (other.why if other else "")
                value = math.nan if why or not other else each.versus(other)
                name = f"{each.model} vs {other.model if other else self.against}"
                yield Value("model", name, label, value, n=each.size, why=why)


def _figures(each: Contest, nuisances: Sequence[str]) -> Iterator[Value]:
    """Yields what is known of a model against its baseline."""
    raw, n, error = each.win_rate, each.size, each.standard_error
    yield Value("model", each.name, "win_rate", raw, n=n)
    why = "one observation" if math.isnan(error) else ""
    yield Value("model", each.name, "standard_error", error, n=n, why=why)
    for place in each.constant:
        amount = float(each.rows.amounts[0, place])
        yield Value("model", each.name, f"one_{nuisances[place]}", amount, n=n)
    value = math.nan if each.why else each.controlled
    yield Value("model", each.name, "length_controlled", value, n=n, why=each.why)
    if each.why:
        return
    label = "extreme_gap" if each.is_extreme else "gap"
    yield Value("model", each.name, label, each.controlled - raw, n=n)
