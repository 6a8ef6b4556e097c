"""What docs/llm.md shows works: its commands, in their order."""

import pytest

from tests.given.docs_tables import ROOT
from tests.given.stage_runs import ask
from tests.given.tiny_generator import save_causal
from tests.project.test_docs import commands, snippets, typed

PAGE = (ROOT / "docs" / "llm.md").read_text(encoding="utf-8")


@pytest.mark.torch
@pytest.mark.rotated
def test_every_command_about_language_models_works_in_its_order(
    tmp_path, own_configuration
):
    (tmp_path / "posts.csv").write_text("id,body\n1,this is broken\n2,thanks\n")
    (tmp_path / "mood.toml").write_text(snippets("toml", PAGE)[0])
    save_causal(tmp_path / "model")

    for command in commands(PAGE):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"

    labels = ask(
        str(tmp_path / "lake"),
        "SELECT parameters::JSON->>'prior', utterance_id, label FROM annotations "
        "JOIN annotators USING (annotator_id) "
        "WHERE chosen AND parameters::JSON->>'decode' = 'auto' ORDER BY 1, 2",
    )
    assert [row[:2] for row in labels] == [
        (prior, f"csv:{n}") for prior in ("empty", "none") for n in (1, 2)
    ]
    assert {row[2] for row in labels} <= {"yes", "no", "unclear"}
