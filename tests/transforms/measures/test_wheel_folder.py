"""WheelScore of the folder of MER-UniBench."""

import re
from pathlib import Path

import pytest

from affectflow.errors import UsageError
from affectflow_transforms.measures.wheel.score import WheelScore
from affectflow_transforms.measures.wheel.words import Wheels


def sheets(folder: Path) -> dict[str, list[list[str | None]]]:
    """Returns sheets as upstream lays them out: merged cells, lists as texts."""
    return {
        "wheel1": [
            ["level1", "level2", "level3"],
            ["Sad", "Down", "disappointed"],
            [None, None, "gloomy"],
            ["mad", "annoyed", "frustrated"],
        ],
        "synonym": [
            ["word_run1", "synonym_run1", "word_run2", "synonym_run2"],
            ["disappointed", "['let down']", "frustrated", "[]"],
            ["frustrated", "", "disappointed", "['frustrated', 'crestfallen']"],
        ],
        "format": [
            ["name", "format"],
            ["frustrated", "['frustration', 'frustrating']"],
            ["let down", "[]"],
        ],
    }


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_the_folder_of_upstream_is_read(tmp_path, suffix):
    for name, rows in sheets(tmp_path).items():
        write_sheet(tmp_path / f"{name}.{suffix}", rows)

    wheels = Wheels.load(str(tmp_path))

    assert wheels.words == (
        *("annoyed", "disappointed", "down", "frustrated", "gloomy", "mad", "sad"),
    )
    assert wheels.clusters("wheel1", "direct")["frustrating"] == "mad"
    assert wheels.clusters("wheel1", "compat")["frustrating"] == "sad"
    assert wheels.clusters("wheel1", "direct")["crestfallen"] == "sad"
    assert WheelScore(wheel=str(tmp_path), suite="sentiment")


def write_sheet(path: Path, rows) -> None:
    if path.suffix == ".csv":
        quoted = [",".join(f'"{cell or ""}"' for cell in row) for row in rows]
        path.write_text("\n".join(quoted))
        return
    book = pytest.importorskip("openpyxl", reason="pip install openpyxl").Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"wheel1": None}, "has no wheel1.xlsx"),
        ({"format": None}, "has no format.csv or format.xlsx"),
        ({"format": [["name", "x"], ["a", "b"]]}, "has no column 'format'; it has"),
        ({"format": [["name", "format"]]}, "has no rows"),
    ],
)
def test_a_folder_that_is_wrong_is_refused(tmp_path, change, line):
    for name, rows in (sheets(tmp_path) | change).items():
        if rows:
            write_sheet(tmp_path / f"{name}.csv", rows)

    with pytest.raises(UsageError, match=re.escape(line)):
        WheelScore(wheel=str(tmp_path))
