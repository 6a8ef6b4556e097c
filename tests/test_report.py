import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import affectflow.lake
from affectflow import vocabularies
from affectflow.errors import MissingExtraError, StorageError, UsageError
from affectflow.lake import views
from affectflow.report import charts, render, words, write_report
from affectflow.report.html import el, link
from affectflow.report.themes import excerpt
from affectflow.schemas import TABLES

START = datetime(2024, 1, 3, tzinfo=UTC)
EVIL = "<script>alert('x')</script>"
MODEL = "small-model@1"


def utterance(i, **more):
    return {
        "utterance_id": f"s:{i}",
        "conversation_id": f"c{i // 4}",
        "speaker_id": f"speaker-{i % 6}",
        "is_bot": False,
        "source": "s",
        "container": "big/repo",
        "timestamp": START + timedelta(days=10 * i),
        "text": f"{EVIL} the build is broken again, number {i}",
        "visibility": "public",
        "url": f"https://example.org/{i}",
        **more,
    }


def annotation(spoken, label="annoyance", **more):
    copied = ("utterance_id", "conversation_id", "timestamp", "container", "speaker_id")
    return {
        **{name: spoken[name] for name in copied},
        "source": "s",
        "annotator_id": MODEL,
        "task": "emotion",
        "vocabulary": "goemotions",
        "label": label,
        "score": 0.5,
        "rank": 1,
        "chosen": True,
        "status": "ok",
        **more,
    }


def cause(i):
    text = "the build is broken again"
    start = len(EVIL) + 1
    return {
        "cause_id": f"k{i}",
        "utterance_id": f"s:{i}",
        "label": "annoyance",
        "emotion_annotator_id": MODEL,
        "cause_utterance_id": f"s:{i}",
        "start": start,
        "end": start + len(text),
        "cause_text": text,
        "status": "ok",
    }


def theme(name, ids):
    clustering = "irritation-0a1b"
    one = {
        "clustering_id": clustering,
        "theme_id": name,
        "title": f"theme {name} {EVIL}",
        "keywords": ["build"],
        "exemplar_ids": ids[:3],
    }
    members = [
        {"cause_id": each, "theme_id": name, "clustering_id": clustering}
        for each in ids
    ]
    return one, members


def tables():
    """26 messages by 6 people in a big repository, 4 in a small one, a bot, a silent.

    Theme `large` has 20 messages, theme `small` 6; the quote of message 25 is private.
    """
    spoken = [utterance(i) for i in range(26)]
    spoken[25] |= {"visibility": "private", "text": f"{EVIL} {SECRET}"}
    tiny = [utterance(i, container="tiny/repo") for i in range(26, 30)]
    bot = utterance(30, is_bot=True, speaker_id="robot")
    silent = utterance(31)
    large, large_members = theme("large", [f"k{i}" for i in range(20)])
    small, small_members = theme("small", [f"k{i}" for i in range(20, 26)])
    causes = [cause(i) for i in range(25)]
    secret = {"start": len(EVIL) + 1, "end": len(EVIL) + 1 + len(SECRET)}
    causes.append(cause(25) | secret | {"cause_text": SECRET})
    nothing = {"chosen": False, "rank": None, "status": "no_author_text"}
    return {
        "utterances": [*spoken, *tiny, bot, silent],
        "annotations": [
            *[annotation(each) for each in [*spoken, *tiny, bot]],
            annotation(silent, None, **nothing),
        ],
        "folds": [vars(fold) for fold in vocabularies.FOLDS],
        "causes": causes,
        "themes": [large, small],
        "theme_members": [*large_members, *small_members],
        "annotators": [
            {"annotator_id": MODEL, "kind": "model", "licence": "MIT"},
            {"annotator_id": "grace hopper", "kind": "person"},
        ],
        "dead_letters": [
            {"step": "ReadX", "error_type": "bad_json", "message": EVIL, "origin": "f"}
        ],
        "runs": [{"run_id": "run-7", "stage": "ingest", "config_digest": "abc"}],
    }


SECRET = "what I wrote in private"


class FolderLake:
    def __init__(self, folder, tables):
        self.folder = folder
        for name, rows in tables.items():
            table = pa.Table.from_pylist(rows, schema=TABLES[name])
            pq.write_table(table, folder / f"{name}.parquet")

    def files(self, table):
        return [str(path) for path in self.folder.glob(f"{table}.parquet")]


def page_of(folder, tables, **more):
    connection = views.connect(FolderLake(folder, tables))
    return render(connection, lake="my lake", title=f"A title {EVIL}", **more)


def text_of(page):
    """Returns what a person reads, in one line."""
    bare = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.S)
    return " ".join(bare.split())


