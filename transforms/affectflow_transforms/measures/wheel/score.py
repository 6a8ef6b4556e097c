"""WheelScore: how close free labels of emotions come to the right ones.

After MER-UniBench (Lian et al., AffectGPT, ICML 2025): labels are mapped through their
forms and synonyms to clusters of emotion wheels, and clusters are compared.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import pyarrow as pa

from affectflow.batches.states import UNKNOWN
from affectflow.errors import UsageError
from affectflow.kinds.measure import TASKS, Measure, Value
from affectflow.registry import Card
from affectflow_transforms.measures.wheel.figures import (
    Figure,
    Row,
    of_signs,
    of_wheels,
)
from affectflow_transforms.measures.wheel.words import Wheels


def _column(name: str, doc: str, type_: pa.DataType | None = None) -> pa.Field:
    return pa.field(name, type_ or pa.string(), metadata={"doc": doc})


def _set(side: str) -> str:
    """Returns the clusters of one side, sorted, as one text."""
    return (
        f"string_agg(DISTINCT cluster, chr(31) ORDER BY cluster) "
        f"FILTER (side = '{side}') AS {side}"
    )


def _counted(side: str) -> str:
    """Returns the majority sign of the labels of one side; 0 for a tie or no labels."""
    said = "coalesce(sign(TRY_CAST(label AS DOUBLE)), sign)"
    return f"sign(coalesce(sum({said}) FILTER (side = '{side}'), 0))"


_LABELS = """
WITH _rows AS (
  SELECT row_number() OVER () AS _row, gold, predicted
  FROM (SELECT DISTINCT gold, predicted FROM observations)
),
_labels AS (
  SELECT _row, 'gold' AS side, lower(trim(unnest(gold))) AS label FROM _rows
  UNION ALL
  SELECT _row, 'predicted', lower(trim(unnest(predicted))) FROM _rows
)
"""


@dataclass(kw_only=True)
class WheelScore(Measure):
    """Compares sets of free labels by their clusters on emotion wheels.

    `open`: `precision` and `recall` are means over observations, and `f1` is computed
    from these means, for each wheel and as the mean of the wheels. `discrete`, for gold
    with one label: `hit_rate`, and `m_score`, a hit as a share of the answered clusters
    that gold has anywhere. `sentiment`: `accuracy` and `weighted_f1` of pleasant
    against unpleasant, where gold is one of them; labels may be numbers.

    An answer without a cluster scores 0; gold without one is left out for that wheel:
    `gold_on_wheel` and `answer_on_wheel` are the shares that have one.

    Args:
      suite: `open`, `discrete` or `sentiment`.
      mode: `direct` looks for a label on the wheel before it looks for its synonyms,
        and a neutral answer is wrong. `compat` follows the code of MER-UniBench: the
        first synonym by the alphabet, and a neutral answer counts as unpleasant.
      wheel: a name, a file of TOML, or a folder with the files of MER-UniBench.
      against: in a lake, the annotator whose labels are gold; if empty, those that more
        than half of the people chose.
      task: in a lake, the task of the answers.
      gold_task: in a lake, the task of gold; `task` if empty.

    Raises:
      UsageError: `suite`, `mode` or `wheel` is unknown.
    """

    suite: Literal["open", "discrete", "sentiment"] = "open"
    mode: Literal["direct", "compat"] = "direct"
    wheel: str = "common_words"
    against: str = ""
    task: str = "emotion"
    gold_task: str = ""

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            _column("gold", "the right labels, as a list", pa.list_(pa.string())),
            _column(
                "predicted",
                "the labels given as the answer; may be []",
                pa.list_(pa.string()),
            ),
            _column("annotator_id", "who answered; reported separately"),
            _column("unit", "what intervals resample: a conversation or a video"),
        ]
    )
    needed: ClassVar[tuple[str, ...]] = ("gold", "predicted")
    keys: ClassVar[tuple[str, ...]] = (
        *("unit", "annotator_id", "wheel", "gold", "predicted"),
    )
    refuses: ClassVar[Mapping[str, str]] = {
        "gold is empty": "len(gold) = 0",
        "gold is more than one label": "$suite = 'discrete' AND len(gold) > 1",
    }
    query: ClassVar[str] = """
