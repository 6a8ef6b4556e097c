"""The example of a support call: from a transcript and its sound to a report."""

import runpy
import shutil
import sys

import pytest

from tests.conftest import required
from tests.given.docs_tables import ROOT
from tests.given.stage_runs import ask

SCRIPT = ROOT / "examples" / "support_call" / "support_call.py"


def run(folder, monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(folder)])
    runpy.run_path(str(SCRIPT), run_name="__main__")


def test_without_espeak_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with pytest.raises(SystemExit, match="apt-get install espeak-ng"):
        run(tmp_path, monkeypatch)

    assert not list(tmp_path.iterdir())


@pytest.mark.audio
@pytest.mark.proof
def test_a_call_becomes_words_feelings_causes_and_a_report(
    tmp_path, monkeypatch, capfd
):
    if not shutil.which("espeak-ng"):
        required("espeak", "apt-get install espeak-ng")

    run(tmp_path, monkeypatch)

    lake = str(tmp_path / "lake")
    heard = ask(
        lake,
        "SELECT phrase FROM cues JOIN utterances USING (utterance_id) "
        "WHERE modality = 'voice' AND text LIKE '%so frustrated%'",
    )
    assert ("voice much louder than usual",) in heard
    causes = ask(lake, "SELECT cause_text FROM causes WHERE label = 'frustration'")
    assert ("nobody fixes this broken build",) in causes
    said = "SELECT context, purpose FROM runs WHERE stage = 'textualize'"
    assert ask(lake, said) == [("research", "an example of support calls")]
    assert "voice much louder" in capfd.readouterr().out
    assert "<html" in (tmp_path / "report.html").read_text("utf-8")
