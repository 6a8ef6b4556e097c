"""Files that no source was made for: damaged, deep, of other types and kinds."""

import gzip
import io
import json
import random
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

DEEP_LEVELS = 10_000
GARBAGE = b'\n\x00\xff]}{"<row \xf0\x9f'
UNUSUAL = "\U0001f469\u200d\U0001f4bb \u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5"
"""An emoji of three code points, Arabic and Hebrew."""

BLANK: dict[str, bytes] = {
    "an empty file": b"",
    "white space": b" \n\t\r\n \n",
    "a byte order mark": b"\xef\xbb\xbf\n",
}
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, 7, -1, 1e300, 10**30, float("inf"), float("nan")),
    *("", "x", " ", "\ud800", "a\x00b", "\ufeff", [], {}, [7], [[]], {"a": [{}]}),
    # Before 1970, after 2100, and at the ends of what Python and Arrow can say.
    *("1583-10-15T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"),
    *("2262-04-12T00:00:00Z", "-62135596801", -62135596800, 253402300800, 2**63),
)
"""What a field of JSON may hold instead of what it should."""


class Tried(NamedTuple):
    """Bytes that are tried, and what they are."""

    what: str
    data: bytes
    empties: bool = False
    """Whether a field was emptied, which may be a message that is not there."""


def cut(data: bytes, rng: random.Random, count: int) -> list[Tried]:
    """Returns some beginnings of a file, shortest first; the last is one byte short."""
    places = {rng.randrange(len(data)) for _ in range(count)} | {len(data) - 1}
    return [Tried(f"the first {at} bytes", data[:at]) for at in sorted(places)]


def flipped(data: bytes, rng: random.Random, count: int) -> Iterator[Tried]:
    """Yields a file with one byte that is another."""
    for _ in range(count):
        at, change = rng.randrange(len(data)), rng.randrange(1, 256)
        made = bytes([*data[:at], data[at] ^ change, *data[at + 1 :]])
        yield Tried(f"byte {at} changed to {made[at]:#04x}", made)


def is_json(data: bytes) -> bool:
    """Returns whether a file is JSON throughout, or every line of it is."""
    return _documents(data) is not None


def _documents(data: bytes) -> tuple[list[Any], str] | None:
    """Returns the JSON values of a file, and what stands between; None if not JSON."""
    for parts, between in (([data], ""), (data.splitlines(), "\n")):
        try:
            # As sources read it: with control characters in strings.
            found = [json.loads(p, strict=False) for p in parts if p.strip()]
            return found, between
        except ValueError:
            continue
    return None


def retyped(data: bytes, rng: random.Random, count: int) -> Iterator[Tried]:
    """Yields a file of JSON with one field that holds something else."""
    found = _documents(data)
    places = list(_leaves(found[0])) if found else []
    for place in rng.sample(places, min(count, len(places))):
        for value in rng.sample(ODD_VALUES, 2):
            values, between = _documents(data) or ([], "")
            holder: Any = values
            for step in place[:-1]:
                holder = holder[step]
            holder[place[-1]] = value
            text = between.join(map(json.dumps, values))
            name = ".".join(map(str, place[1:]))
            empties = value is None or value in ("", " ", [], {})
            yield Tried(f"{name} changed to {value!r}", text.encode(), empties)


def _leaves(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yields the way to every text, number, truth value and null."""
    if isinstance(value, list | dict):
        steps = range(len(value)) if isinstance(value, list) else value
        for step in steps:
            yield from _leaves(value[step], (*at, step))
    elif len(at) > 1:
        yield at


def deepened(data: bytes) -> list[Tried]:
    """Returns files of JSON that are nested too deeply to be parsed."""
    lists = b"[" * DEEP_LEVELS + b"]" * DEEP_LEVELS
    objects = b'{"a":' * DEEP_LEVELS + b"7" + b"}" * DEEP_LEVELS
    return [
        Tried("nothing but brackets", b"[" * DEEP_LEVELS),
        Tried("a list too deep", lists),
        Tried("its first object too deep", _inside(data, lists)),
        Tried("its first object holds one too deep", _inside(data, objects)),
    ]


def _inside(data: bytes, value: bytes) -> bytes:
    before, brace, after = data.partition(b"{")
    return before + brace + b'"deep": ' + value + b", " + after


def foreign() -> list[Tried]:
    """Returns files of other kinds: archives, pictures, tables, pages, prose."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("../../outside.json", b'[{"id": 1}]')
        opened.writestr("a.json", b'[{"id": 1}]')
    return [
        Tried("a zip archive", archive.getvalue()),
        Tried("the start of a zip archive", archive.getvalue()[:40]),
        Tried("a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
        Tried("a Parquet file that is cut", b"PAR1\x15\x04\x15\x10PAR1"),
        Tried("gzip that is cut", gzip.compress(b"a" * 999)[:-9]),
        Tried("zstd of nothing", b"\x28\xb5\x2f\xfd\x00\x00"),
        Tried("UTF-16", "id,text\n1,é\n".encode("utf-16")),
        Tried("random bytes", random.Random(0).randbytes(2_000)),
        Tried("a table", b'id,text\n1,"a\n2,b""\n'),
        Tried("JSON of others", b'{"id": [7], "items": {"a": null}}\n[1, "b"]\n'),
        Tried("XML with an entity", _ENTITIES),
        Tried("a page", b"<!doctype html><title>x</title><p>I like it"),
        Tried("prose", b"I hate this.\n\nFrom here on: it is worse.\n"),
    ]


_ENTITIES = b"""<?xml version="1.0"?>
<!DOCTYPE posts [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c SYSTEM "file:///etc/passwd">]>
<posts>
  <row Id="1" PostTypeId="1" Body="&b;&c;" CreationDate="2011-08-17T20:18:56.507" />
</posts>
"""
