"""The Arrow schema of every table, and its rules; no other file types a column.

Other modules borrow fields: `UTTERANCES.field("text")`. The doc of a column is in its
field metadata under `doc`. Times are UTC; offsets count Unicode code points of
`utterances.text`; `start` is inclusive and `end` exclusive.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

TIME = pa.timestamp("us", tz="UTC")
ATTRS = pa.map_(pa.string(), pa.string())

_STRING = pa.string()
_INT = pa.int32()
_FLOAT = pa.float32()


def _column(name: str, type_: pa.DataType, doc: str) -> pa.Field:
    return pa.field(name, type_, metadata={"doc": doc})


def _table(*columns: tuple[str, pa.DataType, str]) -> pa.Schema:
    return pa.schema([_column(*column) for column in columns])


SEGMENT = pa.struct(
    [
        pa.field("type", _STRING),
        pa.field("start", _INT),
        pa.field("end", _INT),
        pa.field("lang", _STRING),
        pa.field("ref_utterance_id", _STRING),
    ]
)

UTTERANCES = _table(
    ("utterance_id", _STRING, "<source>:<native id>, the same for ever"),
    ("conversation_id", _STRING, "the source's own thread key"),
    ("reply_to", _STRING, "utterance_id of the message this one answers"),
    ("speaker_id", _STRING, "keyed hash of source and account"),
    ("speaker_role", _STRING, "role in the community when this was posted"),
    ("is_bot", pa.bool_(), "the account is an automaton"),
    ("timestamp", TIME, "when it was posted"),
    ("utc_offset_min", pa.int16(), "the speaker's offset from UTC, minutes"),
    ("source", _STRING, "where it comes from: github, jsonl, ..."),
    ("container", _STRING, "repository, subreddit, channel or list"),
    ("kind", _STRING, "issue, pull_request, comment, review, message, ..."),
    ("title", _STRING, "the title of the conversation, where the source has one"),
    ("text", _STRING, "ftfy and NFC; personal data replaced; offsets refer to it"),
    ("lang", _STRING, "BCP 47 tag, where known"),
    ("segments", pa.list_(SEGMENT), "code, quotes, logs, links ...: typed spans"),
    ("edited_at", TIME, "when this version was made"),
    ("deleted", pa.bool_(), "the source says that it was deleted"),
    ("visibility", _STRING, "public, private or unknown"),
    ("url", _STRING, "where a person can read it"),
    ("start_s", pa.float64(), "start in the recording, seconds"),
    ("end_s", pa.float64(), "end in the recording, seconds"),
    ("media_uri", _STRING, "the recording"),
    ("origin", _STRING, "file and place in it that this row was read from"),
    ("split", _STRING, "train, dev or test, where the source has one"),
    ("attrs", ATTRS, "anything else that the source says"),
    ("content_hash", _STRING, "BLAKE2b of what the message says"),
    ("bucket", _INT, "top bits of BLAKE2b of conversation_id"),
)

CONVERSATIONS = _table(
    ("conversation_id", _STRING, "the source's own thread key"),
    ("container", _STRING, "repository, subreddit, channel or list"),
    ("title", _STRING, "title of the thread"),
    ("opened_at", TIME, "time of the first utterance"),
    ("closed_at", TIME, "when the source says that it was closed"),
    ("outcome", _STRING, "completed, not_planned, merged, closed, open"),
    ("locked_reason", _STRING, "why it was locked: too heated, spam, ..."),
    ("n_utterances", pa.int64(), "how many utterances the lake holds"),
    ("n_speakers", pa.int64(), "how many people spoke"),
)

CONVERSATION_MERGES = _table(
    ("conversation_id", _STRING, "a conversation whose parent came late"),
    ("into", _STRING, "the conversation that it belongs to"),
)

CUES = _table(
    ("utterance_id", _STRING, "the utterance that carries the cue"),
    ("modality", _STRING, "text, voice, face, ..."),
    ("cue", _STRING, "what was observed: emoji, emoticon, shouting, ..."),
    ("phrase", _STRING, "the cue written out in words"),
    ("value", pa.float64(), "measured value, in `unit`"),
    ("unit", _STRING, "unit of `value`"),
    ("start_s", pa.float64(), "start in the recording, seconds"),
    ("end_s", pa.float64(), "end in the recording, seconds"),
    ("start", _INT, "first code point in text"),
    ("end", _INT, "code point after the last in text"),
    ("renderer_id", _STRING, "renderer and version that wrote it out"),
)

ANNOTATIONS = _table(
    ("utterance_id", _STRING, "the utterance that is labelled"),
    ("annotator_id", _STRING, "who labelled it; see annotators"),
    ("task", _STRING, "emotion, frustration, valence, ..."),
    ("vocabulary", _STRING, "label set, see vocabularies"),
    ("label", _STRING, "one label; null if there was nothing to label"),
    ("score", _FLOAT, "0..1, as the annotator gave it; not a probability"),
    ("probability", _FLOAT, "0..1, only after calibration"),
    ("value", _FLOAT, "strength on the vocabulary's scale, never confidence"),
    ("rank", pa.int16(), "1 for the highest score"),
    ("chosen", pa.bool_(), "part of the annotator's answer"),
    ("start", _INT, "first code point in text, if a span is labelled"),
    ("end", _INT, "code point after the last"),
    ("perspective", _STRING, "writer, reader or self_report"),
    ("experiencer", _STRING, "self, addressee or third_party"),
    ("target_type", _STRING, "code, person, process, organisation, self, ..."),
    ("status", _STRING, "ok, abstained, no_author_text, ..."),
    ("raw", _STRING, "the answer as it came"),
    ("sample_id", _STRING, "the sample that a person was asked in; see measures"),
    ("calibration_id", _STRING, "the calibration that gave `probability`"),
    ("conversation_id", _STRING, "copied from utterances"),
    ("timestamp", TIME, "copied from utterances"),
    ("source", _STRING, "copied from utterances"),
    ("container", _STRING, "copied from utterances"),
    ("speaker_id", _STRING, "copied from utterances"),
)

ROLLUPS = _table(
    ("day", pa.date32(), "UTC day; null where the time is unknown"),
    ("source", _STRING, "where it comes from"),
    ("container", _STRING, "repository, subreddit, channel or list"),
    ("annotator_id", _STRING, "who labelled"),
    ("task", _STRING, "emotion, frustration, valence, ..."),
    ("label", _STRING, "one label"),
    ("n", pa.int64(), "utterances that this annotator answered"),
    ("chosen", pa.int64(), "utterances whose answer holds the label"),
    ("score_sum", pa.float64(), "sum of the stored scores"),
)

CAUSES = _table(
    ("cause_id", _STRING, "identity of this row, from what it says"),
    ("utterance_id", _STRING, "the utterance that expresses the emotion"),
    ("label", _STRING, "the emotion"),
    ("vocabulary", _STRING, "its label set"),
    ("emotion_annotator_id", _STRING, "who found the emotion"),
    ("cause_utterance_id", _STRING, "the utterance that holds the cause"),
    ("start", _INT, "first code point of the cause; null unless status is ok"),
    ("end", _INT, "code point after the last"),
    ("cause_text", _STRING, "text[start:end] of cause_utterance_id"),
    ("summary", _STRING, "the cause in other words"),
    ("cause_type", _STRING, "no_context, inter_personal, self_contagion, latent"),
    ("experiencer", _STRING, "self, addressee or third_party"),
    ("score", _FLOAT, "0..1"),
    ("status", _STRING, "ok, none_found, latent or unaligned"),
    ("annotator_id", _STRING, "who found the cause"),
)

THEMES = _table(
    ("clustering_id", _STRING, "one clustering of all causes"),
    ("theme_id", _STRING, "identity of the theme, from its members"),
    ("parent_id", _STRING, "a wider theme"),
    ("title", _STRING, "a short name"),
    ("keywords", pa.list_(_STRING), "its most telling terms"),
    ("size", pa.int64(), "how many causes"),
    ("exemplar_ids", pa.list_(_STRING), "cause_id of the most central causes"),
    ("replaced_by", _STRING, "theme_id in a later clustering"),
)

THEME_MEMBERS = _table(
    ("cause_id", _STRING, "the cause"),
    ("theme_id", _STRING, "the theme that it is in"),
    ("clustering_id", _STRING, "the clustering"),
    ("membership", _FLOAT, "0..1, similarity to the theme's centre"),
)

MEASURES = _table(
    ("measure_id", _STRING, "identity of the value"),
    ("kind", _STRING, "calibration, severity, consensus, ..."),
    ("unit_type", _STRING, "annotator, label, rater, ..."),
    ("unit_id", _STRING, "what the value belongs to"),
    ("label", _STRING, "one label; of an inclusion, the sample_id"),
    ("group", _STRING, "the part of the rows; of an inclusion, the stratum"),
    ("parameters", _STRING, "settings of the fit, as JSON"),
    ("value", pa.float64(), "the fitted value"),
    ("low", pa.float64(), "lower end of its interval"),
    ("high", pa.float64(), "upper end of its interval"),
    ("n", pa.int64(), "how many observations"),
    ("fitted_on", _STRING, "the data it was fitted on: samples, or a digest"),
)

FOLDS = _table(
    ("from_vocabulary", _STRING, "label set"),
    ("from_label", _STRING, "label in it"),
    ("to_vocabulary", _STRING, "coarser label set"),
    ("to_label", _STRING, "label in that"),
    ("weight", _FLOAT, "0..1"),
    ("version", _STRING, "version of the fold"),
)

ANNOTATORS = _table(
    ("annotator_id", _STRING, "name, revision and digest of the settings"),
    ("kind", _STRING, "model, prompt, lexicon, rules or person"),
    ("model", _STRING, "name or folder"),
    ("revision", _STRING, "pinned revision, or digest of the weights"),
    ("licence", _STRING, "licence of the weights"),
    ("commercial_use", pa.bool_(), "the licence allows commercial use"),
    ("prompt_hash", _STRING, "BLAKE2b of the prompt"),
    ("renderer_ids", pa.list_(_STRING), "cues that it read in words"),
    ("parameters", _STRING, "settings, as JSON"),
    ("version", _STRING, "version of affectflow"),
)

DEAD_LETTERS = _table(
    ("origin", _STRING, "file and place in it"),
    ("utterance_id", _STRING, "the utterance, if it had an id"),
    ("step", _STRING, "the step that refused it"),
    ("plugin_version", _STRING, "version of the step's distribution"),
    ("error_type", _STRING, "a word to group by"),
    ("message", _STRING, "why, and what to do"),
    ("payload", _STRING, "the row, masked and cut"),
    ("run_id", _STRING, "the run"),
    ("at", TIME, "when"),
    ("status", _STRING, "open or replayed"),
)

RUNS = _table(
    ("run_id", _STRING, "one command"),
    ("stage", _STRING, "ingest, annotate, mine, themes, calibrate, apply or measure"),
    ("state", _STRING, "done, over_budget or failed"),
    ("error", _STRING, "the line that was shown"),
    ("started", TIME, "start of the stage"),
    ("ended", TIME, "end of the stage"),
    ("config", _STRING, "settings, as JSON"),
    ("config_digest", _STRING, "BLAKE2b of `config`"),
    ("annotator_id", _STRING, "whose answers it gave, mined or calibrated"),
    ("calibration_id", _STRING, "the calibration that it fitted or applied"),
    ("rows_in", pa.int64(), "input utterances; causes, where the stage is themes"),
    ("rows_out", pa.int64(), "utterances written"),
    ("rows_dead", pa.int64(), "utterances refused"),
    ("rows_duplicate", pa.int64(), "utterances that another row of the input has"),
    ("rows_unchanged", pa.int64(), "utterances that the lake had already"),
    ("model_calls", pa.int64(), "parts predicted"),
    ("model_seconds", pa.float64(), "seconds in prediction"),
    ("peak_rss_bytes", pa.int64(), "largest resident set of a worker"),
    ("counters", pa.map_(_STRING, pa.int64()), "anything else that was counted"),
    ("versions", pa.map_(_STRING, _STRING), "Python and libraries"),
    ("table_versions", pa.map_(_STRING, pa.int64()), "Delta versions that it left"),
)

TABLES: dict[str, pa.Schema] = {
    "utterances": UTTERANCES,
    "conversations": CONVERSATIONS,
    "conversation_merges": CONVERSATION_MERGES,
    "cues": CUES,
    "annotations": ANNOTATIONS,
    "rollups": ROLLUPS,
    "causes": CAUSES,
    "themes": THEMES,
    "theme_members": THEME_MEMBERS,
    "measures": MEASURES,
    "folds": FOLDS,
    "annotators": ANNOTATORS,
    "dead_letters": DEAD_LETTERS,
    "runs": RUNS,
}

PEOPLE = "(SELECT annotator_id FROM annotators WHERE kind = 'person')"
"""The ids of people who label by hand, as SQL; `gold` writes them before any answer."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How the commands that go through all tables treat one.

    Args:
      key: the columns that tell its rows apart, nulls equal; none where rows are counts
        that are added up.
      files: what its files are, to `gc` and `compact`. `parts`: those that compact
        merges. `results`: one for each part and each stage or ingest that gave it rows;
        compact merges them as it merges the parts, and gc keeps those that a receipt
        names. `buckets`: one for each bucket, written again when its parts change.
        `own`: compact leaves them. Of all of these, gc keeps what a version needs.
      erase: the columns that hold ids of utterances and speakers; `erase` removes the
        rows that name an erased one. None: nobody is in it.
      remade_from: the table that it is made from, and made again from by `erase`.
      digest: the columns that `digest` hashes, and by which `diff` counts what was
        added and removed; none: the table is left out of both.
      counted: the rows of which that is true, as SQL.
    """

    key: tuple[str, ...]
    files: Literal["parts", "results", "buckets", "own"] = "own"
    erase: tuple[str, ...] = ()
    remade_from: str = ""
    digest: tuple[str, ...] = ()
    counted: str = "true"


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


RULES: dict[str, Rules] = {
    "utterances": Rules(
        key=_names("utterance_id"),
        files="parts",
        erase=_names("utterance_id speaker_id"),
        # Pseudonyms are left out: each lake has its own key.
        digest=_names(
            "utterance_id conversation_id reply_to speaker_role is_bot timestamp "
            "source container kind title text lang segments edited_at deleted "
            "visibility url"
        ),
    ),
    "conversations": Rules(
        key=_names("conversation_id"),
        files="buckets",
        remade_from="utterances",
        digest=tuple(CONVERSATIONS.names),
    ),
    "conversation_merges": Rules(
        key=_names("conversation_id"), digest=_names("conversation_id into")
    ),
    "cues": Rules(
        key=_names(
            "utterance_id renderer_id modality cue phrase start end start_s end_s"
        ),
        files="results",
        erase=_names("utterance_id"),
        digest=_names("utterance_id modality cue phrase start end"),
    ),
    "annotations": Rules(
        key=_names(
            "utterance_id annotator_id task vocabulary label perspective experiencer "
            "target_type start end"
        ),
        files="results",
        erase=_names("utterance_id speaker_id"),
        digest=_names(
            "utterance_id annotator_id task vocabulary label chosen start end status"
        ),
        # Rows that are stored only because their score passed the storing threshold
        # may be there in one run and not in another, 1e-4 apart; only the chosen ones
        # count. What people say no to is an answer too.
        counted=f"coalesce(chosen, false) OR label IS NULL OR annotator_id IN {PEOPLE}",
    ),
    "rollups": Rules(key=(), files="results", remade_from="annotations"),
    "causes": Rules(
        key=_names("cause_id"),
        files="results",
        erase=_names("utterance_id cause_utterance_id"),
        digest=_names(
            "cause_id utterance_id label vocabulary cause_utterance_id start end "
            "cause_text cause_type status annotator_id"
        ),
    ),
    "themes": Rules(
        key=_names("clustering_id theme_id"),
        remade_from="causes",
        digest=_names("clustering_id theme_id title keywords size"),
    ),
    "theme_members": Rules(
        key=_names("clustering_id cause_id"),
        remade_from="causes",
        digest=_names("cause_id theme_id clustering_id"),
    ),
    "measures": Rules(key=_names("measure_id"), erase=_names("unit_id")),
    "folds": Rules(key=_names("from_vocabulary from_label to_vocabulary to_label")),
    "annotators": Rules(
        key=_names("annotator_id"),
        digest=_names("annotator_id kind model revision licence"),
    ),
    "dead_letters": Rules(
        key=_names("origin utterance_id step error_type message payload run_id"),
        files="results",
        erase=_names("utterance_id"),
        digest=_names("utterance_id step error_type message"),
    ),
    "runs": Rules(key=_names("run_id stage config_digest ended")),
}
"""What `erase`, `gc`, `compact`, `digest` and `diff` read of each table."""

ERROR = pa.struct(
    [
        pa.field("step", _STRING),
        pa.field("error_type", _STRING),
        pa.field("message", _STRING),
        pa.field("payload", _STRING),
    ]
)
"""Why one row in flight was refused; becomes a row of `dead_letters`."""

NOT_AN_UTTERANCE = "not_an_utterance"
"""Error type of what a source knows to carry no message: a star, a label, a push.

