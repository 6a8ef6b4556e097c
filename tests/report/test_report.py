"""The report: what it may show, and what it must say."""

import html
import re
from datetime import timedelta

import pytest

from affectflow.errors import UsageError
from affectflow.lake import views
from affectflow.report.asked import Asked, Event
from affectflow.report.html import el, link
from affectflow.report.queries import collect
from affectflow.report.quotes import excerpt
from tests.given.report_lakes import (
    EVIL,
    MODEL,
    SECRET,
    START,
    FolderLake,
    Loads,
    annotation,
    page_of,
    tables,
    text_of,
    theme,
)

SMALL = [each for each in tables()["theme_members"] if each["theme_id"] == "small"]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return page_of(tmp_path_factory.mktemp("lake"), tables())


# -- safety ----------------------------------------------------------------------


def test_text_from_outside_is_escaped(page):
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;") >= 4


@pytest.mark.parametrize("reader", ["anyone", "owner"])
def test_hostile_posts_do_nothing_in_any_place(tmp_path, reader):
    evil = f'"><img src=x onerror=alert(1)>{EVIL}'
    given = tables()
    for row in given["utterances"]:
        row |= {
            "container": row["container"] + evil,
            "speaker_role": evil,
            "kind": evil,
        }
        row |= {
            "title": evil,
            "lang": evil,
            "url": f"javascript:{evil}",
            "source": evil,
        }
    given["themes"] = [
        row | {"title": evil, "keywords": [evil]} for row in given["themes"]
    ]
    given["conversations"] = [
        {"conversation_id": f"c{i}", "title": evil, "outcome": evil} for i in range(9)
    ]
    events = (Event(START + timedelta(days=90), evil, evil),)

    page = page_of(tmp_path, given, asked=Asked(reader=reader, events=events))

    found = Loads(page)
    assert found.others == []
    assert found.tags.isdisjoint({"script", "img"})
    assert all(link.startswith("#") for link in found.links)


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
    assert "1 person labelled by hand" in text_of(page)


def test_small_cells_are_counted_and_not_shown(page):
    text = text_of(page)

    assert "big/repo" in text
    assert "tiny/repo" not in text
    assert "1 container with fewer than 5 people or 20 messages is not shown." in text
    assert "1 theme with fewer than 5 people or 20 messages" in text
    assert "20 messages by 6 people" in text
    assert "6 messages by" not in text


@pytest.mark.rotated
def test_causes_without_a_theme_are_counted_and_can_be_listed(tmp_path):
    few = tables() | {"themes": [], "theme_members": []}
    few["causes"] = [row | {"vocabulary": "goemotions"} for row in few["causes"]]

    n = len(few["causes"])
    few["causes"] += [
        row | {"cause_id": f"{row['cause_id']}-2", "emotion_annotator_id": "other@1"}
        for row in few["causes"]
    ]
    # What another miner finds in the same messages, or a person marks, is not more.
    few["causes"] += [
        few["causes"][place] | {"cause_id": f"{by}{place}", "annotator_id": by}
        for by, most in (("ConnectiveMiner@1", n - 1), ("grace hopper", n))
        for place in range(most)
    ]

    text = text_of(page_of(tmp_path, few))

    assert f"{n} causes of irritation in this lake, but no theme: too few" in text
    listing = html.unescape(text.split("but no theme")[1])
    assert "affectflow sql" in listing.split("SELECT")[0]
    assert "label IN ('annoyance')" in listing

    ran = {"stage": "mine", "state": "done", "config": '{"miner": "ConnectiveMiner@1"}'}
    few["runs"].append({"run_id": "run-8", "config_digest": "abd", **ran})
    (tmp_path / "mined").mkdir()
    text = text_of(page_of(tmp_path / "mined", few))
    assert f"{n - 1} causes of irritation in this lake, but no theme: too few" in text


def test_a_theme_by_too_few_people_gets_no_number(tmp_path):
    few = tables()
    for spoken in few["utterances"]:
        spoken["speaker_id"] = f"speaker-{int(spoken['utterance_id'][2:]) % 4}"

    text = text_of(page_of(tmp_path, few))

    assert "2 themes with fewer than 5 people or 20 messages" in text
    assert "No container is large enough to be shown." in text


