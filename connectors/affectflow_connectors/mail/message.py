"""One email as an utterance; tolerates malformed emails."""

import email
import email.header
import email.message
import email.utils
import hashlib
import re
from collections.abc import Iterator

from affectflow.sources.bots import is_bot_name
from affectflow.sources.coerce import text_of
from affectflow.sources.fields import attrs_of
from affectflow.sources.html import text_of_html
from affectflow.sources.records import SHAPE_ERRORS, of_another_shape
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.times import parse_time

SITE = "mail"
_NATIVE = re.compile(r"<\s*([^<>\s]+)\s*>")
_LIST = re.compile(r"<([^<>\s]+)>\s*$")
_VEILED = re.compile(r"^\s*(\S+) at (\S+\.\S+?)(?=\s|$)")
_AUTOMATIC = re.compile(
    r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply)@", re.I
)
_ASCTIME = re.compile(
    r"(?:[A-Z][a-z]{2} ){2}[ \d]\d \d\d:\d\d(?::\d\d)?(?: \S+)? \d{4}"
)
Message = email.message.Message


def row_of(raw: bytes, separator: str = "") -> Row:
    """Returns an email as a row.

    Its id is a digest of its Message-ID, which often contains an account name.

    Args:
      raw: headers and body.
      separator: the line before it in a mailbox, whose time is taken if no other is.

    Raises:
      RefusedError: it has no headers, or is nested too deeply to be read.
    """
    try:
        message = email.message_from_bytes(raw)
        if not message.keys():
            raise RefusedError("not an email: it has no headers", "unknown_shape")
        return _row(message, raw, separator)
    except RecursionError as error:
        raise RefusedError("parts nested too deeply", "invalid_mail") from error
    except SHAPE_ERRORS as error:  # the library fails at some headers
        raise of_another_shape(error) from error


def _row(message: Message, raw: bytes, separator: str) -> Row:
    own = _ids(message, "Message-ID")
    refers, answers = _ids(message, "References"), _ids(message, "In-Reply-To")
    id_ = _id(own[0]) if own else _id(hashlib.blake2b(raw).hexdigest())
    parent = next(
        (each for each in [*answers[:1], *refers[::-1]] if each not in own), ""
    )
    first = next((each for each in [*refers, *answers] if each not in own), "")
    subject = _header(message, "Subject")
    when, offset = _time(message, separator)
    author = _author(message)
    return {
        "utterance_id": id_,
        "conversation_id": _id(first) if first else id_,
        "reply_to": _id(parent) if parent else None,
        "speaker_id": author,
        "is_bot": _is_bot(message, author),
        "timestamp": when,
        "utc_offset_min": offset,
        "source": SITE,
        "container": _list(message),
        "kind": "mail",
        "title": subject or None,
        "text": _body(message) or subject,
        "visibility": "public" if message.get("List-Archive") else "unknown",
        "url": next(iter(_ids(message, "Archived-At")), None),
        "attrs": attrs_of(
            {"timestamp_raw": None if when else _header(message, "Date")}
        ),
    }


def _id(native: str) -> str:
    return f"{SITE}:{hashlib.blake2b(native.encode(), digest_size=12).hexdigest()}"


def _ids(message: Message, name: str) -> list[str]:
    texts = [_header(message, name)] if name in message else []
    found = [each for text in texts for each in _NATIVE.findall(text)]
    bare = [text.strip() for text in texts if text.strip() and " " not in text.strip()]
    return found or bare


def _header(message: Message, name: str) -> str:
    """Returns a header as text, decoded as far as it can be."""
    value = message.get(name)
    if value is None:
        return ""
    try:
        text = str(email.header.make_header(email.header.decode_header(value)))
    except (ValueError, LookupError, UnicodeError, email.errors.HeaderParseError):
        text = str(value)
    return text_of(" ".join(text.split())) or ""


def _author(message: Message) -> str | None:
    text = _header(message, "From") or _header(message, "Sender")
    if veiled := _VEILED.match(text):
        return f"{veiled[1]}@{veiled[2]}".lower()
    name, address = email.utils.parseaddr(text)
    return address.lower() or name or None


def _is_bot(message: Message, author: str | None) -> bool:
    automatic = _header(message, "Auto-Submitted").lower()
    said = automatic not in ("", "no") or _AUTOMATIC.match(author or "") is not None
    return said or is_bot_name((author or "").partition("@")[0])


def _time(message: Message, separator: str) -> tuple[object, int | None]:
    received = _header(message, "Received").rpartition(";")[2]
    written = _ASCTIME.search(separator)
    stamp = written[0] if written else ""
    for text in (_header(message, "Date"), received, stamp):
        when, offset = parse_time(text) if text.strip() else (None, None)
        if when:
            return when, offset
    return None, None


def _list(message: Message) -> str | None:
    found = _LIST.search(_header(message, "List-Id"))
    return found[1].lower() if found else None


# -- texts ---------------------------------------------------------------------------


def _body(message: Message) -> str:
    texts = [text.strip("\r\n") for text in _texts(message)]
    return "\n\n".join(text for text in texts if text.strip())


def _texts(part: Message) -> Iterator[str]:
    """Yields what a person wrote in an email: no attachments, no attached emails."""
    type_ = part.get_content_type()
    parts = part.get_payload() if part.is_multipart() else []
    inner = [each for each in parts if isinstance(each, Message)]
    if type_ == "multipart/alternative" and inner:
        yield _best(inner)
    elif part.get_content_maintype() == "multipart" and inner:
        for each in inner:
            yield from _texts(each)
    elif part.get_content_disposition() == "attachment" or part.get_filename():
        return
    elif type_ == "text/html":
        yield text_of_html(_decoded(part))
    elif type_ == "text/plain" or part.get_content_maintype() == "multipart":
        yield _unfolded(part, _decoded(part).replace("\r\n", "\n"))


def _best(parts: list[Message]) -> str:
    """Returns the text of the plainest of some parts that say the same."""
    said = [(part, "\n\n".join(_texts(part))) for part in parts]
    plain = (t for p, t in said if t.strip() and p.get_content_type() == "text/plain")
    return next(plain, next((text for _, text in said if text.strip()), ""))


def _decoded(part: Message) -> str:
    data = part.get_payload(decode=True)
    data = data if isinstance(data, bytes) else str(part.get_payload()).encode()
    for charset in (_charset(part), "utf-8", "cp1252"):
        try:
            return data.decode(charset)
        except (LookupError, UnicodeError, ValueError):
            continue
    return data.decode("latin-1")


def _charset(part: Message) -> str:
    try:
        return part.get_content_charset() or "utf-8"
    except (ValueError, LookupError, TypeError):
        return "utf-8"


def _unfolded(part: Message, text: str) -> str:
    """Returns a text whose lines were folded for transport (RFC 3676), unfolded."""
    if str(part.get_param("format", "")).lower() != "flowed":
        return text
    lines: list[str] = []
    open_ = False
    for line in text.split("\n"):
        quoted = line.startswith(">")
        if open_ and not quoted:
            lines[-1] += line.removeprefix(" ")
        else:
            lines.append(line if quoted else line.removeprefix(" "))
        open_ = line.endswith(" ") and not quoted and line != "-- "
    return "\n".join(lines)
