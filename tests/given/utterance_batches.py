"""Batches of utterances, with no more columns than a model reads."""

from collections.abc import Sequence

import pyarrow as pa

from affectflow.schemas import UTTERANCES, fields


def batch_of(
    texts: Sequence[str], langs: Sequence[str] | None = None
) -> pa.RecordBatch:
    """Returns a batch with `text`, `segments` of no step, and `lang` if given."""
    columns = {
        "text": pa.array(texts, pa.string()),
        "segments": pa.nulls(len(texts), UTTERANCES.field("segments").type),
    }
    if langs is not None:
        columns["lang"] = pa.array(langs, pa.string())
    return pa.record_batch(list(columns.values()), schema=fields(UTTERANCES, *columns))
