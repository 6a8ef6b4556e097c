"""BradleyTerry: how strong models are, judged by which was preferred to which."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.kinds.measure import ATTRIBUTES, Measure, Value
from affectflow.registry import Card
from affectflow_transforms.measures.pairwise.graph import cycles, listed, parts
from affectflow_transforms.measures.pairwise.names import (
    Spellings,
    several,
    spellings,
    sql_blank,
    sql_same,
)
from affectflow_transforms.measures.pairwise.strengths import strengths

Floats = npt.NDArray[np.float64]
Ties = Literal["half", "davidson", "drop"]

_Z = 1.959963984540054
"""Quantile for a 95 % interval."""
_PREFERENCE = "((preference - $low) / ($high - $low))"


def _column(name: str, type_: pa.DataType, doc: str) -> pa.Field:
    return pa.field(name, type_, metadata={"doc": doc})


class Played(NamedTuple):
    """Wins of models against each other, and ties.

    Attributes:
      names: of the models.
      wins: (models, models), of the first against the second.
      ties: (models, models), symmetric.
      sizes: (models), observations of each.
      said: how the names are spelt.
    """

    names: Sequence[str]
    wins: Floats
    ties: Floats
    sizes: Floats
    said: Spellings


@dataclass(kw_only=True)
class BradleyTerry(Measure):
    """Fits a strength to each model, from pairs in which one was preferred.

    A strength is a log: the odds that one of two is preferred are e to the power of
    the difference. They sum to 0. Preferences between the ends count partly for each
    side; the middle of the scale is a tie. Without `draws`, intervals come from
    Fisher's information. `spellings` lists models spelt in several ways, which count
    as one.

    In a lake the best and the worst of the replies to a message form a pair, as rated
    by an annotator (the view `preference_pairs`): which model wrote the better one?

    Args:
      ties: `half` a win for both; `davidson`, a separate outcome; or `drop`.
      low: the preference for the baseline.
      high: the preference for the model.
      attribute: in a lake, the attribute of a reply that names its model; its
        speaker's role if empty.
      annotator: in a lake, who rated, by the id or the start of it; all if empty.

    Raises:
      UsageError: `low` is not below `high`.
    """

    ties: Ties = "half"
    low: float = 0.0
    high: float = 1.0
    attribute: str = ""
    annotator: str = ""

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            _column("model", pa.string(), "one of the two"),
            _column("baseline", pa.string(), "the other"),
            _column("preference", pa.float64(), "`low` to `high`, the model is better"),
            _column("weight", pa.float64(), "how much it counts, above 0; else 1"),
            _column(
                "unit", pa.string(), "what intervals resample: an item or conversation"
            ),
        ]
    )
    needed: ClassVar[tuple[str, ...]] = ("model", "baseline", "preference")
    refuses: ClassVar[Mapping[str, str]] = {
        "a model or a baseline has no name": (
            f"{sql_blank('model')} OR {sql_blank('baseline')}"
        ),
        "compared with itself": sql_same("model", "baseline"),
        # To DuckDB, NaN is above all numbers.
        "the preference is outside the scale": "NOT preference BETWEEN $low AND $high",
        "the weight is not a number above 0": "weight <= 0 OR NOT isfinite(weight)",
    }
    keys: ClassVar[tuple[str, ...]] = ("unit", "model", "baseline")
    query: ClassVar[str] = """
WITH named AS (
  SELECT utterance_id,
    CASE WHEN $attribute = '' THEN speaker_role ELSE attrs[$attribute] END AS name
  FROM utterances
)
SELECT better.name AS model, worse.name AS baseline, $high AS preference,
  conversation_id AS unit, annotator_id, chosen_id AS utterance_id
FROM preference_pairs
JOIN named AS better ON better.utterance_id = chosen_id
JOIN named AS worse ON worse.utterance_id = rejected_id
WHERE $annotator = '' OR annotator_id = $annotator
"""
    annotators: ClassVar[tuple[str, ...]] = ("annotator",)
    chooses: ClassVar[Mapping[str, str]] = {
        "attribute": ATTRIBUTES,
    }
    wants: ClassVar[str] = (
        "several replies to one message, rated for the task follow_up_reward"
    )
    state: ClassVar[str] = f"""
WITH counted AS (
  SELECT unit, model, baseline, {_PREFERENCE} AS p, coalesce(weight, 1) AS w
  FROM observations
)
SELECT
  unit,
  model,
  baseline,
  coalesce(sum(w * p) FILTER (p <> 0.5), 0.0) AS won,
  coalesce(sum(w * (1 - p)) FILTER (p <> 0.5), 0.0) AS lost,
  coalesce(sum(w) FILTER (p = 0.5), 0.0) AS tied,
  count(*) AS n
