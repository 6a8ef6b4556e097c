"""ReadSlack: every shape gives the same messages, and is recognised."""

import pytest

from affectflow.kinds.source import recognised
from affectflow.sources.streams import plain_head
from affectflow_connectors.slack.export import ReadSlack
from affectflow_connectors.slack.shapes import timestamp
from tests.given.reading import (
    living,
    rows_of,
    why_dead,
    write_folder,
)
from tests.given.slack_exports import DAY_ONE, DAY_TWO, EXPORT, IDS, LONE, page, shapes


def test_every_shape_gives_the_same_ids_threads_and_texts(tmp_path):
    found = {
        shape: sorted(
            (r["utterance_id"], r["conversation_id"], r["reply_to"], r["text"])
            for r in living(rows_of(ReadSlack, path, include_private=False))
        )
        for shape, path in shapes(tmp_path).items()
    }

    assert [row[0] for row in found["zip"]] == IDS
    assert [row[1] for row in found["zip"]] == [IDS[0], IDS[0], IDS[2]]
    assert [row[2] for row in found["zip"]] == [None, IDS[0], None]
    assert {str(rows) for rows in found.values()} == {str(found["zip"])}


def test_pages_in_a_folder_of_the_channel_find_the_lists_beside_it(tmp_path):
    files = {"channels.json": EXPORT["channels.json"], "general.json": DAY_ONE}
    beside = rows_of(ReadSlack, write_folder(tmp_path / "x", files) / "general.json")

    assert [row["utterance_id"] for row in beside] == IDS[:2]
    assert {row["container"] for row in beside} == {"general"}
    assert {row["visibility"] for row in beside} == {"public"}


def test_a_page_of_an_unknown_channel_has_ids_of_its_times_alone(tmp_path):
    (row,) = rows_of(ReadSlack, page(tmp_path, DAY_TWO[0], name="history_2015.json"))

    assert (row["utterance_id"], row["container"]) == (f"slack:{LONE}", None)


@pytest.mark.parametrize("shape", ["zip", "page", "events", "lines"])
def test_the_source_is_recognised(tmp_path, shape):
    path = shapes(tmp_path)[shape]
    path = next(path.glob("*")) if path.is_dir() else path

    source, sure = recognised(str(path), plain_head(str(path)))

    assert source is ReadSlack
    assert sure >= 0.6


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1577872800.000100", "1577872800.000100"),
        (1577872800.5, "1577872800.500000"),
        (1577872800, "1577872800.000000"),
        ("", ""),
        (None, ""),
        ("1e9", ""),
    ],
)
def test_a_timestamp_is_written_as_slack_does(value, expected):
    assert timestamp(value) == expected


def test_a_real_export_and_a_real_page_are_read_whole(shared_data):
    folder = shared_data / "raw_slack"

    rows = rows_of(ReadSlack, folder / "workspace_export.zip")
    page = rows_of(ReadSlack, folder / "web_api_slack_history_20150323.json")

    assert (len(rows), len(page)) == (158, 5)
    assert not why_dead(rows + page)
    assert {row["container"] for row in rows} == {"enrique", "traveling-sailor"}
    assert not [row for row in rows if "<@" in row["text"] or "&gt;" in row["text"]]


def test_a_day_of_an_old_export_is_recognised():
    """It has no mark of Slack but how members and times are written."""
    day = (
        b'[{"type":"message","user":"U01AAAAAA","text":"hi","ts":"1400000010.000100"}]'
    )

    assert ReadSlack.recognises("general/2014-05-13.json", day) >= 0.95
