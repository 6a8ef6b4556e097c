"""JSON values read one by one from a stream: arrays, pages, or bare objects."""

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from affectflow.batches.batch import MAX_ROW_BYTES
from affectflow.sources.records import not_an_object
from affectflow.sources.rows import PAYLOAD_CHARS
from affectflow.sources.streams import DamagedFileError, TruncatedFileError

_DECODER = json.JSONDecoder(strict=False)
BETWEEN = re.compile(r"[\s,\[\]\ufeff\x00]*")
_WHITE = re.compile(r"[\s\ufeff\x00]*")
_PLAIN = re.compile(r"[^\s,\[\]{}\"]+")
_IN_STRING = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)
_INSIDE = re.compile(r'[^"\[\]{}]*')
_COMMAS = re.compile(r"[\s,]*")
_BLANKS = " \t\r\n\x00"
_BAD_BYTES = re.compile("[\udc80-\udcff]")
# A literal, a number or an escape that the buffer cuts in two is shorter.
_CUT_CHARS = 32

LooksWhole = Callable[[dict[str, Any]], bool]
"""Distinguishes a record from an object inside a record."""


class Found(NamedTuple):
    """One value of a stream; or, with `error`, what could not be read.

    `number` counts from 1; `raw` is the start of its text, `size` its length.
    """

    number: int
    value: Any
    raw: str
    size: int
    error_type: str = ""
    message: str = ""

    def refused(self) -> tuple[str, str]:
        """Returns why a value is refused: its error type, and a message."""
        if self.error_type:
            return self.error_type, self.message
        refused = not_an_object(self.value)
        return refused.error_type, str(refused)


def values(
    chunks: Iterable[bytes],
    looks_whole: LooksWhole,
    max_chars: int = MAX_ROW_BYTES,
) -> Iterator[Found]:
    """Yields the objects of a stream, at any depth of arrays around them.

    The elements of an array, pages of arrays one after the other, and objects on
    lines of their own are all the same here. Held at a time: one value and a chunk.

    After a damaged value, reading goes on at the next object that parses and that
    `looks_whole` accepts: it distinguishes a record from an object inside a record.
    """
    text = Window(chunks)
    number = 0
    while text.skip(BETWEEN):
        number += 1
        yield next_value(text, number, looks_whole, max_chars)
    text.check_end()
    if text.opened > 0 and text.last != "]":
        raise TruncatedFileError(
            "the file ends in the middle of its JSON array; the rows before the end "
            "were read; fetch the file again"
        )


