"""How the commands that go through all tables treat each of them."""

from dataclasses import dataclass
from typing import Literal

from affectflow.schemas.tables import CONVERSATIONS

PEOPLE = "(SELECT annotator_id FROM annotators WHERE kind = 'person')"
"""SQL for the ids of people who label by hand; `gold` writes them before any answer."""
OF_WRITER = "coalesce(perspective IN ('writer', 'self_report'), false)"
"""SQL for whether an answer is the writer's own; readers' answers take precedence."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How the commands that go through all tables treat one of them.

    Args:
      key: the columns that identify its rows, nulls equal; none where rows are counts
        that are added up.
      files: how `gc` and `compact` treat its files. `parts`: those that compact
        merges. `results`: one for each part and each stage or ingest that gave it rows;
        compact merges them along with the parts, and gc keeps those that a receipt
        names. `buckets`: one for each bucket, written again when its parts change.
        `own`: compact leaves them alone. In all cases gc keeps what a version needs.
      erase: the columns that hold ids of utterances and speakers; `erase` removes the
        rows that name an erased one. None: the table names nobody.
      remade_from: the table it is derived from; `erase` derives it again.
      digest: the columns that `digest` hashes and by which `diff` counts added and
        removed rows; none: the table is left out of both.
      counted: SQL condition on the rows that count.
      later: the table is missing from lakes made by an earlier version: there it reads
        as empty, and the first commit creates it.
    """

    key: tuple[str, ...]
    files: Literal["parts", "results", "buckets", "own"] = "own"
    erase: tuple[str, ...] = ()
    remade_from: str = ""
    digest: tuple[str, ...] = ()
    counted: str = "true"
    later: bool = False


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
    "conversation_windows": Rules(
        key=_names("source"), digest=_names("source pause_s"), later=True
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
    "vectors": Rules(
        key=_names("utterance_id annotator_id modality start_s end_s"),
        files="results",
        erase=_names("utterance_id"),
        # Their numbers differ in the last digits from machine to machine.
        digest=_names("utterance_id annotator_id modality start_s end_s"),
        later=True,
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
    "tombstones": Rules(key=_names("kind id"), later=True),
    "runs": Rules(key=_names("run_id stage config_digest ended")),
}
"""What `erase`, `gc`, `compact`, `digest` and `diff` read of each table."""
