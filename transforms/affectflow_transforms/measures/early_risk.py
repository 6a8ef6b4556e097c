"""EarlyRisk: how soon a problem is detected in a stream of posts.

ERDE is from Losada and Crestani 2016 (CLEF eRisk): the mean cost of decisions over
units, which for a detected case rises with the number of posts it took.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from affectflow.batches import counting
from affectflow.errors import UsageError
from affectflow.kinds.measure import ATTRIBUTES, TASKS, Measure, Value
from affectflow.registry import Card
from affectflow_transforms.measures.ranking import Flags, Floats, auc
from affectflow_transforms.models.ranges import spelt

_POLICY = """
WITH units AS (
  SELECT who, min(posts) AS times, sum(cases) > 0 AS is_case FROM state GROUP BY who
),
states AS (
  SELECT who, place, sum(score / times) OVER (PARTITION BY who ORDER BY place) AS sum
  FROM state JOIN units USING (who)
)
SELECT who, times::DOUBLE AS times, is_case,
  coalesce(min(place) FILTER (sum > $threshold), 'inf'::DOUBLE) AS seen_at,
  arg_max(sum, place) AS at_end{after}
FROM states JOIN units USING (who)
GROUP BY ALL
ORDER BY who
"""
_LABELS = """
SELECT label FROM annotations WHERE $column = '' AND task = $gold
UNION ALL
SELECT attrs[$column] FROM utterances WHERE $column <> ''
"""
_YES = "lower(trim(truth)) IN ('1', '1.0', 'true', 'yes')"
_NO = "lower(trim(truth)) IN ('0', '0.0', 'false', 'no')"
_AFTER = ",\n  coalesce(arg_max(sum, place) FILTER (place <= {k}), 0) AS after_{k}"


class Decisions(NamedTuple):
    """What a policy decided about units, each of shape (units,).

    Attributes:
      is_case: whether there was something to detect.
      seen_at: after how many posts it was flagged; infinite if never.
      times: how often a unit counts.
    """

    is_case: Flags
    seen_at: Floats
    times: Floats


def erde(decisions: Decisions, o: float, false_alarm_cost: float) -> float:
    """Returns the mean cost of decisions, 0 for the best.

    Args:
      decisions: of units.
      o: after so many posts a case that is seen costs half.
      false_alarm_cost: of a flagged unit that is not a case; a missed case costs 1.
    """
    is_seen = np.isfinite(decisions.seen_at)
    late = np.where(is_seen, decisions.seen_at, o) - o
    # 1 - 1 / (1 + e^late), written so that it does not overflow.
    of_case = np.where(is_seen, 0.5 * (1 + np.tanh(late / 2)), 1.0)
    cost = np.where(decisions.is_case, of_case, is_seen * false_alarm_cost)
    return float(np.average(cost, weights=decisions.times))


def _column(name: str, type_: pa.DataType, doc: str) -> pa.Field:
    return pa.field(name, type_, metadata={"doc": doc})


@dataclass(kw_only=True)
class EarlyRisk(Measure):
    """Flags units as soon as the sum of their posts' scores exceeds a threshold.

    A flag is never taken back. `auc` says how well the sums rank cases above other
    units, `precision` which share of flagged units are cases, `recall` which share of
    cases is flagged, `delay` after how many posts on average, and
    `precision_of_first_tenth` which share of the tenth with the highest sums are cases;
    `..._after_K` says it of what is known after K posts. `erde_O` has a value only
    where cases are rare: elsewhere it is lowest for whoever flags all units at once.

    Args:
      unit: what is flagged, in a lake: a `conversation`, or a `speaker` over all
        conversations, for which --allow-person-level and --purpose are needed.
      annotator: whose scores are summed, in a lake: its id, or how it begins.
      task: of its scores; that of SS3 ends in `_value`. What speaks for other labels
        than `label` is taken away.
      label: the label that cases have, in a lake.
      gold: the task of people's labels, in a lake; a unit is a case if most who
        answered gave one of its posts `label`. Where they are evenly divided, and no
        other post makes it a case, it is left out.
      column: of `attrs`, which says it in the place of people's labels.
      threshold: a unit is flagged when its sum is above it.
      o: after so many posts a flag costs half, of ERDE.
      after: the K of what is known after K posts.
      false_alarm_cost: of ERDE; 0.1296 is the share of cases of eRisk 2017.
      below: ERDE has a value where the share of cases is below it.

    Raises:
      UsageError: `o` or `after` has a number below 1, `below` is not above 0 and up to
        1, `false_alarm_cost` is negative, or a number is not finite.
    """

    unit: Literal["conversation", "speaker"] = "conversation"
    annotator: str = ""
    task: str = "risk_value"
    label: str = ""
    gold: str = "risk"
    column: str = ""
    threshold: float = 0.0
    o: tuple[int, ...] = (5, 50)
    after: tuple[int, ...] = (1, 5, 10)
    false_alarm_cost: float = 0.1296
    below: float = 0.2

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            _column("unit", pa.string(), "what is flagged, usually a thread"),
            _column("place", pa.int64(), "position of the post in the unit, from 1"),
            _column(
                "score",
                pa.float64(),
                "evidence of the post for being a case, or against",
            ),
            _column(
                "truth",
                pa.string(),
                "this post makes the unit a case: 1, true or yes; 0, false or no",
            ),
        ]
    )
    needed: ClassVar[tuple[str, ...]] = ("unit", "place", "score", "truth")
    refuses: ClassVar[Mapping[str, str]] = {
        "the score is not a number": "NOT isfinite(score)",
        "the place is below 1": "place < 1",
        "the truth is not one of 0, 1, false, true, no, yes": f"NOT ({_YES} OR {_NO})",
    }
    keys: ClassVar[tuple[str, ...]] = ("unit", "who", "place")
    query: ClassVar[str] = """
