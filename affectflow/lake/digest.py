"""The digest of a lake: equal digests are what "the same answer" means here.

Ids, texts, labels, spans and statuses count, in an order of their own. Run ids, clocks,
`runs`, origins and scores do not; pseudonyms neither, since each lake has its own key.
"""

import hashlib
from typing import TYPE_CHECKING

from affectflow.lake import open_tables
from affectflow.lake.layout import PEOPLE

if TYPE_CHECKING:
    import duckdb

COLUMNS: dict[str, tuple[str, ...]] = {
    "utterances": (
        "utterance_id",
        "conversation_id",
        "reply_to",
        "speaker_role",
        "is_bot",
        "timestamp",
        "source",
        "container",
        "kind",
        "title",
        "text",
        "lang",
        "segments",
        "edited_at",
        "deleted",
        "visibility",
        "url",
    ),
    "conversations": (
        "conversation_id",
        "container",
        "title",
        "opened_at",
        "closed_at",
        "outcome",
        "locked_reason",
        "n_utterances",
        "n_speakers",
    ),
    "conversation_merges": ("conversation_id", "into"),
    "cues": ("utterance_id", "modality", "cue", "phrase", "start", "end"),
    "annotations": (
        "utterance_id",
        "annotator_id",
        "task",
        "vocabulary",
        "label",
        "chosen",
        "start",
        "end",
        "status",
    ),
    "causes": (
        "cause_id",
        "utterance_id",
        "label",
        "vocabulary",
        "cause_utterance_id",
        "start",
        "end",
        "cause_text",
        "cause_type",
        "status",
        "annotator_id",
    ),
    "themes": ("clustering_id", "theme_id", "title", "keywords", "size"),
    "theme_members": ("cause_id", "theme_id", "clustering_id"),
    "annotators": ("annotator_id", "kind", "model", "revision", "licence"),
    "dead_letters": ("utterance_id", "step", "error_type", "message"),
}
# Rows that are stored only because their score passed the storing threshold may be
# there in one run and not in another, 1e-4 apart; only the chosen ones count. What
# people say no to is an answer too.
COUNTED = {
    "annotations": "coalesce(chosen, false) OR label IS NULL "
    f"OR annotator_id IN {PEOPLE}"
}


def digest(uri: str) -> dict[str, str]:
    """Returns a digest for each table, and one over all as `lake`.

    The digest of a table is a sum over its rows, so it does not depend on their order
    or on how they are spread over files.

    Raises:
      LakeError: `uri` is not a lake.
    """
    with open_tables(uri) as connection:
        found = {table: _of_table(connection, table) for table in COLUMNS}
    joined = "\n".join(f"{table} {value}" for table, value in sorted(found.items()))
    found["lake"] = hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()
    return found


def digest_of(uri: str, table: str) -> str:
    """Returns the digest of one table of `COLUMNS`."""
    with open_tables(uri) as connection:
        return _of_table(connection, table)


def _of_table(connection: "duckdb.DuckDBPyConnection", table: str) -> str:
    return _hex(connection.execute(_query(table)).fetchall()[0])


def _query(table: str) -> str:
    columns = ", ".join(f"'{c}', t.\"{c}\"" for c in COLUMNS[table])
    where = COUNTED.get(table, "true")
    return (
        "SELECT count(*), coalesce(sum(md5_number_lower(said)::HUGEINT), 0), "
        "coalesce(bit_xor(md5_number_upper(said)), 0) FROM (SELECT "
        f"json_object({columns})::VARCHAR AS said FROM {table} t WHERE {where})"
    )


def _hex(row: tuple[int, int, int]) -> str:
    rows, low, high = row
    text = f"{rows}/{low}/{high}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
