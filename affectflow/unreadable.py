"""Why a table of labelled rows cannot be read, in one line with what to do."""

import gzip
import itertools
import json
import re
from collections.abc import Iterator

from affectflow.encoding_guesses import guesses, in_words

_SAMPLE_LINES = 100
_LINES = (".jsonl", ".ndjson")
_KIND = re.compile(r"^[\w ]+ Error: ")
_ASIDE = re.compile(r" Possible Solution| LINE \d+: ")


def why_unreadable(path: str, error: Exception) -> str:
    """Returns why DuckDB could not read a local file, and what to do about it."""
    name = path.removesuffix(".gz")
    said = " ".join(str(error).split())
    if "not a GZIP stream" in said:
        return f"{path!r} is not compressed with gzip: rename it without .gz"
    if name.endswith(".parquet"):
        return f"{path!r} is not a whole Parquet file: write or fetch it again"
    if other := _other_encoding(path):
        return other
    if name.endswith(_LINES) and (number := _wrong_line(path)):
        return (
            f"{path!r} cannot be read: line {number:,} is not a JSON object; correct "
            "the line, or remove it"
        )
    # What follows is advice on a query, and the query: nobody typed one.
    why = _ASIDE.split(_KIND.sub("", said))[0][:200].rstrip(".")
    return f"{path!r} cannot be read: {why}; correct the file, or write it again"


def _other_encoding(path: str) -> str:
    others = (line for line in _lines(path) if not _is_utf8(line))
    sample = b"".join(itertools.islice(others, _SAMPLE_LINES))
    if not sample:
        return ""
    likely = guesses(sample)
    looks = f"; {in_words(likely, sample)}" if likely else ""
    name = likely[0].encoding if likely else "ENCODING"
    cure = f"convert it: iconv -f {name} -t UTF-8 IN > OUT"
    return f"{path!r} is not UTF-8{looks}; {cure}"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _wrong_line(path: str) -> int:
    """Returns the number of the first line that is not an object, from 1; or 0."""
    for number, line in enumerate(_lines(path), 1):
        try:
            if line.strip() and not isinstance(json.loads(line), dict):
                return number
        except ValueError:
            return number
    return 0


def _lines(path: str) -> Iterator[bytes]:
    reads = gzip.open if path.endswith(".gz") else open
    with reads(path, "rb") as file:
        yield from file
