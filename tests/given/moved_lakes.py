"""Utterances that are each their own cause, to be clustered."""

from typing import Any

import pyarrow as pa

from affectflow.batches.batch import with_column
from affectflow.schemas import CAUSES_COLUMN
from tests.given.factories import utterances

FLAKY, DOCS = "these flaky tests block my branch", "the outdated documentation"
TEXTS = [FLAKY, DOCS, "our flaky tests fail", "nothing of this is documented"] * 6


def cause(number: int, text: str, **given: Any) -> dict[str, Any]:
    return {
        "cause_id": f"k{number:04d}",
        "label": "annoyance",
        "vocabulary": "goemotions",
        "emotion_annotator_id": "fake",
        "cause_utterance_id": f"test:{number}",
        "start": 0,
        "end": len(text),
        "cause_text": text,
        "status": "ok",
        "annotator_id": "fake",
        **given,
    }


def moved(texts: list[str], first: int = 0, **columns: Any) -> pa.RecordBatch:
    """Returns utterances, each its own cause, in conversations of two."""
    numbers = range(first, first + len(texts))
    columns.setdefault("conversation_id", [f"test:t{n // 2}" for n in numbers])
    columns.setdefault("utterance_id", [f"test:{n}" for n in numbers])
    found = [[cause(n, text)] for n, text in zip(numbers, texts, strict=True)]
    batch = utterances(*texts, **columns)
    return with_column(batch, CAUSES_COLUMN, pa.array(found, CAUSES_COLUMN.type))
