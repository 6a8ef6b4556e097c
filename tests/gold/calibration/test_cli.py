import csv
import shutil
from pathlib import Path

import pytest

from affectflow.cli.calibrating import calibrate
from affectflow.cli.state import STATE
from affectflow.cli.validation import gold
from affectflow.errors import UsageError
from tests.given.calibration_lakes import annotate, make, texts
from tests.given.people import add_rows, people_say
from tests.given.stage_runs import ask

pytestmark = pytest.mark.rotated


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, own_configuration: None) -> str:
    uri = str(tmp_path_factory.mktemp("made") / "lake")
    make(uri, texts())
    annotate(uri)
    return uri


@pytest.fixture
def lake(made: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(STATE, "beam_options", (), raising=False)
    return str(shutil.copytree(made, tmp_path / "lake"))


def sheet(lake: str, path: Path, *, label: str = "goemotions:annoyance") -> str:
    """Writes a sheet whose answer is yes from a score of 0.6 on."""
    rows = ask(lake, "SELECT utterance_id, text FROM utterances ORDER BY 1")
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["utterance_id", "rater", "label", "answer"])
        for utterance_id, text in rows:
            said = "yes" if float(text.split()[1]) > 0.6 else "no"
            writer.writerow([utterance_id, "ann", label, said])
    return str(path)


def test_a_sheet_is_imported_fitted_and_filled_in_and_apply_has_nothing_to_do(
    lake, tmp_path, capsys
):
    assert gold(lake, [sheet(lake, tmp_path / "sheet.csv")]) == 0
    assert calibrate(lake) == 0

    said = capsys.readouterr()
    assert "annoyance" in said.out
    assert "apply: 120 in, 120 out" in said.err
    filled = "SELECT count(*) > 50 FROM annotations WHERE probability IS NOT NULL"
    assert ask(lake, filled) == [(True,)]
    people = "SELECT count(*) FROM annotations WHERE annotator_id = 'person:ann'"
    assert ask(lake, people) == [(120,)]

    assert calibrate(lake, apply=True) == 0
    assert "120 unchanged" in capsys.readouterr().err


@pytest.mark.rotated
def test_beside_a_sample_answers_of_none_are_left_out_and_counted(
    lake, tmp_path, capsys
):
    drawn = [
        {"kind": "inclusion", "unit_id": f"test:{n}", "label": "s-1", "value": 0.5}
        for n in range(100)
    ]
    add_rows(lake, "measures", drawn)
    numbers = [(n, {"sample_id": "s-1"} if n < 100 else {}) for n in range(120)]
    people_say(
        lake,
        [
            {"utterance_id": f"test:{n}", "label": "annoyance", "chosen": n % 3 == 0}
            | of
            for n, of in numbers
        ],
    )

    calibrate(lake)

    assert "20 answers to annoyance left out" in capsys.readouterr().err
    counted = ask(lake, "SELECT n FROM measures WHERE kind = 'calibration'")
    assert counted == [(100,)]


def test_a_sheet_of_another_lake_changes_nothing(lake, tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text(
        "utterance_id,rater,label,answer\nother:1,ann,goemotions:annoyance,yes\n"
    )

    with pytest.raises(UsageError, match=r"not in .*lake"):
        gold(lake, [str(path)])

    assert ask(lake, "SELECT 1 FROM runs WHERE stage = 'gold'") == []
