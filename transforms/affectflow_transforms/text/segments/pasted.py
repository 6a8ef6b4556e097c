r"""Code that someone pasted without a fence, at the start of its lines.

Its first line must be one that prose does not have (`#include <a>`, `int f(void) {`,
`import os`), and there must be more than one sign that this is code.
"""

import re

from affectflow_transforms.text.segments.base import (
    BLANK_LINES,
    Family,
    Scan,
    Segment,
    trimmed,
)
from affectflow_transforms.text.segments.code import PROSE_LINE
from affectflow_transforms.text.segments.markup import TAG

_NAME = r"[A-Za-z_$][\w$]{0,80}"
_BUILT_IN = (
    r"(?:int|void|char|float|double|bool|boolean|long|short|byte|size_t|auto|String"
    r"|string|u?int\d{1,2}_t|u\d{1,2}|std::\w+)"
)
_MORE = r"(?:<[^\n>]{1,80}>|\[\]|[*&])?"
_BEFORE = r"(?:(?:const|static|unsigned|struct|volatile|final) )?"
_TYPE = rf"{_BEFORE}(?:{_BUILT_IN}|[A-Z]\w{{1,60}}){_MORE}"
_OF_DOCKER = "RUN|COPY|ADD|WORKDIR|ENV|CMD|ENTRYPOINT|EXPOSE|USER|ARG|VOLUME|LABEL"
_OF_SHELLS = (
    "docker(?:-compose)?|podman|kubectl|helm|apt(?:-get)?|yum|dnf|brew|pip3?|npm|yarn"
    "|conda|cargo|systemctl|git|mvn|cmake|curl|wget|chmod|chown|rm|cp|mv|tar|ssh|scp"
)
# Each stands for a whole line.
_STRONG = (
    r"#include *[<\"][^\n]{1,100}|#(?:define|ifdef|ifndef|undef) [A-Z_]\w*[^\n]*"
    r"|#pragma \w[^\n]*|#!/[^\n]+|<\?(?:php|xml)\b[^\n]*|<!DOCTYPE[^\n]*",
    r"(?:public|private|protected|internal|abstract|static|export|pub) "
    rf"(?=[^\n]*(?:[(=]|\b(?:class|interface|enum|{_BUILT_IN})\b))[^\n]{{1,300}}[{{;]",
    rf"(?:class|interface|enum|struct|namespace|trait|impl"
    rf"|object) {_NAME}[^\n]{{0,200}}\{{",
    rf"class {_NAME}(?:\([\w., =]*\)|(?=:\n[ \t])):",
    rf"(?:async )?def {_NAME}\([^\n]*\)(?: ?->[^\n]{{1,80}})?:[^\n]{{0,80}}",
    rf"{_BEFORE}{_BUILT_IN}{_MORE} [*&]?{_NAME}(?:\[\w*\])?;",
    rf"{_TYPE} [*&]?{_NAME}(?:\[\w*\])? ?= ?[^\n]{{1,300}};",
    rf"{_TYPE} [*&]?{_NAME}(?:::{_NAME})?\([^\n]{{0,300}}\)[^\n]{{0,60}}[{{}};]",
    r"import (?:static )?[\w.]+(?:\.\*)?;|import \w[\w.]*(?: as \w+)?"
    r"|import (?:\w+|\{[^\n}]*\}|\* as \w+) from ['\"][^\n]+"
    r"|from [\w.]+ import (?:\w+(?: as \w+)?(?:, *\w+)*|\([^\n]*|\*)",
    r"package [\w.]+;|package main|using (?:namespace )?[\w.]+;|use [\w\\]+(?:::"
    r"|\\)[^\n]+;",
    rf"(?:async )?function\*? ?(?:{_NAME})?\([^\n]*\{{[^\n]*"
    rf"|(?:const|let|var) (?:\w+|[{{\[][^\n=]*)(?:: ?[^\n=]+)? = [^\n]+",
    rf"func (?:\([^\n)]+\) )?{_NAME}\([^\n]*\{{|fn {_NAME}[(<][^\n]*\{{[^\n]*"
    rf"|let mut [^\n]+;",
    r"template ?<[^\n]+>|@(?:Override|Test|Autowired|Entity|Bean|property"
    r"|staticmethod)",
    rf"[\w$][\w$.:>\[\]-]{{0,120}}\([^\n]*\);|\$?{_NAME}(?:(?:\."
    rf"|->){_NAME}){{0,6}} ?[-+*/]?:?= ?[^\n]+;",
    r"(?:if|for|foreach|while|switch) ?\([^\n]+\) ?\{[^\n]*|if __name__ == [^\n]+:",
    r"(?:SELECT|WITH) [^\n]+(?:\n[^\n;]+){0,30};|INSERT INTO [^\n]+\([^\n]*|"
    r"CREATE (?:TABLE|INDEX|VIEW|DATABASE) [^\n]+[(;]|DELETE FROM [^\n]+;"
    r"|UPDATE \w+ SET [^\n]+;",
    r"[{\[](?=\n[ \t]*[\"{\]}])|\[?\{\"[\w@$. -]{1,60}\" ?: ?[^\n]{1,4000}\}\]?",
    # Files: of Docker, of settings, of styles; Objective-C, R, Python, HTTP, a shell.
    rf"FROM [\w./-]+(?::[\w.-]+)?(?: [Aa][Ss] [\w-]+)?(?=\n\s*(?:{_OF_DOCKER}) )"
    r"|\[(?![A-Z]+\])[\w.:/ -]{1,60}\](?=\n[\w.-]+ ?= ?)"
    r"|[.#]?[\w.#:, >-]{1,80} ?\{(?=\n[ \t]+[\w-]+ ?: [^\n]+;)"
    r"|[-+] \([\w *]+\)\w[^\n]*\{|[\w.]+ <- [^\n]*\([^\n]*\)"
    r"|for \w+(?:, ?\w+)* in [\w.]+[(\[][^\n]*:(?=\n[ \t])"
    r"|(?:GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS) /\S* HTTP/[0-9.]+"
    rf"|(?:sudo )?(?:{_OF_SHELLS}) (?=[^\n]* --?\w)[^\n]{{1,300}}"
    rf"|sudo (?:{_OF_SHELLS}) [^\n]{{1,300}}|\./[\w./-]+(?: [^\n]{{1,300}})?",
    rf"(?!{TAG})</?[a-z][\w:.-]*(?: [\w:.-]+=\"[^\"\n]*\")*>"
    r"(?:[^<>\n]*</[\w:.-]+>)?(?=\n[ \t]*<)",
)
_STRONG_LINE = re.compile(rf"(?:{'|'.join(_STRONG)})[ \t]*(?://[^\n]*)?$", re.M)
# In code, but not only there.
_LIKELY = re.compile(
    r"[^\n]*[;{}(\[,]$|[ \t]*[})\]]+[^\n]{0,10}$|[ \t]*(?://|/\*|\*/|# ?\w)[^\n]*$"
    r"|(?:if|for|while|else|elif|try|except|with|finally|case|default|do"
    r"|end)\b[^\n]*[:{)]$"
    r"|(?:return|raise|assert|throw|yield|break|continue|end|pass|print)\b[^\n]{0,200}$"
    r"|[\w.\[\]'\"]+ ?[-+*/|&]?= ?\S[^\n]*$|[\w.]+\([^\n]*\)$|[ \t]*@\w[^\n]*$"
    r"|[ \t]*</?[a-z][\w:.-]*[^\n]*>$"
    rf"|(?:{_OF_DOCKER}) \S[^\n]*$|(?:sudo )?(?:{_OF_SHELLS}|make) [^\n]*$|make$"
    r"|(?:Host|Accept|User-Agent|Authorization|Cookie|Connection|Cache-Control"
    r"|(?:Accept|Content|X)-[\w-]+): [^\n]*$"
    r"|(?:FROM|WHERE|ORDER BY|GROUP BY|AND|JOIN|LEFT|INNER|VALUES|SET|LIMIT)\b[^\n]*$",
    re.M,
)
_INDENTED = re.compile(r"(?: {2}|\t)[ \t]*\S[^\n]*$", re.M)
# Sure enough to stand alone: a statement with its brackets, a directive.
_ALONE = re.compile(
    r"#(?:include|define|pragma|ifn?def|!)|<[?!]|\[?\{\"|[^\n]*\([^\n]*\)[^\n]*[;}]$"
    r"|(?:SELECT|WITH|INSERT|CREATE|DELETE|UPDATE)\b[^\n]*;$",
    re.M,
)


