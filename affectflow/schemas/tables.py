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
    ("utterance_id", STRING, "<source>:<native id>, the same for ever"),
    ("conversation_id", STRING, "the source's own thread key"),
    ("reply_to", STRING, "utterance_id of the message this one answers"),
    ("speaker_id", STRING, "keyed hash of source and account"),
    ("speaker_role", STRING, "role in the community when this was posted"),
    ("is_bot", pa.bool_(), "the account is an automaton"),
    ("timestamp", TIME, "when it was posted"),
    ("utc_offset_min", pa.int16(), "the speaker's offset from UTC, minutes"),
    ("source", STRING, "where it comes from: github, jsonl, ..."),
    ("container", STRING, "repository, subreddit, channel or list"),
    ("kind", STRING, "issue, pull_request, comment, review, message, ..."),
    ("title", STRING, "the title of the conversation, where the source has one"),
    ("text", STRING, "ftfy and NFC; personal data replaced; offsets refer to it"),
    ("lang", STRING, "BCP 47 tag, where known"),
    ("segments", pa.list_(SEGMENT), "code, quotes, logs, links ...: typed spans"),
    ("edited_at", TIME, "when this version was made"),
    ("deleted", pa.bool_(), "the source says that it was deleted"),
    ("visibility", STRING, "public, private, direct or unknown"),
    ("url", STRING, "where a person can read it"),
    ("start_s", pa.float64(), "start in the recording, seconds"),
    ("end_s", pa.float64(), "end in the recording, seconds"),
    ("media_uri", STRING, "the recording"),
    ("origin", STRING, "file and place in it that this row was read from"),
    ("split", STRING, "train, dev or test, where the source has one"),
    ("attrs", ATTRS, "anything else that the source says"),
    ("content_hash", STRING, "BLAKE2b of what the message says"),
    ("bucket", INT, "top bits of BLAKE2b of conversation_id"),
)

CONVERSATIONS = table(
    ("conversation_id", STRING, "the source's own thread key"),
    ("container", STRING, "repository, subreddit, channel or list"),
    ("title", STRING, "title of the thread"),
    ("opened_at", TIME, "time of the first utterance"),
    ("closed_at", TIME, "when the source says that it was closed"),
    ("outcome", STRING, "completed, not_planned, merged, closed, open"),
    ("locked_reason", STRING, "why it was locked: too heated, spam, ..."),
    ("n_utterances", pa.int64(), "how many utterances the lake holds"),
    ("n_speakers", pa.int64(), "how many people spoke; null if no author is known"),
)

CONVERSATION_MERGES = table(
    ("conversation_id", STRING, "a conversation whose parent came late"),
    ("into", STRING, "the conversation that it belongs to"),
)

CONVERSATION_WINDOWS = table(
    ("source", STRING, "a chat whose messages without replies are told apart by time"),
    ("pause_s", pa.float64(), "a longer pause in a channel begins a conversation"),
)

CUES = table(
    ("utterance_id", STRING, "the utterance that carries the cue"),
    ("modality", STRING, "text, voice, face, ..."),
    ("cue", STRING, "what was observed: emoji, emoticon, shouting, ..."),
    ("phrase", STRING, "the cue written out in words"),
    ("value", pa.float64(), "measured value, in `unit`"),
    ("unit", STRING, "unit of `value`"),
    ("start_s", pa.float64(), "start in the recording, seconds"),
    ("end_s", pa.float64(), "end in the recording, seconds"),
    ("start", INT, "first code point in text"),
    ("end", INT, "code point after the last in text"),
    ("renderer_id", STRING, "renderer and version that wrote it out"),
)

