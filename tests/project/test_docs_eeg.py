"""The page about EEG: its commands work, from recordings to labels."""

import pytest

from tests.given.docs_tables import ROOT
from tests.given.eeg_files import bursts, write_data, write_edf
from tests.project.test_docs import commands, typed

PAGE = (ROOT / "docs" / "eeg.md").read_text(encoding="utf-8")


@pytest.mark.proof
@pytest.mark.torch
@pytest.mark.eeg
def test_the_commands_of_the_page_work_in_their_order(tmp_path, own_configuration):
    """The recordings are made of noise and bursts: it is proved that steps follow."""
    write_data(tmp_path / "recordings", people=12, seconds=6)
    write_edf(tmp_path / "new.edf", bursts("high", 8, 999))
    (tmp_path / "sessions.csv").write_text("id,note,file\n1,a session,new.edf\n")

    for command in commands(PAGE):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"

    assert "high" in done.out
