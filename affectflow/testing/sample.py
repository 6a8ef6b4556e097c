"""Messages on which plugins are tried: the ordinary, the empty and the odd."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from affectflow.batches.batch import conform, from_rows
from affectflow.schemas import (
    CAUSES,
    FINDINGS,
    SOURCE_BATCH,
    UTTERANCES,
    VECTORS,
    fields,
)

Tell = Callable[[str], None]

TEXTS = (
    "I love it, thank you so much!",
    "this is SO ANNOYING, it broke again!!!",
    "I'm really annoyed because the build takes two hours :(",
    "Ärgerlich: schon wieder kaputt 😡😡",
    "شكرا جزيلا، هذا رائع",
    "run `make` first\n> as you said\nand read https://example.org/",
    "👍🏽",
    "soooo... 1/0 = ?! \\ % $x {y} [z]",
    "word " * 2000,
    " \n\t",
    "",
)

_START = datetime(2026, 3, 1, 12, tzinfo=UTC)
_CODE = {"type": "code", "start": 4, "end": 10}
_SAMPLE = pa.schema([*SOURCE_BATCH, *FINDINGS.values()])


def quiet(promise: str) -> None:
    """Ignores a promise that is kept."""


def sample_batch(columns: pa.Schema = _SAMPLE) -> pa.RecordBatch:
    """Returns two conversations of utterances, with exactly these columns.

    Every third utterance has an emotion that an annotator chose. A column that no
    table of affectflow has is null.
    """
    rows = [_row(number, text) for number, text in enumerate(TEXTS)]
    return conform(from_rows(rows, _SAMPLE), columns).select(columns.names)


def _row(number: int, text: str) -> dict[str, Any]:
    thread = 2 * number // len(TEXTS)
    return {
        "utterance_id": f"sample:{number}",
        "conversation_id": f"sample:thread-{thread}",
        "speaker_id": f"account-{number % 3}",
        "is_bot": False,
        "timestamp": _START + timedelta(minutes=number),
        "source": "sample",
        "container": "sample/room",
        "kind": "comment",
        "text": text,
        "segments": [_CODE] if "`" in text else [],
        "visibility": "public",
        "origin": f"sample#{number}",
        "cues": [],
        "annotations": [_ANNOYED] if number % 3 == 2 else [],
        "causes": [],
    }


def sample_rows(columns: pa.Schema) -> pa.RecordBatch:
    """Returns rows of any columns: texts of the sample, numbers that rise, nulls."""
    arrays = [_sample_of(field.type, place) for place, field in enumerate(columns)]
    return pa.RecordBatch.from_arrays(arrays, schema=columns)


def _sample_of(type_: pa.DataType, place: int) -> pa.Array:
    # Two columns of text are not the same all the time.
    turned = [*TEXTS[place % 2 :], *TEXTS[: place % 2], None]
    numbers = pa.array([*range(len(TEXTS)), None])
    if pa.types.is_string(type_):
        return pa.array(turned, type_)
    castable = pa.types.is_integer(type_) or pa.types.is_floating(type_)
    if castable or pa.types.is_boolean(type_) or pa.types.is_timestamp(type_):
        return numbers.cast(type_)
    return pa.nulls(len(numbers), type_)


_ANNOYED = {
    "annotator_id": "sample@1",
    "task": "emotion",
    "vocabulary": "goemotions",
    "label": "annoyance",
    "score": 0.9,
    "rank": 1,
    "chosen": True,
    "experiencer": "self",
    "status": "ok",
}
_CAUSES = (
    "the build takes two hours",
    "a build of two hours",
    "builds take hours again",
    "the documentation is out of date",
    "documentation that is outdated",
    "the outdated documentation of the build",
    "",
    None,
)


_CAUSES_SCHEMA = pa.schema(
    [
        pa.field("family", pa.string()),
        *fields(CAUSES, "cause_id", "cause_text", "summary"),
        *fields(UTTERANCES, "conversation_id", "title"),
        VECTORS.field("vector"),
    ]
)


def sample_causes() -> pa.Table:
    """Returns causes of two families of emotions, as a clusterer takes them."""
    rows = [
        {
            "cause_id": f"cause-{family}-{number}",
            "family": family,
            "cause_text": text,
            "summary": text,
            "conversation_id": f"sample:thread-{number % 6}",
            "title": None,
            # Causes that say the same point the same way.
            "vector": [1.0, number / 100] if number < 3 else [number / 100, 1.0],
        }
        for family in ("anger", "joy")
        for number, text in enumerate(_CAUSES)
    ]
    return pa.Table.from_pylist(rows, schema=_CAUSES_SCHEMA)
