"""Rows of the dump's XML, one per line: no parser, so no entity is expanded.

Each table is one element with an empty element `row` on each line. So a file is cut
into byte ranges as lines are, and damage costs one row.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_ROW = re.compile(r"<row\b((?:[^\"'<>]++|\"[^\"<]*+\"|'[^'<]*+')*+)>")
_ATTRIBUTE = re.compile(r"([A-Za-z_][\w.-]*+)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')")
_REFERENCE = re.compile(r"&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_AROUND = re.compile(r"\ufeff?(?:\s|<\?xml[^>]*>|</?[a-z]+\s*/?>|<!--.*?-->)*")
ENDS = re.compile(rb"(?:</[a-z]+|<(?:posts|comments|[a-z]+)\s*/)\s*>\s*$")
"""How the last line of a complete table ends."""


class Line(NamedTuple):
    """The rows of one line, as attributes, and what is wrong with the rest of it."""

    rows: list[dict[str, str]]
    damage: str


def parse_line(line: str) -> Line:
    """Returns the rows of one line of a table.

    References to signs are resolved; entities that a file declares are refused.
    """
    rows, rest, at = [], [], 0
    for found in _ROW.finditer(line):
        rest.append(line[at : found.start()])
        at = found.end()
        rows.append(dict(_attributes(found[1])))
    rest.append(line[at:])
    around = "".join(rest)
    if _AROUND.fullmatch(around):
        return Line(rows, "")
    if "<!" in around:
        return Line(rows, "a document type or entity declaration, not expanded")
    return Line(rows, "this line has no complete row of a dump")


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    for name, double, single in _ATTRIBUTE.findall(text):
        yield name, _resolved(double or single)


def _resolved(value: str) -> str:
    return _REFERENCE.sub(_sign, value) if "&" in value else value


def _sign(reference: re.Match[str]) -> str:
    named, decimal, hexadecimal = reference.groups()
    if named:
        return _NAMED[named]
    number = int(decimal) if decimal else int(hexadecimal, 16)
    allowed = number in (9, 10, 13) or 0x20 <= number < 0xD800
    return chr(number) if allowed or 0xE000 <= number <= 0x10FFFF else "\ufffd"