WITH truths AS (
  -- Null where as many said no as yes.
  SELECT utterance_id, CASE
      WHEN bool_or(label = $label AND holds) THEN true
      WHEN count(*) FILTER (label = $label AND holds IS NULL) = 0 THEN false
    END AS is_case
  FROM majority WHERE $column = '' AND task = $gold GROUP BY utterance_id
  UNION ALL
  SELECT utterance_id, attrs[$column] = $label
  FROM utterances WHERE $column <> '' AND attrs[$column] IS NOT NULL
),
scores AS (
  SELECT utterance_id,
    sum(if(label = $label, 1, -1) * coalesce(value, score)) AS score
  FROM annotations
  WHERE annotator_id = $annotator AND task = $task AND label IS NOT NULL
  GROUP BY ALL
),
posts AS (
  SELECT utterance_id, if($unit = 'speaker', speaker_id, conversation_id) AS whose,
    row_number() OVER (PARTITION BY whose ORDER BY timestamp, utterance_id) AS place
  FROM utterances
),
judged AS (
  SELECT whose, bool_or(is_case) AS has_case, bool_or(is_case IS NULL) AS is_divided
  FROM posts JOIN truths USING (utterance_id) GROUP BY ALL
)
SELECT whose AS unit, place, score, utterance_id,
  if(is_divided AND has_case IS NOT true, NULL, coalesce(is_case, false)) AS truth
FROM posts
JOIN judged USING (whose)
LEFT JOIN truths USING (utterance_id)
LEFT JOIN scores USING (utterance_id)
WHERE EXISTS (FROM scores)
"""
    annotators: ClassVar[tuple[str, ...]] = ("annotator",)
    chooses: ClassVar[Mapping[str, str]] = {
        "task": TASKS,
        "gold": TASKS,
        "column": ATTRIBUTES,
        "label": _LABELS,
    }
    wants: ClassVar[str] = (
        "an annotator's scores (--set annotator=ID --set task=TASK) and, in the same "
        "conversations, people's labels (--set gold=TASK --set label=LABEL) or a "
        "column of attrs (--set column=NAME --set label=LABEL)"
    )
    state: ClassVar[str] = f"""
SELECT unit, unit AS who, place, sum(score) AS score, count(*) AS posts,
  count(*) FILTER ({_YES}) AS cases
