"""PreferenceBias: whether an annotator prefers some labels, whatever is right.

Preferences and their spread, B: Kang et al. 2024 (arXiv 2402.13211).
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from affectflow import vocabularies
from affectflow.batches.states import UNKNOWN
from affectflow.errors import UsageError
from affectflow.kinds.measure import TASKS, Measure, Value
from affectflow.registry import Card
from affectflow_transforms.measures.pairwise.bias import preferences, unbounded
from affectflow_transforms.measures.pairwise.confusion import Confusion
from affectflow_transforms.measures.pairwise.names import (
    key,
    several,
    spellings,
    sql_key,
    sql_unknown,
)

_UNKNOWN = "the right label is not one of the labels"


def _column(name: str, type_: pa.DataType, doc: str) -> pa.Field:
    return pa.field(name, type_, metadata={"doc": doc})


@dataclass(kw_only=True)
class PreferenceBias(Measure):
    """Estimates which labels an annotator gives instead of others, more than it should.

    Of each annotator: `bias`, the standard deviation of its preferences; the
    `preference` of each label, 1 on the mean; `macro_f1`, `weighted_f1` and the F1 of
    each label; and `unparsed`, the share of answers that are none of the labels. Case
    and blanks make no other label.

    In a lake, what is right is the label that more people chose than any other, and
    than chose nothing; where there is none, answers are left out and counted. The
    answers of any annotator to the same utterances are compared with it. Labels of
    another vocabulary are folded to that of the people, where there is a fold.

    Args:
      labels: the label set, in the order in which it is swept; where it and
        `vocabulary` are empty, all labels that come up.
      vocabulary: the name of the label set.
      other: the label that unparsed answers count as; empty: wrong, and no label.
      task: in a lake, of the answers.
      annotator: in a lake, whose answers, by the id or its beginning; all if empty.

    Raises:
      UsageError: no such vocabulary, two label sets, or `other` is not in it.
    """

    labels: tuple[str, ...] = ()
    vocabulary: str = ""
    other: str = ""
    task: str = "emotion"
    annotator: str = ""

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            _column("gold", pa.string(), "the label that is right"),
            _column("label", pa.string(), "the answer; empty if it could not be read"),
            _column("annotator_id", pa.string(), "who answered; reported separately"),
            _column("weight", pa.float64(), "how much it counts, above 0; else 1"),
            _column("gold_vocabulary", pa.string(), "the label set of `gold`"),
            _column("label_vocabulary", pa.string(), "the label set of `label`"),
            _column("unit", pa.string(), "what intervals resample: a conversation"),
        ]
    )
    needed: ClassVar[tuple[str, ...]] = ("gold",)
    refuses: ClassVar[Mapping[str, str]] = {
        _UNKNOWN: sql_unknown("gold", ()),
        "the weight is not a number above 0": "weight <= 0 OR NOT isfinite(weight)",
        "no fold leads to the vocabulary of the right label": (
            "label_vocabulary <> gold_vocabulary AND label_vocabulary || ' ' || "
            "gold_vocabulary NOT IN (SELECT way FROM known_folds)"
        ),
    }
    keys: ClassVar[tuple[str, ...]] = ("unit", "annotator_id", "gold", "label")
    query: ClassVar[str] = """
WITH answers AS (
  SELECT utterance_id, annotator_id, vocabulary,
    CASE WHEN chosen THEN label END AS label
  FROM annotations
  WHERE task = $task AND (
    chosen AND label IS NOT NULL AND coalesce(rank, 1) = 1
    OR status IN ('unparsed', 'out_of_vocabulary')
  )
),
told AS (
  -- Where people are divided, or most chose nothing, no label is right.
  SELECT utterance_id, vocabulary, any_value(label) FILTER (leads) AS gold
  FROM majority WHERE task = $task GROUP BY ALL
)
SELECT gold, answers.label, annotator_id, told.vocabulary AS gold_vocabulary,
  answers.vocabulary AS label_vocabulary, conversation_id AS unit, utterance_id
FROM told
JOIN answers USING (utterance_id)
JOIN utterances USING (utterance_id)
WHERE annotator_id NOT IN (SELECT annotator_id FROM annotators WHERE kind = 'person')
  AND ($annotator = '' OR annotator_id = $annotator)
-- People may have answered in two vocabularies. An answer counts once: in its own, or
-- where it names none, in the first; else in each that a fold may lead to.
WINDOW
  every AS (PARTITION BY utterance_id, annotator_id, answers.vocabulary, answers.label),
  same AS (
    PARTITION BY utterance_id, annotator_id, answers.vocabulary, answers.label
    ORDER BY answers.vocabulary IS NOT DISTINCT FROM told.vocabulary DESC, gold IS NULL,
      told.vocabulary
  )
QUALIFY row_number() OVER same = 1
  OR answers.vocabulary <> told.vocabulary
    AND NOT bool_or(answers.vocabulary IS NOT DISTINCT FROM told.vocabulary) OVER every
"""
    annotators: ClassVar[tuple[str, ...]] = ("annotator",)
    chooses: ClassVar[Mapping[str, str]] = {
        "task": TASKS,
    }
    wants: ClassVar[str] = (
        "labels by people, and an annotator's answers to the same utterances and task"
    )
    # Grouped as it stands first: labels are few, and rows are many.
    state: ClassVar[str] = f"""
