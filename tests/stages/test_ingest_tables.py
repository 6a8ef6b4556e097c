"""What an ingest makes of messages: pseudonyms, cues, conversations, buckets."""

from pathlib import Path

import pyarrow as pa
import pytest

from affectflow.batches.batch import MAX_ROWS
from affectflow.lake import Lake
from affectflow.lake.speakers import pseudonym, read_key
from affectflow.schemas import ANNOTATIONS_COLUMN, CUES_COLUMN, UTTERANCES, fields
from affectflow.stages.ingest import conversations
from affectflow.stages.runs.reading import read_part
from tests.given.factories import DAY, utterances
from tests.given.stage_runs import ask, store

_READ = fields(UTTERANCES, *conversations._READ)
_TOLD = ("utterance_id", "conversation_id")


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


def test_accounts_become_keyed_pseudonyms(lake):
    store(lake, utterances("one"))

    key = read_key(Lake.open(lake).settings)
    expected = pseudonym("test", "account-0", key)
    assert ask(lake, "SELECT speaker_id FROM utterances") == [(expected,)]


def test_no_account_name_is_written_anywhere_in_the_lake(lake):
    dead = utterances("fine", "bad", text=["fine", None], speaker_id="zebrafinch77")
    store(lake, dead)

    files = [p for p in Path(lake).rglob("*") if p.is_file()]
    assert files
    assert not [p for p in files if b"zebrafinch77" in p.read_bytes()]


def test_cues_come_in_with_their_utterances_and_follow_them(lake):
    cue = {"modality": "text", "cue": "emoji", "phrase": "party popper"}
    batch = utterances("one 🎉", "two").append_column(
        CUES_COLUMN, pa.array([[cue], []], CUES_COLUMN.type)
    )
    store(lake, batch)

    changed = utterances("one 🎉", "two!", edited_at=[None, DAY])
    store(lake, changed)

    assert ask(lake, "SELECT utterance_id, phrase FROM cues") == [
        ("test:0", "party popper")
    ]


def test_conversations_count_their_utterances_and_speakers(lake):
    store(lake, utterances("one", "two", "three", "four", title="A title"))

    assert ask(
        lake, "SELECT title, n_utterances, n_speakers, opened_at FROM conversations"
    ) == [("A title", 4, 3, DAY)]


def test_how_many_spoke_is_unknown_if_no_author_is_known(lake):
    store(lake, utterances("one", "two", speaker_id=[None, None]))

    assert ask(lake, "SELECT n_utterances, n_speakers FROM conversations") == [
        (2, None)
    ]


def test_conversations_grow_with_a_later_ingest(lake):
    store(lake, utterances("one"))

    store(lake, utterances("one", "two"))

    assert ask(lake, "SELECT n_utterances FROM conversations") == [(2,)]


def test_a_batch_of_rows_at_most_is_grouped_into_conversations_at_once(monkeypatch):
    rows, grouped = 2 * MAX_ROWS + 10, []
    ids = [f"test:{number:06}" for number in range(rows)]
    turns = pa.table(
        [ids if field.name in _TOLD else pa.nulls(rows, field.type) for field in _READ],
        schema=_READ,
    )
    group = conversations._told
    monkeypatch.setattr(
        conversations, "_told", lambda t: grouped.append(len(t)) or group(t)
    )

    found = conversations.conversations(turns)

    assert sorted(found.column("conversation_id").to_pylist()) == ids
    assert sum(grouped) == rows
    assert max(grouped) <= MAX_ROWS


def test_turns_in_several_batches_make_one_conversation():
    turns = utterances("one", "two", "three", speaker_id=["b", "a", "b"])
    parts = [turns.slice(2, 1), turns.slice(0, 2)]

    found = conversations.conversations(
        pa.Table.from_batches(parts).select(_READ.names)
    )

    assert found.select(["n_utterances", "n_speakers"]).to_pylist() == [
        {"n_utterances": 3, "n_speakers": 2}
    ]


def test_labels_that_come_in_with_utterances_are_counted_in_rollups(lake):
    label = {
        "annotator_id": "by hand",
        "task": "emotion",
        "vocabulary": "goemotions",
        "label": "joy",
        "score": 1.0,
        "rank": 1,
        "chosen": True,
        "status": "ok",
    }
    batch = utterances("one", "two").append_column(
        ANNOTATIONS_COLUMN, pa.array([[label], [label]], ANNOTATIONS_COLUMN.type)
    )

    store(lake, batch)

    assert ask(lake, "SELECT label, n, chosen, day FROM emotion_daily") == [
        ("joy", 2, 2, DAY.date())
    ]


def test_texts_without_a_time_keep_the_order_of_their_file_over_batches(lake):
    texts = [f"text {number}" for number in range(30)]
    origins = [f"file.csv#{number}" for number in range(30)]
    batch = utterances(*texts, timestamp=None, origin=origins)

    store(lake, *(batch.slice(start, 5) for start in (20, 5, 0, 25, 10, 15)))

    part = Lake.open(lake).parts()[0]
    assert read_part(Lake.open(lake), part)["text"].to_pylist() == texts


@pytest.mark.rotated
def test_the_first_ingest_sizes_the_buckets(tmp_path, monkeypatch):
    from affectflow import stages
    from affectflow_connectors.jsonl import ReadJsonl

    path = tmp_path / "posts.jsonl"
    path.write_text('{"id": "1", "text": "one"}\n')
    source = ReadJsonl(paths=[str(path)], mapping={"utterance_id": "id"})
    monkeypatch.setattr(ReadJsonl, "input_bytes", lambda self: 1 << 30)

    stages.ingest_source(source, str(tmp_path / "lake"))
    monkeypatch.setattr(ReadJsonl, "input_bytes", lambda self: 10 << 30)
    stages.ingest_source(source, str(tmp_path / "lake"))

    assert Lake.open(str(tmp_path / "lake")).buckets == 32


def test_a_steps_own_column_is_kept_in_attrs_as_text(lake):
    batch = utterances("a", "b", attrs=[[("votes", "3")], [("mood", "old")]])
    own = {"mood": pa.array([0.5, None]), "loud": pa.array([True, False])}
    for name, column in own.items():
        batch = batch.append_column(name, column)

    store(lake, batch)

    kept = ask(lake, "SELECT attrs::VARCHAR FROM utterances ORDER BY text")
    assert kept == [
        ("{votes=3, mood=0.5, loud=true}",),
        ("{mood=old, loud=false}",),
    ]
