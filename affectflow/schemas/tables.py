"""The Arrow schema of every table."""

import pyarrow as pa

from affectflow.schemas.columns import ATTRS, FLOAT, INT, STRING, TIME, table

SEGMENT = pa.struct(
    [
        pa.field("type", STRING),
        pa.field("start", INT),
        pa.field("end", INT),
        pa.field("lang", STRING),
        pa.field("ref_utterance_id", STRING),
    ]
)

UTTERANCES = table(
    ("utterance_id", STRING, "<source>:<native id>; never changes"),
    ("conversation_id", STRING, "the source's own thread key"),
    ("reply_to", STRING, "utterance_id of the message this one answers"),
    ("speaker_id", STRING, "pseudonym: keyed hash of source and account"),
    ("speaker_role", STRING, "role in the community at the time of posting"),
    ("is_bot", pa.bool_(), "whether the account is a bot"),
    ("timestamp", TIME, "when it was posted"),
    ("utc_offset_min", pa.int16(), "the speaker's offset from UTC, in minutes"),
    ("source", STRING, "kind of source: github, jsonl, ..."),
    ("container", STRING, "repository, subreddit, channel or mailing list"),
    ("kind", STRING, "issue, pull_request, comment, review, message, ..."),
    ("title", STRING, "title of the conversation, if the source has one"),
    (
        "text",
        STRING,
        "cleaned text (ftfy, NFC), personal data replaced; offsets refer to it",
    ),
    ("lang", STRING, "BCP 47 language tag, if known"),
    ("segments", pa.list_(SEGMENT), "typed spans: code, quotes, logs, links, ..."),
    ("edited_at", TIME, "when this version was written"),
    ("deleted", pa.bool_(), "whether the source marks it as deleted"),
    ("visibility", STRING, "public, private, direct or unknown"),
    ("url", STRING, "link to the original message"),
    ("start_s", pa.float64(), "start in the recording, seconds"),
    ("end_s", pa.float64(), "end in the recording, seconds"),
    ("media_uri", STRING, "the recording"),
    ("origin", STRING, "file, and position in it, that this row was read from"),
    ("split", STRING, "train, dev or test, if the source has splits"),
    ("attrs", ATTRS, "all other fields of the source"),
    ("content_hash", STRING, "BLAKE2b of the message's content"),
    ("bucket", INT, "top bits of BLAKE2b of conversation_id"),
)

CONVERSATIONS = table(
    ("conversation_id", STRING, "the source's own thread key"),
    ("container", STRING, "repository, subreddit, channel or mailing list"),
    ("title", STRING, "title of the thread"),
    ("opened_at", TIME, "time of the first utterance"),
    ("closed_at", TIME, "when it was closed, according to the source"),
    ("outcome", STRING, "completed, not_planned, merged, closed, open"),
    ("locked_reason", STRING, "why it was locked: too heated, spam, ..."),
    ("n_utterances", pa.int64(), "number of its utterances in the lake"),
    (
        "n_speakers",
        pa.int64(),
        "number of people who spoke; null if no author is known",
    ),
)

CONVERSATION_MERGES = table(
    ("conversation_id", STRING, "a conversation whose parent arrived later"),
    ("into", STRING, "the conversation it belongs to"),
)

CONVERSATION_WINDOWS = table(
    ("source", STRING, "chat source whose messages without replies are split by time"),
    ("pause_s", pa.float64(), "a longer pause in a channel starts a new conversation"),
)

CUES = table(
    ("utterance_id", STRING, "the utterance that carries the cue"),
    ("modality", STRING, "text, voice, face, ..."),
    ("cue", STRING, "what was observed: emoji, emoticon, shouting, ..."),
    ("phrase", STRING, "the cue written out in words"),
    ("value", pa.float64(), "measured value, in units of `unit`"),
    ("unit", STRING, "unit of `value`"),
    ("start_s", pa.float64(), "start in the recording, seconds"),
    ("end_s", pa.float64(), "end in the recording, seconds"),
    ("start", INT, "first code point in text"),
    ("end", INT, "code point after the last in text"),
    ("renderer_id", STRING, "renderer, and its version, that wrote the phrase"),
)

ANNOTATIONS = table(
    ("utterance_id", STRING, "the utterance that is labelled"),
    ("annotator_id", STRING, "who labelled it; see annotators"),
    ("task", STRING, "emotion, frustration, valence, ..."),
    ("vocabulary", STRING, "label set; see vocabularies"),
    ("label", STRING, "one label; null if there was nothing to label"),
    ("score", FLOAT, "0..1, as the annotator gave it; not a probability"),
    ("probability", FLOAT, "0..1, only after calibration"),
    ("value", FLOAT, "strength on the vocabulary's scale, never confidence"),
    ("rank", pa.int16(), "1 for the highest score"),
    ("chosen", pa.bool_(), "whether the label is part of the annotator's answer"),
    ("start", INT, "first code point in text, if a span is labelled"),
    ("end", INT, "code point after the last"),
    ("perspective", STRING, "writer, reader or self_report"),
    ("experiencer", STRING, "self, addressee or third_party"),
    ("target_type", STRING, "code, person, process, organisation, self, ..."),
    ("status", STRING, "ok, abstained, no_author_text, ..."),
    ("raw", STRING, "the answer as received"),
    ("sample_id", STRING, "the sample in which a person was asked; see measures"),
    ("calibration_id", STRING, "the calibration that produced `probability`"),
    ("conversation_id", STRING, "copied from utterances"),
    ("timestamp", TIME, "copied from utterances"),
    ("source", STRING, "copied from utterances"),
    ("container", STRING, "copied from utterances"),
    ("speaker_id", STRING, "copied from utterances"),
)

