"""The page about weights of your own: its first example, with the lines it shows."""

import pytest

from tests.given.docs_tables import ROOT
from tests.given.stage_runs import ask
from tests.project.test_docs import commands, snippets, typed

PAGE = (ROOT / "docs" / "train.md").read_text(encoding="utf-8")


@pytest.mark.rotated
def test_a_dozen_lines_are_enough_to_try_a_training(tmp_path):
    (posts,) = snippets("csv", PAGE)
    (tmp_path / "labelled").mkdir()
    (tmp_path / "labelled" / "posts.csv").write_text(posts, "utf-8")

    for command in commands(PAGE.split("\n## ")[0]):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"

    found = ask(str(tmp_path / "tried"), "SELECT DISTINCT label FROM emotions")
    assert {label for (label,) in found} == {"anger", "joy"}
