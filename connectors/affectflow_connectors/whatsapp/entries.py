"""One message of a chat: its stamp, who wrote it, and its lines."""

import re
from typing import NamedTuple

from affectflow.sources.chat_text import decoded
from affectflow.sources.line_records import Record
from affectflow_connectors.whatsapp.stamps import Stamp, bare, stamp

AUTHOR = re.compile(
    '[\u200e\u200f\ufeff]*(?:~[ \u202f\xa0]?)?([^"“”«»:]{1,60}?) ?:(?: |$)'
)


class Entry(NamedTuple):
    """One message: its stamp, and its lines."""

    stamp: Stamp
    lines: list[str]

    def said(self) -> tuple[str, str]:
        """Returns who wrote a message, and its text; no one, if WhatsApp did."""
        match = AUTHOR.match(self.stamp.rest)
        if not match:
            return "", self.stamp.rest
        text = self.stamp.rest[match.end() :]
        return bare(match[1]).strip(), "\n".join([text, *self.lines[1:]]).rstrip()


def begins_message(line: bytes, before: bytes) -> bool:
    """Returns whether a line of a chat begins a message."""
    return stamp(decoded(line)) is not None


def entry_of(record: Record) -> Entry:
    """Returns the message that a record is, which a message begins."""
    lines = [decoded(line.rstrip(b"\r\n")) for line in record.lines]
    found = stamp(lines[0])
    assert found is not None
    return Entry(found, lines)
