"""What the page says where authors, times, public marks or answers are missing."""

import re

import pytest

from tests.given.finding_lakes import two_weeks
from tests.given.report_lakes import MODEL, page_of, tables, text_of


def part_of(page, anchor):
    return text_of(page.split(f'<section id="{anchor}"')[1].split("</section>")[0])


def test_filters_count_conversations_where_no_author_is_known(tmp_path):
    unnamed = two_weeks(by_newcomers=False)
    for row in [*unnamed["utterances"], *unnamed["annotations"]]:
        row["speaker_id"] = None

    page = page_of(tmp_path, unnamed)

    # Two hundred conversations of two messages, counted in groups.
    said = part_of(page, "filters")
    assert "in groups of at least 5 conversations and 20 messages" in said
    assert re.search(r"100 of 400 messages, from at least \d+ conversations\.", said)
    assert "people wrote" not in said
    assert '"counted":"conversations"' in page


def test_filters_say_how_messages_become_public(tmp_path):
    unmarked = two_weeks(by_newcomers=False)
    for row in unmarked["utterances"]:
        row["visibility"] = None

    said = part_of(page_of(tmp_path, unmarked), "filters")

    assert "marked as public are fewer than 20" in said
    assert "affectflow report 'my lake' --public s" in said.replace("&#x27;", "'")


def test_sections_are_named_in_the_order_of_the_page(tmp_path):
    page = page_of(tmp_path, two_weeks(by_newcomers=False))

    named = re.findall(r'<li><a href="#([^"]*)">', page.split("</nav>")[0])
    there = re.findall(r'<section id="([^"]*)"', page)
    assert named == [anchor for anchor in there if anchor in named]
    assert named.index("displeasure") < named.index("filters")


def test_a_lake_without_times_says_so_in_its_scope(tmp_path):
    timeless = tables()
    for row in [*timeless["utterances"], *timeless["annotations"]]:
        row["timestamp"] = None

    assert "Messages from s, in 2 containers, without times." in text_of(
        page_of(tmp_path, timeless)
    )


@pytest.mark.parametrize(
    ("answers", "statement"),
    [
        (0, "whose labels have not been compared with people's here."),
        (60, "which people's answers to 60 messages here do not validate"),
    ],
)
def test_answers_that_do_not_validate_are_not_passed_over(tmp_path, answers, statement):
    lake = two_weeks(by_newcomers=False)
    told = {"kind": "precision", "unit_type": "annotator", "unit_id": MODEL}
    told |= {"label": "frustration", "n": answers, "value": 0.6}
    lake["measures"] = [told] if answers else []

    text = text_of(page_of(tmp_path, lake)).replace("&#x27;", "'")

    assert statement in text
    assert ("People's answers to 60 messages are not a random" in text) == (answers > 0)


@pytest.mark.parametrize(
    ("youden", "statement"),
    [
        # The end must come nearer by 0.25 / 0.2: 60 * 1.25 ** 2 = 93.75 labels.
        (
            (0.2, -0.05, 0.4),
            "label about 40 more: affectflow sample 'my lake' --n 100 ",
        ),
        ((-0.3, -0.5, -0.1), "agree with it no better than by chance: no shares."),
        # Nothing to reckon with, as where people gave one answer only: so 400.
        ((-0.1, -0.3, 0.2), "label about 340 more: "),
        (
            (None, None, None),
            "label about 340 more: affectflow sample 'my lake' --n 400 ",
        ),
    ],
)
def test_the_page_says_how_many_more_labels_would_do(tmp_path, youden, statement):
    lake = two_weeks(by_newcomers=False)
    told = {"unit_type": "annotator", "unit_id": MODEL, "label": "frustration"}
    value, low, high = youden
    lake["measures"] = [
        told | {"kind": "precision", "value": 0.6, "n": 60},
        told | {"kind": "prevalence", "value": 0.2, "n": 60},
        told | {"kind": "youden", "value": value, "low": low, "high": high, "n": 60},
    ]

    text = text_of(page_of(tmp_path, lake)).replace("&#x27;", "'")

    assert statement in text


def test_flagged_messages_without_a_theme_are_said_in_words(tmp_path):
    page = page_of(tmp_path, two_weeks(by_newcomers=False))

    assert "100 messages flagged, none of them in a theme." in text_of(page)
