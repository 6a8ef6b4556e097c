"""What an analysis found, in a few lines, and what to type next."""

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from affectflow.nouns import count

if TYPE_CHECKING:
    import duckdb

_MESSAGES = """
    SELECT count(*), count(DISTINCT speaker_id), count(DISTINCT conversation_id)
    FROM utterances
"""
_FLAGGED = """
    SELECT count(*) FROM frustration
    WHERE annotator_id = (SELECT annotator_id FROM basis WHERE position = 1)
"""
_THEMES = """
    SELECT theme, n_utterances FROM emotion_causes
    WHERE family = ? ORDER BY position LIMIT 3
"""
FAMILIES = ("frustration", "irritation")
"""Whose themes are shown: those of the first that has any."""


def summary(lake: str) -> list[str]:
    """Returns what a lake holds, its top themes, and what to type next.

    Counts are of what the model flagged, which is no share of anything: nobody has
    checked the model on these messages.
    """
    from affectflow.lake import open_lake

    with open_lake(lake) as connection:
        found = [*_counted(connection), *_top(connection)]
    place = shlex.quote(lake)
    query = '"SELECT theme, count, trend FROM frustration_causes ORDER BY position"'
    return [
        *found,
        f"next:  affectflow sql {place} {query}",
        f"next:  affectflow sample {place} --n 100 --out sheet.csv --html sheet.html",
    ]


def _counted(connection: "duckdb.DuckDBPyConnection") -> Iterator[str]:
    ((messages, people, conversations),) = connection.sql(_MESSAGES).fetchall()
    ((flagged,),) = connection.sql(_FLAGGED).fetchall()
    yield (
        f"lake: {count(messages, 'message')} by {count(people, 'person', 'people')} in "
        f"{count(conversations, 'conversation')}"
    )
    if flagged:
        yield (
            f"frustration: {flagged:,} flagged by the model, which is no share until "
            "it is checked against people's answers"
        )


def _top(connection: "duckdb.DuckDBPyConnection") -> Iterator[str]:
    for family in FAMILIES:
        themes = connection.execute(_THEMES, [family]).fetchall()
        if themes:
            said = "; ".join(f"{theme} ({n:,})" for theme, n in themes)
            yield f"top themes of {family}: {said}"
            return
