"""The pages of a served lake say what SQL says, and hostile words are only words."""

import re
import shutil
from html import unescape
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

import duckdb
import pytest

from affectflow.lake import Lake, open_lake
from affectflow.serving.app import made
from affectflow.serving.database import ServedLake
from tests.given.report_lakes import Loads, tables, utterance
from tests.given.served_lakes import (
    HOSTILE,
    hostile_tables,
    lake_of,
    rows_added,
    serving,
)

LARGE = "/themes/one?clustering=irritation-0a1b&theme=large"


@pytest.fixture(scope="module")
def lake_uri(tmp_path_factory, own_configuration):
    return lake_of(tmp_path_factory.mktemp("served") / "lake", tables())


@pytest.fixture(scope="module")
def served(lake_uri):
    with serving(lake_uri) as it:
        yield it


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, own_configuration):
    folder = tmp_path_factory.mktemp("hostile") / "lake"
    with serving(lake_of(folder, hostile_tables())) as it:
        yield it


def page(served, path):
    answer = served.ask(path)
    assert answer.status == 200, answer.text[-500:]
    return answer.text


def words(html):
    bare = re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", html, flags=re.S)
    return " ".join(unescape(bare).split())


def run_sql(served, query):
    body = urlencode({"query": query, "token": served.access.token})
    answer = served.ask("/sql", method="POST", body=body)
    assert answer.status == 200
    return words(answer.text)


def test_the_report_links_its_themes_to_their_pages(served):
    links = [at for at in Loads(page(served, "/")).links if at.startswith("/themes/")]

    assert links == [LARGE, LARGE.replace("large", "small")]
    for at in links:
        assert page(served, at)


def test_a_theme_says_what_where_since_when_and_which_threads(served, lake_uri):
    with open_lake(lake_uri) as connection:
        told = connection.sql(
            "SELECT count(DISTINCT utterance_id), count(DISTINCT speaker_id), "
            "strftime(min(timestamp), '%Y-%m-%d'), "
            "strftime(max(timestamp), '%Y-%m-%d') "
            "FROM theme_utterances WHERE theme_id = 'large'"
        ).fetchall()[0]
        threads = connection.sql(
            "SELECT DISTINCT conversation_id FROM theme_utterances "
            "WHERE theme_id = 'large' ORDER BY 1"
        ).fetchall()

    html = page(served, LARGE)

    messages, people, first, last = told
    assert (
        f"Messages {messages} People {people} First seen {first} Last seen {last}"
        in words(html)
    )
    assert f"big/repo {messages} {people} 5 {first} {last}" in words(html)
    linked = {at.split("#")[0] for at in Loads(html).links if "/threads/" in at}
    assert linked == {f"/threads/{name}" for (name,) in threads}


def test_a_thread_shows_its_messages_in_order_with_their_labels(served):
    said = words(page(served, "/threads/c1"))

    numbers = re.findall(r"number (\d+)", said)
    # Without a title, the page and its heading have the thread's first words.
    assert numbers == ["4", "4", *("4", "5", "6", "7")]
    assert said.count("annoyance 0.50 small-model@1") == 4
    assert "Person 1" in said
    assert "speaker-" not in said


def test_threads_count_what_was_flagged(served):
    said = words(page(served, "/threads?order=longest"))

    assert "Flagged: irritation" in said
    assert "number 0 4 4 4 big/repo 2024-02-02" in said


def test_on_a_phone_each_number_of_a_thread_stands_beside_its_head(served):
    shown = page(served, "/threads")

    assert '<table class="stacked">' in shown
    assert '<td class="number" data-head="People">' in shown


def test_families_say_which_emotions_they_hold_and_that_they_overlap(tmp_path):
    both = tables()
    twin = {"clustering_id": "happiness-0a1b", "theme_id": "t"}
    both["themes"].append({**both["themes"][0], **twin})
    both["theme_members"].append({**both["theme_members"][0], **twin})

    with serving(lake_of(tmp_path / "lake", both)) as it:
        said = words(page(it, "/themes"))

    assert "Families overlap: a message may count in several" in said
    assert "irritation Causes of annoyance ." in said


def test_search_finds_words_whatever_their_case_page_by_page(served):
    found = page(served, "/search?q=NUMBER+2")

    assert "10 messages found." in words(found)
    assert "<mark>number 2</mark>" in found
    assert "/threads/c5#u-s%3A22" in Loads(found).links


def test_a_search_for_marks_of_patterns_finds_only_the_marks(served):
    for sought in ("%", "_", ".*", "\\"):
        assert "0 messages found." in words(page(served, f"/search?q={quote(sought)}"))


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 50, "٣"])
def test_a_page_that_is_not_there_is_no_error(served, number):
    assert page(served, f"/threads?page={quote(number)}")


def test_the_box_answers_the_sql_behind_the_report_as_it_is_shown(served):
    behind = re.findall(
        r"<summary>SQL behind these numbers</summary>\s*<pre>(.*?)</pre>",
        page(served, "/"),
        re.DOTALL,
    )

    assert len(behind) > 3
    for query in map(unescape, behind[:3]):
        assert "'\"'\"'" not in query
        assert re.search(r" \d+ rows?\. ", run_sql(served, query))


