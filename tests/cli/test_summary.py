"""What `analyze` says it found, and what it says to type next."""

import pytest

from affectflow.cli.summary import lines
from affectflow.lake import views
from tests.given.view_lakes import FolderLake, cause, theme, utterance

SAMPLE = "next:  affectflow sample lake --n 100 --out sheet.csv --html sheet.html"


@pytest.fixture
def said(tmp_path):
    def said_of(**tables):
        return lines(views.connect(FolderLake(tmp_path).write(**tables)), "lake")

    return said_of


@pytest.mark.parametrize("family", ["frustration", "irritation"])
def test_the_query_is_for_the_themes_that_are_shown(said, family):
    slow, members = theme("slow", ["k1"], family)

    told = said(
        utterances=[utterance("u1", speaker_id="p1")],
        causes=[cause("k1", "u1")],
        themes=[slow],
        theme_members=members,
    )

    assert told == [
        "lake: 1 message by 1 person in 1 conversation",
        f"top themes of {family}: SLOW (1)",
        'next:  affectflow sql lake "SELECT theme, count, trend '
        f'FROM {family}_causes ORDER BY position"',
        SAMPLE,
    ]


def test_authors_that_no_column_names_are_unknown_and_not_nobody(said):
    told = said(utterances=[utterance("u1", speaker_id=None)])

    assert told == ["lake: 1 message by unknown authors in 1 conversation", SAMPLE]


def test_a_source_that_does_not_say_what_is_public_is_named_with_what_to_type(said):
    told = said(utterances=[utterance("u1", visibility=None, source="csv")])

    assert told[1] == (
        "quotes: csv does not say of every message whether it is public, so the report "
        "quotes only those known to be; if all are: affectflow report lake "
        "--public csv --out report.html"
    )


def test_of_an_empty_lake_nothing_can_be_asked(said):
    assert said(utterances=[]) == ["lake: 0 messages by 0 people in 0 conversations"]
