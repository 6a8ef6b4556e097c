"""DoublyRight: whether an answer is right, and right for the right reason.

Each answer has a reason. The right emotion is masked in the reason, and a judge says
which emotion the reason alone expresses. Answer and reason are each right or wrong: RR,
RW, WR, WW, as in Mao et al. 2023 (arXiv 2212.06202) and StimuVAR (IJCV 2025).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from affectflow.batches.states import UNKNOWN
from affectflow.kinds.measure import TASKS, Measure, Value
from affectflow.registry import Card

FIGURES = ("RR", "RW", "WR", "WW")
"""Answer, then reason: right or wrong."""


def _words(column: str) -> str:
    """Returns SQL for the words of a text between spaces, in lower case."""
    found = f"regexp_extract_all(lower({column}), '[\\p{{L}}\\p{{M}}\\p{{N}}]+')"
    return f"' ' || array_to_string({found}, ' ') || ' '"


def _same(column: str) -> str:
    return f"{_words(column)} = {_words('gold')}"


def _column(name: str, doc: str) -> pa.Field:
    return pa.field(name, pa.string(), metadata={"doc": doc})


@dataclass(kw_only=True)
class DoublyRight(Measure):
    """Counts right and wrong answers, by whether their reason is right.

    Shares of `RR`, `RW`, `WR` and `WW`: the answer is right (R) or wrong (W), then the
    emotion that a judge reads in the reason. They sum to 1. Labels are compared
    without regard to case, blanks and punctuation.

    In a lake, a reason is an utterance whose `reply_to` is what was answered about and
    whose attribute `explains` is the annotator that gave it; see docs/media.md.

    Args:
      task: of the answers, in a lake.
      judge: the annotator that labelled the reasons, in a lake: its id, or how it
        begins; empty for any.
    """

    task: str = "emotion"
    judge: str = ""

    annotators: ClassVar[tuple[str, ...]] = ("judge",)
    reads: ClassVar[pa.Schema] = pa.schema(
        [
            _column("gold", "the right emotion"),
            _column("label", "the emotion given as the answer"),
            _column("judged", "the emotion that a judge reads in the reason alone"),
            _column(
                "reason", "the reason as the judge saw it, with the emotion masked"
            ),
            _column("annotator_id", "who answered; reported separately"),
            _column("unit", "what intervals resample: a video or a conversation"),
        ]
    )
    needed: ClassVar[tuple[str, ...]] = ("gold", "label", "judged")
    refuses: ClassVar[Mapping[str, str]] = {
        "the reason names the emotion": (
            f"contains({_words('coalesce(reason, chr(31))')}, {_words('gold')})"
        )
    }
    keys: ClassVar[tuple[str, ...]] = ("unit", "annotator_id")
    query: ClassVar[str] = """
WITH answers AS (
  SELECT utterance_id, annotator_id, label FROM annotations
  WHERE task = $task AND chosen AND coalesce(rank, 1) = 1 AND label IS NOT NULL
    AND annotator_id NOT IN (SELECT annotator_id FROM annotators WHERE kind = 'person')
),
truths AS (
  SELECT utterance_id, min(label) FILTER (leads) AS gold
  FROM majority WHERE task = $task GROUP BY utterance_id
),
reasons AS (
  SELECT reply_to AS utterance_id, attrs['explains'] AS explains, text AS reason,
    utterance_id AS reason_id
  FROM utterances WHERE attrs['explains'] IS NOT NULL
)
SELECT gold, answer.label AS label, judge.label AS judged, reason,
  answer.annotator_id, utterances.conversation_id AS unit, utterance_id
FROM reasons
JOIN truths USING (utterance_id)
JOIN answers AS answer USING (utterance_id)
JOIN answers AS judge ON judge.utterance_id = reason_id
JOIN utterances USING (utterance_id)
WHERE answer.annotator_id = explains AND ($judge = '' OR judge.annotator_id = $judge)
"""
    chooses: ClassVar[Mapping[str, str]] = {
        "task": TASKS,
    }
    wants: ClassVar[str] = (
        "people's labels, an annotator's answers to the same utterances, its reasons "
        "as utterances that reply to them, and a judge's labels of those"
    )
    state: ClassVar[str] = f"""
SELECT unit, annotator_id,
  count(*) FILTER ({_same("label")} AND {_same("judged")}) AS RR,
  count(*) FILTER ({_same("label")} AND NOT ({_same("judged")})) AS RW,
  count(*) FILTER (NOT ({_same("label")}) AND {_same("judged")}) AS WR,
  count(*) FILTER (NOT ({_same("label")}) AND NOT ({_same("judged")})) AS WW
FROM observations GROUP BY ALL
"""
    card: ClassVar[Card] = Card(
        summary="counts answers that are right, and right for the right reason",
        answers="does a model that is right know why?",
        example="affectflow measure DoublyRight judged.csv",
        misleads="errors of the judge make right reasons look wrong; a reason that "
        "hints at the emotion in other words passes as right",
    )

    def fit(self, state: pa.Table) -> Iterable[Value]:
        """Yields the four shares, for each annotator."""
        for row in state.to_pylist():
            total = sum(row[name] for name in FIGURES)
            who = row["annotator_id"] or UNKNOWN
            for name in FIGURES:
                yield Value("annotator", who, name, row[name] / total, n=total)
