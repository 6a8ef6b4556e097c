"""Patches as `git format-patch` writes them: a mail for each commit."""

import email
import email.header
import email.message
import re
from collections.abc import Sequence

from affectflow_connectors.git.commits import Commit
from affectflow_connectors.git.stream import decoded

# The date is the same in all of them: it says that the mail was written by git.
START = re.compile(rb"From ([0-9a-f]{40,64}) Mon Sep 17 00:00:00 2001\s*$")
_TAG = re.compile(r"^(?:Re:\s*)?(?:\[[^\]]*\]\s*)+")
_END = re.compile(r"(?m)^---\s*$|^diff --git |^-- $")
_FROM = re.compile(r"\A\s*From: (.*)\n\n?")


def begins_patch(line: bytes, before: bytes) -> bool:
    """Returns whether a line is the first of a patch."""
    return START.match(line) is not None


def commit_of(lines: Sequence[bytes]) -> Commit:
    """Returns the commit of a patch.

    Args:
      lines: of the patch, the first as `begins_patch` knows it.
    """
    first = START.match(lines[0])
    message = email.message_from_bytes(b"".join(lines[1:]))
    body = _body(message)
    author = _header(message, "From")
    if own := _FROM.match(body):  # sent by someone other than the author
        author, body = own[1], body[own.end() :]
    subject = _TAG.sub("", _header(message, "Subject"))
    text = body[: end.start()] if (end := _END.search(body)) else body
    return Commit(
        id=first[1].decode() if first else "",
        author=author,
        message=f"{subject}\n\n{text.strip()}".strip(),
        authored=_header(message, "Date"),
    )


def _body(message: email.message.Message) -> str:
    parts = [part for part in message.walk() if not part.is_multipart()]
    part = next((p for p in parts if p.get_content_type() == "text/plain"), message)
    data = part.get_payload(decode=True)
    charset = str(part.get_param("charset", "") or "")
    text = decoded(data if isinstance(data, bytes) else b"", charset)
    return text.replace("\r\n", "\n")


def _header(message: email.message.Message, name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    try:
        text = str(email.header.make_header(email.header.decode_header(value)))
    except (ValueError, LookupError, UnicodeError, email.errors.HeaderParseError):
        text = str(value)
    return " ".join(text.split())