FROM counted
GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="how strong models are, judged by which was preferred to which",
        answers="which model is best, although not all were compared with each other?",
        example="affectflow measure BradleyTerry pairs.csv --set ties=davidson",
        misleads="one number per model: it does not show that a beats b, b beats c and "
        "c beats a; strengths of two tables are not on one scale",
    )

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise UsageError(
                f"`low` must be below `high`, got {self.low} and {self.high}"
            )

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the strength of each model."""
        played = _played(state)
        for name, ways in several(played.said).items():
            n = int(played.sizes[played.names.index(name)])
            yield Value("model", name, "spellings", len(ways), n=n)
        wins, ties = _with_ties(played, self.ties)
        why = _unlinked(played, wins, ties)
        kept, apart = ([], {}) if why else _finite(wins + ties, played.names)
        for place, name in enumerate(played.names):
            if place not in kept:
                n, reason = int(played.sizes[place]), why or apart[place]
                yield Value("model", name, "strength", math.nan, n=n, why=reason)
        if kept:
            yield from self._fitted(played, kept, wins, ties)

    def _fitted(
        self, played: Played, kept: Sequence[int], wins: Floats, ties: Floats
    ) -> Iterator[Value]:
        own = np.ix_(kept, kept)
        found = strengths(wins[own], ties[own])
        width = math.nan if self.draws else _Z
        for place, value, error in zip(kept, found.values, found.errors, strict=True):
            name, n, half = played.names[place], int(played.sizes[place]), width * error
            yield Value("model", name, "strength", value, value - half, value + half, n)
        if self.ties == "davidson":
            n, half = int(played.sizes.sum() / 2), width * found.tie_error
            low, high = found.tie - half, found.tie + half
            why = "" if ties[own].any() else "no ties among those that are compared"
            yield Value("ties", "(all)", "log_v", found.tie, low, high, n, why)


def _played(state: pa.Table) -> Played:
    """Returns a state as matrices."""
    rows = state.to_pydict()
    spelt = [*rows["model"], *rows["baseline"]]
    said = spellings(spelt, [*rows["n"], *rows["n"]])
    names = sorted(set(said.values()))
    place = {name: number for number, name in enumerate(names)}
    first, second = (
        [place[said[each]] for each in rows[side]] for side in ("model", "baseline")
    )
    wins, ties = (np.zeros((len(names), len(names))) for _ in range(2))
    np.add.at(wins, (first, second), rows["won"])
    np.add.at(wins, (second, first), rows["lost"])
    np.add.at(ties, (first, second), rows["tied"])
    # A name with a blank of another kind can still meet itself.
    np.fill_diagonal(wins, 0)
    np.fill_diagonal(ties, 0)
    times = np.array([*rows["n"], *rows["n"]], dtype=np.float64)
    sizes = np.bincount([*first, *second], times, len(names)).astype(np.float64)
    return Played(names, wins, ties + ties.T, sizes, said)


def _with_ties(played: Played, ties: Ties) -> tuple[Floats, Floats]:
    """Returns wins and ties after applying one of the ways to count ties."""
    none = np.zeros_like(played.ties)
    if ties == "half":
        return played.wins + played.ties / 2, none
    return played.wins, played.ties if ties == "davidson" else none


def _unlinked(played: Played, wins: Floats, ties: Floats) -> str:
    """Returns why no strength can be determined; empty if some can."""
    if not played.wins.any():
        return "ties only"
    groups = parts(wins + ties)
    if len(groups) > 1:
        return f"compared only within separate groups: {listed(groups, played.names)}"
    return ""


def _finite(wins: Floats, names: Sequence[str]) -> tuple[Sequence[int], dict[int, str]]:
    """Returns which strengths are finite, and why the others are not."""
    groups = [group for group in cycles(wins) if len(group) > 1]
    kept = groups[0] if len(groups) == 1 else []
    why = f"one group always won against another: {listed(groups, names)}"
    apart = {}
    for place in set(range(len(wins))) - set(kept):
        lost, won = wins[:, place].any(), wins[place].any()
        alone = "always won or always lost, so its strength is not finite"
        reason = "never lost" if not lost else "never won" if not won else alone
        apart[place] = why if any(place in group for group in groups) else reason
    return kept, apart
