"""Batches for tests, made by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from affectflow.schemas import SOURCE_BATCH

DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


def utterances(*texts: str, **columns: Any) -> pa.RecordBatch:
    """Returns one utterance a text, in one conversation, a minute apart.

    A keyword gives a column: one value for all, or a list of values.
    """
    rows = [
        {
            "utterance_id": f"test:{number}",
            "conversation_id": "test:thread",
            "speaker_id": f"account-{number % 3}",
            "is_bot": False,
            "timestamp": DAY + timedelta(minutes=number),
            "source": "test",
            "container": "owner/repo",
            "kind": "comment",
            "text": text,
            "visibility": "public",
            "origin": f"file#{number:06d}",
        }
        for number, text in enumerate(texts)
    ]
    for name, value in columns.items():
        for number, row in enumerate(rows):
            row[name] = value[number] if isinstance(value, list) else value
    return pa.RecordBatch.from_pylist(rows, schema=SOURCE_BATCH)
