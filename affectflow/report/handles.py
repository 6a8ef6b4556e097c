"""Names of accounts that wrote in a lake, found in what a report would show.

A lake holds pseudonyms instead of names. With the lake's key, each word of a quote can
be turned into its pseudonym: if a speaker of the lake has it, the word is a name.
"""

import re
from collections.abc import Iterable, Iterator

import duckdb

from affectflow.errors import LakeError, StorageError
from affectflow.lake import Lake
from affectflow.lake.speakers import pseudonym, read_key
from affectflow.report.queries import Facts

_WORD = re.compile(r"[^\s,;:!?()\[\]{}<>\"'`*“”„]+")
_LONGEST = 3
"""Words of a name."""
_ROOM = 320
"""How many characters of a message a report may show on each side of the cause."""


def find_handles(
    connection: duckdb.DuckDBPyConnection,
    facts: Facts,
    lake_uri: str,
    key_uri: str = "",
) -> None:
    """Adds the names of speakers in the texts that `facts` shows to `facts.handles`.

    Without the lake's key `facts.handles_known` becomes false.
    """
    try:
        key = read_key(Lake.open(lake_uri).settings, key_uri)
    except (LakeError, StorageError):
        facts.handles_known = False
        return
    names = {name for text in texts_of(facts) for name in _names(text)}
    facts.handles = _speakers(connection, names, key)


def texts_of(facts: Facts) -> Iterator[str]:
    """Yields all texts by people that a report may show."""
    quoted = [facts.answers.get(name, []) for name in ("loose_causes", "unthemed")]
    for themes in facts.themes.values():
        quoted += themes.quotes.values()
        for theme in themes.themes:
            yield " ".join([theme["theme"] or "", *(theme["keywords"] or [])])
    for row in (row for rows in quoted for row in rows):
        yield row["text"][max(0, row["start"] - _ROOM) : row["start"] + _ROOM]
    for row in facts.answers.get("threads", []):
        for name in ("title", "opening", "flagged_text"):
            yield (row[name] or "")[:_ROOM]


def _names(text: str) -> Iterator[str]:
    words = [word.strip(".…/@") for word in _WORD.findall(text)]
    for size in range(1, _LONGEST + 1):
        for place in range(len(words) - size + 1):
            yield " ".join(words[place : place + size])


def _speakers(
    connection: duckdb.DuckDBPyConnection, names: Iterable[str], key: bytes
) -> frozenset[str]:
    sources = [s or "" for (s,) in connection.execute(_SOURCES).fetchall()]
    by_id = {
        pseudonym(source, spelt, key): name
        for name in names
        if name
        for spelt in {name, name.lower()}
        for source in sources
    }
    found = connection.execute(_KNOWN, {"ids": list(by_id)}).fetchall()
    return frozenset(by_id[speaker_id] for (speaker_id,) in found)


_SOURCES = "SELECT DISTINCT source FROM utterances ORDER BY source"
_KNOWN = """
SELECT DISTINCT speaker_id FROM utterances
WHERE speaker_id IN (SELECT unnest($ids::VARCHAR[]))"""
