"""What an annotator labelled of each language, and how the report opens with it."""

import pytest

from affectflow.lake import views
from affectflow.report import render
from tests.given.report_lakes import text_of
from tests.given.view_lakes import FolderLake, label, rows, utterance

NOTHING = {"chosen": False, "rank": None}


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    """24 English messages and 5 others; m1 was not asked about one of the English."""
    english = [f"e:{n}" for n in range(24)]
    spoken = [
        *[utterance(u, lang="en", speaker_id=f"s{u[-1]}") for u in english],
        utterance("d:1", lang="de"),
        utterance("d:2", lang="de"),
        utterance("u:1", lang=None),
        utterance("u:2", lang=""),
        utterance("b:1", lang="de", is_bot=True),
    ]
    told = [
        *[label(u, "joy") for u in english[:21]],
        label("e:21", None, status="no_author_text", **NOTHING),
        label("e:22", None, status="unparsed", **NOTHING),
        label("d:1", None, status="unsupported_language", **NOTHING),
        label("d:2", None, status="unsupported_language", **NOTHING),
        label("u:1", "joy"),
        label("b:1", "joy"),
        label("d:1", "joy", annotator_id="german@1"),
    ]
    lake = FolderLake(tmp_path_factory.mktemp("lake"))
    return views.connect(lake.write(utterances=spoken, annotations=told))


def test_a_row_says_what_became_of_the_messages_of_a_language(connection):
    found = rows(
        connection,
        "SELECT * EXCLUDE (n_conversations, n_speakers) FROM language_coverage "
        "WHERE annotator_id = 'm1' ORDER BY utterances DESC, lang",
    )

    assert [tuple(row.values()) for row in found] == [
        ("en", "m1", 24, 21, 0, 1, 1, 1),
        ("de", "m1", 2, 0, 2, 0, 0, 0),
        ("und", "m1", 2, 1, 0, 0, 0, 1),
    ]


def test_an_annotator_of_another_language_has_rows_of_its_own(connection):
    query = (
        "SELECT lang, answered, not_asked FROM language_coverage "
        "WHERE annotator_id = 'german@1' ORDER BY lang"
    )

    assert [tuple(row.values()) for row in rows(connection, query)] == [
        ("de", 1, 1),
        ("en", 0, 24),
        ("und", 0, 2),
    ]


def test_the_report_opens_with_it_and_names_no_small_language(connection):
    text = text_of(render(connection, lake="lake", title="Ours"))
    opening = text[text.index("The annotator answered 22 of 28 messages") :]

    assert "Not asked yet en 24 21 0 1 1 1 2 languages with fewer than 5 " in opening
    assert "people or 20 messages 4 1 2 0 0 1" in opening
    assert opening.index("Not asked yet") < opening.index("Emotions")
