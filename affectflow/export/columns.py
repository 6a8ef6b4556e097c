"""Which columns of which tables leave a lake for a replication: only those named here.

A column that a later version adds stays in the lake until it is named here. None of
them holds what people wrote: no `text`, `title` or `attrs`, no quoted cause, no words
  of a theme, and no raw answer of a model.
"""

SPEAKER = "speaker_id"


def _names(text: str) -> dict[str, str]:
    return {name: f'"{name}"' for name in text.split()}


def _by(name: str) -> dict[str, str]:
    """Returns the id of an annotator; people who label have numbers for names."""
    number = f"(SELECT r.number FROM raters AS r WHERE r.id = t.{name})"
    return {name: f"coalesce({number}, t.{name})"}


COLUMNS: dict[str, dict[str, str]] = {
    "utterances": {
        **_names(
            "utterance_id conversation_id speaker_role is_bot timestamp source "
            "container kind lang edited_at deleted visibility split"
        ),
        # The message that was answered may have been erased.
        "reply_to": "CASE WHEN reply_to IN (SELECT utterance_id FROM utterances) "
        "THEN reply_to END",
        # The hash of a short private message would let readers guess its words.
        "content_hash": "CASE WHEN visibility = 'public' THEN content_hash END",
    },
    "conversations": _names(
        "conversation_id container opened_at closed_at outcome n_utterances n_speakers"
    ),
    "conversation_merges": _names("conversation_id into"),
    "annotations": {
        **_names("utterance_id"),
        **_by("annotator_id"),
        **_names(
            "task vocabulary label score probability value rank chosen start end "
            "perspective experiencer target_type status sample_id calibration_id"
        ),
    },
    "causes": {
        **_names("cause_id utterance_id label vocabulary"),
        **_by("emotion_annotator_id"),
        **_names("cause_utterance_id start end cause_type experiencer score status"),
        **_by("annotator_id"),
    },
    "themes": _names("clustering_id theme_id parent_id size replaced_by"),
    "theme_members": _names("clustering_id theme_id cause_id membership"),
    "measures": {
        **_names("measure_id kind unit_type"),
        **_by("unit_id"),
        **_names("label group parameters value low high n"),
        # For an inclusion it is made from the text.
        "fitted_on": "CASE WHEN kind <> 'inclusion' THEN fitted_on END",
    },
    "folds": _names("from_vocabulary from_label to_vocabulary to_label weight version"),
    "annotators": {
        **_by("annotator_id"),
        **_names(
            "kind model revision licence commercial_use prompt_hash renderer_ids "
            "parameters"
        ),
        **_by("over"),
        **_names("version since touches"),
    },
    "runs": {
        **_names("run_id stage state started ended config_digest"),
        **_by("annotator_id"),
        **_names(
            "calibration_id rows_in rows_out rows_dead rows_duplicate rows_unchanged "
            "only_below versions"
        ),
    },
}
"""SQL for each exported column, by table."""

MEASURES = (
    *("inclusion", "agreement", "raters", "precision", "recall", "specificity"),
    *("apparent_prevalence", "prevalence", "validation", "calibration"),
)
"""Kinds of measures that say how labels were checked; others may quote people."""

_THERE = "(SELECT utterance_id FROM utterances)"
WHERE = {
    "annotations": f"utterance_id IN {_THERE}",
    "causes": f"utterance_id IN {_THERE} "
    f"AND coalesce(cause_utterance_id, utterance_id) IN {_THERE}",
    "measures": f"kind IN {MEASURES} AND (kind <> 'inclusion' OR unit_id IN {_THERE})",
}
"""Which rows of a table are exported: of existing messages, and of label checks."""

WITH_SPEAKERS = ("utterances",)
"""Tables that get the speaker's pseudonym if requested."""
