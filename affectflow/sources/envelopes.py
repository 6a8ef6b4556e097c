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
from affectflow.sources.json_stream import BETWEEN, Found, Walk, Window
from affectflow.sources.records import rows_of
from affectflow.sources.rows import RefusedError, Row

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
      looks_whole: distinguishes a message from a part of one, after a damaged value.
      max_chars: of one message, or of one field of an envelope.

    Raises:
      DamagedFileError: after all messages that could be read.
    """
    walk = Walk(Window(chunks), looks_whole, max_chars)
    envelopes = _Envelopes(walk, held, frozenset(within))
    while walk.text.skip(BETWEEN):
        yield from envelopes.value(_NOTHING, 0)
    walk.text.check_end()


class _Envelopes:
    def __init__(self, walk: Walk, held: str, within: frozenset[str]):
        self._walk, self._text = walk, walk.text
        self._held, self._within = held, within

    def value(self, around: Around, level: int) -> Iterator[tuple[Around, Found]]:
        """Yields what an object, or the objects of a list, enclose."""
        sign = self._text.window[self._text.at]
        if sign == "{" and level < _MOST_LEVELS:
            yield from self._object(around, level)
        elif sign == "[" and level < _MOST_LEVELS:
            self._text.at += 1
            while self._walk.more("]"):
                yield from self.value(around, level + 1)
        else:
            yield around, self._walk.value()

    def _object(self, around: Around, level: int) -> Iterator[tuple[Around, Found]]:
        start, encloses = self._text.at, False
        own: dict[str, Any] = {}
        self._text.at += 1
        while self._walk.more("}"):
            name = self._walk.value(counted=False)
            if not isinstance(name.value, str):
                yield around, name
                return
            self._text.skip(_COLON)
            if self._walk.opens("[") and name.value == self._held:
                encloses = True
                yield from self._messages({**around, **own})
            elif self._walk.opens("[{") and name.value in self._within:
                encloses = True
                yield from self.value({**around, **own}, level + 1)
            else:
                found = self._walk.value(counted=False)
                if found.error_type:
                    yield around, found
                    return
                own[name.value] = found.value
        if not encloses:
            size = self._text.at - start
            yield around, Found(self._walk.count(), own, str(own)[:1200], size)

    def _messages(self, around: Around) -> Iterator[tuple[Around, Found]]:
        self._text.at += 1
        while self._walk.more("]"):
            yield around, self._walk.value()


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
