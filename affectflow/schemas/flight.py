"""The columns that travel with an utterance: lists named after their tables."""

from collections.abc import Iterable

import pyarrow as pa

from affectflow.schemas.columns import STRING, column
from affectflow.schemas.tables import (
    ANNOTATIONS,
    ANNOTATORS,
    CAUSES,
    CUES,
    UTTERANCES,
    VECTORS,
)

ERROR = pa.struct(
    [
        pa.field("step", STRING),
        pa.field("error_type", STRING),
        pa.field("message", STRING),
        pa.field("payload", STRING),
    ]
)
"""Why one row in flight was refused; becomes a row of `dead_letters`."""

NOT_AN_UTTERANCE = "not_an_utterance"
"""Error type of records known to carry no message: a star, a label, a push.

Counted in `runs.counters`; neither refused nor counted as an input utterance."""

PRIVATE_LEFT_OUT = "private_left_out"
"""Error type of a private or direct message that was not asked for.

Counted in `runs.counters`; neither refused nor counted as an input utterance."""

PRIVATE_VISIBILITIES = ("private", "direct")
"""Values of `visibility` that are read only with `--include-private`."""


FILE_ERRORS = ("damaged_file", "truncated_file")
"""Error types of faults in a file rather than in a row: the number of lost rows is
unknown, so such a run exceeds any budget."""


def _in_flight(table: pa.Schema, left_out: Iterable[str]) -> pa.DataType:
    return pa.list_(pa.struct([f for f in table if f.name not in set(left_out)]))


_COPIED = ("conversation_id", "timestamp", "source", "container", "speaker_id")

CUES_COLUMN = column(
    "cues", _in_flight(CUES, ["utterance_id"]), "cues of this utterance"
)
ANNOTATIONS_COLUMN = column(
    "annotations",
    _in_flight(ANNOTATIONS, ["utterance_id", *_COPIED]),
    "labels of this utterance",
)
VECTORS_COLUMN = column(
    "vectors", _in_flight(VECTORS, ["utterance_id"]), "embeddings of this utterance"
)
CAUSES_COLUMN = column(
    "causes", _in_flight(CAUSES, ["utterance_id"]), "causes of its emotions"
)
ERRORS_COLUMN = column("errors", pa.list_(ERROR), "why this row was refused")
ANNOTATORS_COLUMN = column(
    "annotators",
    pa.list_(pa.struct([pa.field("stage", STRING), *ANNOTATORS])),
    "who answered this utterance, in order; `stage` is annotate or mine",
)

FINDINGS: dict[str, pa.Field] = {
    "cues": CUES_COLUMN,
    "annotations": ANNOTATIONS_COLUMN,
    "vectors": VECTORS_COLUMN,
    "causes": CAUSES_COLUMN,
}
"""What steps find travels with each row, in list columns named after their tables."""

SOURCE_BATCH = pa.schema([*UTTERANCES, ERRORS_COLUMN])
"""What a source emits: utterances, and the rows it could not read."""
