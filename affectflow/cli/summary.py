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
_UNSAID = """
    SELECT list(DISTINCT source ORDER BY source) FROM utterances
    WHERE coalesce(visibility, 'unknown') = 'unknown' AND source IS NOT NULL
      AND source NOT IN (SELECT source FROM public_sources)
"""
FAMILIES = ("frustration", "irritation")
"""Families whose themes are shown: the first that has any."""


def summary(lake: str, report: str = "") -> list[str]:
    """Returns what a lake holds, its top themes, and what to type next.

    Counts are of what the model flagged, not shares: the model has not been checked on
    these messages.

    Args:
      lake: folder or URL.
      report: where the report on it is.
    """
    from affectflow.lake import open_lake

    with open_lake(lake) as connection:
        return lines(
            connection, shlex.quote(lake), shlex.quote(report or "report.html")
        )


def lines(
    connection: "duckdb.DuckDBPyConnection", place: str, report: str = "report.html"
) -> list[str]:
    """Returns the summary of an open lake; the places are quoted for the shell."""
    ((messages, people, conversations),) = connection.sql(_MESSAGES).fetchall()
    family, themes = _top(connection)
    found = [
        f"lake: {count(messages, 'message')} by {_authors(messages, people)} in "
        f"{count(conversations, 'conversation')}",
        *_flagged(connection),
        *([f"top themes of {family}: {themes}"] if themes else []),
        *_unquoted(connection, place, report),
    ]
    if themes:
        query = f"SELECT theme, count, trend FROM {family}_causes ORDER BY position"
        found.append(f'next:  affectflow sql {place} "{query}"')
    if messages:
        sheets = "--out sheet.csv --html sheet.html"
        found.append(f"next:  affectflow sample {place} --n 100 {sheets}")
    return found


def _authors(messages: int, people: int) -> str:
    if messages and not people:
        return "unknown authors"
    return count(people, "person", "people")


def _flagged(connection: "duckdb.DuckDBPyConnection") -> Iterator[str]:
    ((flagged,),) = connection.sql(_FLAGGED).fetchall()
    if flagged:
        yield (
            f"frustration: {flagged:,} flagged by the model; to turn the count into a "
            "share, check it against people's answers"
        )


def _unquoted(
    connection: "duckdb.DuckDBPyConnection", place: str, report: str
) -> Iterator[str]:
    """Yields which sources do not say of each message whether it may be quoted."""
    ((sources,),) = connection.sql(_UNSAID).fetchall()
    if not sources:
        return
    verb = "does" if len(sources) == 1 else "do"
    options = " ".join(f"--public {shlex.quote(source)}" for source in sources)
    yield (
        f"quotes: {', '.join(sources)} {verb} not say of every message whether it is "
        "public, so the report quotes only those known to be; if all are: "
        f"affectflow report {place} {options} --out {report}"
    )


def _top(connection: "duckdb.DuckDBPyConnection") -> tuple[str, str]:
    """Returns the family whose themes are shown, and the themes; empty if none."""
    for family in FAMILIES:
        themes = connection.execute(_THEMES, [family]).fetchall()
        if themes:
            return family, "; ".join(f"{theme} ({n:,})" for theme, n in themes)
    return "", ""