FROM observations GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="how soon cases are seen in streams of posts: rank, precision, ERDE",
        answers="how early, and how accurately, does a score tell which threads go "
        "wrong?",
        example="affectflow measure EarlyRisk scores.csv --set o=5,50",
        misleads="where cases are common, flagging all at once gives a low ERDE; "
        "scores that were fitted to the same units look better than they are",
    )

    def __post_init__(self) -> None:
        if any(n < 1 for n in (*self.o, *self.after)):
            raise UsageError(
                f"`o` and `after` must be at least 1, got {spelt(self.o)} and "
                f"{spelt(self.after)}"
            )
        if not math.isfinite(self.threshold):
            raise UsageError(f"`threshold` must be finite, got {self.threshold:g}")
        if not 0 < self.below <= 1 or not 0 <= self.false_alarm_cost < math.inf:
            raise UsageError(
                "`below` must be above 0 and up to 1, and `false_alarm_cost` at least "
                f"0, got {self.below:g} and {self.false_alarm_cost:g}"
            )

    @property
    def touches(self) -> tuple[str, ...]:
        """Individuals, if speakers are flagged."""
        return (*self.card.touches, *(["person"] if self.unit == "speaker" else []))

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the figures of all units together."""
        found = self._decided(state)
        decisions = Decisions(
            *(np.asarray(found[name]) for name in ("is_case", "seen_at", "times"))
        )
        none = "" if decisions.is_case.any() else self._no_case
        for label, value, why in self._figures(decisions, found):
            yield Value(
                *("units", "(all)", label, math.nan if none else value),
                n=found.num_rows,
                why=none or why,
            )

    @property
    def _no_case(self) -> str:
        """Why there are no figures where no unit is a case."""
        if self.column:
            return f"no unit is a case: no value of {self.column} is {self.label!r}"
        if self.label:
            who = f"no post got {self.label!r} from most people, task {self.gold!r}"
            return f"no unit is a case: {who}"
        return "no unit is a case: no truth is 1, true or yes"

    def _decided(self, state: pa.Table) -> pa.Table:
        """Returns a row for each unit: when it was flagged, and its sums."""
        after = "".join(_AFTER.format(k=k) for k in dict.fromkeys(self.after))
        with counting.database().cursor() as connection:
            connection.register("state", state)
            found = connection.sql(
                _POLICY.format(after=after), params={"threshold": self.threshold}
            )
            return found.to_arrow_table()

    def _figures(
        self, decisions: Decisions, found: pa.Table
    ) -> Iterator[tuple[str, float, str]]:
        """Yields name, value and why there is none."""
        is_case, seen_at, times = decisions
        prevalence = float(np.average(is_case, weights=times))
        alike = "all units are cases"
        yield "prevalence", prevalence, ""
        yield "auc", _ranked(found, "at_end", decisions), alike
        yield "precision_of_first_tenth", _of_first(found, decisions), ""
        yield "precision", _share(is_case, np.isfinite(seen_at), times), "nothing seen"
        yield "recall", _share(np.isfinite(seen_at), is_case, times), ""
        yield "delay", _delay(decisions), "no case was seen"
        for k in dict.fromkeys(self.after):
            yield f"auc_after_{k}", _ranked(found, f"after_{k}", decisions), alike
            share = _share(is_case, seen_at <= k, times)
            yield f"precision_after_{k}", share, "nothing seen"
        rare = prevalence < self.below
        why = (
            f"flag all at once wins: the share of cases is {prevalence:.3g}, not below "
            f"{self.below:g}"
        )
        for o in dict.fromkeys(self.o):
            value = erde(decisions, o, self.false_alarm_cost) if rare else math.nan
            yield f"erde_{o}", value, why


def _ranked(found: pa.Table, column: str, decisions: Decisions) -> float:
    sums = np.asarray(found[column])
    return float(auc(sums, decisions.is_case, decisions.times[None, :])[0])


def _share(of: Flags, among: Flags, times: Floats) -> float:
    """Returns the weighted share of flags among others; NaN if there are none."""
    total = float(times[among].sum())
    return float(times[of & among].sum()) / total if total else math.nan


def _delay(decisions: Decisions) -> float:
    right = decisions.is_case & np.isfinite(decisions.seen_at)
    times: Any = decisions.times[right]
    if not right.any():
        return math.nan
    return float(np.average(decisions.seen_at[right], weights=times))


def _of_first(found: pa.Table, decisions: Decisions) -> float:
    """Returns the share of cases in the tenth of units with the highest sums."""
    order = np.argsort(-np.asarray(found["at_end"]), kind="stable")
    times = decisions.times[order]
    tenth = max(1.0, times.sum() / 10)
    before = np.cumsum(times) - times
    taken = np.clip(tenth - before, 0, times)
    return float((taken * decisions.is_case[order]).sum() / taken.sum())
