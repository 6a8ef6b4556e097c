"""The plan for a language model: questions are counted, not asked."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

import pyarrow as pa

from affectflow.kinds.asker import Asker
from affectflow.kinds.asking import Request
from affectflow.lake import Lake
from affectflow.planning.ledger import StagePlan
from affectflow.stages.runs.journal import LakeJournal

_CHARS_A_TOKEN = 4


@dataclass(frozen=True, kw_only=True)
class Questions:
    """What asking about some rows will cost, estimated before anything is asked.

    Args:
      rows: that it was counted on.
      questions: every step of the prompt for every row, as if none were left out.
      distinct: those that are not equal to another of their part.
      kept_answers: distinct ones that the journal has.
      tokens_in: of the others, a quarter of their characters.
      tokens_out: of the longest answers to them.
      cost: of these.
      rows_sent: that another machine would be shown.
      characters_sent: of all that it would be sent.
    """

    rows: int = 0
    questions: float = 0
    distinct: float = 0
    kept_answers: float = 0
    tokens_in: float = 0
    tokens_out: float = 0
    cost: float = 0
    rows_sent: float = 0
    characters_sent: float = 0

    def plus(self, other: "Questions") -> "Questions":
        """Returns both together."""
        names = [each.name for each in fields(self)]
        return Questions(**{n: getattr(self, n) + getattr(other, n) for n in names})

    def planned(self, plan: StagePlan, asker: Asker) -> StagePlan:
        """Returns the plan of a stage with what it would ask, scaled to its rows."""
        scale = plan.rows / self.rows if self.rows else 0.0
        return replace(
            plan,
            questions=round(self.questions * scale),
            duplicate_share=1 - self.distinct / self.questions if self.questions else 0,
            kept_answers=round(self.kept_answers * scale),
            calls=round((self.distinct - self.kept_answers) * scale),
            tokens=round(self.tokens_in * scale),
            tokens_out=round(self.tokens_out * scale),
            asking_cost=self.cost * scale,
            sent_to=asker.sent_to,
            rows_sent=round(self.rows_sent * scale),
            characters_sent=round(self.characters_sent * scale),
            sample_rows=self.rows,
        )


def questions_about(
    parts: Iterable[pa.RecordBatch], asker: Asker, lake: Lake | None
) -> Questions:
    """Returns what asking about parts comes to.

    Args:
      parts: of utterances.
      asker: that would be asked; no model is loaded.
      lake: whose journal may have answers.
    """
    found = Questions()
    for batch in parts:
        found = found.plus(_about(batch, asker, lake))
    return found


def _about(batch: pa.RecordBatch, asker: Asker, lake: Lake | None) -> Questions:
    asked = asker.foreseen(batch)
    shown: dict[Request, set[int]] = {}
    for request, rows in asked:
        shown.setdefault(request, set()).update(rows)
    kept = _kept(list(shown), asker, lake)
    new = [request for request in shown if request.digest not in kept]
    characters = sum(len(m.content) for request in new for m in request.messages)
    tokens_in = characters / _CHARS_A_TOKEN
    tokens_out = float(sum(asker.longest_answer(request) for request in new))
    is_sent = bool(asker.sent_to)
    return Questions(
        rows=batch.num_rows,
        questions=len(asked),
        distinct=len(shown),
        kept_answers=len(shown) - len(new),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=asker.cost(tokens_in, tokens_out),
        rows_sent=is_sent * len(set().union(*(shown[request] for request in new))),
        characters_sent=is_sent * characters,
    )


def _kept(requests: list[Request], asker: Asker, lake: Lake | None) -> set[str]:
    if lake is None or not requests:
        return set()
    journal = LakeJournal(lake, asker.kept_under(), "plan")
    return set(journal.known([request.digest for request in requests]))
