"""Markup and templates: what a tool or a form put there, not the author."""

import re

from affectflow_transforms.text.segments.base import Family, Scan, Segment, line_of

_CONTENT = re.compile(r"<(pre|code|blockquote)\b", re.I)


def _take_comment(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes an HTML comment; one that opens a line and never closes goes on."""
    close = scan.find("-->", opened.end())
    if close >= 0:
        return Segment("template", opened.start(), close + 3)
    opens_line = not scan.text[max(0, opened.start() - 1) : opened.start()].strip()
    return Segment("template", opened.start(), scan.size) if opens_line else None


def _take_element(scan: Scan, opened: re.Match[str]) -> Segment | None:
    tag = _CONTENT.match(scan.text, opened.start())
    name = tag[1].lower() if tag else ""
    marks = rf"(?P<open><{name}\b[^<>\n]{{0,200}}>)|(?P<close></{name}>)"
    end = scan.pairs(marks).get(opened.start())
    if end is None:
        return None
    return Segment("quote" if name == "blockquote" else "code", opened.start(), end)


def _take_line(scan: Scan, opened: re.Match[str]) -> Segment | None:
    return line_of(scan, "template", opened)


_HEADINGS = (
    r"(?:steps? to reproduce|how to reproduce|to reproduce|reproduction|repro steps"
    r"|expected (?:behaviou?r|results?|output)|what did you expect"
    r"|(?:actual|current|observed) (?:behaviou?r|results?|output)"
    r"|describe (?:the|your)|description|summary|motivation|context|environment"
    r"|(?:system|version) info|your environment|versions?|screenshots?"
    r"|additional (?:context|info)|possible (?:solution|fix)|proposed solution"
    r"|checklist|types? of change|how has this been tested|related issues?"
    r"|is your feature request|is this a|what is the|prerequisites|logs?|bug report"
    r"|feature request|pr summary|pr checklist|pr context|desktop \(|smartphone \("
    r"|what (?:happened|version|operating system|steps)|os ?/ ?environment|issue type"
    r"|component name|ansible version|configuration|anything else)"
)

FAMILIES = (
    Family("comment", r"<!--", _take_comment, "<!--"),
    Family(
        "element",
        r"<(?i:pre|code|blockquote)\b[^<>\n]{0,200}>",
        _take_element,
        r"(?i)<(?:pre|code|blockquote)",
    ),
    Family(
        "checkbox", r"^[ \t]*[-*+] \[[ xX]?\](?!\()", _take_line, r"[-*+] \[[ xX]?\]"
    ),
    Family(
        "heading",
        rf"^#{{1,6}} {{0,3}}\W{{0,4}}(?i:{_HEADINGS})(?=[^\n]{{0,60}}$)",
        _take_line,
        r"(?m:^#{1,6})",
    ),
    Family(
        "bold_heading",
        rf"^\*\*\W{{0,4}}(?i:{_HEADINGS})[^\n*]{{0,60}}\*\*:?[ \t]*$",
        _take_line,
        r"(?m:^\*\*)",
    ),
    Family(
        "template_hint",
        r"^(?:A clear and concise description of|If applicable, add screenshots"
        r"|Add any other context about|Steps to reproduce the behaviou?r:"
        r"|Please (?:complete|fill (?:in|out)) the following)",
        _take_line,
        r"(?m:^(?:A clear and|If applicable, add|Add any other|Steps to rep|Please))",
    ),
)

_TAGS = (
    "a|abbr|b|br|big|center|dd|del|details|div|dl|dt|em|font|h[1-6]|hr|i|img|ins|kbd"
    "|li|ol|p|picture|q|s|samp|small|source|span|strike|strong|sub|summary|sup|table"
    "|tbody|td|tfoot|th|thead|tr|tt|u|ul|var|video|/?(?:pre|code|blockquote)"
)
TAG = rf"</?(?i:{_TAGS})(?:\s[^<>]{{0,1000}})?/?>"
