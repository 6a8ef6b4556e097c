"""Logs: stack traces, log lines and compiler messages."""

import re

from affectflow_transforms.text.segments import log_shapes, messages
from affectflow_transforms.text.segments.base import (
    BLANK_LINES,
    Family,
    Scan,
    Segment,
    trimmed,
)

_PATH = r"[^\s:()]{1,300}"
_TIME = r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}"

_FRAMES = (
    # Java, JavaScript and C#: `at a.b(C.java:1)`, `at f (x.js:1:2)`, `at A.B() in C:\`
    rf"at (?:[\w$.<>\[\]/@ ,~`]{{1,200}}\("
    rf"|(?:async )?(?:file://)?/?{_PATH}:[0-9]+:[0-9])",
    r"\.\.\. [0-9]+ (?:more|common frames)",
    r"Caused by: |Exception in thread |Suppressed: ",
    # Python
    r"Traceback \(most recent call last\):",
    r'File "[^"\n]{1,300}", line [0-9]+',
    # Node shows the line first: `/a/b.js:1`, the source, a caret
    rf"(?:file://)?{_PATH}\.[cm]?[jt]s:[0-9]+\n(?=[^\n]*\n[ \t]*\^)",
    # Ruby: `/lib/x.rb:1:in `m'`, with `from` before it
    rf"(?:from )?{_PATH}\.rb:[0-9]+(?::in |:)",
    # Go
    r"goroutine [0-9]+ \[|panic: |/[^\s:]{1,300}\.go:[0-9]+|\[signal SIG"
    r"|fatal error: (?:all goroutines|concurrent map|runtime|stack overflow)",
    # PHP
    r"#[0-9]{1,3} {1,4}(?:/[^\s()]{1,300}\([0-9]+\): |\{main\}|\[internal function\])",
    # gdb and the sanitizers: `#0  0x7f in raise () at a.c:1`; valgrind
    r"#[0-9]{1,3} {1,4}(?:0x[0-9a-f]{4,16} in "
    r"|[\w:~<>*&, ]{1,200} ?\([^()\n]{0,300}\) (?:at|from) \S)",
    r"==[0-9]{1,7}==",
    # The kernel
    r"BUG: (?:unable to handle|kernel|soft lockup|scheduling while|KASAN)"
    r"|Oops: [0-9a-f]{4} |Kernel panic - |Call Trace:$|[RE]IP: [0-9a-f]{4}:"
    r"|[RE][A-Z0-9]{2}: [0-9a-f]{8}|CPU: [0-9]+ PID: |Modules linked in: "
    r"|Code: (?:[0-9a-f]{2} ){2}|---\[ (?:end|cut) |\[<[0-9a-f]{8,16}>\] "
    r"|(?:\? )?[\w.]{1,80}\+0x[0-9a-f]+/0x[0-9a-f]+",
    # .NET, Elixir, Lua, C++
    r"Unhandled [Ee]xception[.:] |--- End of (?:inner exception )?stack trace"
    r"|\*\* \(\w{1,60}Error\) |[^\s:]{1,200}\.(?:lua|exs?):[0-9]+: "
    r"|terminate called after throwing|Segmentation fault(?: \(core dumped\))?$",
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
    rf"{_PATH}[:(][0-9]+(?:[:,][0-9]+)?\)?: (?:fatal )?(?:error|warning|note)\b",
    r"PHP (?:Fatal error|Parse error|Warning|Notice|Deprecated): "
    r"|(?:Fatal error|Parse error|Warning|Notice|Deprecated): "
    r"(?=[^\n]{1,300} in [^\s:]{1,200}(?: on line |:)[0-9])",
    r"CMake (?:Error|Warning) at |FAILURE: Build failed|> Task :\S{1,80} FAILED",
    r"[EWIDV]/[\w.-]{2,40}(?: ?\( *[0-9]+\))?: |\(node:[0-9]+\) |node:internal/",
    r"[^\s:]{1,80}: [^\s:]{1,200}:[0-9]+: [^\n]{1,200}: Assertion ",
    # Node's plainest, where frames follow
    r"(?:Uncaught )?Error: (?=[^\n]{1,300}\n[ \t]*at [\w/<])",
    r"(?:[A-Z]\w{1,60}\.){1,8}\w{1,80}(?:Exception|Error): ",
    r"error (?:TS|CS|C)[0-9]{3,5}: |make(?:\[[0-9]+\])?: \*\*\* ",
    r"(?:[a-z_$][\w$]{0,60}\.){1,12}[A-Z][\w$]{0,80}(?:Exception|Error)\b",
    # `TypeError: x is not a function`, as the first or the last line of a trace
    r"(?:Uncaught )?[A-Z][A-Za-z]{1,60}(?:Error|Exception|Warning|Interrupt|Exit)"
    r"(?:: |$)",
    *messages.MESSAGES,
    *log_shapes.LINES,
)
# These stand alone in prose too ("WARNING: do not ..."): two in a row make a log.
_WEAK = rf"{log_shapes.LEVEL}(?: {{1,3}}\[|:| - |  )"

