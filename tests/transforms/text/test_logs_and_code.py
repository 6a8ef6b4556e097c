"""What programs print and people paste is typed; «» mark it below."""

import pyarrow as pa
import pytest

from affectflow_transforms.text.segments import find_segments, may_have_segments

LOGS = [
    pytest.param(
        "panic: oops\n\ngoroutine 7 [running]:\nmain.foo(0x1)\n\t/a/b.go:3 +0x1d\n"
        "exit status 2",
        id="Go panic",
    ),
    pytest.param(
        "panic: runtime error: index out of range\n[signal SIGSEGV]\n\n"
        "goroutine 1 [running]:\nmain.(*T).do(0xc0, {0x1, ...})\n\t/a/b.go:3 +0x1d\n"
        "created by main.main\n\t/a/b.go:9 +0x2\n\ngoroutine 2 [select]:\nmain.f(...)\n"
        "\t/a/c.go:1",
        id="Go, two goroutines",
    ),
    pytest.param(
        "PHP Fatal error:  Uncaught Error: kill in /a/b.php:3\nStack trace:\n"
        "#0 /a/c.php(12): foo()\n#1 {main}\n  thrown in /a/b.php on line 3",
        id="PHP fatal",
    ),
    pytest.param(
        "Notice: Undefined variable: x in /a/b.php on line 3", id="PHP notice"
    ),
    pytest.param(
        'Exception in thread "main" java.lang.Error: no\n\tat a.B.c(B.java:1)\n'
        "Caused by: java.io.IOException: hate\n\t... 3 more",
        id="Java",
    ),
    pytest.param(
        'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    f()\n'
        "KeyError: 1\n\nDuring handling of the above exception, another exception "
        'occurred:\n\nTraceback (most recent call last):\n  File "a.py", line 3\n'
        "a.b.HateError: no",
        id="Python, chained",
    ),
    pytest.param(
        "/a/b.js:3\nthrow new Error('hate');\n^\n\nError: hate\n"
        "    at f (/a/b.js:3:7)\n"
        "    at node:internal/main:1:2\n\nNode.js v20.1.0",
        id="Node",
    ),
    pytest.param("Error: hate\n    at f (/a/b.js:3:7)", id="Node, plain"),
    pytest.param(
        "a.rb:1:in `f': no (RuntimeError)\n\tfrom a.rb:3:in `<main>'", id="Ruby"
    ),
    pytest.param(
        "thread 'main' panicked at src/main.rs:2:5:\nI hate this\nstack backtrace:\n"
        "   0: core::panicking::panic\n             at /rustc/a.rs:1:2\n"
        "note: run with `RUST_BACKTRACE=full`",
        id="Rust",
    ),
    pytest.param(
        "error[E0382]: borrow of moved value\n --> src/main.rs:5:20\n  |\n"
        "3 |     let x = v;\n  |         - moved here",
        id="rustc",
    ),
    pytest.param(
        "Unhandled exception. System.NullReferenceException: kill\n"
        "   at A.B.C(String s) in C:\\a.cs:line 3\n"
        "--- End of stack trace from previous location ---\n   at A.D()",
        id=".NET",
    ),
    pytest.param(
        "BUG: unable to handle kernel NULL pointer dereference at 08\n"
        "Oops: 0000 [#1] SMP\nCPU: 0 PID: 1 Comm: kill\n"
        "RIP: 0010:[<ffffffff81000000>]\n"
        "RAX: 0000000000000000\nCall Trace:\n [<ffffffff81000000>] ? f+0x1/0x2\n"
        " g+0x3/0x40\n---[ end trace 1 ]---",
        id="kernel",
    ),
    pytest.param(
        "#0  0x00007ffff7a42428 in raise (sig=6) at raise.c:54\n#1  main () at a.c:3",
        id="gdb",
    ),
    pytest.param(
        "==12== Invalid read of size 4\n==12==    at 0x4: main (a.c:3)", id="valgrind"
    ),
    pytest.param("npm ERR! code E1\nnpm ERR! kill\n\nnpm ERR! more", id="npm"),
    pytest.param("A.java:3: error: ';' expected\nint hate\n        ^", id="javac"),
    pytest.param(
        "terminate called after throwing an instance of 'E'\n  what():  hate", id="C++"
    ),
]

