"""What tools say in a line or two is a log, whoever the tool is; prose is not."""

import pytest

from affectflow_transforms.text.segments import find_segments
from affectflow_transforms.text.segments.messages import MESSAGES

SAID = {
    "shell": "bash: kill_it: command not found",
    "shell, with a line": "./run.sh: line 3: cd: /tmp/x: No such file or directory\n"
    "sh: line 3: foo: not found",
    "zsh": "zsh: command not found: foo",
    "git": "fatal: not a git repository (or any of the parent directories): .git",
    "git push": "error: failed to push some refs to 'origin'",
    "pip": "ERROR: No matching distribution found for foo",
    "curl": "curl: (7) Failed to connect to localhost port 80",
    "docker": "docker: Error response from daemon: driver failed.",
    "kubectl": 'Error from server (NotFound): pods "foo" not found',
    "apt": "E: Unable to locate package foo\nE: Package 'bar' has no candidate",
    "systemd": "● foo.service - Foo\n     Active: failed (Result: exit-code)",
    "gdb": "Program received signal SIGABRT, Aborted.\n0x00007f12 in raise () from x",
    "pytest": "FAILED test_a.py::test_b - assert 1 == 2\n=== 1 failed in 0.03s ===",
    "Gradle": "FAILURE: Build failed with an exception.\n\n* What went wrong:\n"
    "Execution failed for task ':app:x'.\n> hate",
    "a compiler": "clang: error: linker command failed with exit code 1",
    "a linker": "undefined reference to `kill'\ncollect2: error: ld returned 1",
    "Cargo": "warning: unused variable: `x`\n --> src/main.rs:2:9",
    "webpack": "ERROR in ./src/a.js 3:5\nModule not found: Error: no 'foo'",
    "Node": "Error: Cannot find module 'foo'\nRequire stack:\n- /a/b.js",
    "a browser": "Uncaught (in promise) TypeError: Failed to fetch\n    at a.js:3:5",
    "SqlClient": "Data.SqlClient.SqlException (0x80131904): kill\n   at A.B() in x",
    "Oracle": "ORA-00942: table or view does not exist",
    "MySQL": "ERROR 1045 (28000): Access denied for user 'root'@'localhost'",
    "Postgres": 'ERROR:  relation "hate" does not exist\nLINE 1: SELECT 1;\n        ^',
    "nginx": '10.0.0.1 - - [07/Nov/2023:10:15:00 +0000] "GET / HTTP/1.1" 500 1',
    "klog": "E1107 10:15:00.123456   12345 foo.go:12] kill hate",
    "logfmt": 'level=error ts=2023-11-07T10:15:00Z msg="kill hate"',
    "JSON": '{"level":"error","ts":1699351500,"msg":"kill hate"}',
    "ssh": "ssh: connect to host x port 22: Connection refused",
    "Yarn": "yarn run v1.22.0\nerror Command failed with exit code 1.",
    "Rake": "rake aborted!\nNoMethodError: undefined method `x' for nil:NilClass",
    "Terraform": "│ Error: Invalid provider\n│ on main.tf line 3",
    "React": "Warning: Each child needs a key.\n    at li\n    at App (http://x/a.js:3:5)",
    "GLib": "(a.out:1234): Gtk-CRITICAL **: assertion failed",
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_what_a_tool_says_is_a_log(said):
    text = f"I get this:\n\n{said}\n\nHelp?"

    (found,) = [each for each in find_segments(text) if each.type == "log"]

    assert text[found.start : found.end] == said


@pytest.mark.parametrize(
    "text",
    [
        "Failed to see why this is better, fatal flaw in my opinion.",
        "error: I hate how this is reported, by the way.",
        "fatal: that is the word for it, this release was fatal",
        "Active: yes, I am. Loaded: with work, always.",
        "E: yes, I meant option E.",
        "W: The tall one is better.",
        "Program received a nice review today.",
        "ld: what is it? curl: I know.",
        "FAILED again!!! I am so sad",
        "level=boss, I hate it",
        "* Try: it works for me",
        "Error from the server again, I am fed up.",
        "ERROR: I do not like it",
        "Warning: I am in a bad mood.\nAt work we use Java.",
        "ssh: it never connects, I hate it",
        "=== I am the author ===",
        "10.0.0.1 - is that your machine?",
    ],
)
def test_prose_that_begins_like_one_is_prose(text):
    assert not [each for each in find_segments(text) if each.type == "log"]


@pytest.mark.parametrize("pattern", MESSAGES)
def test_no_message_begins_with_anything(pattern):
    assert not pattern.startswith((".", "[^\\n]", "\\w{0"))


def test_an_id_in_the_closing_mark_of_a_forum_closes_it():
    text = '[quote="Ann":3kd9x2]I hate it[/quote:3kd9x2]\nMe too.'

    (found,) = find_segments(text)

    assert text[found.end :] == "\nMe too."
