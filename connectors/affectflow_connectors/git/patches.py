"""Patches as `git format-patch` writes them: a mail for each commit."""

import email
import email.header
import email.message
import re
from collections.abc import Iterable, Iterator

from affectflow.batches.batch import MAX_ROW_BYTES
from affectflow_connectors.git.commits import Commit
from affectflow_connectors.git.stream import decoded

# The date is the same in all of them: it says that the mail was written by git.
START = re.compile(rb"From ([0-9a-f]{40,64}) Mon Sep 17 00:00:00 2001\s*$")
_TAG = re.compile(r"^(?:Re:\s*)?(?:\[[^\]]*\]\s*)+")
_END = re.compile(r"(?m)^---\s*$|^diff --git |^-- $")
_FROM = re.compile(r"\A\s*From: (.*)\n\n?")


def commits_of_patches(lines: Iterable[bytes]) -> Iterator[tuple[Commit, int]]:
    """Yields the commits of a file of patches, and the byte that each begins at."""
    id_, at, start, size = "", 0, 0, 0
    held: list[bytes] = []
    for line in lines:
        if found := START.match(line):
            if id_:
                yield _commit(id_, b"".join(held)), start
            id_, start, held, size = found[1].decode(), at, [], 0
        elif size < MAX_ROW_BYTES:
            held.append(line)
            size += len(line)
        at += len(line)
    if id_:
        yield _commit(id_, b"".join(held)), start


def _commit(id_: str, raw: bytes) -> Commit:
    message = email.message_from_bytes(raw)
    body = _body(message)
    author = _header(message, "From")
    if own := _FROM.match(body):  # sent by somebody else than the author
        author, body = own[1], body[own.end() :]
    subject = _TAG.sub("", _header(message, "Subject"))
    text = body[: end.start()] if (end := _END.search(body)) else body
    return Commit(
        id=id_,
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
