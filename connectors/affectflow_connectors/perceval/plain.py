"""Items whose site has no source of its own: the fields that are messages."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.bots import is_bot_name
from affectflow.sources.coerce import text_of
from affectflow.sources.fields import Record, attrs_of
from affectflow.sources.html import text_of_html
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.times import parse_time

_HTML = re.compile(r"</?(?:p|br|div|ul|ol|li|a|pre|code|blockquote|em|strong)\b[^>]*>")
Paths = tuple[str, ...]


class Shape(NamedTuple):
    """Where a site keeps its fields: for each column some paths, tried in order.

    A path is names with dots between; of a list it takes the first element.

    Args:
      kind: of the utterance; empty if only the replies are messages, as of a page.
      id: the native id.
      text: what it says; if it is empty, the title.
      first: what the first reply is: "text" if it holds the message's own text,
        "again" if it repeats it, empty if it is a reply.
      replies: lists of messages that answer it, and their shapes.
    """

    kind: str
    id: Paths = ("id",)
    text: Paths = ()
    title: Paths = ()
    author: Paths = ()
    created: Paths = ()
    edited: Paths = ()
    version: Paths = ()
    url: Paths = ()
    container: Paths = ()
    private: Paths = ()
    state: Paths = ()
    first: str = ""
    replies: tuple[tuple[str, "Shape"], ...] = ()


def at(record: Any, *paths: str) -> str | None:
    """Returns the first value on some paths that is there, as a text."""
    for path in paths:
        found = value_at(record, path)
        if not isinstance(found, list | Mapping) and (text := text_of(found)):
            return text
    return None


def value_at(record: Any, path: str) -> Any:
    """Returns the value on a path; None if it leads nowhere."""
    for part in path.split("."):
        record = record[0] if isinstance(record, list) and record else record
        record = record.get(part) if isinstance(record, Mapping) else None
    return record


def rows_of_shape(
    record: Record, shape: Shape, source: str, place: str
) -> Iterator[Row | RefusedError]:
    """Yields a message and all that answer it.

    Args:
      record: of the site.
      shape: of the message.
      source: the site, which ids start with.
      place: the server, and what else ids are unique in.

    Raises:
      RefusedError: the message has no id.
    """
    own = at(record, *shape.id)
    if own is None:
        names = ", ".join(list(record)[:8]) or "none"
        raise RefusedError(f"it has no id; its fields: {names}", "no_id")
    id_ = f"{source}:{place}/{own}"
    held = [(path, each) for path, _ in shape.replies for each in _list(record, path)]
    head = _row(record, shape, source) | {"utterance_id": id_, "conversation_id": id_}
    reply = dict(shape.replies)
    if shape.first == "text" and held:
        path, each = held[0]
        head |= {"text": at(each, *reply[path].text) or head["text"]}
    if shape.kind:
        yield _checked(head)
    for path, each in held[1:] if shape.first else held:
        yield from _replies(each, reply[path], head, id_ if shape.kind else None)


def _replies(
    record: Record, shape: Shape, head: Row, parent: str | None
) -> Iterator[Row | RefusedError]:
    """Yields a reply and the replies to it; one without text only changes something."""
    own, thread = at(record, *shape.id), head["conversation_id"]
    row = _row(record, shape, head["source"])
    if own is None or not (row["text"] or "").strip():
        why = "a change without text" if own else "a comment without an id"
        yield RefusedError(why, NOT_AN_UTTERANCE if own else "no_id")
        return
    hidden = "private" if head["visibility"] == "private" else row["visibility"]
    id_ = f"{thread}#{own.rstrip('/').rpartition('/')[2]}"
    yield row | {
        "utterance_id": id_,
        "conversation_id": thread,
        "reply_to": parent,
        "container": head["container"],
        "visibility": hidden,
    }
    for path, inside in shape.replies:
        for each in _list(record, path):
            yield from _replies(each, inside, head, id_)


def _list(record: Record, path: str) -> list[Record]:
    found = value_at(record, path)
    found = found if isinstance(found, list) else []
    return [each for each in found if isinstance(each, Mapping)]


def _row(record: Record, shape: Shape, source: str) -> Row:
    """Returns what messages of all sites have in common, without their ids."""
    author, title = at(record, *shape.author), at(record, *shape.title)
    created, edited = (at(record, *p) for p in (shape.created, shape.edited))
    when, offset = parse_time(created) if created else (None, None)
    changed = parse_time(edited)[0] if edited else None
    first = at(record, *shape.version) in (None, "1")
    private = at(record, *shape.private) in ("true", "1")
    return {
        "speaker_id": author,
        "is_bot": is_bot_name((author or "").rpartition("/~")[2].partition("@")[0]),
        "timestamp": when,
        "utc_offset_min": offset,
        "edited_at": changed if changed != when or not first else None,
        "source": source,
        "container": at(record, *shape.container),
        "kind": shape.kind,
        "title": title,
        "text": plain(at(record, *shape.text)),
        "visibility": "private" if private else "unknown",
        "url": at(record, *shape.url),
        "attrs": attrs_of(
            {
                "state": at(record, *shape.state),
                "timestamp_raw": created if created and not when else None,
            }
        ),
    }


def plain(text: str | None) -> str | None:
    """Returns a text, without its HTML if it has any."""
    return text_of_html(text) if text and _HTML.search(text) else text


def _checked(row: Row) -> Row:
    row["text"] = row["text"] or row["title"]
    if not row["text"]:
        raise RefusedError("a message without text", "no_text", row)
    return row
