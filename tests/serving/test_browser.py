"""A served lake and the filters in a real browser: by clicks, on desktop and phone."""

import pytest

from affectflow.lake import open_lake
from affectflow.report import write_report
from tests.given.chromium import browser
from tests.given.served_lakes import hostile_tables, lake_of, serving

SIZES = {"desktop": (1100, 900, False), "phone": (390, 844, True)}
# The page is as wide as the window: nothing but a table scrolls sideways.
FITS = "document.documentElement.scrollWidth <= window.innerWidth"
NOTHING_CAME = "performance.getEntriesByType('resource').length === 0"


@pytest.mark.browser
def test_clicks_lead_from_the_report_to_a_theme_to_a_thread(chromium, demo, tmp_path):
    _, lake = demo
    with open_lake(str(lake)) as connection:
        clustering, theme, title, messages, first = connection.sql(
            "SELECT t.clustering_id, t.theme_id, any_value(e.theme), "
            "any_value(e.count), strftime(min(t.timestamp), '%Y-%m-%d') "
            "FROM emotion_causes AS e "
            "JOIN theme_utterances AS t USING (clustering_id, theme_id) "
            "WHERE e.family = 'frustration' AND e.position = 1 GROUP BY ALL"
        ).fetchall()[0]
        threads = connection.sql(
            "SELECT DISTINCT conversation_id FROM theme_utterances "
            f"WHERE clustering_id = '{clustering}' AND theme_id = '{theme}'"
        ).fetchall()
    with (
        serving(str(lake)) as served,
        browser(chromium, tmp_path / "profile", tmp_path) as tab,
    ):
        tab.go(served.access.url)
        for width, height, mobile in SIZES.values():
            tab.resize(width, height, mobile=mobile)
            tab.go(f"http://127.0.0.1:{served.access.port}/")
            assert tab.ask(FITS)
            tab.follow(f".themes a[href*='{theme}']")
            assert tab.ask(FITS)
            figures = tab.ask(
                "[...document.querySelectorAll('dd')].map(e => e.innerText)"
            )
            assert tab.ask("document.querySelector('h1').innerText") == title
            assert figures[0] == str(messages)
            assert figures[2] == first
            named = tab.ask(
                "[...document.querySelectorAll('td a')].map(e => "
                "decodeURIComponent(e.pathname.replace('/threads/', '')))"
            )
            assert sorted(named) == sorted(name for (name,) in threads)
            tab.follow("td a")
            assert tab.ask("document.querySelectorAll('article').length") > 1
            assert tab.ask(f"{FITS} && {NOTHING_CAME}")
        assert not tab.complaints


def counted(connection, where):
    query = (
        "SELECT count(*) FILTER (flagged), count(*) FROM (SELECT u.*, "
        "utterance_id IN (SELECT utterance_id FROM frustration) AS flagged "
        "FROM placed_utterances AS u JOIN labelled_utterances AS l "
        "USING (utterance_id) WHERE l.task = 'emotion' AND l.answered "
        f"AND NOT u.by_bot) WHERE {where}"
    )
    return connection.sql(query).fetchall()[0]


CHOOSE = """
(name, text) => {
  const label = [...document.querySelectorAll("form.filters label")]
    .find((each) => each.innerText.startsWith(name));
  const select = label.querySelector("select");
  select.value = [...select.options].find((each) => each.text === text).value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  return document.getElementById("filter-result").textContent;
}
"""


@pytest.mark.browser
@pytest.mark.rotated
def test_filters_count_what_sql_counts(chromium, demo, tmp_path):
    _, lake = demo
    file = tmp_path / "report.html"
    write_report(str(lake), file)
    with open_lake(str(lake)) as connection:
        everything = counted(connection, "true")
        skiff = counted(connection, "container = 'harborline/skiff'")
        month = "strftime(timestamp, '%Y-%m') = '2026-03'"
        march = counted(connection, f"container = 'harborline/skiff' AND {month}")

    with browser(chromium, tmp_path / "profile", tmp_path) as tab:
        tab.open(file)

        def said():
            return tab.ask("document.getElementById('filter-result').textContent")

        def choose(name, text):
            return tab.ask(f"({CHOOSE})({name!r}, {text!r})")

        assert said().startswith(
            "frustration: flagged in {} of {} ".format(*everything)
        )
        assert "{} of {} messages,".format(*skiff) in choose(
            "Container", "harborline/skiff"
        )
        choose("From", "2026-03")
        assert "{} of {} messages,".format(*march) in choose("To", "2026-03")
        assert "Only: harborline/skiff; from 2026-03; to 2026-03." in said()
        # By the keyboard: the first choice again, and the line says so to a reader.
        tab.ask("document.querySelector('form.filters select').focus()")
        tab.press("ArrowUp")
        tab.until(
            "!document.getElementById('filter-result').textContent.includes('skiff')"
        )
        assert tab.ask("document.getElementById('filter-result').getAttribute('role')")
        tab.call("Emulation.setEmulatedMedia", media="print")
        assert tab.ask(
            "getComputedStyle(document.querySelector('.filters')).display"
        ) == ("none")
        assert tab.ask(NOTHING_CAME)
        assert not tab.complaints


@pytest.mark.browser
@pytest.mark.rotated
def test_hostile_words_run_nowhere_in_the_file_and_on_the_server(
    chromium, tmp_path, own_configuration
):
    uri = lake_of(tmp_path / "lake", hostile_tables())
    file = tmp_path / "report.html"
    write_report(uri, file)
    with (
        serving(uri) as served,
        browser(chromium, tmp_path / "profile", tmp_path) as tab,
    ):
        tab.open(file)
        assert tab.ask("document.querySelectorAll('form.filters select').length") > 3
        assert tab.ask(f"window.hit === undefined && {NOTHING_CAME}")
        tab.go(served.access.url)
        here = f"http://127.0.0.1:{served.access.port}"
        seen = set()
        for path in ("/", "/themes", "/threads", "/search?q=broken", "/sql"):
            tab.go(here + path)
            seen |= set(
                tab.ask(
                    "[...document.querySelectorAll('td a, article a')]"
                    ".map(e => e.href.split('#')[0])"
                    f".filter(e => e.startsWith('{here}'))"
                )
            )
            assert tab.ask(f"window.hit === undefined && {FITS}")
        for url in sorted(seen)[:12]:
            tab.go(url)
            assert tab.ask(f"window.hit === undefined && {FITS} && {NOTHING_CAME}")
        assert not tab.complaints