WITH people AS (SELECT annotator_id FROM annotators WHERE kind = 'person'),
given AS (
  SELECT * FROM annotations
  WHERE coalesce(status, 'ok')
    NOT IN ('no_author_text', 'unsupported_language', 'guarded', 'withheld')
),
right_labels AS (
  SELECT utterance_id, label, holds AS is_right FROM majority
  WHERE $against = '' AND task = if($gold_task = '', $task, $gold_task)
  UNION ALL
  SELECT utterance_id, label, chosen FROM given
  WHERE annotator_id = $against AND task = if($gold_task = '', $task, $gold_task)
),
truths AS (
  SELECT utterance_id,
    coalesce(list(DISTINCT label) FILTER (is_right AND label IS NOT NULL), []) AS gold
  FROM right_labels
  GROUP BY utterance_id
),
answers AS (
  SELECT utterance_id, annotator_id, any_value(conversation_id) AS unit,
    coalesce(list(DISTINCT label) FILTER (chosen AND label IS NOT NULL), [])
      AS predicted
  FROM given
  WHERE annotator_id <> $against AND annotator_id NOT IN (FROM people)
    AND task = $task
  GROUP BY utterance_id, annotator_id
)
SELECT gold, predicted, annotator_id, unit, utterance_id
FROM answers JOIN truths USING (utterance_id)
"""
    annotators: ClassVar[tuple[str, ...]] = ("against",)
    chooses: ClassVar[Mapping[str, str]] = {
        "task": TASKS,
        "gold_task": TASKS,
    }
    wants: ClassVar[str] = (
        "labels by people, or by another annotator (--set against=ANNOTATOR), and "
        "answers of one task (--set task=emotion_open, --set gold_task=emotion)"
    )
    # `tables` leaves one of the two empty: either wheels are compared, or signs.
    state: ClassVar[str] = f"""
{_LABELS},
_found AS (
  SELECT _row, wheel, {_set("gold")}, {_set("predicted")}
  FROM _labels JOIN wheel_words USING (label)
  GROUP BY ALL
),
_signs AS (
  SELECT _row, {_counted("gold")} AS gold, {_counted("predicted")} AS predicted
  FROM _rows CROSS JOIN sentiment_suite
  LEFT JOIN _labels USING (_row)
  LEFT JOIN label_signs USING (label)
  GROUP BY _row
)
SELECT unit, annotator_id, wheel, coalesce(_found.gold, '') AS gold,
  coalesce(_found.predicted, '') AS predicted, count(*) AS n
FROM observations JOIN _rows USING (gold, predicted)
CROSS JOIN wheel_names LEFT JOIN _found USING (_row, wheel)
GROUP BY ALL
UNION ALL BY NAME
SELECT unit, annotator_id, '' AS wheel, _signs.gold::INT::VARCHAR AS gold,
  _signs.predicted::INT::VARCHAR AS predicted, count(*) AS n
FROM observations JOIN _rows USING (gold, predicted) JOIN _signs USING (_row)
GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="compares free labels of emotions by their places on emotion wheels",
        answers="how close are labels in a model's own words to those of people?",
        example="affectflow measure WheelScore answers.jsonl --set suite=open",
        misleads="a cluster is coarse: rage is a hit for annoyed; labels that no wheel "
        "knows are dropped, so see answer_on_wheel; scores on other wheels are "
        "different",
    )

    def __post_init__(self) -> None:
        if self.suite not in ("open", "discrete", "sentiment"):
            raise UsageError(
                f"`suite` must be open, discrete or sentiment, got {self.suite!r}"
            )
        if self.mode not in ("direct", "compat"):
            raise UsageError(f"`mode` must be direct or compat, got {self.mode!r}")
        signs = Wheels.load(self.wheel).signs
        if self.suite == "sentiment" and not signs:
            raise UsageError(
                f"`wheel` {self.wheel!r} has no [sentiment], which suite=sentiment "
                "needs: name another wheel, or add it"
            )

    def tables(self) -> Mapping[str, pa.Table]:
        """Returns what labels map to: clusters of wheels, or a sign."""
        return _tables(self.wheel, self.mode, self.suite == "sentiment")

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the figures of each annotator."""
        rows = state.to_pylist()
        for who in dict.fromkeys(row["annotator_id"] for row in rows):
            own = [row for row in rows if row["annotator_id"] == who]
            for figure in self._figures(own):
                yield Value(
                    "annotator",
                    who or UNKNOWN,
                    figure.label,
                    figure.value,
                    n=figure.n,
                    why=figure.why,
                )

    def _figures(self, rows: list[Row]) -> Iterator[Figure]:
        if self.suite == "sentiment":
            return of_signs(self.mode, rows)
        return of_wheels(self.suite, list(Wheels.load(self.wheel).wheels), rows)


@functools.cache
def _tables(wheel: str, mode: str, signs: bool) -> dict[str, pa.Table]:
    """Returns the tables that `state` joins; cached for equal options."""
    wheels = Wheels.load(wheel)
    names = [] if signs else list(wheels.wheels)
    words = [
        (label, name, cluster)
        for name in names
        for label, cluster in wheels.clusters(name, mode).items()
    ]
    of_label = list(wheels.signs_of_labels(mode).items()) if signs else []
    text, number = pa.string(), pa.int64()
    return {
        "wheel_names": _table([(name,) for name in names], wheel=text),
        "wheel_words": _table(words, label=text, wheel=text, cluster=text),
        "label_signs": _table(of_label, label=text, sign=number),
        "sentiment_suite": _table([(1,)] if signs else [], here=number),
    }


def _table(rows: Sequence[tuple[str | int, ...]], **types: pa.DataType) -> pa.Table:
    columns = [[row[place] for row in rows] for place in range(len(types))]
    named = zip(types.items(), columns, strict=True)
    return pa.table({name: pa.array(c, type_) for (name, type_), c in named})
