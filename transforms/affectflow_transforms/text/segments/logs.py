"""Logs: stack traces, log lines and compiler messages."""

import re

from affectflow_transforms.text.segments.base import Family, Scan, Segment, trimmed

_PATH = r"[^\s:()]{1,300}"
_TIME = r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}"

_FRAMES = (
    # Java, JavaScript and C#: `at a.b(C.java:1)`, `at f (x.js:1:2)`, `at A.B() in C:\`
    rf"at (?:[\w$.<>\[\]/@ ,~`]{{1,200}}\(|(?:async )?(?:file://)?/?{_PATH}:[0-9]+:[0-9])",
    r"\.\.\. [0-9]+ (?:more|common frames)",
    r"Caused by: |Exception in thread |Suppressed: ",
    # Python
    r"Traceback \(most recent call last\):",
    r'File "[^"\n]{1,300}", line [0-9]+',
    # Ruby: `/lib/x.rb:1:in `m'`, with `from` before it
    rf"(?:from )?{_PATH}\.rb:[0-9]+(?::in |:)",
    # Go
    r"goroutine [0-9]+ \[|panic: |/[^\s:]{1,300}\.go:[0-9]+",
    # Rust
    r"thread '[^'\n]{0,100}' panicked at |--> [^\s:]{1,300}:[0-9]+:[0-9]+",
    r"(?:error|warning)\[E?[0-9]{2,5}\]: |note: run with `?RUST_BACKTRACE",
)
_LINES = (
    rf"\[?[0-9]{{4}}[-/][0-9]{{2}}[-/][0-9]{{2}}[T ,|]{{1,3}}{_TIME}",
    rf"\[?{_TIME}(?:[.,][0-9]+)?\]?[ |:-]{{1,3}}(?:\[|[A-Z]{{4,}}\b|[0-9])",
    rf"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-9]?[0-9] {_TIME} ",
    r"\[ {0,6}[0-9]{1,6}\.[0-9]{4,6}\] ",
    r"\[(?:INFO|WARN|WARNING|ERROR|DEBUG|FATAL|TRACE|error|warn|info|debug)\]",
    r"npm (?:ERR!|WARN|error|warn)|gyp (?:ERR!|info|verb)|yarn (?:error|warn)",
    rf"{_PATH}[:(][0-9]+[:,][0-9]+\)?: (?:fatal )?(?:error|warning|note)\b",
    r"error (?:TS|CS|C)[0-9]{3,5}: |make(?:\[[0-9]+\])?: \*\*\* ",
    r"(?:[a-z_$][\w$]{0,60}\.){1,12}[A-Z][\w$]{0,80}(?:Exception|Error)\b",
    # `TypeError: x is not a function`, as the first or the last line of a trace
    r"(?:Uncaught )?[A-Z][A-Za-z]{1,60}(?:Error|Exception|Warning|Interrupt|Exit)"
    r"(?:: |$)",
)
# These stand alone in prose too ("WARNING: do not ..."): two in a row make a log.
_WEAK = r"(?:INFO|WARN|WARNING|ERROR|DEBUG|FATAL|TRACE|VERBOSE)(?: {1,3}\[|:| - |  )"

_STRONG = re.compile(r"[ \t]*(?:" + "|".join(_FRAMES + _LINES) + ")", re.M)
_ANY = re.compile(r"[ \t]*(?:" + "|".join((*_FRAMES, *_LINES, _WEAK)) + ")", re.M)


def _take_log(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes lines of a log, and the indented lines that go on with them."""
    start = opened.start()
    end, lines, strong = start, 0, False
    while end < scan.size and _ANY.match(scan.text, end):
        strong = strong or bool(_STRONG.match(scan.text, end))
        lines += 1
        end = _line_after(scan, end)
    if not lines or not (strong or lines > 1):
        return None
    return trimmed(scan, "log", start, min(end, scan.size))


_CONTINUED = re.compile(r"(?:(?: {2}|\t)[ \t]*\S.*(?:\n|\Z))*+")
_PYTHON_FRAME = re.compile(r'[ \t]*File "')


def _line_after(scan: Scan, start: int) -> int:
    """Returns where the next line of the log begins; some lines go on below."""
    after = scan.line_end(start) + 1
    if after >= scan.size:
        return after
    found = _CONTINUED.match(scan.text, after)
    if found and found.end() > after:
        return found.end()
    # Some exports strip indentation: the line of source under a frame of Python.
    next_but_one = scan.line_end(after) + 1
    if _PYTHON_FRAME.match(scan.text, start) and _ANY.match(scan.text, next_but_one):
        return next_but_one if not _ANY.match(scan.text, after) else after
    return after


FAMILIES = (
    Family(
        "log",
        r"^[ \t]*(?:" + "|".join((*_FRAMES, *_LINES, _WEAK)) + ")",
        _take_log,
        r"Traceback|(?m:^[ \t]*(?:at|from|File|\.\.\.) )|Caused by|Suppressed"
        r"|in thread |[A-Za-z](?:Error|Exception|Warning|Interrupt|Exit)\b"
        r"|\.(?:rb|go):[0-9]|goroutine|panic|thread '|--> |\[E?[0-9]{2,5}\]: |RUST_B"
        r"|[0-9]{1,2}:[0-9]{2}:[0-9]{2}|\[ {0,6}[0-9]{1,6}\.[0-9]{4}"
        r"|(?:INFO|WARN|WARNING|ERROR|DEBUG|FATAL|TRACE|VERBOSE)\b|error [TC]"
        r"|make.{0,9}: |\[(?:error|warn|info|debug)\]|npm |gyp |yarn |[0-9]\)?: [a-z]",
    ),
)
