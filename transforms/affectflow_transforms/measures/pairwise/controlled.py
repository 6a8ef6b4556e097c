"""Each model against its baseline, at equal nuisances: by one of four regressions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from affectflow_transforms.measures.pairwise import joint
from affectflow_transforms.measures.pairwise.lasso import lasso
from affectflow_transforms.measures.pairwise.table import PairTable

Floats = npt.NDArray[np.float64]

Variant = Literal["shrunk", "minimal", "noreg", "v1"]
Standard = Literal["model", "given"]

MIN_ITEMS = 10
MIN_MODELS = 3
# Held to the baseline by 0.2 in all, as `length_controlled_v1` is; half by each of the
# two ways to ask it.
_GAMED_WEIGHT = 0.1
# From here on a gap is extreme: 10 points, and a quarter of the way that was left.
_FAR, _SHARE = 0.1, 0.25
_EVEN = "a nuisance differs from the baseline's always by as much"


@dataclass(frozen=True, kw_only=True, eq=False)
class Contest:
    """A model against its baseline.

    Args:
      model: its name.
      baseline: its name.
      rows: the pairs of the two.
      difficulty: (items); 0 where the variant has none.
      strength: of the model, in logits; 0 is that of the baseline.
      pull: how much more the model is preferred on an item that is easier by 1.
      why: why nothing was fitted; empty if it was.
    """

    model: str
    baseline: str
    rows: PairTable
    difficulty: Floats
    strength: float = math.nan
    pull: float = math.nan
    why: str = ""

    @property
    def name(self) -> str:
        """What a value belongs to."""
        return f"{self.model} vs {self.baseline}"

    @property
    def is_itself(self) -> bool:
        """Whether the model is the baseline."""
        return self.model == self.baseline

    @property
    def size(self) -> int:
        """How many observations there are."""
        return int(self.rows.weight.sum())

    @property
    def win_rate(self) -> float:
        """The mean preference for the model, 0..1."""
        return float(self.rows.weight @ self.rows.preference / self.rows.weight.sum())

    @property
    def standard_error(self) -> float:
        """The standard error of the win rate; NaN for one observation."""
        if self.size < 2:
            return math.nan
        off = (self.rows.preference - self.win_rate) ** 2
        variance = float(self.rows.weight @ off) / (self.size - 1)
        return math.sqrt(variance / self.size)

    @property
    def controlled(self) -> float:
        """The win rate at equal nuisances, 0..1: the mean over the model's items."""
        said = expit(self.strength + self.pull * self.difficulty[self.rows.item])
        return float(self.rows.weight @ said / self.rows.weight.sum())

    @property
    def is_extreme(self) -> bool:
        """Whether the two rates are so far apart that the fit may have failed."""
        raw, controlled = self.win_rate, self.controlled
        low = min(raw - raw * _SHARE, raw - _FAR)
        high = max(raw + (1 - raw) * _SHARE, raw + _FAR)
        return not low <= controlled <= high

    @property
    def constant(self) -> list[int]:
        """Which nuisances are the same in all answers; none if there are few items."""
        if len(np.unique(self.rows.item)) < MIN_ITEMS:
            return []
        return np.flatnonzero(np.ptp(self.rows.amounts, axis=0) == 0).tolist()

    @property
    def of_baseline(self) -> "Contest":
        """The contest of the baseline with itself."""
        return replace(self, model=self.baseline, strength=0.0, pull=0.0, why="")

    def versus(self, other: "Contest") -> float:
        """Returns how often the model is preferred to another of this baseline."""
        pull = self.pull - other.pull
        return float(
            np.mean(expit(self.strength - other.strength + pull * self.difficulty))
        )


def contests(
    table: PairTable, items: int, variant: Variant, standard: Standard
) -> list[Contest]:
    """Returns what is known of each model, by baseline."""
    found = []
    for own in table.parts("baseline"):
        found += _of_baseline(own, items, variant, standard)
    return found


def difficulties(
    table: PairTable, items: int, standard: Standard
) -> tuple[Floats, str]:
    """Returns the difficulty of each item for one baseline, or why there is none.

    It is above 0 where models do well. Given difficulties are used if all rows have
    one.
    """
    known = ~np.isnan(table.difficulty)
    if known.any():
        found = np.zeros(items)
        found[table.item] = table.difficulty
        return found, "" if known.all() else "`difficulty` is missing in some rows"
    usable = _usable(_contests(table, items, standard))
    if len(usable) < MIN_MODELS:
        return np.zeros(items), (
            f"fewer than {MIN_MODELS} models to tell which items are hard; "
            "set variant=minimal"
        )
    return joint.difficulties(_preferences(usable, standard), items), ""


