"""What a run asked language models: columns of `runs`, from receipts."""

from collections.abc import Mapping
from typing import Any

from affectflow.kinds.account import Spent
from affectflow.stages.runs.receipts import Receipt

_COUNTS = (
    "questions",
    "kept_answers",
    "calls",
    "tokens_in",
    "tokens_out",
    "rows_sent",
    "characters_sent",
)


def of_spent(spent: Spent) -> dict[str, float]:
    """Returns what is known of a run that failed: what it spent."""
    return {"calls": spent.calls, "cost": spent.cost} if spent.calls else {}


def columns_of(summed: Receipt) -> dict[str, Any]:
    """Returns the columns of `runs`; all null if no language model was asked."""
    asked = summed.asked
    if not asked:
        return {}
    counts = {name: int(asked.get(name, 0)) for name in _COUNTS}
    return {
        **counts,
        "duplicate_share": duplicate_share(asked),
        "cost": float(asked.get("cost", 0.0)),
        "sent_to": summed.sent_to or None,
    }


def duplicate_share(asked: Mapping[str, float]) -> float | None:
    """Returns the share of questions that equal another of their part."""
    questions = asked.get("questions", 0)
    return 1 - asked.get("distinct", 0) / questions if questions else None
