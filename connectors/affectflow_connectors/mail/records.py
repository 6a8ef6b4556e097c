"""Emails parsed by another program, as JSON: headers as fields, and the body."""

import email.header

from affectflow.sources.fields import Record, inner, prose, word
from affectflow.sources.rows import RefusedError

_OF_THE_BODY = ("content-type", "content-transfer-encoding", "mime-version")
_FLOWED = "format=flowed"


def bytes_of(record: Record) -> bytes:
    """Returns an email as it may have been sent.

    Args:
      record: headers by name, and `body`: a text, or `plain` and `html` texts.

    Raises:
      RefusedError: it has neither a sender nor a subject, or no body.
    """
    names = {str(name).lower(): str(name) for name in record}
    if not {"from", "subject"} & names.keys() or "body" not in record:
        found = ", ".join(list(record)[:8]) or "none"
        raise RefusedError(f"not an email; its fields: {found}")
    headers = [
        f"{name}: {_encoded(value)}"
        for low, name in names.items()
        if low not in (*_OF_THE_BODY, "body", "unixfrom")
        if (value := word(record, name)) and name.isascii() and ":" not in name
    ]
    type_, text = _body(record)
    flowed = _FLOWED in (word(record, names.get("content-type", "")) or "").lower()
    more = f"; {_FLOWED}" if flowed and type_ == "text/plain" else ""
    headers.append(f"Content-Type: {type_}; charset=utf-8{more}")
    headers.append("Content-Transfer-Encoding: 8bit")
    return "\n".join([*headers, "", text]).encode("utf-8", "replace")


def _encoded(value: str) -> str:
    """Returns a header as one line of ASCII."""
    line = " ".join(value.split())
    return line if line.isascii() else email.header.Header(line, "utf-8").encode()


def _body(record: Record) -> tuple[str, str]:
    body = inner(record, "body")
    plain = prose(body, "plain") or prose(record, "body")
    if plain and plain.strip():
        return "text/plain", plain
    html = prose(body, "html")
    return ("text/html", html) if html else ("text/plain", "")
