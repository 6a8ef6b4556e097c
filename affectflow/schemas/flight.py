"""What travels with an utterance: the list columns named after their tables."""

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
"""Error type of what a source knows to carry no message: a star, a label, a push.

Counted in `runs.counters`, not refused, and no input utterance."""

PRIVATE_LEFT_OUT = "private_left_out"
"""Error type of a private or direct message that was not asked for.

Counted in `runs.counters`, not refused, and no input utterance."""

PRIVATE_VISIBILITIES = ("private", "direct")
"""Values of `visibility` that are read only with `--include-private`."""


FILE_ERRORS = ("damaged_file", "truncated_file")
"""Error types of what is wrong with a file, not with a row: it is unknown how many rows
are lost. Such a run is over any budget."""


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
    "who has answered this utterance, in order; `stage` is annotate or mine",
)

FINDINGS: dict[str, pa.Field] = {
    "cues": CUES_COLUMN,
    "annotations": ANNOTATIONS_COLUMN,
    "vectors": VECTORS_COLUMN,
    "causes": CAUSES_COLUMN,
}
"""In flight, what steps found travels in list columns named after their tables."""

SOURCE_BATCH = pa.schema([*UTTERANCES, ERRORS_COLUMN])
"""What a source emits: utterances, and the rows that it could not read."""
