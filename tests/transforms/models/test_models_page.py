"""What docs/models.md shows works: its commands, in their order."""

import pytest

from affectflow.vocabularies import get
from tests.given.docs_tables import ROOT
from tests.given.tiny_classifier import save_encoder, save_tiny
from tests.project.test_docs import commands, typed

PAGE = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")


# The dear part are six commands; that they exist is tried in tests/project.
@pytest.mark.proof
@pytest.mark.torch
def test_every_command_about_models_works_in_its_order(tmp_path, own_configuration):
    (tmp_path / "posts.csv").write_text("id,body\n1,this is broken\n2,thanks!\n")
    save_tiny(tmp_path / "classifier", get("ekman").labels)
    vad = ("arousal", "dominance", "valence")
    save_tiny(tmp_path / "feelings", vad, problem_type="regression")
    save_encoder(tmp_path / "encoder")

    for command in commands(PAGE):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"
