"""Commits as utterances, from any kind of input."""

import re
from datetime import datetime
from typing import NamedTuple

from affectflow.sources.bots import is_bot_name
from affectflow.sources.coerce import text_of
from affectflow.sources.fields import attrs_of
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.times import parse_time
from affectflow_connectors.git.words import words_of

SITE = "git"
_MOST_NAME = 500
_IDENTITY = re.compile(r"^\s*(.*?)\s*<([^<>]*)>?")
_RAW_TIME = re.compile(r"^@?(-?\d+) ([+-])(\d\d):?(\d\d)$", re.ASCII)
# Most logs write times so, and ISO 8601 is read faster.
_PLAIN_TIME = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d:\d\d) (\d{4}) ([+-]\d{4})$",
    re.ASCII,
)
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_ID = re.compile(r"[0-9a-f]{7,64}", re.ASCII)
_BOT_MAIL = re.compile(r"\[bot\]@|^(?:no-?reply|bot)@(?!github\.com)", re.I)


class Change(NamedTuple):
    """How much a commit changes, if the log says so."""

    files: int = 0
    added: int = 0
    removed: int = 0


class Commit(NamedTuple):
    """A commit as it was read.

    `author` is a name with an address in angle brackets, or either; `authored` and
    `committed` are times as they were written.
    """

    id: str
    author: str
    message: str
    authored: str = ""
    committed: str = ""
    parents: int = 1
    container: str | None = None
    change: Change | None = None
    url: str | None = None


def commit_row(commit: Commit) -> Row:
    """Returns a commit as a row; it is a conversation of its own.

    Raises:
      RefusedError: it has no id, or no message.
    """
    id_ = commit.id.lower()
    if not _ID.fullmatch(id_):
        raise RefusedError("a commit without an id", "no_id")
    words = words_of(text_of(commit.message) or "")
    when, offset = time_of(commit.authored)
    speaker, is_bot = _author(commit.author)
    own = f"{SITE}:{id_}"
    row = {
        "utterance_id": own,
        "conversation_id": own,
        "speaker_id": speaker,
        "is_bot": is_bot,
        "timestamp": when,
        "utc_offset_min": offset,
        "source": SITE,
        "container": commit.container,
        "kind": "merge" if commit.parents > 1 or words.merge else "commit",
        "title": words.title,
        "visibility": "unknown",
        "url": commit.url,
    }
    if not commit.message.strip():
        raise RefusedError("a commit without a message", "no_text", row)
    return row | {"text": words.text, "attrs": _attrs(commit, words.attrs, when)}


def time_of(text: str) -> tuple[datetime | None, int | None]:
    """Returns a time in git's format, and its offset in minutes.

    >>> time_of("1344965413 -0300")[1]
    -180
    """
    text = text.strip()
    if raw := _RAW_TIME.match(text):
        minutes = int(raw[3]) * 60 + int(raw[4])
        return parse_time(raw[1])[0], -minutes if raw[2] == "-" else minutes
    if plain := _PLAIN_TIME.match(text):
        month, day, clock, year, zone = plain.groups()
        if month in _MONTHS:
            text = f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{clock}{zone}"
    return parse_time(text) if text else (None, None)


def _author(text: str) -> tuple[str | None, bool]:
    """Returns the account of an author, and whether it is a bot's."""
    text = text[:_MOST_NAME]
    found = _IDENTITY.match(text)
    name, address = (found[1], found[2]) if found else (text.strip(), "")
    # `12345+name@users.noreply.github.com` is how GitHub hides addresses.
    local = address.partition("@")[0].rpartition("+")[2]
    bot = is_bot_name(name) or is_bot_name(local) or bool(_BOT_MAIL.search(address))
    return address.strip().lower() or name or None, bot


def _attrs(
    commit: Commit, said: dict[str, str], when: datetime | None
) -> dict[str, str] | None:
    change = commit.change
    committed = time_of(commit.committed)[0]
    later = committed.isoformat() if committed and committed != when else None
    return attrs_of(
        {
            "committed_at": later,
            "parents": str(commit.parents) if commit.parents != 1 else None,
            "files": str(change.files) if change else None,
            "added": str(change.added) if change else None,
            "removed": str(change.removed) if change else None,
            "timestamp_raw": None if when else commit.authored.strip(),
            **said,
        }
    )
