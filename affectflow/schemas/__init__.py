"""The Arrow schema of every table, and its rules; no other file types a column.

Other modules borrow fields: `UTTERANCES.field("text")`. The doc of a column is in its
field metadata under `doc`. Times are UTC; offsets count Unicode code points of
`utterances.text`; `start` is inclusive and `end` exclusive.
"""

from affectflow.schemas.columns import ATTRS, TIME, doc, fields, raw_name
from affectflow.schemas.flight import (
    ANNOTATIONS_COLUMN,
    ANNOTATORS_COLUMN,
    CAUSES_COLUMN,
    CUES_COLUMN,
    ERROR,
    ERRORS_COLUMN,
    FILE_ERRORS,
    FINDINGS,
    NOT_AN_UTTERANCE,
    PRIVATE_LEFT_OUT,
    PRIVATE_VISIBILITIES,
    SOURCE_BATCH,
    VECTORS_COLUMN,
)
from affectflow.schemas.rules import PEOPLE, RULES, Rules
from affectflow.schemas.status import Status
from affectflow.schemas.tables import (
    ANNOTATIONS,
    ANNOTATORS,
    CAUSES,
    CONVERSATION_MERGES,
    CONVERSATIONS,
    CUES,
    DEAD_LETTERS,
    FOLDS,
    MEASURES,
    ROLLUPS,
    RUNS,
    SEGMENT,
    TABLES,
    THEME_MEMBERS,
    THEMES,
    TOMBSTONES,
    UTTERANCES,
    VECTORS,
)

__all__ = [
    "ANNOTATIONS",
    "ANNOTATIONS_COLUMN",
    "ANNOTATORS",
    "ANNOTATORS_COLUMN",
    "ATTRS",
    "CAUSES",
    "CAUSES_COLUMN",
    "CONVERSATIONS",
    "CONVERSATION_MERGES",
    "CUES",
    "CUES_COLUMN",
    "DEAD_LETTERS",
    "ERROR",
    "ERRORS_COLUMN",
    "FILE_ERRORS",
    "FINDINGS",
    "FOLDS",
    "MEASURES",
    "NOT_AN_UTTERANCE",
    "PEOPLE",
    "PRIVATE_LEFT_OUT",
    "PRIVATE_VISIBILITIES",
    "ROLLUPS",
    "RULES",
    "RUNS",
    "SEGMENT",
    "SOURCE_BATCH",
    "TABLES",
    "THEMES",
    "THEME_MEMBERS",
    "TIME",
    "TOMBSTONES",
    "UTTERANCES",
    "VECTORS",
    "VECTORS_COLUMN",
    "Rules",
    "Status",
    "doc",
    "fields",
    "raw_name",
]
