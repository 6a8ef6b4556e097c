"""A report without times, people, labels or messages: what it says instead."""

from datetime import timedelta

import pytest

from affectflow.report.asked import Asked
from tests.given.report_lakes import (
    START,
    annotation,
    page_of,
    tables,
    text_of,
    utterance,
)

SMALL = [each for each in tables()["theme_members"] if each["theme_id"] == "small"]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return page_of(tmp_path_factory.mktemp("lake"), tables())


def test_without_times_the_report_says_so_and_counts_by_label(tmp_path):
    timeless = tables()
    for row in [*timeless["utterances"], *timeless["annotations"]]:
        row["timestamp"] = None

    page = page_of(tmp_path, timeless)

    assert "have no usable times" in page
    assert "Emotions, by label" in page
    assert "trend unknown" in page


def test_frustration_is_among_the_labels_however_rare_it_is(tmp_path):
    timeless = tables()
    spoken = timeless["utterances"][:20]
    labels = [f"label-{number:02d}" for number in range(16)]
    timeless["annotations"] = [
        *(annotation(each, label) for label in labels for each in spoken[:2]),
        annotation(
            spoken[0], "frustration", task="frustration", vocabulary="frustration"
        ),
    ]
    for row in [*timeless["utterances"], *timeless["annotations"]]:
        row["timestamp"] = None

    text = text_of(page_of(tmp_path, timeless))

    drawn = text.split("Emotions, by label")[1].split("SQL behind")[0]
    assert drawn.count("label-") == 14
    assert "frustration" in drawn
    assert "and 2 rarer labels" in drawn


def test_messages_without_authors_give_no_number_of_people(tmp_path):
    nameless = tables()
    for row in [*nameless["utterances"], *nameless["annotations"]]:
        row["speaker_id"] = None

    text = text_of(page_of(tmp_path, nameless))

    assert "People who wrote them authors not given" in text
    assert "top five" not in text.lower()


def test_periods_with_too_few_people_are_gaps(page):
    none = "No month is shown: each has fewer than 5 people"
    over_time, emotions = text_of(page).split("Emotions by month")

    assert none in over_time
    assert none in emotions


def test_a_lake_that_was_mined_in_vain_is_not_told_to_mine(tmp_path):
    causeless = tables()
    for name in ("causes", "themes", "theme_members"):
        causeless[name] = []
    causeless["runs"] = [{"run_id": "r1", "stage": "mine", "state": "done"}]

    text = text_of(page_of(tmp_path, causeless))

    assert "affectflow mine found no cause of gratitude or happiness" in text
    assert "finds causes" not in text


def test_months_with_enough_people_are_drawn(tmp_path):
    dense = tables()
    for row in [*dense["utterances"], *dense["annotations"]]:
        number = int(row["utterance_id"][2:])
        row["timestamp"] = START + timedelta(days=250 if number > 28 else number % 20)

    page = page_of(tmp_path, dense)

    assert "anger over time" in page
    assert "1 month with fewer than 5 people or 20 messages is not shown." in page


def test_a_lake_without_labels_has_a_report_that_says_so(tmp_path):
    text = text_of(page_of(tmp_path, {"utterances": [utterance(1)]}))

    assert "1 message, none of them labelled yet." in text
    assert "Nothing is labelled. Run affectflow annotate" in text
    assert "unknown" not in text


def test_a_lake_without_messages_says_so_and_what_to_type(tmp_path):
    text = text_of(page_of(tmp_path, {}))

    assert "This lake has no messages" in text
    assert "affectflow analyze FILE --to" in text
    assert "unknown" not in text


def test_a_thread_without_a_title_is_shown_by_its_first_words(tmp_path):
    given = tables()
    for row in [*given["utterances"], *given["annotations"]]:
        row["timestamp"] = None
    given["utterances"][0]["text"] = "> quoted\nthe build is slow"

    text = text_of(page_of(tmp_path, given, asked=Asked(reader="owner")))

    assert "Threads to look at" in text
    assert "this week" not in text
    assert "the build is slow" in text
    assert "4 of 4 messages flagged as irritation" in text


def test_a_list_without_trends_does_not_explain_them(tmp_path):
    text = text_of(page_of(tmp_path, tables(), asked=Asked(reader="owner")))
    small = text_of(page_of(tmp_path, tables() | {"theme_members": SMALL}))

    assert "Trend: messages in the later half" in text
    assert "Trend:" not in small
