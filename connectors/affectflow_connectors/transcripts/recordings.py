"""The recording that a transcript belongs to, and what was said in it as rows."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from affectflow.sources.chat_text import digest
from affectflow.sources.fields import attrs_of
from affectflow.sources.rows import Row
from affectflow.sources.streams import DamagedFileError
from affectflow.storage import uncompressed

_MOST_LINES = 2_000_000
# Words that tools put between the name of a recording and the suffix.
_OF_TOOLS = {
    *("transcript", "captions", "caption", "subtitles", "subtitle", "subs", "cc"),
    *("auto", "auto_generated", "orig", "forced", "sdh", "default", "live_chat"),
}
_LANG = re.compile(r"[a-z]{2,3}(?:[-_](?:[A-Za-z]{2,4}|\d{3}))*")
_SUFFIX = re.compile(r"\.(?:vtt|webvtt|srt|sbv|textgrid|txt)$", re.I)
# Zoom names a recording after its start, in GMT.
_STARTED = re.compile(r"GMT(\d{8})-(\d{6})")
# `Speaker 1` is another person in the next recording.
_NOBODY = re.compile(
    r"(?:unknown |unidentified )?(?:speaker|spk|voice|person|participant|channel"
    r"|interviewer|interviewee|host|guest|moderator|male|female|man|woman)"
    r"[ _-]*[a-z]?\d*|[a-z]?\d*",
    re.I,
)


class Turn(NamedTuple):
    """One turn: its place in time, in microseconds, who spoke, and its line.

    An `end_us` of None means unknown; so does an empty speaker name.
    """

    start_us: int
    end_us: int | None
    speaker: str
    text: str
    line: int
    attrs: Mapping[str, str] = MappingProxyType({})


class Recording(NamedTuple):
    """What the name of a transcript says about its recording."""

    name: str
    lang: str | None = None
    started: datetime | None = None


def held(lines: Iterable[str]) -> list[str]:
    """Returns the lines of a transcript; old Macs end them with carriage returns.

    Raises:
      DamagedFileError: there are more lines than any transcript has.
    """
    found = list(itertools.islice(lines, _MOST_LINES + 1))
    if len(found) > _MOST_LINES:
        raise DamagedFileError(
            f"a transcript of more than {_MOST_LINES:,} lines; split it and read the "
            "parts"
        )
    return [part for line in found for part in line.split("\r")]


def recording_of(uri: str) -> Recording:
    """Returns the recording that a transcript is named after.

    >>> recording_of("calls/standup.en-GB.vtt")[:2]
    ('standup', 'en-GB')
    """
    name = re.split(r"[/\\]", uri.partition("::")[0].partition("?")[0])[-1]
    name = uncompressed(name)
    first, *words = _SUFFIX.sub("", name).split(".")
    lang = None
    while words:
        if words[-1].lower() in _OF_TOOLS:
            words.pop()
        elif not lang and _LANG.fullmatch(words[-1]):
            lang = words.pop().replace("_", "-")
        else:
            break
    return Recording(".".join([first, *words]), lang, _started(name))


def _started(name: str) -> datetime | None:
    found = _STARTED.search(name)
    if not found:
        return None
    try:
        when = datetime.strptime(f"{found[1]} {found[2]}", "%Y%m%d %H%M%S")
    except ValueError:
        return None
    return when.replace(tzinfo=UTC)


def rows_of(turns: Sequence[Turn], recording: Recording, source: str) -> Iterator[Row]:
    """Yields the turns of one transcript as rows, in their order.

    The key of the conversation is a digest of the name of the file, without folders,
    and of its first turn: two files named `captions.vtt` stay apart. A turn is known
    by its start, so that a transcript that was corrected takes the place of the older.
    """
    first = turns[0] if turns else None
    key = digest(recording.name, f"{first.start_us} {first.text}" if first else "")
    seen: Counter[int] = Counter()
    for turn in turns:
        seen[turn.start_us] += 1
        count = seen[turn.start_us]
        again = f"-{count}" if count > 1 else ""
        yield {
            # Filled up: ids sort as times do.
            "utterance_id": f"{source}:{key}/{turn.start_us:012d}{again}",
            "conversation_id": f"{source}:{key}",
            "speaker_id": _account(turn.speaker, key),
            "timestamp": _when(recording, turn),
            "source": source,
            "kind": "turn",
            "text": turn.text,
            "lang": recording.lang,
            "start_s": turn.start_us / 1_000_000,
            "end_s": None if turn.end_us is None else turn.end_us / 1_000_000,
            "media_uri": recording.name or None,
            "visibility": "unknown",
            "attrs": attrs_of(turn.attrs),
            "line": turn.line,
        }


def _account(name: str, key: str) -> str | None:
    if not name:
        return None
    return f"{key}/{name}" if _NOBODY.fullmatch(name) else name


def _when(recording: Recording, turn: Turn) -> datetime | None:
    if not recording.started:
        return None
    return recording.started + timedelta(microseconds=turn.start_us)
