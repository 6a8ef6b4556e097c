"""Quotes: what someone else wrote and this author repeats.

Lines that a mark, a bar or a name opens, with the line that says whose words they are.
"""

import re

from affectflow_transforms.text.segments.base import Family, Scan, Segment, trimmed
from affectflow_transforms.text.segments.code import PROMPTS, looks_like_code
from affectflow_transforms.text.segments.markup import TAG

# `>_<`, `>.<`, `>:(` and `>= 3` at the start of a line are not quotes.
_SIGN = r">(?![._:;=<])"
_MARK = rf"^[ ]{{0,3}}{_SIGN}"
_LINES = re.compile(rf"(?:{_MARK}.*\n?)++", re.M)
_DEEP = re.compile(rf"(?:^[ \t]*{_SIGN}.*\n?)++", re.M)

_VERB = (
    r"(?:wrote|writes|schrieb|schreibt|a écrit|écrit|escribió|escreveu|ha scritto"
    r"|skrev|schreef|napisał(?:a|\(a\))?|pisze|napsal(?:a|\(a\))?|kirjoitti"
    r"|пишет|писал|написал(?:а|\(а\))?|yazdı|写道|님이 작성)"
)
_VERB_HINT = (
    r"wrote|writes|schr(?:ieb|eib|eef)|écrit|escribi|escreveu|scritto|skrev|napisa|pisze"
    r"|napsal|kirjoitti|yazd|писал|пишет|写道|작성"
)
_SAID = rf"(?:{_VERB}|said|says)"
INTRO = (
    r"(?:On|At|Am|Le|El|Il|Op|Den|Em|Dnia|W dniu|Dne|Pada"
    r"|In article|In message)"
)
_DAY = r"(?:[0-9]|<|(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?\b)"
_ADDRESS = r"(?:<[^<>\n]{3,120}>|[\[(]mailto:[^\n]{3,80}|\[EMAIL\]\)?)"
# What may follow the verb: a name, an address, a time; no clause of the author's.
_AFTER = (
    rf"(?:\s(?:on|at|in|am|um|to|the following|yesterday|today|last)\b[^\n]{{0,80}}"
    rf"|\s[^\n]{{0,80}}{_ADDRESS}|(?:\s[^\Wa-z_][\w.'-]*){{1,4}})?"
)
_COLON = r"[  ]?[:：]\s*"
_DATED = re.compile(
    rf"{INTRO} (?=.{{0,300}}{_DAY}).{{3,300}}?\b{_VERB}{_AFTER}{_COLON}", re.S
)
_WORD = r"(?:[^\Wa-z_][^\s:]{0,40}|@\S{1,40}|\[USER\],?|[\"'(<][^\n:]{1,80}[\"')>],?)"
_NAMED = re.compile(
    rf"(?:\* )?(?:{_WORD} (?:(?:van|von|de|der|la|via [\w-]{{1,30}}) )?){{1,6}}"
    rf"{_SAID}{_AFTER}{_COLON}"
    rf"|@?[\w.-]{{1,40}},? {_SAID}{_COLON}"
    rf"|.{{0,200}}[0-9].{{0,200}}{_ADDRESS}[^\n]{{0,30}}{_COLON}"
    rf"|(?:Quoting|Zitat von) .{{2,120}}{_COLON}",
    re.S,
)
# "I hate what Ann wrote:" is the author's.
_OWN = re.compile(r"\b(?:I|we|my|what|which|that|who|because|as)\b")
_MAX_ATTRIBUTION = 450
_WITH_TIME = re.compile(rf"[0-9]{{4}}|[0-9]:[0-9]{{2}}|{_ADDRESS}")


def _take_quote(scan: Scan, opened: re.Match[str]) -> Segment | None:
    lines = _LINES.match(scan.text, opened.start())
    if lines is None:
        return None
    return trimmed(scan, "quote", _credited(scan, lines.start()), lines.end())


