"""Which messages may be quoted: those that are public, by their source or by the user.

Many chats do not say whether they are public. Their messages are quoted once the user
has declared the source public; messages that a source marks private are never quoted.
"""

from typing import TYPE_CHECKING

from affectflow.lake import open_tables
from affectflow.lake.views import create_view, shipped_views

if TYPE_CHECKING:
    import duckdb

STAGE = "public"
"""Of the row of `runs` that says which sources the user called public."""
_SILENT = """
    SELECT DISTINCT source FROM utterances
    WHERE coalesce(visibility, 'unknown') = 'unknown' ORDER BY source
"""


def silent_sources(connection: "duckdb.DuckDBPyConnection") -> list[str]:
    """Returns the sources of messages that do not say whether they are public."""
    return [name for (name,) in connection.execute(_SILENT).fetchall() if name]


def said_public(connection: "duckdb.DuckDBPyConnection") -> list[str]:
    """Returns the sources that the user declared public; needs tables, no views."""
    name = "public_sources"
    create_view(connection, name, shipped_views()[name])
    found = connection.execute(f"SELECT source FROM {name} ORDER BY source")
    return [source for (source,) in found.fetchall()]


def public_in(uri: str) -> list[str]:
    """Returns the sources of a lake that the user called public."""
    with open_tables(uri, only=("runs",)) as connection:
        return said_public(connection)
