"""Private and direct messages, and the words of deleted ones, wait to be asked for."""

import json

import pytest

from affectflow.sources.withheld import without_deleted, without_private
from affectflow.testing import run
from affectflow_connectors.jsonl import ReadJsonl
from tests.given.command_line import affectflow

MESSAGES = [
    {"utterance_id": "1", "text": "for all", "visibility": "public"},
    {"utterance_id": "2", "text": "for some", "visibility": "private"},
    {"utterance_id": "3", "text": "for you", "visibility": "direct"},
    {"utterance_id": "4", "text": "for whom?", "title": "who", "speaker_id": "ann"},
    {"utterance_id": "5", "text": "gone", "title": "t", "deleted": True},
    {
        "utterance_id": "6",
        "text": "gone, too",
        "title": "t",
        "deleted": True,
        "conversation_id": "4",
    },
]


def read(tmp_path, messages=MESSAGES, **options) -> list[dict]:
    path = tmp_path / "said.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in messages))
    return run(ReadJsonl(paths=str(path), **options)).to_pylist()


def test_private_and_direct_messages_are_left_out_with_a_reason(tmp_path):
    rows = read(tmp_path)

    dead = [row for row in rows if row["errors"]]
    assert [row["errors"][0]["error_type"] for row in dead] == ["private_left_out"] * 2
    assert all(row["text"] is row["utterance_id"] is None for row in dead)
    assert "for you" not in str(dead)
    assert [row["text"] for row in rows if not row["errors"]][:2] == [
        "for all", "for whom?"
    ]  # fmt: skip


def test_private_messages_are_read_if_asked_for(tmp_path):
    rows = read(tmp_path, include_private=True)

    assert [row["visibility"] for row in rows[:4]] == [
        "public", "private", "direct", "unknown"
    ]  # fmt: skip
    assert not any(row["errors"] for row in rows)


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        pytest.param(False, [("", None), ("", "t")], id="dropped"),
        pytest.param(True, [("gone", "t"), ("gone, too", "t")], id="kept"),
    ],
)
def test_the_words_of_a_deleted_message_are_dropped_unless_kept(
    tmp_path, keep, expected
):
    rows = read(tmp_path, keep_deleted=keep)[-2:]

    assert [(row["text"], row["title"]) for row in rows] == expected
    assert all(row["deleted"] for row in rows)


def test_a_batch_with_nothing_to_withhold_stays_the_same_object(tmp_path):
    batch = run(ReadJsonl(paths=_one(tmp_path)))

    assert without_private(batch, "ReadJsonl") is batch
    assert without_deleted(batch) is batch
    assert without_deleted(batch.slice(0, 0)).num_rows == 0


def _one(tmp_path) -> str:
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps(MESSAGES[0]))
    return str(path)


@pytest.mark.rotated
def test_the_command_counts_what_it_leaves_out_and_says_how_to_read_it(tmp_path):
    path = tmp_path / "said.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in MESSAGES))
    lake = str(tmp_path / "lake")

    said = affectflow("ingest", str(path), "--to", lake)
    more = affectflow("ingest", str(path), "--to", lake, "--include-private")

    assert "2 private or direct messages left out" in said.err
    assert "--include-private" in said.err
    assert "4 in, 4 out" in said.err
    assert "left out" not in more.err
    assert "6 in, 2 out" in more.err