def _of_baseline(
    table: PairTable, items: int, variant: Variant, standard: Standard
) -> list[Contest]:
    """Returns the contests of one baseline, fitted where they can be."""
    found = _contests(table, items, standard)
    usable = _usable(found)
    gamed = table.where(slice(int(table.gamed.sum())))  # they come first
    difficulty, why = np.zeros(items), ""
    if variant != "minimal":
        difficulty, why = difficulties(table, items, standard)
    why = why or _lacking(variant, usable, gamed)
    if why:
        return [replace(e, why=why) if e in usable else e for e in found]
    found = [replace(each, difficulty=difficulty) for each in found]
    usable = _usable(found)
    if variant == "shrunk":
        fitted = _together(usable, standard)
    else:
        with_difficulty = variant != "minimal"
        held = gamed if variant == "v1" else table.where(slice(0))
        fitted = [_alone(each, held, standard, with_difficulty) for each in usable]
    known = {each.model: each for each in fitted}
    return [known.get(each.model, each) for each in found]


def _lacking(variant: Variant, usable: Sequence[Contest], gamed: PairTable) -> str:
    """Returns what a variant needs but does not have."""
    if variant == "shrunk" and len(usable) < MIN_MODELS:
        return f"fewer than {MIN_MODELS} models to fit together; set variant=minimal"
    if variant == "v1" and not len(gamed.item):
        return "no row is `gamed`, to which variant=v1 is held"
    if variant == "v1" and any(map(_is_even, gamed.parts("model"))):
        return f"`gamed` rows: {_EVEN}"
    return ""


def _contests(table: PairTable, items: int, standard: Standard) -> list[Contest]:
    """Returns the contests of one baseline, with the reasons against a fit."""
    found = []
    plain = table.where(slice(int(table.gamed.sum()), None))  # gamed rows come first
    for rows in plain.parts("model"):
        each = Contest(
            model=rows.names[rows.model[0]],
            baseline=rows.names[rows.baseline[0]],
            rows=rows,
            difficulty=np.zeros(items),
        )
        unusable = replace(each, why=_unusable(rows))
        found.append(each.of_baseline if each.is_itself else unusable)
    return found


def _usable(found: Sequence[Contest]) -> list[Contest]:
    return [each for each in found if not each.why and not each.is_itself]


def _unusable(rows: PairTable) -> str:
    """Returns why nothing can be fitted to the rows of a model; empty if it can."""
    if len(np.unique(rows.item)) < MIN_ITEMS:
        return f"fewer than {MIN_ITEMS} items"
    if np.ptp(rows.preference) == 0:
        return f"all its preferences are {rows.preference[0]:g}"
    return _EVEN if _is_even(rows) else ""


def _is_even(rows: PairTable) -> bool:
    return bool(np.any(np.ptp(rows.differences, axis=0) == 0))


def _nuisances(rows: PairTable, standard: Standard) -> Floats:
    """Returns the nuisances of one model, (rows, nuisances), -1..1."""
    if standard == "given":
        return np.tanh(rows.differences)
    mean = np.average(rows.differences, axis=0, weights=rows.weight)
    squares = rows.weight @ (rows.differences - mean) ** 2
    return np.tanh(rows.differences / np.sqrt(squares / (rows.weight.sum() - 1)))


# -- fits ------------------------------------------------------------------------------


def _preferences(
    usable: Sequence[Contest], standard: Standard
) -> list[joint.Preferences]:
    """Returns the rows of each model, to be fitted together."""
    return [
        joint.Preferences(
            preference=each.rows.preference,
            weight=each.rows.weight,
            item=each.rows.item,
            nuisances=_nuisances(each.rows, standard),
        )
        for each in usable
    ]


def _together(usable: Sequence[Contest], standard: Standard) -> list[Contest]:
    """Returns contests with the weights of one fit."""
    weights = joint.shrunk(_preferences(usable, standard), usable[0].difficulty)
    return [
        replace(each, strength=float(own[0]), pull=float(own[-1]))
        for each, own in zip(usable, weights, strict=True)
    ]


def _alone(
    each: Contest, gamed: PairTable, standard: Standard, with_difficulty: bool
) -> Contest:
    """Returns a contest with the weights of its own fit."""
    tables = [*gamed.parts("model"), each.rows]
    features = [
        np.column_stack(
            [
                _nuisances(rows, standard),
                *([each.difficulty[rows.item]] if with_difficulty else []),
                ~rows.gamed,
            ]
        )
        for rows in tables
    ]
    weight = [rows.weight * np.where(rows.gamed, _GAMED_WEIGHT, 1) for rows in tables]
    found = lasso(
        np.vstack(features),
        np.concatenate([rows.preference for rows in tables]),
        np.concatenate(weight),
    )
    pull = float(found[-2]) if with_difficulty else 0.0
    return replace(each, strength=float(found[-1]), pull=pull)