ANNOTATIONS = table(
    ("utterance_id", STRING, "the utterance that is labelled"),
    ("annotator_id", STRING, "who labelled it; see annotators"),
    ("task", STRING, "emotion, frustration, valence, ..."),
    ("vocabulary", STRING, "label set, see vocabularies"),
    ("label", STRING, "one label; null if there was nothing to label"),
    ("score", FLOAT, "0..1, as the annotator gave it; not a probability"),
    ("probability", FLOAT, "0..1, only after calibration"),
    ("value", FLOAT, "strength on the vocabulary's scale, never confidence"),
    ("rank", pa.int16(), "1 for the highest score"),
    ("chosen", pa.bool_(), "part of the annotator's answer"),
    ("start", INT, "first code point in text, if a span is labelled"),
    ("end", INT, "code point after the last"),
    ("perspective", STRING, "writer, reader or self_report"),
    ("experiencer", STRING, "self, addressee or third_party"),
    ("target_type", STRING, "code, person, process, organisation, self, ..."),
    ("status", STRING, "ok, abstained, no_author_text, ..."),
    ("raw", STRING, "the answer as it came"),
    ("sample_id", STRING, "the sample that a person was asked in; see measures"),
    ("calibration_id", STRING, "the calibration that gave `probability`"),
    ("conversation_id", STRING, "copied from utterances"),
    ("timestamp", TIME, "copied from utterances"),
    ("source", STRING, "copied from utterances"),
    ("container", STRING, "copied from utterances"),
    ("speaker_id", STRING, "copied from utterances"),
)

VECTORS = table(
    ("utterance_id", STRING, "the utterance that the vector stands for"),
    ("annotator_id", STRING, "the model that gave it; see annotators"),
    ("modality", STRING, "what the model read: text, voice, face, ..."),
    ("vector", pa.list_(FLOAT), "one embedding; as long as all by its annotator"),
    ("start_s", pa.float64(), "start in the recording, seconds"),
    ("end_s", pa.float64(), "end in the recording, seconds"),
)

ROLLUPS = table(
    ("day", pa.date32(), "UTC day; null where the time is unknown"),
    ("source", STRING, "where it comes from"),
    ("container", STRING, "repository, subreddit, channel or list"),
    ("annotator_id", STRING, "who labelled"),
    ("task", STRING, "emotion, frustration, valence, ..."),
    ("label", STRING, "one label"),
    ("n", pa.int64(), "utterances that this annotator answered"),
    ("chosen", pa.int64(), "utterances whose answer holds the label"),
    ("score_sum", pa.float64(), "sum of the stored scores"),
)

CAUSES = table(
    ("cause_id", STRING, "identity of this row, from what it says"),
    ("utterance_id", STRING, "the utterance that expresses the emotion"),
    ("label", STRING, "the emotion"),
    ("vocabulary", STRING, "its label set"),
    ("emotion_annotator_id", STRING, "who found the emotion"),
    ("cause_utterance_id", STRING, "the utterance that holds the cause"),
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
    ("theme_id", STRING, "identity of the theme, from its members"),
    ("parent_id", STRING, "a wider theme"),
    ("title", STRING, "a short name"),
    ("keywords", pa.list_(STRING), "its most telling terms"),
    ("size", pa.int64(), "how many causes"),
    ("exemplar_ids", pa.list_(STRING), "cause_id of the most central causes"),
    ("replaced_by", STRING, "theme_id in a later clustering"),
)

THEME_MEMBERS = table(
    ("cause_id", STRING, "the cause"),
    ("theme_id", STRING, "the theme that it is in"),
    ("clustering_id", STRING, "the clustering"),
    ("membership", FLOAT, "0..1, similarity to the theme's centre"),
)

MEASURES = table(
    ("measure_id", STRING, "identity of the value"),
    ("kind", STRING, "calibration, severity, consensus, ..."),
    ("unit_type", STRING, "annotator, label, rater, ..."),
    ("unit_id", STRING, "what the value belongs to"),
    ("label", STRING, "one label; of an inclusion, the sample_id"),
    ("group", STRING, "the part of the rows; of an inclusion, the stratum"),
    ("parameters", STRING, "settings of the fit, as JSON"),
    ("value", pa.float64(), "the fitted value"),
    ("low", pa.float64(), "lower end of its interval"),
    ("high", pa.float64(), "upper end of its interval"),
    ("n", pa.int64(), "how many observations"),
    ("fitted_on", STRING, "the data it was fitted on: samples, or a digest"),
)

