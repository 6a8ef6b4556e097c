"""What `--help` says that a user cannot guess."""

from contextlib import redirect_stdout
from io import StringIO

import pytest

from affectflow.cli import run


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
