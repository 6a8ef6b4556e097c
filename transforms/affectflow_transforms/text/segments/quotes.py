"""Quotes: what somebody else wrote and this author repeats."""

import re

from affectflow_transforms.text.segments.base import Family, Scan, Segment, trimmed

# `>_<`, `>.<`, `>:(` and `>= 3` at the start of a line are no quotes.
_MARK = r"^[ ]{0,3}>(?![._:;=<])"
_LINES = re.compile(rf"(?:{_MARK}.*\n?)++", re.M)
_ATTRIBUTION = re.compile(
    r"(?:On|Am|Le|El|Il) .{5,300}"
    r"(?:wrote|schrieb(?: .{1,100})?|a écrit|escribió|ha scritto)[  ]?:\s*$",
    re.S,
)


def _take_quote(scan: Scan, opened: re.Match[str]) -> Segment | None:
    lines = _LINES.match(scan.text, opened.start())
    return trimmed(scan, "quote", lines.start(), lines.end()) if lines else None


def _take_attribution(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes "On ... wrote:", over at most two lines, and the quote that follows."""
    first = scan.line_end(opened.start())
    for end in (first, scan.line_end(first + 1)):
        line = scan.text[opened.start() : min(end, opened.start() + 450)]
        if _ATTRIBUTION.match(line):
            return trimmed(scan, "quote", opened.start(), _quoted_end(scan, end))
    return None


def _quoted_end(scan: Scan, start: int) -> int:
    blank = _BLANK.match(scan.text, start)
    lines = _LINES.match(scan.text, blank.end() if blank else start)
    return lines.end() if lines else start


_BLANK = re.compile(r"\s{0,10}")


def _take_rest(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """A forwarded or top-posted message goes on to the end of the text."""
    return trimmed(scan, "quote", opened.start(), scan.size)


FAMILIES = (
    Family("quote", _MARK, _take_quote, r"(?m:^ {0,3}>)"),
    Family(
        "attribution",
        r"^(?:On|Am|Le|El|Il) (?=.{0,300}[0-9])",
        _take_attribution,
        r"(?:wrote|schrieb|crit|escribi|scritto)",
    ),
    Family(
        "forwarded",
        r"^(?:-{3,10} ?(?:Original Message|Forwarded message) ?-{3,10}"
        r"|_{10,80}\nFrom: )",
        _take_rest,
        r"Original Message|Forwarded message|_{10}",
    ),
)