# These go on with a log, but begin none: after a blank line, and right below it.
_AGAIN = (
    r"[\w./-]{1,200}\.(?:\(\*?\w{1,80}\)\.)?[\w.]{1,100}\([0-9a-fx?.,{} ]*\)$",
    r"exit status [0-9]|created by [\w./]|[Ss]tack (?:trace|backtrace|traceback):$",
    r"thrown in /|During handling of the above|The above exception was the direct",
    r"Require stack:$|Node\.js v[0-9]|Process finished with exit",
    log_shapes.AGAIN,
)
_BELOW = (
    r"- /|\}$|[0-9 ]{1,6}\||what\(\): |Aborted|at /|\[Inferior ",
    r"[0-9]{1,3}: +(?:0x[0-9a-f]+|\w{1,80}::)",
    messages.BELOW,
)
_STRONG = re.compile(r"[ \t]*(?:" + "|".join(_FRAMES + _LINES) + ")", re.M)
_ANY = re.compile(r"[ \t]*(?:" + "|".join((*_FRAMES, *_LINES, _WEAK)) + ")", re.M)
_BEHIND = re.compile(r"[ \t]*(?:" + "|".join((*_FRAMES, *_LINES, *_AGAIN)) + ")", re.M)
_INNER = re.compile(r"[ \t]*(?:" + "|".join((*_AGAIN, *_BELOW)) + ")", re.M)


def _take_log(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes lines of a log, and the indented lines that go on with them."""
    start = opened.start()
    end, lines, strong = start, 0, False
    while end < scan.size and (
        _ANY.match(scan.text, end) or (strong and _INNER.match(scan.text, end))
    ):
        strong = strong or bool(_STRONG.match(scan.text, end))
        lines += 1
        end = _line_after(scan, end)
        if strong:
            end = _over_blank(scan, end)
    if not lines or not (strong or lines > 1):
        return None
    return trimmed(scan, "log", start, min(end, scan.size))


_CONTINUED = re.compile(r"(?:(?: {2}|\t)[ \t]*\S.*(?:\n|\Z))*+")
_PYTHON_FRAME = re.compile(r'[ \t]*File "')


def _over_blank(scan: Scan, start: int) -> int:
    """Returns where the log goes on behind blank lines; `start` if it does not."""
    blank = BLANK_LINES.match(scan.text, start)
    goes_on = blank and _BEHIND.match(scan.text, blank.end())
    return blank.end() if blank and goes_on else start


# The line of source with its caret, and the message that Rust has on a line of its own.
_SHOWN = re.compile(
    r"(?=[^\n]*:[0-9])[^\n]*+\n[^\n]*+\n[ \t]*[\^~]+[ \t]*(?:\n|\Z)"
    r"|[ \t]*thread '[^'\n]{0,300}' panicked at [^\n]{0,1000}:[0-9]+:\n[^\n]+(?:\n|\Z)"
    rf"|{messages.SHOWN}|{log_shapes.SHOWN}"
)


def _line_after(scan: Scan, start: int) -> int:
    """Returns where the next line of the log begins; some lines go on below."""
    shown = _SHOWN.match(scan.text, start)
    after = shown.end() if shown else scan.line_end(start) + 1
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
        r"|\.(?:rb|go|[cm]?[jt]s):[0-9]|goroutine|panic|thread '|--> "
        r"|\[E?[0-9]{2,5}\]: |RUST_B"
        r"|[0-9]{1,2}:[0-9]{2}:[0-9]{2}|\[ {0,6}[0-9]{1,6}\.[0-9]{4}"
        r"|(?:INFO|WARN|WARNING|ERROR|DEBUG|FATAL|TRACE|VERBOSE)\b|error [TC]"
        r"|make(?:\[[0-9]+\])?: |\[(?:error|warn|info|debug)\]|npm |gyp |yarn "
        r"|[0-9]\)?: [a-z]"
        r"|PHP |rror: |arning: |otice: |eprecated: |#[0-9]{1,3} |==[0-9]+==|BUG: "
        r"|Kernel panic|Call Trace|[RE]IP: |\+0x|\[signal|xception[.:]|Segmentation"
        r"|terminate called|CMake|FAILURE|[EWIDV]/|\(node:|node:int|\[<[0-9a-f]|Task :"
        r"|\.(?:lua|exs?):|\(core dumped|---\[|Oops: |PID: |Modules linked|[RE][A-Z]X: "
        rf"|Code: |: Assertion|{messages.HINT}|{log_shapes.HINT}",
    ),
)
