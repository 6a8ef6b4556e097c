"""Progress on the command line: a line now and then, and what `status` says."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from affectflow.cli import lakes, progress
from affectflow.lake import Lake
from affectflow.stages.runs import showing
from affectflow.stages.runs.progress import Progress
from affectflow.stages.runs.request import Request, new_request
from affectflow.stages.runs.watching import Seen
from tests.given.waiting import wait_for

HALF = {"rows_in": 12_000, "rows_out": 11_998, "rows_dead": 2}


def a_seen(**rest: Any) -> Seen:
    given: dict[str, Any] = {
        "run_id": "run-1",
        "stage": "annotate",
        "digest": "d",
        "started": 100.0,
        "counted_from": 100.0,
        "last": 104.0,
        "rows": 12_400,
        "total_rows": 40_300,
    }
    return Seen(**{**given, **rest})


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        pytest.param(
            a_seen(dead=2),
            "annotate: 12,400 of 40,300 rows (31 %), 3,100 rows/s, 9 s left, 2 refused",
            id="all is known",
        ),
        pytest.param(
            a_seen(dead=0, total_rows=None),
            "annotate: 12,400 rows, 3,100 rows/s",
            id="no total",
        ),
        pytest.param(
            a_seen(stage="ingest", parts=3, estimated=True),
            "ingest: 12,400 of about 40,300 rows (31 %), 3 buckets written, "
            "3,100 rows/s, 9 s left",
            id="an ingest with a plan",
        ),
        pytest.param(
            a_seen(rows=0), "annotate: 0 of 40,300 rows (0 %)", id="no row is done"
        ),
        pytest.param(
            a_seen(stage="themes", rows=0, total_rows=None, last=130.0),
            "themes: at work for 30 s",
            id="a stage without rows",
        ),
    ],
)
def test_a_line_says_rows_total_rate_time_left_and_failures(
    seen: Seen, said: str
) -> None:
    assert showing.line(seen) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.44, "0.4 s"), (9.4, "9 s"), (99, "99 s"), (240, "4 min"), (9000, "2.5 h")],
)
def test_durations_are_short(seconds: float, said: str) -> None:
    assert showing.duration(seconds) == said


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setattr("affectflow.stages.runs.progress.LOCAL_EVERY_S", 0.02)
    return Lake.create(str(tmp_path / "lake"))


@pytest.fixture
def under_way(lake: Lake) -> Request:
    request = new_request(lake, "annotate", {}, run_id="run-1")
    work = Progress(lake, request)
    work.planned(rows=40_000, parts=4)
    work.add(HALF, parts=1)
    wait_for(lambda: rows_shown(lake) == 12_000, "12,000 rows")
    return request


def rows_shown(lake: Lake) -> int:
    seen = showing.latest(lake.uri, "run-1")
    return seen.rows if seen else 0


class Said:
    """What has been printed on stderr so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]):
        self._capsys, self._text = capsys, ""

    @property
    def text(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text


def test_without_a_terminal_there_is_a_line_every_while(
    lake: Lake,
    under_way: Request,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(showing, "LINE_EVERY_S", 0.05)
    said = Said(capsys)
    with progress.shown(lake.uri, "run-1"):
        wait_for(lambda: said.text.count("\n") >= 2, "two lines")

    lines = said.text.splitlines()
    assert lines[0].startswith("annotate: 12,000 of 40,000 rows (30 %), ")
    assert lines[0].endswith(", 2 refused")


def test_a_short_job_prints_no_line(
    lake: Lake, under_way: Request, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress.shown(lake.uri, "run-1"):
        time.sleep(0.1)

    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar_that_goes_away(
    lake: Lake,
    under_way: Request,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(showing, "BAR_EVERY_S", 0.05)
    stop = threading.Event()
    watched = (lake.uri, "run-1", stop)
    thread = threading.Thread(target=showing.bar, args=watched, daemon=True)
    said = Said(capsys)
    thread.start()
    shown = "annotate: 12,000 of 40,000 rows (30 %)"
    wait_for(lambda: shown in said.text, "the bar")
    stop.set()
    thread.join(timeout=30)

    assert not thread.is_alive()


def test_a_lake_that_is_not_there_yet_shows_nothing(tmp_path: Path) -> None:
    assert showing.latest(str(tmp_path / "none"), "run-1") is None


@pytest.mark.parametrize(("silent_s", "state"), [(0.0, "running"), (121.0, "stopped?")])
def test_status_shows_a_run_under_way_and_its_last_sign_of_life(
    lake: Lake,
    under_way: Request,
    silent_s: float,
    state: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = time.time()
    monkeypatch.setattr(lakes.time, "time", lambda: now + silent_s)

    lakes.status(lake.uri)

    out = capsys.readouterr().out
    shown = next(line for line in out.splitlines() if "run-1" in line)
    assert state in shown
    assert "annotate: 12,000 of 40,000 rows (30 %)" in shown
    assert shown.rstrip().endswith(" ago")


def test_status_of_a_quiet_lake_has_no_table_of_runs_under_way(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    lakes.status(lake.uri)

    assert "under way" not in capsys.readouterr().out
