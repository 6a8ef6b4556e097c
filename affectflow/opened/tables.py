"""What a lake can be queried for: tables and views, and what one row of each is."""

from typing import TYPE_CHECKING, Any

from affectflow import data
from affectflow.lake import Lake
from affectflow.lake.views import describe_view
from affectflow.schemas import TABLES

if TYPE_CHECKING:
    import duckdb

ONE_ROW = {
    "utterances": "one message or spoken turn",
    "conversations": "one thread, issue or call",
    "conversation_merges": "one conversation that turned out to be part of another",
    "conversation_windows": "one chat source whose messages are split by pauses",
    "cues": "one nonverbal cue, written out",
    "annotations": "one label by one annotator",
    "vectors": "one embedding by one annotator",
    "rollups": "counts of one label in one part",
    "causes": "one emotion and its cause",
    "themes": "one group of causes",
    "theme_members": "one cause in a theme",
    "measures": "one fitted value",
    "folds": "one step of a map between vocabularies",
    "annotators": "one model, prompt, lexicon or person",
    "dead_letters": "one row that a step refused",
    "tombstones": "one erased utterance or speaker",
    "runs": "one stage of one run",
}


def rows_of(
    lake: Lake, connection: "duckdb.DuckDBPyConnection"
) -> list[dict[str, Any]]:
    """Returns a row for each table and view of a connection to a lake."""
    named = "SELECT view_name FROM duckdb_views() WHERE NOT internal"
    there = {name for (name,) in connection.execute(named).fetchall()}
    return [_table(lake, name) for name in TABLES] + [
        _view(name) for name in sorted(set(data.names("views")) & there)
    ]


def _table(lake: Lake, name: str) -> dict[str, Any]:
    rows = sum(file.rows for file in lake.committed(name).values())
    said = ONE_ROW[name]
    return {"name": name, "kind": "table", "n_rows": rows, "one_row_is": said}


def _view(name: str) -> dict[str, Any]:
    said = describe_view(data.find("views", name).text()).removeprefix("one row is ")
    return {"name": name, "kind": "view", "n_rows": None, "one_row_is": said}