CODE = [
    pytest.param('{"error": {"code": 500, "message": "I hate it"}}', id="JSON"),
    pytest.param('FROM python:3.12 AS kill\nRUN hate it\nCMD ["kill"]', id="Docker"),
    pytest.param("[kill]\nhate = true\nkey = sad", id="settings"),
    pytest.param(".hate {\n  color: red;\n}", id="CSS"),
    pytest.param("- (void)kill:(int)x {\n  [self hate];\n}", id="Objective-C"),
    pytest.param("hate <- c(1, 2)\nkill(hate)", id="R"),
    pytest.param("for each in kill(them):\n    hate(each)", id="Python, a loop"),
    pytest.param("GET /kill HTTP/1.1\nHost: hate.example", id="HTTP"),
    pytest.param("docker run -it --rm hate\ndocker kill hate", id="commands"),
    pytest.param("./configure && make\nmake kill", id="a build"),
    pytest.param("{noformat}\nFATAL hate\n{noformat}", id="Jira, noformat"),
    pytest.param("{code:java}\nint hate = kill();\n{code}", id="Jira, code"),
    pytest.param("[code]\nkill it\n[/code]", id="forum"),
    pytest.param(
        "#include <stdio.h>\nint main(void) { return kill(0); }", id="C, unfenced"
    ),
    pytest.param(
        "#include <vector>\n\nstd::vector<int> v;\nfor (int i : v) {\n  kill(i);\n}",
        id="C++, unfenced",
    ),
    pytest.param(
        "public class Hate {\n    private int x;\n\n    void f() { kill(x); }\n}",
        id="Java, unfenced",
    ),
    pytest.param(
        "import os\nfrom a.b import c\n\ndef hate(x):\n    return kill(x)\n\n"
        "hate(os.path)",
        id="Python, unfenced",
    ),
    pytest.param("def f(x):\n    kill(x)", id="Python, short"),
    pytest.param("const x = require('a');\nx.kill(() => {\n  y();\n});", id="JS"),
    pytest.param("    foo = bar(1)\n    if foo: kill()", id="indented"),
    pytest.param("$ sudo kill -9 1\n$ ls", id="shell"),
    pytest.param("mysql> select hate from t;", id="prompt"),
    pytest.param("SELECT hate FROM t\nWHERE a = 1\nORDER BY b;", id="SQL"),
    pytest.param('{\n  "hate": 1,\n  "a": [2]\n}', id="JSON"),
]

PROSE = [
    pytest.param("[BUG]\nlove = hate, they say", id="a tag in brackets"),
    pytest.param("for people in the EU:\n    it is bad", id="for"),
    pytest.param("git is slow - I hate it\nand npm is slow", id="tools"),
    pytest.param("docker run fails again\ndocker build too", id="commands that fail"),
    pytest.param('{"I hate it"} he said', id="braces"),
    pytest.param("1. I hate it\n2. I love it\n   very much\n- so", id="list"),
    pytest.param("Roses are red,\n    violets are blue,\n    I hate it;", id="poem"),
    pytest.param("import duties are too high\nfrom what I import here", id="import"),
    pytest.param("class is over:\nwe go home", id="class"),
    pytest.param("def not a fan:\nit breaks", id="slang"),
    pytest.param("If I run it:\nit breaks;\nI hate it;", id="if"),
    pytest.param("for the record:\nnothing works", id="for"),
    pytest.param("$ signs are annoying here", id="a dollar sign"),
    pytest.param("#1 problem (by far) is speed", id="number one"),
    pytest.param("BUG: the button is gone", id="a title"),
    pytest.param("Warning: it breaks in the morning", id="a warning"),
    pytest.param("Error: this is not what I want", id="an error"),
    pytest.param("panic is no answer; keep calm", id="panic"),
    pytest.param("Using System; it is slow.\nI give up;", id="semicolons"),
    pytest.param("SELECT is slow\nINSERT is slower", id="names of SQL"),
    pytest.param("let me try again;\nvar is bad", id="let and var"),
    pytest.param("Thanks Bob;\nHate it;\nlove it;", id="lines that end alike"),
    pytest.param("return it;\nI want my money back;", id="return"),
]


def found_in(text: str) -> list[tuple[str, str]]:
    return [(s.type, text[s.start : s.end]) for s in find_segments(text)]


@pytest.mark.parametrize("text", LOGS)
def test_what_a_program_printed_is_one_log(text):
    framed = f"It fails:\n\n{text}\n\nHelp?"

    assert found_in(framed) == [("log", text)]
    assert may_have_segments(pa.array([framed]))[0].as_py()


@pytest.mark.parametrize("text", CODE)
def test_what_is_surely_code_is_code(text):
    framed = f"I tried:\n\n{text}\n\nHelp?"

    assert found_in(framed) == [("code", text)]
    assert may_have_segments(pa.array([framed]))[0].as_py()


@pytest.mark.parametrize("text", PROSE)
def test_prose_that_looks_like_code_is_prose(text):
    assert found_in(text) == []
    assert found_in(f"So.\n\n{text}\n\nHelp?") == []
