"""The page about causes: a taxonomy of one's own, as it is shown, names the themes."""

import pytest

from tests.given.docs_tables import ROOT
from tests.project.test_docs import commands, snippets, typed

PAGE = (ROOT / "docs" / "causes.md").read_text(encoding="utf-8")


@pytest.mark.rotated
def test_the_taxonomy_of_the_page_names_themes_of_its_messages(tmp_path):
    (tmp_path / "clinic.toml").write_text(snippets("toml", PAGE)[0])
    (tmp_path / "visits.csv").write_text(snippets("csv", PAGE)[0])

    answers = []
    for command in [each for each in commands(PAGE) if "clinic" in each]:
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"
        answers.append(done)

    assert "waiting times" in answers[1].out
    assert len(answers) == 3