def test_where_nobody_is_named_conversations_count(tmp_path):
    unnamed = tables()
    for spoken in unnamed["utterances"]:
        spoken["speaker_id"] = None

    text = text_of(page_of(tmp_path, unnamed))

    assert "20 messages in 5 conversations" in text
    assert "1 theme with fewer than 5 people or 20 messages" in text


def test_causes_in_no_theme_are_counted_beside_the_themes(tmp_path):
    more = tables()
    more["theme_members"] = more["theme_members"][:-2]

    text = text_of(page_of(tmp_path, more))

    assert "in no theme: affectflow sql &#x27;my lake&#x27;" in text


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        pytest.param("a b c", (2, 3), "a <mark>b</mark> c", id="short"),
        pytest.param("<i> x", (4, 5), "&lt;i&gt; <mark>x</mark>", id="escaped"),
        pytest.param(
            "@ada-l, ask @bob", (8, 16), "@…, <mark>ask @…</mark>", id="mentions"
        ),
        pytest.param("to a@b.c now", (9, 12), "to a@b.c <mark>now</mark>", id="mail"),
        pytest.param(
            "see ```x``` here", (12, 16), "see x <mark>here</mark>", id="code"
        ),
        pytest.param(
            "so\n```python\nx()\n```\nfails",
            (21, 26),
            "so<br>x()<br><mark>fails</mark>",
            id="a block of code",
        ),
        pytest.param(
            "> so slow\nIt is not.\n\nFine",
            (10, 20),
            "&gt; so slow<br><mark>It is not.</mark><br>Fine",
            id="a quoted line",
        ),
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
        "Messages counted 30 of 32 in the lake",
        "People who wrote them 6",
        # 30 messages by 6 people in turn: 5 each.
        "The five most active people wrote 83%",
        "This report rests on no annotator of frustration, so it speaks of irritation",
        "That measures displeasure, hostility included. It is not a measure of "
        "frustration.",
        "− written by bots 1",
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


def frustrated(by):
    """Returns the lake with one message that `by` finds frustrated."""
    more = tables()
    spoken = more["utterances"][0]
    said = {"task": "frustration", "vocabulary": "frustration"}
    row = annotation(spoken, "frustration", **said) | {"annotator_id": by}
    more["annotations"].append(row)
    return more


def test_frustration_takes_the_place_of_irritation(tmp_path):
    text = text_of(page_of(tmp_path, frustrated(MODEL)))

    assert "What frustrates people" in text
    assert "blocked or delayed goal" in text
    assert "What irritates people" not in text


def test_frustration_of_another_annotator_hides_no_themes(tmp_path):
    more = frustrated("other@1")

    text = text_of(page_of(tmp_path, more))

    assert "What irritates people" in text
    assert "20 messages by 6 people" in text
    assert "What frustrates people" not in text


def test_frustration_of_another_annotator_counts_once_it_is_mined(tmp_path):
    more = frustrated("other@1")
    cause = {"label": "frustration", "emotion_annotator_id": "other@1"}
    more["causes"].append(more["causes"][0] | cause | {"cause_id": "mined"})

    text = text_of(page_of(tmp_path, more))

    assert "Frustration rests on the annotator other@1" in text


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


def test_an_unknown_annotator_is_an_error_with_the_names(tmp_path):
    with pytest.raises(UsageError, match=rf"no annotator 'x'.*'{MODEL}'"):
        page_of(tmp_path, tables(), annotator="x")


def test_the_notice_of_a_guard_is_on_the_page(page):
    assert text_of(page).count("Some messages were set aside unread.") == 1


def test_themes_of_two_families_with_the_same_id_are_told_apart(tmp_path):
    more = tables()
    one, members = theme("large", ["k0", "k1", "k2"])
    joy = {"clustering_id": "joy-0a1b"}
    more["themes"].append(one | joy)
    more["theme_members"] += [each | joy for each in members]

    found = collect(views.connect(FolderLake(tmp_path, more)), None).themes

    assert [each["count"] for each in found["irritation"].themes] == [20, 6]
    assert [each["count"] for each in found["joy"].themes] == [3]
    assert sum(each["n"] for each in found["joy"].periods["large"]) == 3