class Loads(HTMLParser):
    """Collects every address in a page, and the elements that could run or load."""

    def __init__(self, page):
        super().__init__()
        self.links, self.others, self.tags = [], [], set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if tag == "a" and name == "href":
                self.links.append(value)
            elif name in ("href", "src", "xlink:href", "data", "action", "srcset"):
                self.others.append(value)
            elif name.startswith("on") or name == "style":
                self.others.append(f"{name}={value}")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return page_of(tmp_path_factory.mktemp("lake"), tables())


# -- safety ----------------------------------------------------------------------


def test_text_from_outside_is_escaped(page):
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;") >= 4


def test_the_page_loads_nothing_and_runs_nothing(page):
    found = Loads(page)

    assert found.others == []
    assert found.tags.isdisjoint({"script", "link", "img", "iframe", "object", "base"})
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    assert {link for link in found.links if not link.startswith("#")} == {
        f"https://example.org/{i}" for i in (0, 1, 2, 20, 21, 22)
    }


def test_the_policy_allows_its_own_style_alone(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]

    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "//example.org", "", None, "http://["],
)
def test_only_addresses_of_the_web_become_links(url):
    assert link("origin", url) == "origin"


def test_attributes_are_escaped():
    assert el("p", title='"><b>') == '<p title="&quot;&gt;&lt;b&gt;"></p>'


# -- people ----------------------------------------------------------------------


def test_private_messages_are_not_quoted(page):
    assert SECRET not in page
    assert "the build is broken again" in page


def test_no_person_is_named(page):
    for name in ("speaker-", "grace hopper", "robot"):
        assert name not in page
    assert "1 person who labelled by hand" in text_of(page)


def test_small_cells_are_counted_and_not_shown(page):
    text = text_of(page)

    assert "big/repo" in text
    assert "tiny/repo" not in text
    assert "1 container with fewer than 5 people or 20 messages is not shown." in text
    assert "1 theme with fewer than 5 people or 20 messages" in text
    assert "20 messages by 6 people" in text
    assert "6 messages by" not in text


def test_a_theme_by_too_few_people_gets_no_number(tmp_path):
    few = tables()
    for spoken in few["utterances"]:
        spoken["speaker_id"] = f"speaker-{int(spoken['utterance_id'][2:]) % 4}"

    text = text_of(page_of(tmp_path, few))

    assert "2 themes with fewer than 5 people or 20 messages" in text
    assert "No container is large enough to be shown." in text


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        pytest.param("a b c", (2, 3), "a <mark>b</mark> c", id="short"),
        pytest.param("<i> x", (4, 5), "&lt;i&gt; <mark>x</mark>", id="escaped"),
        pytest.param(
            "@ada-l, ask @bob", (8, 16), "@…, <mark>ask @…</mark>", id="mentions"
        ),
        pytest.param("to a@b.c now", (9, 12), "to a@b.c <mark>now</mark>", id="mail"),
        pytest.param("é😀!", (1, 2), "é<mark>😀</mark>!", id="code points"),
    ],
)
def test_a_quote_marks_its_cause(text, span, expected):
    assert excerpt(text, *span) == expected


def test_a_long_quote_is_cut_at_spaces_around_its_cause():
    text = "word " * 200 + "the cause" + " tail" * 200
    quoted = excerpt(text, 1000, 1009)

    plain = re.sub(r"</?mark>", "", quoted)
    assert 250 < len(plain) <= 310
    assert plain.startswith("… word ")
    assert plain.endswith(" tail …")
    assert "<mark>the cause</mark>" in quoted


# -- honesty ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "Expressed, not felt.",
        "Unvalidated here: ranks, no shares.",
        f"All numbers rest on one annotator, {MODEL}",
        "Messages annotated 30 of 32 in the lake",
        "People who wrote them 6",
        # 30 messages by 6 people in turn: 5 each.
        "The top five wrote 83%",
        "No annotator of frustration has run here, so this report speaks of irritation",
        "That measures displeasure, hostility included. It is not a measure of "
        "frustration.",
        "− written by automata (bots) 1",
        "− silent: no text of the author&#x27;s own 1",
        "= counted in this report 30",
        "1 row could not be processed.",
        f"{MODEL} (this report) model MIT",
        "run-7",
        "affectflow sql &#x27;my lake&#x27;",
    ],
)
def test_the_report_says(page, statement):
    assert statement in text_of(page).replace(" ,", ",").replace("  ", " ")


def test_shares_are_printed_only_with_a_validation(tmp_path, page):
    share = "77% (58% to 89%)"  # 20 of 26; Wilson
    assert share not in page
    gold = {"kind": "validation", "unit_id": MODEL, "label": "irritation", "n": 400}

    text = text_of(page_of(tmp_path, tables() | {"measures": [gold]}))

    assert share in text
    assert "Validated here for irritation" in text
    assert "Unvalidated here: ranks" not in text