VECTORS = table(
    ("utterance_id", STRING, "the utterance that the vector represents"),
    ("annotator_id", STRING, "the model that produced it; see annotators"),
    ("modality", STRING, "what the model read: text, voice, face, ..."),
    (
        "vector",
        pa.list_(FLOAT),
        "one embedding; its length is the same for every row of an annotator",
    ),
    ("start_s", pa.float64(), "start in the recording, seconds"),
    ("end_s", pa.float64(), "end in the recording, seconds"),
)

ROLLUPS = table(
    ("day", pa.date32(), "UTC day; null where the time is unknown"),
    ("source", STRING, "kind of source: github, jsonl, ..."),
    ("container", STRING, "repository, subreddit, channel or mailing list"),
    ("annotator_id", STRING, "who labelled"),
    ("task", STRING, "emotion, frustration, valence, ..."),
    ("label", STRING, "one label"),
    ("n", pa.int64(), "utterances that this annotator answered"),
    ("chosen", pa.int64(), "utterances whose answer contains the label"),
    ("score_sum", pa.float64(), "sum of the stored scores"),
)

CAUSES = table(
    ("cause_id", STRING, "identity of this row, derived from its content"),
    ("utterance_id", STRING, "the utterance that expresses the emotion"),
    ("label", STRING, "the emotion"),
    ("vocabulary", STRING, "its label set"),
    ("emotion_annotator_id", STRING, "who found the emotion"),
    ("cause_utterance_id", STRING, "the utterance that contains the cause"),
    ("start", INT, "first code point of the cause; null unless status is ok"),
    ("end", INT, "code point after the last"),
    ("cause_text", STRING, "text[start:end] of cause_utterance_id"),
    ("summary", STRING, "the cause in other words"),
    ("cause_type", STRING, "no_context, inter_personal, self_contagion, latent"),
    ("experiencer", STRING, "self, addressee or third_party"),
    ("score", FLOAT, "0..1"),
    ("status", STRING, "ok, none_found, latent or unaligned"),
    ("annotator_id", STRING, "who found the cause"),
)

THEMES = table(
    ("clustering_id", STRING, "one clustering of all causes"),
    ("theme_id", STRING, "identity of the theme, derived from its members"),
    ("parent_id", STRING, "a wider theme"),
    ("title", STRING, "a short name"),
    ("keywords", pa.list_(STRING), "its most characteristic terms"),
    ("size", pa.int64(), "number of causes"),
    ("exemplar_ids", pa.list_(STRING), "cause_id of the most central causes"),
    ("replaced_by", STRING, "theme_id of its successor in a later clustering"),
)

THEME_MEMBERS = table(
    ("cause_id", STRING, "the cause"),
    ("theme_id", STRING, "the theme it belongs to"),
    ("clustering_id", STRING, "the clustering"),
    ("membership", FLOAT, "0..1, similarity to the theme's centre"),
)

MEASURES = table(
    ("measure_id", STRING, "identity of the value"),
    ("kind", STRING, "calibration, severity, consensus, ..."),
    ("unit_type", STRING, "annotator, label, rater, ..."),
    ("unit_id", STRING, "what the value belongs to"),
    ("label", STRING, "one label; for an inclusion, the sample_id"),
    ("group", STRING, "the subgroup of rows; for an inclusion, the stratum"),
    ("parameters", STRING, "settings of the fit, as JSON"),
    ("value", pa.float64(), "the fitted value"),
    ("low", pa.float64(), "lower end of its interval"),
    ("high", pa.float64(), "upper end of its interval"),
    ("n", pa.int64(), "number of observations"),
    ("fitted_on", STRING, "the data it was fitted on: sample ids, or a digest"),
)

FOLDS = table(
    ("from_vocabulary", STRING, "label set"),
    ("from_label", STRING, "label in the label set"),
    ("to_vocabulary", STRING, "coarser label set"),
    ("to_label", STRING, "label in the coarser set"),
    ("weight", FLOAT, "0..1"),
    ("version", STRING, "version of the fold"),
)