def test_the_box_answers_and_says_what_is_wrong(served):
    assert "1 row. n 32" in run_sql(served, "SELECT count(*) AS n FROM utterances")
    assert "no table or view 'utterance'" in run_sql(served, "FROM utterance")
    assert "DROP is refused" in run_sql(served, "DROP VIEW utterances")
    assert "The first 500 rows." in run_sql(served, "FROM range(501)")


def test_what_is_not_there_says_so(served):
    for path in ("/threads/none", "/themes/one", "/themes/one?theme=x", "/nowhere"):
        answer = served.ask(path)
        assert answer.status == 404
        assert "Not Found" in words(answer.text)


def test_a_lake_that_changes_is_shown_anew_after_a_reload(tmp_path):
    uri = lake_of(tmp_path / "lake", tables())
    with serving(uri) as served:
        assert "0 messages found." in words(page(served, "/search?q=fresh"))

        rows_added(Lake.open(uri), "utterances", [utterance(99, text="fresh")], "new")

        assert "1 message found." in words(page(served, "/search?q=fresh"))


def test_a_file_that_is_gone_is_looked_for_once_again(lake_uri):
    """A compaction may remove one between two queries of a page."""
    seen = []

    def make(snapshot):
        seen.append(snapshot)
        if len(seen) == 1:
            raise duckdb.IOException("no such file")
        return "title", "content"

    assert made(ServedLake(lake_uri), make) == ("title", "content")
    assert seen[0] is not seen[1]


def without(*names):
    """Returns the rows of a lake in which some columns or tables say nothing."""
    rows = tables()
    for name in names:
        if name in rows:
            rows[name] = []
        for row in (*rows["utterances"], *rows["annotations"]):
            row.update({name: None} if name in row else {})
    return rows


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["timestamp"], id="times"),
        pytest.param(["speaker_id"], id="authors"),
        pytest.param(["themes", "theme_members", "causes"], id="themes"),
        pytest.param(["annotations", "themes", "theme_members"], id="annotations"),
        pytest.param(list(tables()), id="anything"),
    ],
)
def test_a_lake_without_some_of_it_is_shown(names, tmp_path):
    with serving(lake_of(tmp_path / "lake", without(*names))) as served:
        for path in ("/", "/themes", "/threads", "/search?q=number", "/sql"):
            assert page(served, path)
        if "utterances" not in names:
            assert page(served, "/threads/c1")


def test_a_lake_that_goes_while_it_is_served_is_said_in_one_line(tmp_path):
    uri = lake_of(tmp_path / "lake", tables())
    with serving(uri) as served:
        shutil.rmtree(uri)

        answer = served.ask("/threads")

    assert answer.status == 503
    assert "no lake at" in words(answer.text)


def test_two_servers_of_one_lake_work_side_by_side(served, lake_uri):
    with serving(lake_uri) as other:
        assert words(page(other, "/themes")) == words(page(served, "/themes"))
        # The cookie of one opens nothing of the other.
        assert other.ask("/themes", Cookie=served.cookie).status == 403


# -- hostile words ----------------------------------------------------------------


class Alive(HTMLParser):
    """What in a page could run, load or lead away."""

    def __init__(self, html):
        super().__init__()
        self.found, self._script = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in ("img", "iframe", "object", "base", "link", "embed"):
            self.found.append(tag)
        self.found += [n for n in given if n.startswith("on") or n in ("style", "src")]
        href = given.get("href", "/")
        if not re.match(r"/(?![/\\])|#|https://(e|example)\.org/", href):
            self.found.append(href)


def every_page(served):
    threads = Loads(page(served, "/threads")).links
    themes = Loads(page(served, "/themes")).links
    queries = [f"/search?q={quote(word)}" for word in HOSTILE.values()]
    found = [at for at in (*threads, *themes) if at.startswith(("/thr", "/the"))]
    return ["/", "/sql", *queries, *sorted(set(found))]


def test_hostile_words_run_nothing_load_nothing_and_lead_nowhere(hostile):
    paths = every_page(hostile)
    assert len(paths) > 15

    for path in paths:
        html = page(hostile, path)
        alive = Alive(html)
        assert not alive.found, (path, alive.found[:3])
        assert html.count("<main") == html.count("</main>") == 1
    for word in HOSTILE.values():
        box = hostile.ask(
            "/sql",
            method="POST",
            body=urlencode(
                {"query": f"SELECT {word!r} AS x", "token": hostile.access.token}
            ),
        )
        assert not Alive(box.text).found


def test_hostile_names_of_threads_lead_to_their_threads(hostile):
    for n, word in enumerate(list(HOSTILE.values())[:5]):
        html = page(hostile, f"/threads/{quote(f'c{n}{word}', safe='')}")
        assert html.count("<article") == 8


def test_a_very_long_message_is_cut_and_counted(hostile):
    html = page(hostile, f"/threads/{quote('c0' + HOSTILE['script'], safe='')}")

    assert len(html) < 200_000
    assert re.search(r"and 980,\d{3} further characters", html)


def test_text_that_turns_direction_stands_apart(hostile):
    word = HOSTILE["direction"]
    html = page(hostile, f"/threads/{quote('c3' + word, safe='')}")

    for element in re.findall(r"<[^<]*\u202e", html):
        apart = r'<(bdi|mark|title)>|<div class="text" dir="auto">|<a href="https://e'
        assert re.match(apart, element)
