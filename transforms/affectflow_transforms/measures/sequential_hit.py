"""SequentialHit: whether the two likeliest steps of a scale are neighbours, and right.

Seq2HR and what goes with it: Lu et al. 2024 (HiSTN, arXiv 2408.15255, and its code).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from affectflow import vocabularies
from affectflow.batches.states import UNKNOWN
from affectflow.errors import UsageError
from affectflow.kinds.measure import TASKS, Measure, Value
from affectflow.registry import Card


def _column(name: str, type_: pa.DataType, doc: str) -> pa.Field:
    return pa.field(name, type_, metadata={"doc": doc})


@dataclass(kw_only=True)
class SequentialHit(Measure):
    """Says how well the scores of a scale's steps hang together around the right one.

    Of each annotator, shares of the answers:

    - `seq2hr`: the two likeliest steps are neighbours, and one of them is right;
    - `adjacent`: they are neighbours; `adjacent_right`: and the first is right;
    - `accuracy`: the likeliest is right; `top2_accuracy`: one of the two is;
    - `tri_precision`: the likeliest is right or a neighbour of the right one.

    Of steps with equal scores, the lower one is the likelier. An answer that scores
    only one step has no second one: it counts for `accuracy` and `tri_precision`, and
    nowhere else.

    Args:
      labels: the steps, the lowest first.
      vocabulary: the name of a label set that is a scale, in the place of `labels`.
      task: in a lake, of the answers.
      annotator: in a lake, whose answers, by the id or its beginning; all if empty.

    Raises:
      UsageError: no steps, fewer than three, or the label set is not a scale.
    """

    labels: tuple[str, ...] = ()
    vocabulary: str = ""
    task: str = "emotion"
    annotator: str = ""

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            _column("gold", pa.string(), "the step that is right"),
            _column(
                "scores",
                pa.list_(pa.float64()),
                "how likely each step is said to be, in the order of the scale",
            ),
            _column("annotator_id", pa.string(), "whose answer; told apart"),
            _column("unit", pa.string(), "what intervals draw: a conversation"),
        ]
    )
    needed: ClassVar[tuple[str, ...]] = ("gold", "scores")
    refuses: ClassVar[Mapping[str, str]] = {
        "the right step is not one of the scale": "NOT list_contains($labels, gold)",
        "there are more or fewer scores than steps": "len(scores) <> len($labels)",
        "a score is not a number": (
            "list_aggregate(scores, 'count') = 0 OR "
            "len(list_filter(scores, lambda s: NOT isfinite(s))) > 0"
        ),
    }
    keys: ClassVar[tuple[str, ...]] = ("unit", "annotator_id")
    query: ClassVar[str] = """
WITH told AS (
  SELECT utterance_id, any_value(label) FILTER (leads) AS gold
  FROM majority WHERE task = $task GROUP BY ALL
),
answers AS (
  SELECT utterance_id, annotator_id, map_from_entries(list((label, score))) AS scored
  FROM annotations
  WHERE task = $task AND score IS NOT NULL AND list_contains($labels, label)
    AND annotator_id NOT IN (
      SELECT annotator_id FROM annotators WHERE kind = 'person'
    )
    AND ($annotator = '' OR annotator_id = $annotator)
  GROUP BY ALL
)
SELECT gold, list_transform($labels, lambda step: scored[step]) AS scores,
  annotator_id, conversation_id AS unit, utterance_id
FROM answers
JOIN told USING (utterance_id)
JOIN utterances USING (utterance_id)
"""
    annotators: ClassVar[tuple[str, ...]] = ("annotator",)
    chooses: ClassVar[Mapping[str, str]] = {"task": TASKS}
    wants: ClassVar[str] = (
        "steps of a scale chosen by people, and an annotator's scores of the same task"
    )
    state: ClassVar[str] = """
WITH ranked AS (
  SELECT unit, annotator_id, list_position($labels, gold) AS gold,
    list_transform(
      list_sort(list_filter(
        list_transform(
          range(1, len(scores) + 1), lambda i: {'less': -scores[i], 'place': i}
        ),
        lambda step: step.less IS NOT NULL
      )),
      lambda step: step.place
    ) AS places
  FROM observations
)
SELECT unit, annotator_id,
  count(*) AS answers,
  count(places[2]) AS twos,
  count(*) FILTER (abs(places[1] - places[2]) = 1) AS adjacent,
  count(*) FILTER (abs(places[1] - places[2]) = 1 AND places[1] = gold)
    AS adjacent_right,
  count(*) FILTER (abs(places[1] - places[2]) = 1 AND gold IN (places[1], places[2]))
    AS seq2hr,
  count(*) FILTER (places[2] IS NOT NULL AND gold IN (places[1], places[2]))
    AS top2_accuracy,
  count(*) FILTER (places[1] = gold) AS accuracy,
  count(*) FILTER (abs(places[1] - gold) <= 1) AS tri_precision
FROM ranked
GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="whether the two likeliest steps of a scale are neighbours, and right",
        answers="does a model of a scale hesitate between neighbours, or anywhere?",
        example="affectflow measure SequentialHit rated.csv --set labels=low,mid,high",
        misleads="a model that always hesitates between the two commonest steps has a "
        "high value; with three steps, most pairs are neighbours: compare with "
        "`adjacent` and with a model that says the same of all",
    )

    def __post_init__(self) -> None:
        if bool(self.labels) == bool(self.vocabulary):
            raise UsageError(
                "SequentialHit needs the steps, the lowest first: --set labels=A,B,C, "
                "or --set vocabulary=NAME of a scale"
            )
        if self.vocabulary and not vocabularies.get(self.vocabulary).ordered:
            raise UsageError(
                f"the labels of the vocabulary {self.vocabulary!r} are not steps of a "
                "scale: give the steps, the lowest first, with --set labels=A,B,C"
            )
        if len(set(self._steps)) < max(3, len(self._steps)):
            raise UsageError(
                "give at least three different steps, the lowest first; got "
                f"{', '.join(self._steps)}"
            )

    @property
    def _steps(self) -> Sequence[str]:
        if self.vocabulary:
            return vocabularies.get(self.vocabulary).labels
        return self.labels

    def parameters(self) -> dict[str, Any]:
        """Returns what decides the values, with the steps of the scale by name."""
        return super().parameters() | {"labels": list(self._steps)}

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the shares of each annotator."""
        for row in state.to_pylist():
            yield from _shares(row["annotator_id"] or UNKNOWN, row)


def _shares(who: str, row: Mapping[str, Any]) -> Iterator[Value]:
    for name in ("accuracy", "tri_precision"):
        yield Value(
            "annotator", who, name, row[name] / row["answers"], n=row["answers"]
        )
    if row["twos"]:
        for name in ("top2_accuracy", "adjacent", "adjacent_right", "seq2hr"):
            yield Value("annotator", who, name, row[name] / row["twos"], n=row["twos"])
