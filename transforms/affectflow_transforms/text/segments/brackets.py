"""Quotes and code between marks of trackers and forums.

Jira's `{quote}`, `{noformat}`, `{code}` and `bq. `; `[quote]` and `[code]` of forums,
which nest.
"""

import re

from affectflow_transforms.text.segments.base import Family, Scan, Segment, line_of

_NAME = re.compile(r"[{\[](\w+)")
_LANG = re.compile(
    r"\{code:(?:title=[^|}]*\|)?([\w+#-]{1,20})[|}]|\[code=([\w+#-]{1,20})"
)
_SAMPLE = ("code", "noformat", "pre")


def _take_pair(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes what is between two marks; without the second, one paragraph."""
    name = _name(opened)
    curly = opened[0][0] == "{"
    ends = scan.pairs(_curly(name) if curly else _square(name))
    end = ends.get(opened.start())
    if end is None:
        end = _paragraph_end(scan, opened)
    if end is None:
        return None
    lang = _LANG.match(opened[0])
    return Segment(
        "code" if name in _SAMPLE else "quote",
        opened.start(),
        end,
        (lang[1] or lang[2]).lower() if lang else None,
    )


def _name(opened: re.Match[str]) -> str:
    found = _NAME.match(opened[0])
    return found[1].lower() if found else ""


def _curly(name: str) -> str:
    """Returns the marks of Jira; the one without options may open or close."""
    return rf"(?P<open>\{{{name}:[^{{}}\n]{{0,200}}\}})|(?P<either>\{{{name}\}})"


def _square(name: str) -> str:
    """Returns the marks of forums; phpBB stores an id in both: `[/quote:3kd9x2]`."""
    opens = rf"(?P<open>\[{name}(?:[ =:][^\]\n]{{0,300}})?\])"
    return rf"{opens}|(?P<close>\[/{name}(?::\w{{1,20}})?\])"


def _paragraph_end(scan: Scan, opened: re.Match[str]) -> int | None:
    """Returns the end of the paragraph that an unclosed mark opens, if it does."""
    line = scan.text.rfind("\n", 0, opened.start()) + 1
    # "Use {quote} for quotes" is about the mark.
    if scan.text[line : opened.start()].strip():
        return None
    blank = scan.text.find("\n\n", opened.end())
    return scan.size if blank < 0 else blank


def _take_line(scan: Scan, opened: re.Match[str]) -> Segment | None:
    return line_of(scan, "quote", opened)


FAMILIES = (
    Family(
        "jira",
        r"\{(?:quote|noformat|code)(?::[^{}\n]{0,200})?\}",
        _take_pair,
        r"\{(?:quote|noformat|code)",
    ),
    Family(
        "forum",
        r"\[(?i:quote|code)(?:[ =:][^\]\n]{0,300})?\](?![(\[])",
        _take_pair,
        r"(?i)\[(?:quote|code)",
    ),
    Family("jira_line", r"^bq\. ", _take_line, r"(?m:^bq\. )"),
)
