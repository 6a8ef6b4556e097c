"""The report as a file, and in a browser."""

import os
import re
import subprocess
from datetime import datetime, timedelta

import pytest

import affectflow.report
from affectflow.errors import StorageError
from affectflow.lake import views
from affectflow.report import charts, render, words, write_report
from affectflow.report.asked import Asked, Event
from tests.given.chromium import QUIET, browser
from tests.given.finding_lakes import two_weeks, validated
from tests.given.report_lakes import START, FolderLake, page_of, tables, text_of


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return page_of(tmp_path_factory.mktemp("lake"), tables())


@pytest.fixture
def lake_uri(tmp_path, monkeypatch):
    lake = FolderLake(tmp_path, tables())
    monkeypatch.setattr(
        affectflow.report,
        "open_lake",
        lambda uri, queries: views.connect(lake, queries=queries),
    )
    monkeypatch.setattr(affectflow.report, "_versions", lambda uri: {})
    monkeypatch.setattr(affectflow.report, "basis_digest", lambda *_, **__: "")
    return str(tmp_path)


def test_write_report_makes_the_folder_and_leaves_one_readable_file(lake_uri, tmp_path):
    out = write_report(lake_uri, tmp_path / "new" / "report.html")

    assert os.listdir(out.parent) == ["report.html"]
    assert out.stat().st_mode & 0o777 == 0o644
    assert f"What people expressed in {tmp_path.name}" in out.read_text("utf-8")


def test_only_the_owners_page_says_in_which_folder_the_lake_is(lake_uri, tmp_path):
    for reader, told in (("anyone", False), ("owner", True)):
        asked = Asked(reader=reader)
        page = write_report(lake_uri, tmp_path / f"{reader}.html", asked=asked)

        text = page.read_text("utf-8")
        assert (str(tmp_path.parent) in text) == told
        assert f"affectflow sql {lake_uri if told else tmp_path.name} " in text


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("lake", "lake"),
        ("data/lake", "data/lake"),
        ("/home/ann/lake/", "lake"),
        ("~ann/lake", "lake"),
        ("../../ann/lake", "lake"),
        ("gs://bucket/lake", "gs://bucket/lake"),
    ],
)
def test_a_place_is_spelt_without_the_folders_above_it(place, expected):
    assert affectflow.report.spelt(place) == expected


def test_a_place_that_cannot_be_written_is_an_error_with_the_cure(lake_uri, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError, match="--out"):
        write_report(lake_uri, tmp_path / "file" / "report.html")


def test_a_report_that_cannot_be_put_in_its_place_leaves_nothing(lake_uri, tmp_path):
    (tmp_path / "out" / "folder").mkdir(parents=True)

    with pytest.raises(StorageError, match="Is a directory"):
        write_report(lake_uri, tmp_path / "out" / "folder")

    assert os.listdir(tmp_path / "out") == ["folder"]


def test_plots_on_one_page_share_no_id():
    series = [(START, 1), (START + timedelta(days=31), None), (START, 3)]
    both = charts.time_line(series, "a") + charts.time_line(series[:2], "b")

    ids = re.findall(r'\bid="([^"]+)"', both)
    assert len(ids) == len(set(ids))
    assert "http" not in both


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param(7, ["3 Jan", "13 Mar", "15 May"], id="weeks"),
        pytest.param(31, ["Jan 2024", "Nov 2024", "Aug 2025"], id="a year and more"),
    ],
)
def test_three_dates_stand_below_a_plot(days, expected):
    points = [(START + timedelta(days=days * n), n) for n in range(20)]

    plot = charts.time_line(points, "joy")

    assert re.findall(r">(\d* ?[A-Z][a-z]{2} ?\d*)<", plot) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [(None, "unknown"), (0, "0%"), (0.001, "0.1%"), (0.5, "50%"), (0.996, "99.6%")],
)
def test_shares_are_spelt_without_false_precision(share, expected):
    assert words.percent(share) == expected


