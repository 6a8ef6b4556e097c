"""Messages in a list inside an object that says what they have in common.

`{"channel": {...}, "messages": [...]}` may be larger than memory: it is read message by
message, each with what its envelope said before the list began.
"""

import abc
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.batches.batch import MAX_ROW_BYTES
from affectflow.sources.fields import Record
from affectflow.sources.json_source import JsonSource
from affectflow.sources.json_stream import BETWEEN, Found, Window, next_value
from affectflow.sources.records import rows_of
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import TruncatedFileError

_BLANKS = re.compile(r"[\s\ufeff\x00]*")
_COMMAS = re.compile(r"[\s,]*")
_COLON = re.compile(r"\s*:?\s*")
_MOST_LEVELS = 50

Around = Mapping[str, Any]
_NOTHING: Around = {}


def enclosed(
    chunks: Iterable[bytes],
    held: str,
    within: Iterable[str],
    looks_whole: Callable[[dict[str, Any]], bool],
    max_chars: int = MAX_ROW_BYTES,
) -> Iterator[tuple[Around, Found]]:
    """Yields each message of a stream, with the fields that enclose it.

    An object without such a list is itself yielded, with nothing around it.

    Args:
      chunks: of the file.
      held: the field whose list holds the messages.
      within: fields that lead to further envelopes.
      looks_whole: tells a message from a part of one, after a damaged value.
      max_chars: of one message, or of one field of an envelope.

    Raises:
      DamagedFileError: after all messages that could be had.
    """
    walk = _Walk(Window(chunks), held, frozenset(within), looks_whole, max_chars)
    while walk.text.skip(BETWEEN):
        yield from walk.value(_NOTHING, 0)
    walk.text.check_end()


class _Walk:
    def __init__(
        self,
        text: Window,
        held: str,
        within: frozenset[str],
        looks_whole: Callable[[dict[str, Any]], bool],
        max_chars: int,
    ):
        self.text = text
        self._held, self._within = held, within
        self._looks_whole, self._max_chars = looks_whole, max_chars
        self._number = 0

    def value(self, around: Around, level: int) -> Iterator[tuple[Around, Found]]:
        """Yields what an object, or the objects of a list, enclose."""
        sign = self.text.window[self.text.at]
        if sign == "{" and level < _MOST_LEVELS:
            yield from self._object(around, level)
        elif sign == "[" and level < _MOST_LEVELS:
            self.text.at += 1
            while self._more("]"):
                yield from self.value(around, level + 1)
        else:
            yield around, self._next()

    def _object(self, around: Around, level: int) -> Iterator[tuple[Around, Found]]:
        start, encloses = self.text.at, False
        own: dict[str, Any] = {}
        self.text.at += 1
        while self._more("}"):
            name = self._next(counted=False)
            if not isinstance(name.value, str):
                yield around, name
                return
            self.text.skip(_COLON)
            if self._opens("[") and name.value == self._held:
                encloses = True
                yield from self._messages({**around, **own})
            elif self._opens("[{") and name.value in self._within:
                encloses = True
                yield from self.value({**around, **own}, level + 1)
            else:
                found = self._next(counted=False)
                if found.error_type:
                    yield around, found
                    return
                own[name.value] = found.value
        if not encloses:
            self._number += 1
            yield (
                around,
                Found(self._number, own, str(own)[:1200], self.text.at - start),
            )

    def _messages(self, around: Around) -> Iterator[tuple[Around, Found]]:
        self.text.at += 1
        while self._more("]"):
            yield around, self._next()

    def _next(self, *, counted: bool = True) -> Found:
        self._number += counted
        return next_value(self.text, self._number, self._looks_whole, self._max_chars)

    def _opens(self, signs: str) -> bool:
        return self.text.skip(_BLANKS) and self.text.window[self.text.at] in signs

    def _more(self, end: str) -> bool:
        """Moves to the next member; returns False behind the end of all members.

        Raises:
          TruncatedFileError: the file ends before.
        """
        while self.text.skip(_COMMAS):
            sign = self.text.window[self.text.at]
            if sign not in "]}":
                return True
            self.text.at += 1  # a bracket that closes nothing is passed over
            if sign == end:
                return False
        self.text.check_end()
        raise TruncatedFileError(
            "the file ends in the middle of its JSON; the rows before the end were "
            "read; fetch the file again"
        )


@dataclass(kw_only=True)
class EnvelopeSource(JsonSource, abc.ABC):
    """Reads files whose messages stand in a list, inside an object about them all.

    Objects that are messages themselves are read as well, and lines of either.
    """

    held: ClassVar[str] = "messages"
    """The field whose list holds the messages."""
    within: ClassVar[tuple[str, ...]] = ()
    """Fields that lead to further envelopes."""

    @abc.abstractmethod
    def rows_within(
        self, record: Record, around: Around, where: str
    ) -> Iterable[Row | RefusedError]:
        """Returns the rows of a message; as `rows`, with what was said around it."""

    def rows(self, record: Record, where: str) -> Iterator[Row | RefusedError]:
        inner = [name for name in self.within if name in record]
        if isinstance(record.get(self.held), list):
            around = {k: v for k, v in record.items() if k != self.held}
            yield from self._rows_around(record[self.held], around, where)
        elif inner:
            for name in inner:
                yield from rows_of(record[name], lambda each: self.rows(each, where))
        else:
            yield from self.rows_within(record, _NOTHING, where)

    def _rows_around(
        self, held: Any, around: Around, where: str
    ) -> Iterator[Row | RefusedError]:
        return rows_of(held, lambda each: self.rows_within(each, around, where))

    def _of_values(self, chunks: Iterable[bytes], uri: str) -> Iterator[Row]:
        found = enclosed(chunks, self.held, self.within, self.looks_whole)
        for around, each in found:
            origin = f"{uri}#{each.number}"
            if each.error_type:
                refused = RefusedError(each.message, each.error_type)
                yield self._refused(refused, origin, each.raw)
                continue
            rows = self._rows_around(each.value, around, origin)
            yield from self._placed(rows, origin, each.raw)
