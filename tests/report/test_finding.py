"""What the page opens with, before gold and after it."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from affectflow.lake import views
from affectflow.report import queries
from affectflow.report.asked import Asked
from affectflow.report.counts import counts_of
from affectflow.report.course import course
from affectflow.report.export import as_csv, as_markdown
from affectflow.report.finding import said
from affectflow.report.gaps import published
from affectflow.report.queries import Facts
from tests.given.finding_lakes import two_weeks, validated
from tests.given.report_lakes import (
    EVIL,
    MODEL,
    FolderLake,
    annotation,
    page_of,
    tables,
    text_of,
)


def facts_of(folder, given, **asked):
    connection = views.connect(FolderLake(folder, given))
    facts = queries.collect(connection, None, Asked(**asked))
    facts.lake, facts.title = "lake", "A title"
    return facts


def opening(page):
    return text_of(page.split('id="finding"')[1].split("</section>")[0])


@pytest.fixture(scope="module")
def guessed(tmp_path_factory):
    return page_of(tmp_path_factory.mktemp("lake"), two_weeks(by_newcomers=False))


@pytest.mark.parametrize(
    "statement",
    [
        # 20 of one week and 80 of the next.
        "Flagged by the model, unvalidated here: 100 messages of 400 as expressing "
        "frustration.",
        "Is it getting worse? Messages flagged: 20 of 200 in the week of 1 January "
        "2024, 80 of 200 in the week of 8 January 2024. Per message, more are flagged "
        "than before, beyond chance. That is what the model flags, unvalidated here.",
        "How accurate it is was not published with its weights.",
        "To get shares, label 100 messages: affectflow sample &#x27;my lake&#x27; "
        "--n 100 --task frustration",
    ],
)
def test_without_gold_the_page_opens_with_what_is_flagged(guessed, statement):
    text = opening(guessed).replace("  ", " ").replace(" :", ":").replace(" .", ".")

    assert statement in text


def course_of(weeks, **asked):
    """What is said of weeks, each with so many messages, flagged ones and people."""
    rows = [
        {
            **dict.fromkeys(("low", "container", "role")),
            **{"parts": 3, "period": START + timedelta(days=7 * n)},
            **{"messages": all_, "flagged": flagged, "people": people},
            "conversations": all_ // 2,
        }
        for n, (flagged, all_, people) in enumerate(weeks)
    ]
    last = START + timedelta(days=7 * len(weeks) - 1)
    facts = Facts(annotator=None, asked=Asked(**asked), period="week")
    facts.counts, facts.answers = counts_of(rows), {"counts": [{"last_at": last}]}
    return text_of(course(facts))


START = datetime(2024, 1, 1, tzinfo=UTC)
NEAR = "the week of 1 January 2024"
FAR = "the week of 8 January 2024"


@pytest.mark.parametrize(
    ("weeks", "said"),
    [
        pytest.param([], "That cannot be said: these messages have no times.", id="no"),
        pytest.param([(3, 50, 9)], "all messages are of one week.", id="one"),
        pytest.param(
            [(3, 50, 9), (3, 50, 4)],
            "fewer than two weeks have enough messages to be shown.",
            id="too few people",
        ),
        pytest.param(
            [(19, 19, 9), (50, 50, 9)],
            "fewer than two weeks have enough messages to be shown.",
            id="a small week",
        ),
        pytest.param(
            [(0, 20, 9), (4, 50, 9)],
            f"Too few messages to tell: 0 of 20 in {NEAR}, 4 of 50 in {FAR} are "
            "flagged. A comparison needs 20 messages on each side and 5 flagged on "
            "one.",
            id="too few flagged",
        ),
        # 4 of 25 conversations and 5 of 25: nobody can tell.
        pytest.param(
            [(8, 50, 9), (10, 50, 9)],
            f"10 of 50 in {FAR}. The difference may be chance.",
            id="chance",
        ),
        pytest.param(
            [(80, 100, 9), (10, 100, 9)],
            f"10 of 100 in {FAR}. Per message, fewer are flagged",
            id="fewer",
        ),
        pytest.param(
            [(5, 100, 9), (10, 100, 9), (40, 100, 9), (45, 100, 9)],
            "Messages flagged: 15 of 200 in the first 2 weeks shown, 85 of 200 in the "
            "last 2 weeks shown. Per message, more are flagged",
            id="halves",
        ),
    ],
)
def test_whether_it_gets_worse_is_said_in_counts(weeks, said):
    text = course_of(weeks)

    assert said in text
    assert "%" not in text


def test_for_the_owner_a_week_with_few_messages_is_not_compared():
    assert "Too few messages to tell: 6 of 6 in " in course_of(
        [(6, 6, 3), (0, 50, 9)], reader="owner"
    )


def test_at_work_a_week_with_few_people_is_not_compared():
    assert "fewer than two weeks" in course_of(
        [(8, 50, 9), (10, 50, 9)], context="workplace"
    )


def test_without_gold_there_is_no_share_anywhere(tmp_path, guessed):
    facts = facts_of(tmp_path, two_weeks(by_newcomers=False))

    # How much the five most active wrote is no share of a label.
    assert re.findall(r"\d+%", text_of(guessed).replace("25%", "")) == []
    assert "%" not in as_markdown(facts).replace("95 %", "")
    lines = csv.DictReader(io.StringIO(as_csv(facts)))
    assert {(row["share"], row["low"], row["high"]) for row in lines} == {("", "", "")}


def test_a_change_is_one_if_it_holds_among_those_who_were_there_in_both(tmp_path):
    text = opening(page_of(tmp_path, validated(two_weeks(by_newcomers=False))))

    assert "About 25% (20% to 30%) of the messages express frustration" in text
    assert re.search(r"In the week of 8 January 2024 it was 40% \(\d+% to \d+%\)", text)
    assert "in the week of 1 January 2024 10% (" in text
    assert "a change of +30 points" in text


def test_what_newcomers_bring_is_not_called_a_change(tmp_path):
    text = opening(page_of(tmp_path, validated(two_weeks(by_newcomers=True))))

    assert "+30 points" in text
    # Of the 140 messages of those who stayed 20 are frustrated in either week.
    assert re.search(
        r"not called a change: among the people who wrote in both it is 0 ", text
    )


def test_shares_by_container_and_role_stand_beside_their_counts(tmp_path):
    facts = facts_of(tmp_path, validated(two_weeks(by_newcomers=False)))

    # Every fourth message is of the other repository: i = 0, 4, 8, 12, 16, ...
    of_other = [i for i in range(200) if i % 4 == 0]
    frustrated = sum(i % 10 == 0 for i in of_other) + sum(
        i % 10 in (0, 2) for i in of_other
    )
    share = facts.shares.containers["other/repo"].value
    assert share == pytest.approx(frustrated / 100)
    assert set(facts.shares.roles) == {"member", "contributor"}


@pytest.mark.parametrize(("flagged", "named"), [(4, False), (5, True)])
def test_a_container_is_not_named_for_a_few_flagged_messages(tmp_path, flagged, named):
    facts = facts_of(tmp_path, two_weeks(by_newcomers=False))
    containers = facts.counts.containers
    for name, counted in containers.items():
        containers[name] = counted._replace(flagged=flagged)

    assert ("for its size, in" in said(facts)[0]) is named


def test_a_container_that_people_answered_too_little_of_is_not_ruled_out(tmp_path):
    facts = facts_of(tmp_path, validated(two_weeks(by_newcomers=False)))
    assert "Most often in " in said(facts)[0]

    containers = facts.counts.containers
    containers["third/repo"] = containers["other/repo"]

    first = said(facts)[0]
    assert "Most often, of the containers with enough answers by people, in " in first


def test_frustration_of_the_annotator_that_the_report_rests_on_comes_first(tmp_path):
    given = two_weeks(by_newcomers=False)
    other = {
        "annotator_id": "other@1",
        "task": "frustration",
        "vocabulary": "frustration",
    }
    given["annotations"] += [
        annotation(spoken, "frustration", **other) for spoken in given["utterances"]
    ]

    facts = facts_of(tmp_path, given)

    assert facts.flagger.annotator_id == MODEL
    assert facts.counts.total.flagged == 100


def test_counts_equal_those_of_the_lake(tmp_path):
    facts = facts_of(tmp_path, two_weeks(by_newcomers=False), reader="owner")
    connection = views.connect(FolderLake(tmp_path, {}))
    ask = (
        "SELECT container, count(*) FROM frustration WHERE annotator_id = ? GROUP BY 1"
    )
    found = dict(connection.execute(ask, [MODEL]).fetchall())

    assert {k: n.flagged for k, n in facts.counts.containers.items()} == found


def test_a_lake_with_causes_and_no_theme_shows_the_causes(tmp_path):
    few = tables() | {"themes": [], "theme_members": []}

    page = page_of(tmp_path, few)

    assert "The causes themselves" in page
    assert "<mark>the build is broken again</mark>" in page
    assert EVIL not in page


@pytest.mark.parametrize("lost", ["timestamp", "speaker_id", "container", "text"])
@pytest.mark.parametrize("reader", ["anyone", "owner"])
def test_a_lake_without_a_column_has_a_report(tmp_path, lost, reader):
    given = tables()
    for row in [*given["utterances"], *given["annotations"]]:
        row[lost] = None
    for row in given["annotations"]:
        row.pop("text", None)

    page = page_of(tmp_path, given, asked=Asked(reader=reader))

    assert "Flagged by the model" in page


@pytest.mark.parametrize(
    ("model", "package", "beside"),
    [
        ("EmbeddedEmotions", "emotions", "frustration"),
        ("EmbeddedEncoder", "encoder", "encoder"),
    ],
)
def test_the_published_figures_are_those_of_the_model_card(model, package, beside):
    from affectflow import weights

    models = "affectflow_transforms.models"
    card = (weights.folder(f"{models}.{beside}") / "MODEL_CARD.md").read_text("utf-8")
    own = weights.folder(f"{models}.{package}") / "published.json"
    revision = re.search(r'"revision": "(\w+)"', own.read_text("utf-8"))[1]
    told = published({"model": model, "revision": revision}, "frustration")

    assert (
        f"precision of {told['precision']:.2f} at a recall of {told['recall']:.2f}"
        in card
    )
    assert published({"model": model, "revision": "x"}, "frustration") is None