class Window:
    """A window on the text of a stream; grows on demand, forgets what was read."""

    def __init__(self, chunks: Iterable[bytes]):
        self._chunks = iter(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.window = ""
        self.at = 0
        self.ended = False
        self.damage: DamagedFileError | None = None
        self.opened = 0
        """Arrays that began between values, less those that ended there."""
        self.last = ""
        """The last sign that was seen, but for blanks."""

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Moves over `pattern`; returns whether there is text after it."""
        while True:
            match = pattern.match(self.window, self.at)
            if match and pattern is BETWEEN:
                self.opened += match[0].count("[") - match[0].count("]")
            self.at = match.end() if match else self.at
            if self.at < len(self.window):
                return True
            if not self.grow():
                return False

    def grow(self) -> bool:
        """Doubles what lies before us, or adds a chunk; returns whether it could."""
        if self.ended:
            return False
        self.window, self.at = self.window[self.at :], 0
        parts, wanted = [self.window], max(len(self.window), 1)
        while wanted > 0 and not self.ended:
            chunk = self._chunk()
            self.ended = chunk is None
            part = self._decoder.decode(chunk or b"", final=chunk is None)
            parts.append(part)
            self.last = part.rstrip(_BLANKS)[-1:] or self.last
            wanted -= len(part)
        self.window = "".join(parts)
        return len(self.window) > len(parts[0])

    def check_end(self) -> None:
        """Raises what went wrong with the stream, once its values were taken."""
        if self.damage:
            raise self.damage

    def _chunk(self) -> bytes | None:
        try:
            return next(self._chunks, None)
        except DamagedFileError as error:
            self.damage = error  # said after the values that came before it
            return None


def next_value(
    text: Window,
    number: int,
    looks_whole: LooksWhole,
    max_chars: int,
) -> Found:
    """Returns the value that starts in the window, and moves past it."""
    while True:
        try:
            value, end = _DECODER.raw_decode(text.window, text.at)
        except (ValueError, RecursionError) as error:
            if _is_cut(error, text):
                if len(text.window) - text.at > max_chars:
                    return _too_large(text, number, looks_whole, max_chars)
                text.grow()
                continue
            return _damaged(text, number, error, looks_whole, max_chars)
        if end == len(text.window) and not text.ended and text.grow():
            continue  # a number may go on in the next chunk
        return _found(text, number, value, end)


def skip_value(text: Window) -> None:
    """Skips the next value without holding it, at any depth."""
    depth = 0
    while text.skip(_INSIDE if depth else _WHITE):
        sign = text.window[text.at]
        if sign == '"':
            _skip_string(text)
        elif sign in "{[":
            text.at += 1
            depth += 1
        elif sign in "}]":
            if not depth:
                return  # there was no value
            text.at += 1
            depth -= 1
        else:
            text.skip(_PLAIN)
        if not depth:
            return


class Walk:
    """A walk through nested JSON: from member to member, one value held at a time."""

    def __init__(self, text: Window, looks_whole: LooksWhole, max_chars: int):
        self.text = text
        self._looks_whole, self._max_chars = looks_whole, max_chars
        self._number = 0

    def value(self, *, counted: bool = True) -> Found:
        """Returns the value that starts here, and moves past it."""
        number = self.count() if counted else self._number
        return next_value(self.text, number, self._looks_whole, self._max_chars)

    def count(self) -> int:
        """Returns the number of one more value."""
        self._number += 1
        return self._number

    def opens(self, signs: str) -> bool:
        """Returns whether the next sign, blanks aside, is one of these."""
        return self.text.skip(_WHITE) and self.text.window[self.text.at] in signs

    def more(self, end: str) -> bool:
        """Moves to the next member; returns False after the last.

        Raises:
          TruncatedFileError: the file ends before.
        """
        while self.text.skip(_COMMAS):
            sign = self.text.window[self.text.at]
            if sign not in "]}":
                return True
            self.text.at += 1  # a bracket that closes nothing is skipped
            if sign == end:
                return False
        self.text.check_end()
        raise TruncatedFileError(
            "the file is cut off inside its JSON; the rows before were read; fetch "
            "the file again"
        )


def _skip_string(text: Window) -> None:
    text.at += 1
    while text.skip(_IN_STRING):
        if text.window[text.at] == '"':
            text.at += 1
            return
        # A backslash at the end of the window: what it escapes is still to come.
        if not text.grow():
            text.at = len(text.window)
            return


def _found(text: Window, number: int, value: Any, end: int) -> Found:
    start, text.at = text.at, end
    raw = text.window[start : start + 4 * PAYLOAD_CHARS]
    ascii_only = text.window.isascii()  # known without looking at the text
    bad = None if ascii_only else _BAD_BYTES.search(text.window, start, end)
    if bad:
        message = "not UTF-8; convert the file with iconv"
        return Found(number, None, raw, end - start, "invalid_utf8", message)
    return Found(number, value, raw, end - start)


def _is_cut(error: Exception, text: Window) -> bool:
    """Returns whether the value may simply continue after the window."""
    if text.ended:
        return False
    if not isinstance(error, json.JSONDecodeError):
        return False
    if error.msg.startswith("Unterminated string"):
        return True
    return error.pos >= len(text.window) - _CUT_CHARS


def _damaged(
    text: Window,
    number: int,
    error: Exception,
    looks_whole: LooksWhole,
    max_chars: int,
) -> Found:
    raw = text.window[text.at : text.at + 4 * PAYLOAD_CHARS]
    place = getattr(error, "pos", text.at)
    size = place - text.at
    if isinstance(error, RecursionError):
        skip_value(text)
        why = "nested too deeply"
        return Found(number, None, raw, len(raw), "invalid_json", f"not JSON: {why}")
    why = getattr(error, "msg", str(error))
    text.at = max(place, text.at)
    _resume(text, text.at == place and size == 0, looks_whole, max_chars)
    return Found(number, None, raw, size, "invalid_json", f"not JSON: {why}")


def _too_large(
    text: Window,
    number: int,
    looks_whole: LooksWhole,
    max_chars: int,
) -> Found:
    raw = text.window[text.at : text.at + 4 * PAYLOAD_CHARS]
    size = len(text.window) - text.at
    text.at = len(text.window)
    _resume(text, False, looks_whole, max_chars)
    message = f"a value larger than {max_chars >> 20} MB; split it, or leave it out"
    return Found(number, None, raw, size, "too_large", message)


def _resume(
    text: Window,
    past_first: bool,
    looks_whole: LooksWhole,
    max_chars: int,
) -> None:
    """Moves to the next object that parses and looks whole, or to the end."""
    text.at += 1 if past_first else 0
    while text.skip(re.compile(r"[^{]*")):
        try:
            value, end = _DECODER.raw_decode(text.window, text.at)
        except (ValueError, RecursionError) as error:
            cut = _is_cut(error, text) and len(text.window) - text.at <= max_chars
            if cut and text.grow():
                continue
            if isinstance(error, RecursionError):
                skip_value(text)
            else:
                text.at += 1
            continue
        if looks_whole(value):
            return
        # What is inside a part of a record is not a record either.
        text.at = end