WITH counted AS (
  SELECT unit, annotator_id, gold, label, gold_vocabulary, label_vocabulary,
    sum(coalesce(weight, 1)) AS weight, count(*) AS n
  FROM observations
  GROUP BY ALL
),
told AS (
  SELECT unit, annotator_id, weight, n,
    {sql_key("gold")} AS gold,
    {sql_key("coalesce(fold.target_label, counted.label)")} AS label
  FROM counted
  LEFT JOIN known_steps AS fold
    ON label_vocabulary <> gold_vocabulary AND source = label_vocabulary
    AND target = gold_vocabulary AND source_label = counted.label
)
SELECT unit, annotator_id, gold,
  CASE WHEN label IN (SELECT key FROM known_labels)
    OR (SELECT count(*) = 0 FROM known_labels) THEN nullif(label, '') END AS label,
  sum(weight) AS weight, sum(n) AS n
FROM told
GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="which labels an annotator prefers, regardless of what is right",
        answers="does this model call everything frustration?",
        example="affectflow measure PreferenceBias lake --set task=emotion",
        misleads="no bias does not mean good quality: an annotator that errs evenly "
        "has none; a rare label rests on few answers; labels that people disagree "
        "about count as right",
    )

    def __post_init__(self) -> None:
        if self.labels and self.vocabulary:
            raise UsageError("type `labels` or `vocabulary`, not both")
        unknown = {_UNKNOWN: sql_unknown("gold", self._labels)}
        vars(self).update(refuses={**self.refuses, **unknown})
        known = {key(label) for label in self._labels}
        if len(known) < len(self._labels):
            raise UsageError("two of the labels differ only in case and spaces")
        if self.other and known and key(self.other) not in known:
            said = ", ".join(self._labels)
            raise UsageError(
                f"`other` must be one of the labels: {said}; got {self.other!r}"
            )

    @property
    def _labels(self) -> Sequence[str]:
        if self.vocabulary:
            return vocabularies.get(self.vocabulary).labels
        return self.labels

    def tables(self) -> Mapping[str, pa.Table]:
        """Returns the label set, and the steps of the folds between vocabularies."""
        steps: dict[tuple[str, str, str], tuple[float, str]] = {}
        for fold in vocabularies.folds():
            place = fold.from_vocabulary, fold.to_vocabulary, fold.from_label
            step = fold.weight, fold.to_label
            steps[place] = max(step, steps.get(place, step))
        places = list(zip(*steps, strict=True)) or [(), (), ()]
        names, ways = pa.string(), {f"{source} {to}" for source, to, _ in steps}
        source, target, label = (pa.array(each, names) for each in places)
        to = pa.array([label for _, label in steps.values()], names)
        return {
            "known_labels": pa.table(
                {"key": pa.array([key(each) for each in self._labels], names)}
            ),
            "known_folds": pa.table({"way": pa.array(sorted(ways), names)}),
            "known_steps": pa.table(
                {
                    "source": source,
                    "target": target,
                    "source_label": label,
                    "target_label": to,
                }
            ),
        }

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the figures of each annotator."""
        rows = state.to_pylist()
        who = [row["annotator_id"] or UNKNOWN for row in rows]
        said = spellings(who, [row["n"] for row in rows])
        for name in sorted(set(said.values())):
            pairs = zip(who, rows, strict=True)
            own = [row for each, row in pairs if said[each] == name]
            if ways := several(said).get(name):
                n = sum(row["n"] for row in own)
                yield Value("annotator", name, "spellings", len(ways), n=n)
            yield from self._figures(name, self._confusion(own))

    def _confusion(self, rows: Sequence[Mapping[str, Any]]) -> Confusion:
        """Returns the counts of one annotator, in the order of the labels."""
        names = {key(label): label for label in self._labels}
        if not names:
            said = {row[side] for row in rows for side in ("gold", "label")}
            said |= {key(self.other)} if self.other else set()
            names = {label: label for label in sorted(said - {None})}
        place = {label: number for number, label in enumerate(names)}
        found = Confusion.empty(list(names.values()))
        for row in rows:
            label = row["label"] or key(self.other)
            found.add(place[row["gold"]], place.get(label), row)
        return found

    def _figures(self, who: str, found: Confusion) -> Iterator[Value]:
        total = int(found.sizes.sum())
        for name, value in found.shares():
            yield Value("annotator", who, name, value, n=total)
        for place, f1 in found.f1():
            n = int(found.sizes_of(place))
            yield Value("annotator", who, f"f1 {found.labels[place]}", f1, n=n)
        yield from _preferences(who, found)


def _preferences(who: str, found: Confusion) -> Iterator[Value]:
    """Yields the preferences of an annotator, and how far they are from even."""
    confused = found.confused()
    own = [found.labels[place] for place in confused]
    counts = found.counts[np.ix_(confused, confused)]
    why = unbounded(counts, own)
    values = [math.nan] * len(own) if why else preferences(counts).tolist()
    for place, value in zip(confused, values, strict=True):
        label, n = f"preference {found.labels[place]}", int(found.sizes_of(place))
        yield Value("annotator", who, label, value, n=n, why=why)
    bias = math.nan if why else float(np.std(values))
    yield Value("annotator", who, "bias", bias, n=int(found.sizes.sum()), why=why)