@pytest.mark.parametrize(
    ("period", "first", "last", "expected"),
    [
        ("month", "2023-12-01", "2024-02-01", ["12-01", "01-01", "02-01"]),
        ("week", "2024-02-26", "2024-03-11", ["02-26", "03-04", "03-11"]),
        ("week", "2024-02-26", "2024-02-26", ["02-26"]),
    ],
)
def test_no_period_between_the_first_and_the_last_is_left_out(
    period, first, last, expected
):
    present = [datetime.fromisoformat(last), datetime.fromisoformat(first)]

    found = words.every_period(present, period)

    assert [f"{when:%m-%d}" for when in found] == expected
    assert words.every_period([], period) == []


@pytest.mark.browser
def test_a_browser_shows_the_plots_and_refuses_nothing(chromium, page, tmp_path):
    file = tmp_path / "report.html"
    file.write_text(page, encoding="utf-8")
    options = ["--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}"]

    done = subprocess.run(
        [chromium, *QUIET, *options, "--dump-dom", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert done.stdout.count("<svg") == page.count("<svg") >= 1
    assert "<script" not in done.stdout
    assert "Content Security Policy" not in done.stderr


@pytest.mark.browser
def test_a_phone_shows_the_page_without_scrolling_aside(chromium, tmp_path):
    given = validated(two_weeks(by_newcomers=False))
    file = tmp_path / "report.html"
    asked = Asked(reader="owner", events=(Event(START, "a new queue", ""),))
    file.write_text(page_of(tmp_path, given, asked=asked), encoding="utf-8")

    with browser(chromium, tmp_path / "profile", tmp_path) as tab:
        tab.resize(390, 800, mobile=True)
        tab.open(file)
        found = tab.ask(_WIDTHS)

    assert found == {"page": 390, "beyond": [], "on_bars": 0, "unmarked": 0}
    assert tab.complaints == []


# What stands outside of the screen, but in what scrolls by itself.
_WIDTHS = """({
  page: document.documentElement.scrollWidth,
  beyond: [...document.querySelectorAll('svg text, h1, h2, h3, p, li, figcaption')]
    .filter(each => !each.closest('.scroll, details'))
    .filter(each => {
      const box = each.getBoundingClientRect();
      return box.right > 391 || box.left < -1;
    }).map(each => each.textContent),
  // Numbers of a scale that stand in front of what is plotted.
  on_bars: [...document.querySelectorAll('svg.axes')].flatMap(plot => {
    const left = plot.getBoundingClientRect().left;
    return [...plot.querySelectorAll('text[text-anchor=end][x="-7"]')]
      .filter(each => each.getBoundingClientRect().right > left);
  }).length,
  // Tables that go on beyond the screen, without a shadow that says so.
  unmarked: [...document.querySelectorAll('.scroll')].filter(each =>
    !getComputedStyle(each).backgroundImage.includes('gradient')).length
})"""


@pytest.mark.parametrize(
    ("visibility", "expected"),
    [
        (
            "unknown",
            "s does not say of every message whether it is public; if all are: "
            "affectflow",
        ),
        ("private", "No message behind these themes is public, so none is quoted."),
    ],
)
def test_a_report_without_quotes_says_why(tmp_path, visibility, expected):
    unquoted = tables()
    for spoken in unquoted["utterances"]:
        spoken["visibility"] = visibility

    page = page_of(tmp_path, unquoted)

    assert expected in text_of(page)
    assert "<blockquote" not in page


def test_a_report_leaves_the_views_of_an_open_lake_as_they_were(tmp_path):
    rows = tables()
    rows["annotations"].append(rows["annotations"][0] | {"annotator_id": "other@1"})
    connection = views.connect(FolderLake(tmp_path, rows))
    count = "SELECT count(*) FROM labelled_utterances WHERE annotator_id <> 'nobody'"
    before = connection.sql(count).fetchall()

    render(connection, lake="lake", title="of one annotator")

    assert connection.sql(count).fetchall() == before != [(0,)]


def test_a_source_that_the_user_calls_public_is_quoted(tmp_path):
    chat = tables()
    for spoken in chat["utterances"]:
        spoken["visibility"] = None
    said = {"stage": "public", "ended": START, "config": '{"sources": ["s"]}'}
    chat["runs"].append(said)

    page = page_of(tmp_path, chat)

    assert "<blockquote" in page
    assert "public at its source, or (s) as the owner of the lake says" in text_of(page)
