"""What to look at before using what an ingest wrote."""

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from affectflow.nouns import count

_TIMES = (
    "times are ISO 8601, RFC 2822, seconds since 1970, or dates written out, as "
    "Nov 7, 2016, 5:06 PM"
)
_SECONDS = "times in a recording are seconds, or HH:MM:SS.mmm"
_SPELLINGS = {
    "timestamp": _TIMES,
    "edited_at": _TIMES,
    "start_s": _SECONDS,
    "end_s": _SECONDS,
}


class _Ingest(NamedTuple):
    """The parts of a row of `runs` that hints depend on, and its lake."""

    lake: str
    dead: int
    counters: Mapping[str, int]
    never_read: list[str]
    options: frozenset[str]
    """The options of the source; a source that knows its columns has no `mapping`."""


def hints(row: Mapping[str, Any], lake: str) -> list[str]:
    """Returns what to look at, one line each, the likeliest cause first.

    Args:
      row: row of `runs`, with `never_read` of an ingest.
      lake: where it is, for commands to type.
    """
    source = json.loads(row["config"]).get("arguments", {})
    counters = dict(row["counters"])
    never_read = row.get("never_read", [])
    found = _Ingest(
        shlex.quote(lake), row["rows_dead"], counters, never_read, frozenset(source)
    )
    return [f"{row['stage']}: {line}" for about in _ABOUT for line in about(found)]


def _dead(found: _Ingest) -> Iterator[str]:
    if found.dead:
        yield (
            f"{count(found.dead, 'row')} refused: `affectflow sql {found.lake} "
            "'FROM dead_letter_summary'` says why"
        )


def _dates(found: _Ingest) -> Iterator[str]:
    from affectflow.stages.ingest.losses import DOUBTFUL

    if dates := found.counters.get(DOUBTFUL):
        cure = (
            "; say so with --set day_first=true or --set day_first=false"
            if "day_first" in found.options
            else ""
        )
        yield (
            f"{count(dates, 'date')} may begin with the day or the month, and no "
            f"other date in the file tells which{cure}"
        )


def _unread(found: _Ingest) -> Iterator[str]:
    from affectflow.sources.rows import TIMES
    from affectflow.stages.ingest.losses import DOUBTFUL, NOT_READ

    for column in found.never_read:
        doubtful = found.counters.get(DOUBTFUL, 0) if column in TIMES else 0
        if found.counters.get(column + NOT_READ, 0) <= doubtful:
            continue  # already reported, with a different fix
        asked = f"; does --map {column} name the right field?"
        asked = asked if "mapping" in found.options else ""
        spelled = f" ({_SPELLINGS[column]})" if column in _SPELLINGS else ""
        yield f"no {column} of this input could be read{asked}{spelled}"


def _private(found: _Ingest) -> Iterator[str]:
    from affectflow.schemas import PRIVATE_LEFT_OUT

    if private := found.counters.get(PRIVATE_LEFT_OUT):
        left_out = count(private, "private or direct message")
        yield f"{left_out} left out; --include-private reads them"


def _repeats(found: _Ingest) -> Iterator[str]:
    from affectflow.stages.ingest.repeats import (
        REPEATED,
        REPEATED_OVER_CONVERSATIONS,
        REPEATED_OVER_FILES,
    )

    near = (REPEATED, REPEATED_OVER_CONVERSATIONS)
    here = sum(found.counters.get(name, 0) for name in near)
    if here and "mapping" in found.options:
        yield (
            f"{count(here, 'row')} refused because another row of the input has the "
            "same id: does --map utterance_id name the right column? "
            "utterance_id=auto makes ids of its own"
        )
    if rows := found.counters.get(REPEATED_OVER_FILES):
        yield (
            f"{count(rows, 'row')} refused because another file has the same id with "
            f"another text: ids repeat across files; {_apart(found)}"
        )


def _other_files(found: _Ingest) -> Iterator[str]:
    from affectflow.stages.ingest.buckets import ANOTHER_FILE

    if others := found.counters.get(ANOTHER_FILE):
        yield (
            f"{count(others, 'message')} replaced messages with the same ids "
            "from another file; if they are not newer versions, ids repeat across "
            f"files: start a new lake, and {_apart(found)}"
        )


def _apart(found: _Ingest) -> str:
    """Returns how to keep apart files that use the same ids for different messages."""
    if "mapping" in found.options:
        return "ingest each file separately, with its own name: --map \"source='NAME'\""
    return "keep files of different servers in separate lakes"


_ABOUT: tuple[Callable[[_Ingest], Iterator[str]], ...] = (
    _dates,
    _unread,
    _private,
    _dead,
    _repeats,
    _other_files,
)