FOLDS = table(
    ("from_vocabulary", STRING, "label set"),
    ("from_label", STRING, "label in it"),
    ("to_vocabulary", STRING, "coarser label set"),
    ("to_label", STRING, "label in that"),
    ("weight", FLOAT, "0..1"),
    ("version", STRING, "version of the fold"),
)

ANNOTATORS = table(
    ("annotator_id", STRING, "name, revision and digest of the settings"),
    ("kind", STRING, "model, prompt, lexicon, rules or person"),
    ("model", STRING, "name or folder"),
    ("revision", STRING, "pinned revision, or digest of the weights"),
    ("licence", STRING, "licence of the weights"),
    ("commercial_use", pa.bool_(), "the licence allows commercial use"),
    ("prompt_hash", STRING, "BLAKE2b of the prompt"),
    ("renderer_ids", pa.list_(STRING), "cues that it read in words"),
    ("parameters", STRING, "settings, as JSON"),
    ("over", STRING, "the annotator whose answers it reads"),
    ("version", STRING, "version of affectflow"),
    ("since", TIME, "when it first answered in this lake"),
    ("touches", pa.list_(STRING), "what it touches: person, biometric, health"),
    ("notice", STRING, "what whoever reads its results is told, if its prompt says so"),
)

DEAD_LETTERS = table(
    ("origin", STRING, "file and place in it"),
    ("utterance_id", STRING, "the utterance, if it had an id"),
    ("step", STRING, "the step that refused it"),
    ("plugin_version", STRING, "version of the step's distribution"),
    ("error_type", STRING, "a word to group by"),
    ("message", STRING, "why, and what to do"),
    ("payload", STRING, "the row, masked and cut"),
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
    ("error", STRING, "the line that was shown"),
    ("started", TIME, "start of the stage"),
    ("ended", TIME, "end of the stage"),
    ("config", STRING, "settings, as JSON"),
    ("config_digest", STRING, "BLAKE2b of `config`"),
    ("annotator_id", STRING, "whose answers it gave, mined or calibrated"),
    ("calibration_id", STRING, "the calibration that it fitted or applied"),
    ("rows_in", pa.int64(), "input utterances; causes, where the stage is themes"),
    ("rows_out", pa.int64(), "utterances written"),
    ("rows_dead", pa.int64(), "utterances refused"),
    ("rows_duplicate", pa.int64(), "utterances that another row of the input has"),
    ("rows_unchanged", pa.int64(), "utterances that the lake had already"),
    ("model_calls", pa.int64(), "parts predicted"),
    ("model_seconds", pa.float64(), "seconds in prediction"),
    ("questions", pa.int64(), "what a prompt asked, one for a row and step"),
    ("duplicate_share", pa.float64(), "of the questions: equal to another of a part"),
    ("kept_answers", pa.int64(), "distinct questions that the journal had answers to"),
    ("calls", pa.int64(), "questions put to the model, and those put again"),
    ("tokens_in", pa.int64(), "of what was put to the model"),
    ("tokens_out", pa.int64(), "of its answers"),
    ("cost", pa.float64(), "of the calls, in the currency of the prices given"),
    ("sent_to", STRING, "the other machine that was asked; null if none was"),
    ("rows_sent", pa.int64(), "utterances that it was shown"),
    ("characters_sent", pa.int64(), "of all that was sent to it"),
    ("only_below", pa.float64(), "threshold of a cascade; null of other runs"),
    ("learned_from", pa.int64(), "utterances that it was learned from, if it was"),
    ("learned_asked", pa.float64(), "share asked about of those that did not set it"),
    (
        "learned_agreement",
        pa.float64(),
        "share of them labelled as by the second model alone",
    ),
    ("peak_rss_bytes", pa.int64(), "largest resident set of a worker"),
    ("counters", pa.map_(STRING, pa.int64()), "anything else that was counted"),
    ("versions", pa.map_(STRING, STRING), "Python and libraries"),
    ("table_versions", pa.map_(STRING, pa.int64()), "Delta versions that it left"),
    ("purpose", STRING, "why it was run, in the words of whoever ran it"),
    ("context", STRING, "where its answers are used: research, workplace, ..."),
    ("allow_person_level", pa.bool_(), "answers about single persons were allowed"),
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
