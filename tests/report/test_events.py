"""Events: the file that names them, and what stands before and after each."""

from datetime import UTC, datetime

import pytest

from affectflow.errors import UsageError
from affectflow.report.asked import Asked, Event, read_events
from affectflow.report.events import effect_said
from tests.given.finding_lakes import two_weeks, validated
from tests.given.report_lakes import page_of
from tests.report.test_finding import facts_of

FEBRUARY = datetime(2024, 2, 1, tzinfo=UTC)
MIDDLE = datetime(2024, 1, 8, tzinfo=UTC)


def written(folder, text):
    (folder / "events.csv").write_text(text, "utf-8")
    return folder / "events.csv"


def test_events_are_read_in_order_of_time(tmp_path):
    file = written(
        tmp_path, "date,what,where\n2024-03-01,late,\n2024-02-01,new queue,a/b\n"
    )

    assert read_events(file) == (
        Event(FEBRUARY, "new queue", "a/b"),
        Event(datetime(2024, 3, 1, tzinfo=UTC), "late", ""),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("when,what\n", "no column 'date'"),
        ("date,what\nyesterday,x\n", "line 2: 'yesterday' is not a date"),
        ("", "no column 'date'"),
        ("date,what\n2024-02-01\n", "line 2: the column what is empty"),
    ],
)
def test_a_file_that_is_not_one_of_events_is_an_error_with_the_cure(
    tmp_path, text, said
):
    with pytest.raises(UsageError, match=said):
        read_events(written(tmp_path, text))


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_events(tmp_path / "none.csv")


def test_an_event_in_a_container_that_is_not_there_says_so(tmp_path):
    event = Event(MIDDLE, "a new queue", "no/repo")

    assert said_of(tmp_path, two_weeks(by_newcomers=False), event) == [
        "No message counted here is from this container."
    ]


def said_of(folder, given, *events):
    facts = facts_of(folder, given, events=events)
    return [" ".join(effect_said(effect, facts)) for effect in facts.effects]


def test_before_and_after_stand_beside_the_containers_that_an_event_did_not_concern(
    tmp_path,
):
    event = Event(MIDDLE, "a new queue", "other/repo")

    (said,) = said_of(tmp_path, two_weeks(by_newcomers=False), event)

    # Of 50 messages a week: those of i % 20 == 0; then also of i % 20 == 12.
    assert "Here 10 of 50 messages flagged before, 20 of 50 after." in said
    assert "Elsewhere 10 of 150 messages flagged before, 60 of 150 after." in said
    # (20 / 10) / (60 / 10)
    assert (
        "Flagged 0.33 times as often after as before, relative to elsewhere (" in said
    )
    assert "%" not in said


def test_after_gold_they_are_differences_of_corrected_shares(tmp_path):
    event = Event(MIDDLE, "a new queue", "other/repo")

    (said,) = said_of(tmp_path, validated(two_weeks(by_newcomers=False)), event)

    assert "Corrected share here: +20 points" in said
    assert "Elsewhere: +33 points" in said
    assert "Difference of the two: −13 points" in said


def test_an_event_everywhere_has_nothing_to_be_compared_with(tmp_path):
    (said,) = said_of(tmp_path, two_weeks(by_newcomers=False), Event(MIDDLE, "x", ""))

    assert "There is no unaffected container to compare with." in said
    assert "Flagged 4.00 times as often after as before (" in said


def test_an_event_with_too_few_messages_shows_no_number(tmp_path):
    early = Event(datetime(2024, 1, 2, tzinfo=UTC), "x", "other/repo")

    assert said_of(tmp_path, two_weeks(by_newcomers=False), early) == [
        "A side has fewer than 5 people or 20 messages, so nothing is shown."
    ]


def test_events_are_marked_on_the_page_and_called_associations(tmp_path):
    evil = Event(MIDDLE, "<script>alert(1)</script>", "")

    page = page_of(tmp_path, two_weeks(by_newcomers=False), asked=Asked(events=(evil,)))

    assert 'class="mark"' in page
    assert "It is an association" in page
    assert "<script>alert" not in page
