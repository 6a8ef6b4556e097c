"""Fields of JSON records and XML elements, as sources read them."""

import functools
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeGuard

from affectflow.sources.coerce import text_of
from affectflow.sources.times import parse_time

Record = Mapping[str, Any]


def word(record: Any, *names: str) -> str | None:
    """Returns the first of some fields that holds a text or a number, as a text.

    Lists, objects, truth values and blank texts are skipped, and so is a record
    that is not an object.

    >>> word({"id": 12.0, "name": " "}, "name", "id")
    '12'
    """
    if not _is_object(record):
        return None
    for name in names:
        value = record.get(name)
        if value is None:
            continue
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            text = (text_of(value) or "").strip()
            if text:
                return text
    return None


def prose(record: Record, *names: str) -> str | None:
    """Returns the first of some fields that holds a text, as it stands."""
    found = (record.get(name) for name in names)
    return text_of(next((text for text in found if isinstance(text, str)), None))


def inner(record: Any, *names: str) -> Record:
    """Returns the object that lies that deep in another; an empty one if none does."""
    for name in names:
        record = record.get(name) if _is_object(record) else None
    return record if _is_object(record) else {}


def objects(record: Any, *names: str) -> Iterator[Record]:
    """Yields the objects of the first of some fields that is a list."""
    lists = (record.get(name) for name in names) if isinstance(record, Mapping) else ()
    found = next((each for each in lists if isinstance(each, list)), [])
    yield from (each for each in found if isinstance(each, Mapping))


def time_of(record: Any, *names: str) -> datetime | None:
    """Returns the time in the first of some fields that has anything, if it reads."""
    text = word(record, *names)
    return _time(text) if text else None


def unread_time(record: Any, *names: str) -> dict[str, str]:
    """Returns `timestamp_raw` if there is a time in those fields that does not read."""
    text = word(record, *names)
    return {} if not text or _time(text) else {"timestamp_raw": text}


# Sources that ask for a time next ask whether it could not be read.
@functools.lru_cache(maxsize=64)
def _time(text: str) -> datetime | None:
    return parse_time(text)[0]


def _is_object(record: Any) -> TypeGuard[Record]:
    # A concrete type check costs a tenth of one against an abstract class.
    return type(record) is dict or isinstance(record, Mapping)


def attrs_of(values: Mapping[str, Any]) -> dict[str, str] | None:
    """Returns values as attributes, without those that are null or empty."""
    texts = {name: text_of(value) for name, value in values.items()}
    return {name: text for name, text in texts.items() if text} or None
