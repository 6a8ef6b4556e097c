"""Mining from the command line."""

import pytest

from affectflow.lake.basis import told_in
from tests.given.command_line import affectflow
from tests.given.refusals import GOOD, ingest


@pytest.mark.rotated
def test_a_command_that_fails_moves_no_basis(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "input.jsonl").write_text(GOOD)
    assert ingest("input.jsonl", "lake").code == 0
    assert affectflow("annotate", "lake").code == 0

    failed = affectflow(
        "mine", "lake", "--annotator", "EmbeddedEmotions", "--miner", "Nobody"
    )

    assert (failed.code, told_in("lake")) == (2, "")
    assert "Nobody" in failed.last_line
