"""Code: fences, indented blocks, interpreter sessions, diffs and inline code."""

import re
from bisect import bisect_right

from affectflow_transforms.text.segments.base import Family, Scan, Segment, trimmed

_RUN = re.compile(r"[ \t]*((`|~)\2*)")
_LANG = re.compile(r"[ \t]*\{?\.?([\w+#.-]{1,20})")
# A run of backticks longer than this is a line drawn, not a fence to be matched.
_LONGEST_FENCE = 20


def _take_fence(scan: Scan, opened: re.Match[str]) -> Segment | None:
    run = _RUN.match(scan.text, opened.start())
    if run is None:
        return None
    line_end = scan.line_end(run.end())
    info = scan.text[run.end() : line_end]
    if run[2] == "`" and "`" in info:
        return None
    lang = _LANG.match(info)
    return Segment(
        "code",
        opened.start(),
        _fence_end(scan, run[2], run.end() - run.start(1), line_end),
        lang[1].lower() if lang else None,
    )


def _take_late_fence(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes a fence that opens behind prose, at the end of its line."""
    start = opened.start()
    line = scan.text[scan.text.rfind("\n", 0, start) + 1 : start]
    if line.count("```") % 2:  # it closes what this line opened
        return None
    return Segment("code", start, _fence_end(scan, "`", 3, opened.end()))


def _fence_end(scan: Scan, mark: str, length: int, start: int) -> int:
    """Returns where a fence closes: strictly, else loosely, else with the text."""
    length = min(length, _LONGEST_FENCE)
    strict = re.compile(rf"^[ \t]*{mark}{{{length},}}[ \t]*$", re.M)
    closed = strict.search(scan.text, start)
    if closed:
        return closed.end()
    # People close a fence at the end of a line of code, or go on behind it.
    loose = scan.text.find(mark * length, start)
    return scan.size if loose < 0 else loose + length


_CODE_LINE = re.compile(
    r"[{}();=|$\\]|\w\[|::|->|</?\w|\w\.\w|\w_\w"
    r"|^\s*[-\w.\"']+:(?:\s|$)|^\s*[#/]{1,2} ?\w"
    r"|^\s*(?:def|class|end|else|import|from|return|if|for|while|var|let|const|public"
    r"|private|module|include|require|use|npm|pip|git|sudo|cd|docker|yarn)\b"
    r"|\b(?:do|begin|then)\s*$"
)
PROSE_LINE = re.compile(r"^\s*[-*]?\s*(?:[A-Za-z',()-]+\s+){5,}\S+[.!?,:)]?\s*$")
_MAX_JUDGED = 20_000


def _take_indented(scan: Scan, opened: re.Match[str]) -> Segment | None:
    before = scan.line_before(opened.start()).rstrip()
    if opened.start() < scan.rejected_until or (before and not before.endswith(":")):
        return None
    end = _indented_end(scan, opened.start())
    scan.rejected_until = end
    lines = scan.text[opened.start() : min(end, opened.start() + _MAX_JUDGED)]
    if not looks_like_code(lines):
        return None
    return trimmed(scan, "code", opened.start(), end)


_NOT_INDENTED = re.compile(r"^(?! {4}|\t|[ \t]*$)", re.M)


def _indented_end(scan: Scan, start: int) -> int:
    outside = _NOT_INDENTED.search(scan.text, start)
    return outside.start() if outside else scan.size


def looks_like_code(text: str) -> bool:
    """Returns whether three lines in five of `text` have the signs of code."""
    written = [line[:400] for line in text.splitlines() if line.strip()]
    like_code = sum(
        bool(_CODE_LINE.search(line)) and not PROSE_LINE.match(line) for line in written
    )
    return like_code * 10 >= len(written) * 6


class _Take:
    """Takes all lines that match `run` from the opener on."""

    def __init__(self, run: re.Pattern[str], lang: str | None):
        self.run, self.lang = run, lang

    def __call__(self, scan: Scan, opened: re.Match[str]) -> Segment | None:
        found = self.run.match(scan.text, opened.start())
        if found is None:
            return None
        lines = trimmed(scan, "code", found.start(), found.end())
        return lines._replace(lang=self.lang)


_PROMPTS = """
mysql mariadb sqlite sqlite3 postgres psql redis mongo mongosh irb pry ghci scala
node gdb lldb iex user racket cqlsh hive spark influx ftp sftp telnet router switch
php js ruby python julia octave clisp utop ps cmd bash sh zsh test admin root
"""
PROMPTS = frozenset(_PROMPTS.split())
"""What stands before the `>` of an interpreter, and is nobody's name."""

# After a prompt, a command: two words at most, a known one, or one with a flag, a path
# or a pipe. "$ signs are annoying" is none.
_COMMAND = (
    r"(?:(?:sudo|git|npm|npx|yarn|pnpm|pip3?|cd|ls|cat|docker|kubectl|make|cmake|curl"
    r"|wget"
    r"|brew|apt(?:-get)?|yum|dnf|go|cargo|python3?|node|java|mvn|gradle|ruby|gem|bundle"
    r"|php|composer|echo|export|grep|find|chmod|chown|mkdir|rm|cp|mv|ssh|tar|systemctl"
    r"|helm|terraform|aws|gcloud|dotnet|rustc|gcc|g\+\+|clang|vim|source)\b[^\n]*"
    r"|[a-z./~][^\s]*(?: [^\s]+)?(?<![.,!?:;])$|[a-z./~][^\n]*(?: -{1,2}\w|/\w|\|"
    r"|=)[^\n]*)"
)
_SHELL_LINE = (
    rf"(?:[$]|[\w.-]{{1,30}}@[\w.-]{{1,60}}:[^\s$#]{{1,200}}[$#]"
    rf"|\[[\w.-]{{1,30}}@[^\]\n]{{1,80}}\][$#]) {_COMMAND}"
)
_PROMPT_LINE = (
    rf"(?:(?:{'|'.join(sorted(PROMPTS))})(?:\([^()\n]{{1,40}}\))?>"
    r"|irb\([^()\n]{1,40}\):[0-9:]{1,12}[>*\"]|In \[[0-9]{1,4}\]:|\(gdb\)|\(lldb\)"
    r"|\(Pdb\)|[\w-]{1,30}[=-][>#]|(?:PS )?[A-Z]:\\[^\n<>|\"]{0,200}>) ?(?=\S)"
)
_PROMPT_HINT = (
    rf"(?m:^(?:{'|'.join(sorted(PROMPTS))})(?:\([^()\n]*\))?>)"
    r"|irb\(|In \[|\((?:gdb|lldb|Pdb)\)|\w[=-][>#] |[A-Z]:\\"
)
_SESSION = re.compile(r"(?:^>>> .*\n?(?:^\.\.\. .*\n?)*+)++", re.M)
_DIFF = re.compile(r"(?:^(?:diff |index |[-+@ \\]).*\n?)++", re.M)
_SHELL = re.compile(rf"(?:^{_SHELL_LINE}\n?)++", re.M)
_PROMPT = re.compile(
    rf"(?:^{_PROMPT_LINE}.*\n?(?:^(?:[+|]|    ->|\d+ rows?|ERROR ).*\n?)*+)++", re.M
)

FAMILIES = (
    Family("fence", r"^[ \t]*(?:`{3}|~{3})", _take_fence, "```|~~~"),
    Family("late_fence", r"(?<=[^`\n])`{3}[ \t]*(?=\n)", _take_late_fence, "```"),
    Family(
        "session",
        r"^>>> (?:import|from|print|def|class|for|[\w.]{1,60}(?:\(| ?= ?|\[))",
        _Take(_SESSION, "python"),
        ">>> ",
    ),
    Family(
        "diff",
        r"^(?:diff --git |@@ -[0-9])",
        _Take(_DIFF, "diff"),
        "diff --git |@@ -",
    ),
    Family(
        "shell", f"^{_SHELL_LINE}", _Take(_SHELL, "shell"), r"(?m:^[$] )|[\w~\]/][$#] "
    ),
    Family("prompt", f"^{_PROMPT_LINE}", _Take(_PROMPT, None), _PROMPT_HINT),
)
INDENTED = (
    Family("indented", r"^(?: {4}|\t)[ \t]*+\S", _take_indented, r"(?m:^(?: {4}|\t))"),
)


def take_inline(scan: Scan, start: int, end: int) -> Segment | None:
    """Returns the inline code that opens at `start` and closes before `end`.

    As in CommonMark, a run of backticks closes at the next run of the same length; a
    blank line ends the search.
    """
    length = 0
    runs = scan.ticks()
    while start + length < end and scan.text[start + length] == "`":
        length += 1
    places = runs.get(length, [])
    next_run = bisect_right(places, start)
    if next_run == len(places) or places[next_run] + length > end:
        return None
    close = places[next_run]
    if 0 <= scan.find("\n\n", start) < close:
        return None
    return Segment("code", start, close + length)