ANNOTATORS = table(
    ("annotator_id", STRING, "name, revision, and digest of the settings"),
    ("kind", STRING, "model, prompt, lexicon, rules or person"),
    ("model", STRING, "name or folder"),
    ("revision", STRING, "pinned revision, or digest of the weights"),
    ("licence", STRING, "licence of the weights"),
    ("commercial_use", pa.bool_(), "whether the licence allows commercial use"),
    ("prompt_hash", STRING, "BLAKE2b of the prompt"),
    ("renderer_ids", pa.list_(STRING), "renderers whose cues it read in words"),
    ("parameters", STRING, "settings, as JSON"),
    (
        "over",
        STRING,
        "the annotator whose answers it reads as input; commas between several",
    ),
    ("version", STRING, "version of affectflow"),
    ("since", TIME, "when it first answered in this lake"),
    (
        "touches",
        pa.list_(STRING),
        "sensitive data it deals with: person, biometric, health",
    ),
    (
        "notice",
        STRING,
        "what readers of its results are told, if its prompt has a notice",
    ),
)

DEAD_LETTERS = table(
    ("origin", STRING, "file, and position in it"),
    ("utterance_id", STRING, "the utterance, if it had an id"),
    ("step", STRING, "the step that refused it"),
    ("plugin_version", STRING, "version of the step's distribution"),
    ("error_type", STRING, "kind of error, one word, to group by"),
    ("message", STRING, "what is wrong, and what to do"),
    ("payload", STRING, "the row, masked and shortened"),
    ("run_id", STRING, "the run"),
    ("at", TIME, "when"),
    ("status", STRING, "open or replayed"),
)

TOMBSTONES = table(
    ("kind", STRING, "utterance or speaker"),
    ("id", STRING, "BLAKE2b of its id, 32 hexadecimal digits"),
    ("run_id", STRING, "the run that erased it"),
    ("at", TIME, "when"),
)

RUNS = table(
    ("run_id", STRING, "one command"),
    ("stage", STRING, "ingest, annotate, mine, themes, calibrate, measure, basis ..."),
    ("state", STRING, "done, over_budget, failed or interrupted"),
    ("error", STRING, "the error line that was shown"),
    ("started", TIME, "start of the stage"),
    ("ended", TIME, "end of the stage"),
    ("config", STRING, "settings, as JSON"),
    ("config_digest", STRING, "BLAKE2b of `config`"),
    (
        "annotator_id",
        STRING,
        "the annotator whose answers were written, mined or calibrated",
    ),
    ("calibration_id", STRING, "the calibration that was fitted or applied"),
    ("rows_in", pa.int64(), "input utterances; for stage themes, causes"),
    ("rows_out", pa.int64(), "utterances written"),
    ("rows_dead", pa.int64(), "utterances refused"),
    ("rows_duplicate", pa.int64(), "utterances that repeat another row of the input"),
    ("rows_unchanged", pa.int64(), "utterances already in the lake"),
    ("model_calls", pa.int64(), "number of parts predicted"),
    ("model_seconds", pa.float64(), "seconds in prediction"),
    ("questions", pa.int64(), "questions asked by a prompt, one for each row and step"),
    (
        "duplicate_share",
        pa.float64(),
        "share of the questions equal to another in their part",
    ),
    (
        "kept_answers",
        pa.int64(),
        "distinct questions that the journal already answered",
    ),
    ("calls", pa.int64(), "questions sent to the model, retries included"),
    ("tokens_in", pa.int64(), "tokens in the questions sent to the model"),
    ("tokens_out", pa.int64(), "tokens in its answers"),
    ("cost", pa.float64(), "cost of the calls, in the currency of the prices given"),
    ("sent_to", STRING, "the other machine that was asked; null if none"),
    ("rows_sent", pa.int64(), "utterances sent to that machine"),
    ("characters_sent", pa.int64(), "characters sent to that machine"),
    ("only_below", pa.float64(), "threshold of a cascade; null for other runs"),
    (
        "learned_from",
        pa.int64(),
        "utterances the threshold was learned from, if it was learned",
    ),
    (
        "learned_asked",
        pa.float64(),
        "share asked about, of utterances not used to learn it",
    ),
    (
        "learned_agreement",
        pa.float64(),
        "share of these labelled as by the second model alone",
    ),
    ("peak_rss_bytes", pa.int64(), "largest resident set size of a worker"),
    ("counters", pa.map_(STRING, pa.int64()), "all other counts"),
    ("versions", pa.map_(STRING, STRING), "versions of Python and libraries"),
    (
        "table_versions",
        pa.map_(STRING, pa.int64()),
        "Delta version of each table after the run",
    ),
    ("purpose", STRING, "why it was run, in the words of the person who ran it"),
    ("context", STRING, "where its results are used: research, workplace, ..."),
    (
        "allow_person_level",
        pa.bool_(),
        "whether results about individuals were allowed",
    ),
)

TABLES: dict[str, pa.Schema] = {
    "utterances": UTTERANCES,
    "conversations": CONVERSATIONS,
    "conversation_merges": CONVERSATION_MERGES,
    "conversation_windows": CONVERSATION_WINDOWS,
    "cues": CUES,
    "annotations": ANNOTATIONS,
    "vectors": VECTORS,
    "rollups": ROLLUPS,
    "causes": CAUSES,
    "themes": THEMES,
    "theme_members": THEME_MEMBERS,
    "measures": MEASURES,
    "folds": FOLDS,
    "annotators": ANNOTATORS,
    "dead_letters": DEAD_LETTERS,
    "tombstones": TOMBSTONES,
    "runs": RUNS,
}