def _take_indented(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes quoted lines that are indented as code is, unless they are code."""
    lines = _DEEP.match(scan.text, opened.start())
    if lines is None or looks_like_code(re.sub(r"(?m)^[ \t]*> ?", "", lines[0])):
        return None
    return trimmed(scan, "quote", _credited(scan, lines.start()), lines.end())


def _take_rest_of_paragraph(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes `>>> `, which in chats quotes all that follows; in mail, its line."""
    if _MARKED.search(scan.text, opened.end()) or _MARKED.search(
        scan.text, 0, max(0, opened.start() - 1)
    ):
        return _take_quote(scan, opened)
    end = _PARAGRAPH_END.search(scan.text, opened.end())
    return trimmed(scan, "quote", opened.start(), end.start() if end else scan.size)


_MARKED = re.compile(r"^ {0,3}>", re.M)
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")


def _credited(scan: Scan, start: int) -> int:
    """Returns where the line begins that says whose words stand from `start` on."""
    window = scan.text[max(scan.position, start - _MAX_ATTRIBUTION) : start]
    before = window.rstrip(" \t\n")
    if before[-1:] not in (":", "：") or window.count("\n", len(before)) > 2:
        return start
    line = len(before)
    for _ in range(3):
        line = before.rfind("\n", 0, max(0, line - 1)) + 1
        if _is_attribution(before[line:].lstrip("> \t")):
            return start - len(window) + line
        if not line:
            break
    return start


def _is_attribution(chunk: str) -> bool:
    if _OWN.search(chunk):
        return False
    return bool(_DATED.fullmatch(chunk) or _NAMED.fullmatch(chunk))


def _take_attribution(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes "On ... wrote:", over at most three lines, and the quote that follows."""
    start, end = opened.start(), opened.start() - 1
    for _ in range(3):
        end = scan.line_end(end + 1)
        chunk = scan.text[start : min(end, start + _MAX_ATTRIBUTION)]
        if _DATED.fullmatch(chunk) and not _OWN.search(chunk):
            return trimmed(scan, "quote", start, _quoted_end(scan, start, end))
    return None


def _take_named(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes "Ann wrote on Monday:" where a day, an address or a quote follows."""
    start, end = opened.start(), scan.line_end(opened.end())
    chunk = scan.text[start : min(end, start + _MAX_ATTRIBUTION)]
    if not _is_attribution(chunk):
        return None
    quoted = _quoted_end(scan, start, end)
    if quoted <= end and not re.search(rf"{_DAY}|{_ADDRESS}", chunk):
        return None
    return trimmed(scan, "quote", start, quoted)


def _quoted_end(scan: Scan, start: int, end: int) -> int:
    """Returns where the quote ends whose attribution is `start:end`.

    Mail that lost its marks: all that follows, if the author has spoken before, else
    one paragraph.
    """
    blank = _BLANK.match(scan.text, end)
    below = blank.end() if blank else end
    for run in (_LINES, _BARS, _CUSTOM):
        if lines := run.match(scan.text, below):
            return lines.end()
    if _PREFIXED.match(scan.text, below):
        return _prefixed_end(scan, below)
    if not _WITH_TIME.search(scan.text, start, end) or _MARKED.search(scan.text, end):
        return end
    if scan.text[scan.position : start].strip():
        return scan.size
    paragraph = _PARAGRAPH_END.search(scan.text, below)
    return paragraph.start() if paragraph else scan.size


_BLANK = re.compile(r"\s{0,10}")
_CUSTOM = re.compile(r"(?:^[ ]{0,3}([:%}\]=]) .*\n?(?:^[ ]{0,3}\1(?: .*)?\n?)*+)", re.M)

# `| words`, and no row of a table, no pipe of a shell and no case of a match.
_BARS = re.compile(
    r"(?:^[ ]{0,3}\|(?:[ ](?![^\n|]*\|)[^\n]*(?<![|\\]))?[ \t]*(?:\n|\Z))++", re.M
)
_NO_WORDS = re.compile(
    r"[={};\\]|->|::|-{3}|^[^\w\n]*(?:grep|sed|awk|sort|uniq|head|tail|xargs|wc|jq|tee|cut|tr|less"
    r"|cat|perl|python3?|sh|bash|sudo|column|kubectl|Some|None|Ok|Err|otherwise)\b",
    re.M,
)
_TWO_WORDS = re.compile(r"(?<![^\W\d_])[^\W\d_]{1,30}['’]?[^\W\d_]* +[^\W\d_]")


def _take_bars(scan: Scan, opened: re.Match[str]) -> Segment | None:
    above = scan.text.rfind("\n", 0, max(0, opened.start() - 1)) + 1
    if opened.start() > 0 and scan.text.startswith("|", above):  # in a table
        return None
    end = _bars_end(scan, opened.start())
    if end is None or scan.text.startswith("|", end):
        return None
    start = _credited(scan, opened.start())
    if start == opened.start() and not _are_words(scan, start, end):
        return None
    return trimmed(scan, "quote", start, end)


def _bars_end(scan: Scan, start: int) -> int | None:
    """Returns where the lines with bars end; the run of one is known to the next."""
    if scan.bars_end > start:
        return scan.bars_end
    lines = _BARS.match(scan.text, start)
    if lines is None:
        return None
    scan.bars_end = lines.end()
    return lines.end()


def _are_words(scan: Scan, start: int, end: int) -> bool:
    """Returns whether lines with bars hold words, and none of them code."""
    if end not in scan.judged:
        lines = (scan.text, start, end)
        scan.judged[end] = (
            max((found.end() for found in _TWO_WORDS.finditer(*lines)), default=-1),
            max((found.end() for found in _NO_WORDS.finditer(*lines)), default=-1),
        )
    words, others = scan.judged[end]
    return words > start >= others


_PREFIX = (
    r"^[ \t]{0,8}(?:[A-Za-z][\w.-]{0,15}|\[USER\])>{1,5} (?=[^\W\d_]|[\"'(*`@\[>])"
)
_PREFIXED = re.compile(_PREFIX, re.M)
_PREFIXED_LINES = re.compile(
    r"(?:^[ \t]{0,8}(?:[A-Za-z][\w.-]{0,15}|\[USER\])>{1,5}(?: .*)?(?:\n|\Z))++", re.M
)


def _take_prefixed(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes `AB> words`, as Supercite and people in chats mark what others said."""
    name = opened[0].strip().rstrip("> ").lower()
    first = scan.text[opened.end() : scan.line_end(opened.end())]
    # `Settings> General> Network` leads to a menu.
    if name in PROMPTS or re.search(r"\w> ?\w", first) or " " not in first.strip():
        return None
    start = _credited(scan, opened.start())
    return trimmed(scan, "quote", start, _prefixed_end(scan, opened.start()))


def _prefixed_end(scan: Scan, start: int) -> int:
    lines = _PREFIXED_LINES.match(scan.text, start)
    return lines.end() if lines else start


_SPOKEN = (
    r"^(?:[\[(]?[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?: ?[AP]M)?[\])]? +)?"
    r"<(?!\[USER\]>)[@+~&% ]?[A-Za-z\[_][\w\[\]|^-]{0,25}> (?=\S)"
)
_SPOKEN_LINES = re.compile(rf"(?:{_SPOKEN}.*(?:\n|\Z)){{2,}}+", re.M)
_TAG = re.compile(TAG)


def _take_spoken(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes two or more lines that were copied from a chat: `<ann> words`."""
    if _TAG.search(opened[0]):
        return None
    lines = _SPOKEN_LINES.match(scan.text, opened.start())
    if lines is None:
        return None
    return trimmed(scan, "quote", _credited(scan, lines.start()), lines.end())


# Before indented code, which these may look like.
FAMILIES = (
    Family("quote_of_chat", r"^>>> ?(?=[^\s>])", _take_rest_of_paragraph, r"(?m:^>>>)"),
    Family("quote", _MARK, _take_quote, r"(?m:^ {0,3}>)"),
    Family(
        "indented_quote",
        r"^(?: {4}|\t)[ \t]{0,8}>[> ]{0,8}(?=[^\W\d_])",
        _take_indented,
        r"(?m:^[ \t]+>)",
    ),
    Family(
        "attribution",
        rf"^{INTRO} (?=.{{0,300}}{_DAY})",
        _take_attribution,
        _VERB_HINT,
    ),
    Family(
        "attribution_by_name",
        rf"^(?:{_WORD} ){{1,6}}{_VERB}\b(?=[^\n]{{0,90}}[:：][ \t]*$)",
        _take_named,
        _VERB_HINT,
    ),
    Family("bar", r"^[ ]{0,3}\| (?=[^|\s])", _take_bars, r"(?m:^ {0,3}\| )"),
    Family(
        "prefixed",
        _PREFIX,
        _take_prefixed,
        r"[\w\]]>+ ",
    ),
    Family("spoken", _SPOKEN, _take_spoken, r"<[@+~&% \[\w]"),
)