def _take_pasted(scan: Scan, opened: re.Match[str]) -> Segment | None:
    """Takes lines of code as long as they look like it."""
    start = end = opened.start()
    strong = lines = 0
    while (line := _line_end(scan, end, begun=lines > 0)) is not None:
        strong += bool(_STRONG_LINE.match(scan.text, end))
        lines += 1 + scan.text.count("\n", end, line)
        end = line
        if blank := BLANK_LINES.match(scan.text, end + 1):
            below = blank.end()
            if _STRONG_LINE.match(scan.text, below) or _goes_on(scan, below):
                end = below - 1
        end = min(end + 1, scan.size)
    sure = lines > 1 or _ALONE.match(scan.text, start)
    return trimmed(scan, "code", start, end) if strong and sure else None


def _line_end(scan: Scan, start: int, *, begun: bool) -> int | None:
    """Returns where the line of code at `start` ends; None if it is not code."""
    if start >= scan.size:
        return None
    if line := _STRONG_LINE.match(scan.text, start):
        return line.end()
    likely = begun and (
        _LIKELY.match(scan.text, start) or _INDENTED.match(scan.text, start)
    )
    if not likely or PROSE_LINE.match(scan.text[start : likely.end()]):
        return None
    return likely.end()


def _goes_on(scan: Scan, start: int) -> bool:
    """Returns whether after a blank line code goes on: indented, closed, called."""
    line = scan.text[start : scan.line_end(start)]
    if PROSE_LINE.match(line):
        return False
    return bool(re.match(r"(?: {2}|\t)[ \t]*\S|[})\]]|[\w.]{1,80}\([^\n]*\)$", line))


FAMILIES = (
    Family(
        "pasted",
        rf"^(?=[#<{{\[@$\w./+-])(?:{'|'.join(_STRONG)})[ \t]*(?://[^\n]*)?$",
        _take_pasted,
        r"(?m:[;{}][ \t]*$|^(?:import|from|class|def|async|package|const|let|var"
        r"|INSERT|CREATE|template) ?.|^\[$|^\[?\{\"|^FROM |^\[[\w.:/ -]{1,60}\]$|\{$"
        r"|^[-+] \(|^[\w.]+ <- |^for \w"
        rf"|HTTP/[0-9]|^(?:sudo )?(?:{_OF_SHELLS}) |^\./\w"
        r"|^[#@]\w|^#!|^<[?!a-z/])|[;{}(] *//",
    ),
)