def test_a_frustration_annotator_takes_the_place_of_irritation(tmp_path):
    more = tables()
    own = {"annotator_id": "frustration-1", "task": "frustration"}
    more["annotations"].append(
        annotation(
            more["utterances"][0], "frustration", vocabulary="frustration", **own
        )
    )

    text = text_of(page_of(tmp_path, more))

    assert "What frustrates people" in text
    assert "blocked or delayed goal" in text
    assert "What irritates people" not in text


def test_a_person_is_never_the_annotator_by_default_nor_named(tmp_path):
    more = tables()
    more["annotations"] += [
        row | {"annotator_id": "grace hopper", "task": task}
        for row in more["annotations"]
        for task in ("emotion", "frustration")
    ]
    both = page_of(tmp_path, more)
    chosen = page_of(tmp_path, more, annotator="grace hopper")

    assert f"rest on one annotator, <code>{MODEL}</code>" in both
    assert "rest on one annotator, <code>people</code>" in chosen
    assert "grace hopper" not in both + chosen


def test_without_times_the_report_says_so_and_counts_by_label(tmp_path):
    timeless = tables()
    for row in [*timeless["utterances"], *timeless["annotations"]]:
        row["timestamp"] = None

    page = page_of(tmp_path, timeless)

    assert "carry no usable time" in page
    assert "Emotions, by label" in page
    assert "trend unknown" in page


def test_periods_with_too_few_people_are_gaps(page):
    assert "No month is drawn: each has fewer than 5 people" in text_of(page)


def test_months_with_enough_people_are_drawn(tmp_path):
    dense = tables()
    for row in [*dense["utterances"], *dense["annotations"]]:
        number = int(row["utterance_id"][2:])
        row["timestamp"] = START + timedelta(days=250 if number > 28 else number % 20)

    page = page_of(tmp_path, dense)

    assert "anger over time" in page
    assert "1 month with fewer than 5 people or 20 messages is not drawn." in page


@pytest.mark.parametrize("given", [{}, {"utterances": [utterance(1)]}])
def test_a_lake_without_labels_has_a_report_that_says_so(tmp_path, given):
    text = text_of(page_of(tmp_path, given))

    assert "Nothing is labelled." in text
    assert f"{len(given)} message" in text


def test_an_unknown_annotator_is_an_error_with_the_names(tmp_path):
    with pytest.raises(UsageError, match=rf"no annotator 'x'.*'{MODEL}'"):
        page_of(tmp_path, tables(), annotator="x")


# -- the file --------------------------------------------------------------------


@pytest.fixture
def lake_uri(tmp_path, monkeypatch):
    connection = views.connect(FolderLake(tmp_path, tables()))
    monkeypatch.setattr(affectflow.lake, "open_lake", lambda uri: connection)
    return str(tmp_path)


def test_write_report_makes_the_folder_and_leaves_one_readable_file(lake_uri, tmp_path):
    out = write_report(lake_uri, tmp_path / "new" / "report.html")

    assert os.listdir(out.parent) == ["report.html"]
    assert out.stat().st_mode & 0o777 == 0o644
    assert f"What people expressed in {tmp_path.name}" in out.read_text("utf-8")


def test_a_place_that_cannot_be_written_is_an_error_with_the_cure(lake_uri, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError, match="--out"):
        write_report(lake_uri, tmp_path / "file" / "report.html")


def test_a_failing_renderer_is_an_error_with_the_cure(monkeypatch):
    import vl_convert

    def fail(*args, **kwargs):
        raise ValueError("no such version")

    monkeypatch.setattr(vl_convert, "vegalite_to_svg", fail)

    with pytest.raises(MissingExtraError, match=r"no such version.*pip install"):
        charts.bars([("joy", 1)], "joy")


def test_plots_on_one_page_share_no_id():
    series = [(START, 1), (START + timedelta(days=31), None), (START, 3)]
    both = charts.time_line(series, "a") + charts.time_line(series[:2], "b")

    ids = re.findall(r'\bid="([^"]+)"', both)
    assert len(ids) == len(set(ids))
    assert "http" not in both


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
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--enable-logging=stderr",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]

    done = subprocess.run(
        [chromium, *options, "--dump-dom", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert done.stdout.count("<svg") == page.count("<svg") >= 1
    assert "<script" not in done.stdout
    assert "Content Security Policy" not in done.stderr


def test_without_public_messages_the_report_says_how_to_mark_them(tmp_path):
    private = tables()
    for spoken in private["utterances"]:
        spoken["visibility"] = "unknown"

    page = page_of(tmp_path, private)

    assert "visibility='public'" in text_of(page).replace("&#x27;", "'")
    assert "<blockquote" not in page
