"""What, where, since when, which threads: on real threads, by clicks, as SQL says."""

import csv
import gzip
from datetime import UTC, datetime, timedelta

import pytest

from affectflow.lake import open_lake
from tests.given.chromium import browser
from tests.given.command_line import affectflow_process
from tests.given.served_lakes import serving

START = datetime(2024, 1, 1, tzinfo=UTC)
THREADS_OF = {"library": 3, "tool": 2}
"""Of five threads, how many are of which container: the data set names none."""


@pytest.fixture
def heated(shared_data, tmp_path):
    """A lake of gh_incivility; containers and times, which it does not have, are made.

    Messages are in their order, an hour apart.
    """
    source = shared_data / "gh_incivility" / "comments.csv.gz"
    places = [name for name, n in THREADS_OF.items() for _ in range(n)]
    path, threads = tmp_path / "comments.csv", {}
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        thread = threads.setdefault(row["issue_id"], len(threads))
        row["posted"] = (START + timedelta(hours=number)).isoformat()
        row["where"] = places[thread % len(places)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    lake = tmp_path / "lake"
    outcome = affectflow_process(
        *("analyze", path, "--source", "csv", "--to", lake, "--map"),
        "text=comment_body,utterance_id=id,conversation_id=issue_id,"
        "timestamp=posted,container=where,visibility='public'",
    )
    assert outcome.code == 0, outcome.err
    return str(lake)


def answers(lake):
    """Returns the first theme's address, title and messages, places, days, threads."""
    with open_lake(lake) as connection:
        clustering, theme, title, messages = connection.sql(
            "SELECT clustering_id, theme_id, theme, count FROM emotion_causes "
            "WHERE family = 'frustration' AND position = 1"
        ).fetchall()[0]
        of_theme = connection.sql(
            "SELECT DISTINCT utterance_id, conversation_id, container, timestamp "
            "FROM theme_utterances "
            f"WHERE clustering_id = '{clustering}' AND theme_id = '{theme}'"
        )
        places = of_theme.aggregate("container, count(*)").fetchall()
        days = of_theme.aggregate(
            "strftime(min(timestamp), '%Y-%m-%d'), strftime(max(timestamp), '%Y-%m-%d')"
        ).fetchall()
        threads = of_theme.aggregate("conversation_id, count(*)").fetchall()
    return theme, (title, str(messages)), dict(places), days[0], dict(threads)


TABLES = """[...document.querySelectorAll("section")].map(section =>
  [section.querySelector("h2").innerText, [...section.querySelectorAll("tbody tr")]
    .map(row => [...row.cells].map(cell => cell.innerText.trim()))])"""

THREADS = """[...document.querySelectorAll("td a")].map(link => [
  decodeURIComponent(link.pathname.replace("/threads/", "")),
  Number(link.closest("tr").cells[2].innerText)])"""


@pytest.mark.browser
@pytest.mark.proof
@pytest.mark.timeout(900)
def test_four_answers_are_three_clicks_away_and_equal_sql(chromium, heated, tmp_path):
    theme, what, where, days, threads = answers(heated)
    with (
        serving(heated) as served,
        browser(chromium, tmp_path / "profile", tmp_path) as tab,
    ):
        tab.go(served.access.url)
        tab.follow("nav a[href='/themes']")
        tab.follow(f"a[href*='theme={theme}']")
        figures = tab.ask("[...document.querySelectorAll('dd')].map(e => e.innerText)")
        found = dict(tab.ask(TABLES))

        assert (tab.ask("document.querySelector('h1').innerText"), figures[0]) == what
        assert (figures[2], figures[3]) == days
        assert {row[0]: int(row[1]) for row in found["Where"]} == where
        assert dict(tab.ask(THREADS)) == threads

        first = tab.ask("document.querySelector('td a, th a').innerText")
        tab.follow("td a, th a")  # the third
        assert first in tab.ask("document.querySelector('h1').innerText")
        assert not tab.complaints
