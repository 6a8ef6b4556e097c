"""The values of a list inside JSON objects, read one by one from a stream."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from affectflow.batches.batch import MAX_ROW_BYTES
from affectflow.errors import UsageError
from affectflow.sources.json_stream import (
    BETWEEN,
    Found,
    LooksWhole,
    Walk,
    Window,
    skip_value,
)

EACH = "*"
"""The step of a path that means every member of an object or a list."""
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
# Lists nested deeper are not a file's messages.
_DEEPEST = 12


def parts_of(path: str) -> list[str]:
    """Returns the steps of a path such as `data.children` or `posts.*`.

    Raises:
      UsageError: a step is empty.
    """
    parts = path.removeprefix("$").strip(".").split(".") if path else []
    if not all(parts):
        raise UsageError(
            f"--records {path!r} has an empty step; name the path to the list, such as "
            "messages, data.items or posts.*"
        )
    return parts


def values_at(
    chunks: Iterable[bytes],
    parts: Sequence[str],
    looks_whole: LooksWhole,
    max_chars: int = MAX_ROW_BYTES,
) -> Iterator[Found]:
    """Yields the values that a path leads to, in every object of a stream.

    The path ends at a list, whose elements are the values, or at one value. Objects may
    stand one after the other, on lines, or in an array. What the path does not name is
    skipped, not held.

    Args:
      chunks: of the file.
      parts: the steps of the path: names, places in a list, or `*`.
      looks_whole: distinguishes a record from a part of one, after a damaged value.
      max_chars: of one value.
    """
    walk = _Descent(Window(chunks), looks_whole, max_chars)
    while walk.text.skip(BETWEEN):
        yield from walk.descend(list(parts))
    walk.text.check_end()


class _Descent(Walk):
    def descend(self, parts: list[str]) -> Iterator[Found]:
        is_list = self.opens("[")
        if not parts:
            yield from self._elements() if is_list else [self.value()]
        elif is_list or self.opens("{"):
            yield from self._members(parts, is_list)
        else:
            skip_value(self.text)

    def _elements(self) -> Iterator[Found]:
        self.text.at += 1
        while self.more("]"):
            yield self.value()

    def _members(self, parts: list[str], is_list: bool) -> Iterator[Found]:
        self.text.at += 1
        place = 0
        while self.more("]" if is_list else "}"):
            name = str(place) if is_list else self._name()
            place += 1
            if parts[0] in (EACH, name):
                yield from self.descend(parts[1:])
            else:
                skip_value(self.text)

    def _name(self) -> str:
        """Returns the name of a member, and moves to its value."""
        while not (found := _STRING.match(self.text.window, self.text.at)):
            if self.text.window[self.text.at] != '"' or not self.text.grow():
                self.text.at += 1  # no member starts so: on, in any case
                return ""
        self.text.at = found.end()
        if self.opens(":"):
            self.text.at += 1
        try:
            return str(json.loads(found[0], strict=False))
        except ValueError:
            return found[0]


class Shape(NamedTuple):
    """What the beginning of a file of JSON holds.

    `names` are those of its first object; `lists` the paths of the lists of objects in
    it, the longest text first.
    """

    names: list[str]
    lists: list[str]


def shape_of(head: bytes) -> Shape:
    """Returns what an object holds, whose text may be cut anywhere.

    >>> shape_of(b'{"name": "x", "messages": [{"id": 1}, {"id"')
    Shape(names=['name', 'messages'], lists=['messages'])
    """
    sizes: dict[str, int] = {}
    names: dict[str, None] = {}
    stack: list[tuple[str, str, int]] = []  # the bracket, the path, where it began
    text = head.decode("utf-8", "replace")
    name, deeper = "", 0
    for found in re.finditer(r'"(?:[^"\\]|\\.)*"?\s*(:?)|[{}\[\]]', text):
        sign = found[0][0]
        if sign in "{[" and (deeper or len(stack) >= _DEEPEST):
            deeper += 1
        elif sign in "}]" and deeper:
            deeper -= 1
        elif deeper:
            continue
        elif sign == '"':
            name = found[0].rstrip(": \r\n\t")[1:-1] if found[1] else name
            if found[1] and stack and stack[-1][:2] == ("{", ""):
                names |= {name: None}
        elif sign in "{[":
            outer = stack[-1] if stack else None
            path = _below(outer, name)
            if sign == "{" and outer and outer[0] == "[" and outer[1]:
                sizes.setdefault(outer[1], 0)
            stack.append((sign, path, found.start()))
        elif stack:
            _close(stack, sizes, found.end())
    while stack:
        _close(stack, sizes, len(text))
    lists = sorted(sizes, key=lambda path: (path.count(EACH), -sizes[path]))
    return Shape(list(names), lists)


def _below(outer: tuple[str, str, int] | None, name: str) -> str:
    if outer is None:
        return ""
    step = EACH if outer[0] == "[" else name
    if not outer[1]:
        # Every reader skips the outermost list.
        return "" if step == EACH else step
    return f"{outer[1]}.{step}"


def _close(stack: list[tuple[str, str, int]], sizes: dict[str, int], end: int) -> None:
    _, path, start = stack.pop()
    if path in sizes:
        sizes[path] += end - start