Counted in `runs.counters`, not refused, and no input utterance."""


FILE_ERRORS = ("damaged_file", "truncated_file")
"""Error types of what is wrong with a file, not with a row: nobody knows how many rows
are lost. Such a run is over any budget."""


def _in_flight(table: pa.Schema, left_out: Iterable[str]) -> pa.DataType:
    return pa.list_(pa.struct([f for f in table if f.name not in set(left_out)]))


_COPIED = ("conversation_id", "timestamp", "source", "container", "speaker_id")

CUES_COLUMN = _column(
    "cues", _in_flight(CUES, ["utterance_id"]), "cues of this utterance"
)
ANNOTATIONS_COLUMN = _column(
    "annotations",
    _in_flight(ANNOTATIONS, ["utterance_id", *_COPIED]),
    "labels of this utterance",
)
CAUSES_COLUMN = _column(
    "causes", _in_flight(CAUSES, ["utterance_id"]), "causes of its emotions"
)
ERRORS_COLUMN = _column("errors", pa.list_(ERROR), "why this row was refused")
ANNOTATORS_COLUMN = _column(
    "annotators",
    pa.list_(pa.struct([pa.field("stage", _STRING), *ANNOTATORS])),
    "who has answered this utterance, in order; `stage` is annotate or mine",
)

FINDINGS: dict[str, pa.Field] = {
    "cues": CUES_COLUMN,
    "annotations": ANNOTATIONS_COLUMN,
    "causes": CAUSES_COLUMN,
}
"""In flight, what steps found travels in list columns named after their tables."""

SOURCE_BATCH = pa.schema([*UTTERANCES, ERRORS_COLUMN])
"""What a source emits: utterances, and the rows that it could not read."""


def fields(schema: pa.Schema, *names: str) -> pa.Schema:
    """Returns the schema of the named columns of `schema`, in the order given."""
    return pa.schema([schema.field(name) for name in names])


def raw_name(column: str) -> str:
    """Returns the attribute that keeps what was no value of a column's type."""
    return f"{column}_raw"


def doc(field: pa.Field) -> str:
    """Returns what a column holds, in one line; empty if nobody said."""
    metadata: dict[bytes, Any] = field.metadata or {}
    return str(metadata.get(b"doc", b"").decode())
