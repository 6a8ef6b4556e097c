"""What `--help` says that a user cannot guess."""

import shlex
from contextlib import redirect_stdout
from io import StringIO

import pytest
from typer.main import get_command

from affectflow.cli import run
from affectflow.cli.app import app
from affectflow.cli.examples import EXAMPLES
from affectflow_connectors.csv import ReadCsv


def help_of(*command: str) -> str:
    shown = StringIO()
    with redirect_stdout(shown):
        assert run([*command, "--help"]) == 0
    return " ".join(shown.getvalue().split())


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param((), "0 done; 1 done, but more rows were refused", id="codes"),
        pytest.param((), "3 internal error; 130 interrupted.", id="more codes"),
        pytest.param(("replay",), "Three kinds never work: rows whose file", id="dead"),
        pytest.param(("sql",), "JSON Lines, one object per row", id="json"),
        pytest.param(("sql",), "one statement at a time", id="one statement"),
        pytest.param(("ingest",), "folders (read recursively)", id="folders"),
        pytest.param(("ingest",), "a number is a position", id="map"),
        pytest.param(("cite",), "models, licences, settings and", id="cite"),
    ],
)
def test_help_says(command: tuple[str, ...], said: str) -> None:
    assert said in help_of(*command)


@pytest.mark.parametrize("command", EXAMPLES)
def test_the_example_in_each_help_is_a_line_that_the_command_takes(command):
    line = EXAMPLES[command]
    arguments = shlex.split(line.partition(" > ")[0])[1:]
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    found = get_command(app)
    words = command.split()
    for word in words:
        found = found.get_command(None, word)

    found.make_context(command, ours[len(words) :], resilient_parsing=True)
    assert ours[: len(words)] == words
    assert f"Example: {' '.join(line.split())}" in help_of(*words)


def test_what_help_lists_says_each_command_in_a_whole_sentence():
    listed = help_of().partition("Commands:")[2]

    assert "..." not in listed


def test_the_example_of_ingest_gives_each_message_an_id(tmp_path, monkeypatch):
    (tmp_path / "posts.csv").write_text("id,body\n1,hello\n")
    monkeypatch.chdir(tmp_path)
    line = shlex.split(EXAMPLES["ingest"])
    fields = line[line.index("--map") + 1].split(",")

    ReadCsv(paths="posts.csv", mapping=dict(f.split("=") for f in fields)).check()


WITHOUT_FORMAT = {
    # They print nothing on stdout: their counts are rows of `runs`.
    *("demo", "ingest", "textualize", "annotate", "mine", "analyze"),
    *("run", "replay", "compact"),
    # It prints one address, and runs until it is ended.
    "serve",
}


def test_whatever_a_script_would_read_has_a_format():
    listed = get_command(app).commands.items()
    shown = {name: each for name, each in listed if not each.hidden}
    shown["plugins"] = shown["plugins"].commands["show"]
    formats = {
        name
        for name, each in shown.items()
        if any("--format" in option.opts for option in each.params)
    }

    assert formats == shown.keys() - WITHOUT_FORMAT


def test_every_command_that_help_lists_has_an_example():
    listed = get_command(app).commands.items()

    assert {name for name, each in listed if not each.hidden} <= set(EXAMPLES)
