"""What an ingest owes: each message once, nothing lost, retries change nothing."""

import threading
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from unittest import mock

import apache_beam as beam
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affectflow import testing
from affectflow.errors import StorageError, UsageError
from affectflow.lake import Lake
from affectflow.lake.speakers import pseudonym, read_key
from affectflow.schemas import ANNOTATIONS_COLUMN, CUES_COLUMN, ERRORS_COLUMN
from affectflow.stages.ingest import store as storing
from affectflow.stages.ingest.ingest import run_ingest
from affectflow.stages.runs.reading import read_part
from affectflow.stages.runs.request import new_request
from tests.given.factories import DAY, utterances
from tests.given.proving import in_proof
from tests.given.stage_runs import ask, counts, reconciles, store


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


def test_each_message_is_in_the_lake_once(lake):
    batch = utterances("one", "two", "three")

    row = store(lake, batch, batch.slice(1, 1))

    assert counts(row) == {"in": 4, "out": 3, "duplicate": 1}
    assert ask(lake, "SELECT text FROM utterances ORDER BY timestamp") == [
        ("one",),
        ("two",),
        ("three",),
    ]


def test_a_second_ingest_of_the_same_dump_changes_nothing(lake):
    batch = utterances("one", "two")
    store(lake, batch)
    before = Lake.open(lake).parts()

    row = store(lake, batch)

    assert counts(row) == {"in": 2, "unchanged": 2}
    assert Lake.open(lake).parts() == before


def test_a_changed_message_supersedes_its_older_version(lake):
    store(lake, utterances("one", "two"))
    changed = utterances("one", "two, edited", edited_at=[None, DAY])

    row = store(lake, changed)

    assert counts(row) == {"in": 2, "out": 1, "unchanged": 1}
    assert dict(row["counters"])["superseded"] == 1
    assert ask(lake, "SELECT text FROM utterances ORDER BY timestamp") == [
        ("one",),
        ("two, edited",),
    ]


@pytest.mark.parametrize("before", [DAY, None], ids=["edited before", "never edited"])
def test_an_older_version_does_not_come_back(lake, before):
    store(lake, utterances("new", edited_at=DAY + timedelta(days=1)))

    row = store(lake, utterances("old", edited_at=before))

    assert counts(row) == {"in": 1, "unchanged": 1}
    assert ask(lake, "SELECT text FROM utterances") == [("new",)]


def test_messages_in_the_place_of_those_of_another_file_are_counted(lake):
    edited = [None, None, DAY]
    store(lake, utterances("a", "b", "c", origin=["1.csv#1", "1.csv#2", "1.csv#3"]))

    row = store(
        lake,
        utterances(
            "A", "B", "C", origin=["2.csv#1", "1.csv#2", "2.csv#3"], edited_at=edited
        ),
    )

    assert dict(row["counters"])["superseded"] == 3
    assert dict(row["counters"])["superseded_by_another_file"] == 1


def test_of_two_versions_in_one_dump_the_later_edit_counts(lake):
    batch = utterances(
        "old", "new", utterance_id="test:a", edited_at=[DAY, DAY + timedelta(days=1)]
    )

    row = store(lake, batch)

    assert counts(row) == {"in": 2, "out": 1, "duplicate": 1}
    assert ask(lake, "SELECT text FROM utterances") == [("new",)]


def test_two_texts_under_one_id_make_the_second_a_dead_letter(lake):
    row = store(lake, utterances("first", "second", utterance_id="test:a"))

    assert counts(row) == {"in": 2, "out": 1, "dead": 1}
    assert ask(lake, "SELECT error_type, origin FROM dead_letters") == [
        ("duplicate_id", "file#000001")
    ]


@pytest.mark.parametrize(
    ("column", "error_type"),
    [("utterance_id", "no_id"), ("text", "no_text")],
)
def test_a_row_without_what_it_needs_is_a_dead_letter(lake, column, error_type):
    row = store(lake, utterances("one", "two", **{column: ["test:x", None]}))

    assert counts(row) == {"in": 2, "out": 1, "dead": 1}
    assert ask(lake, "SELECT error_type FROM dead_letters") == [(error_type,)]


@pytest.mark.parametrize("at", ["follow", "write_run"])
def test_letters_are_of_the_run_that_ends_not_of_one_that_was_killed(lake, at):
    batch = utterances("one", "two", text=["one", None])
    with (
        mock.patch.object(storing, at, side_effect=RuntimeError("killed")),
        pytest.raises(RuntimeError, match="killed"),
    ):
        store(lake, batch)

    row = store(lake, batch)

    assert ask(lake, "SELECT run_id FROM dead_letters") == [(row["run_id"],)]


def test_a_row_that_is_refused_again_keeps_one_letter(lake):
    grown = utterances("one", "two", "six", text=["one", None, None])
    store(lake, grown.slice(0, 2))

    row = store(lake, grown.slice(0, 1), grown.slice(1))

    assert counts(row) == {"in": 3, "dead": 2, "unchanged": 1}
    found = ask(lake, "SELECT origin, run_id FROM dead_letters ORDER BY 1")
    assert found == [(f"file#00000{n}", row["run_id"]) for n in (1, 2)]


def test_letters_of_rows_without_an_origin_are_all_kept(lake):
    store(lake, utterances("one", text=None, origin=None, utterance_id=None))
    store(lake, utterances("two", text=None, origin=None, utterance_id=None))

    assert ask(lake, "SELECT count(*) FROM dead_letters") == [(2,)]


def test_what_a_source_knows_to_be_no_message_is_counted_and_not_refused(lake):
    error = {"step": "ReadX", "error_type": "not_an_utterance", "message": "a star"}
    batch = utterances("one", "two")
    column = pa.array([None, [error]], ERRORS_COLUMN.type)
    index = batch.schema.get_field_index("errors")

    row = store(lake, batch.set_column(index, ERRORS_COLUMN, column))

    assert counts(row) == {"in": 1, "out": 1}
    assert dict(row["counters"])["not_an_utterance"] == 1
    assert ask(lake, "SELECT count(*) FROM dead_letters") == [(0,)]


def test_no_rows_at_all_are_a_run_with_zeros(lake):
    row = store(lake, utterances())

    assert counts(row) == {}
    assert row["state"] == "done"


def test_more_dead_letters_than_the_budget_are_a_state_of_the_run(lake):
    batch = utterances("one", "two", text=["one", None])

    assert store(lake, batch, budget=0.4)["state"] == "over_budget"
    assert store(lake, batch, budget=0.6)["state"] == "done"


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


def test_staging_is_empty_afterwards(lake):
    store(lake, utterances("one"))

    assert Lake.open(lake).storage.names("_staging") == []


def test_what_a_failed_run_staged_is_removed(lake):
    request = new_request(Lake.create(lake), "ingest", {})

    def build(pipeline: beam.Pipeline) -> None:
        batches = [utterances("one")]
        created = pipeline | beam.Create(batches, reshuffle=False).with_output_types(
            pa.RecordBatch
        )
        _ = created | storing.StoreUtterances(request)

    with (
        mock.patch.object(storing, "write_bucket", side_effect=StorageError("full")),
        pytest.raises(StorageError, match="full"),
    ):
        run_ingest(Lake.open(lake), request, build, testing.LOCAL)

    assert Lake.open(lake).storage.names("_staging") == []


def test_two_inputs_under_one_run_id_are_both_in_the_lake(lake):
    """As a scheduler gives it, or an executable jar that is submitted twice."""
    store(lake, utterances("one", utterance_id="test:1"), run_id="nightly")

    row = store(lake, utterances("two", utterance_id="test:2"), run_id="nightly")

    assert counts(row) == {"in": 1, "out": 1}
    assert ask(lake, "SELECT text FROM utterances ORDER BY 1") == [("one",), ("two",)]
    assert ask(lake, "SELECT sum(rows_out) FROM runs") == [(2,)]


def test_a_commit_cut_short_between_two_tables_is_made_up_for(lake):
    cue = {"modality": "text", "cue": "emoji", "phrase": "party popper"}
    batch = utterances("one 🎉").append_column(
        CUES_COLUMN, pa.array([[cue]], CUES_COLUMN.type)
    )
    with (
        mock.patch.object(storing, "follow", side_effect=RuntimeError("killed")),
        pytest.raises(RuntimeError, match="killed"),
    ):
        store(lake, batch)

    row = store(lake, batch)

    assert counts(row) == {"in": 1, "unchanged": 1}
    assert ask(lake, "SELECT phrase FROM cues") == [("party popper",)]
    assert ask(lake, "SELECT n_utterances FROM conversations") == [(1,)]


def test_two_ingests_at_once_leave_each_message_once(lake):
    Lake.create(lake)
    texts = [f"text {n}" for n in range(200)]
    ids = [f"test:{n}" for n in range(200)]
    conversations = [f"test:thread {n // 4}" for n in range(200)]
    batch = utterances(*texts, utterance_id=ids, conversation_id=conversations)
    halves = [batch.slice(0, 150), batch.slice(50)]
    threads = [threading.Thread(target=store, args=(lake, half)) for half in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)

    assert ask(
        lake, "SELECT count(*), count(DISTINCT utterance_id) FROM utterances"
    ) == [(200, 200)]
    runs = ask(
        lake, "SELECT sum(rows_in), sum(rows_out), sum(rows_unchanged) FROM runs"
    )
    assert runs == [(300, 200, 100)]


@settings(
    max_examples=in_proof(60, 5),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c", None]),
            st.sampled_from(["x", "y", None]),
            st.sampled_from([None, 1, 2]),
        ),
        max_size=12,
    ),
    cuts=st.lists(st.integers(0, 12), max_size=3),
)
def test_counts_reconcile_whatever_comes_in(tmp_path_factory, rows, cuts):
    lake = str(tmp_path_factory.mktemp("lake") / "lake")
    batch = utterances(
        *["" for _ in rows],
        utterance_id=[f"test:{i}" if i else None for i, _, _ in rows],
        text=[text for _, text, _ in rows],
        edited_at=[DAY + timedelta(days=d) if d else None for _, _, d in rows],
    )
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    pieces = [batch.slice(a, b - a) for a, b in pairwise(edges) if b > a] or [batch]

    row = store(lake, *pieces)

    ids = {i for i, text, _ in rows if i and text is not None}
    assert reconciles(row)
    assert row["rows_in"] == len(rows)
    assert row["rows_out"] == len(ids)
    assert ask(lake, "SELECT count(*) FROM dead_letters") == [(row["rows_dead"],)]


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


def test_the_first_ingest_sizes_the_buckets(tmp_path, monkeypatch):
    from affectflow import stages
    from affectflow_connectors.jsonl import ReadJsonl

    path = tmp_path / "posts.jsonl"
    path.write_text('{"id": "1", "text": "one"}\n')
    source = ReadJsonl(paths=[str(path)], mapping={"utterance_id": "id"})
    monkeypatch.setattr(ReadJsonl, "input_bytes", lambda self: 8 << 30)

    stages.ingest_source(source, str(tmp_path / "lake"))
    monkeypatch.setattr(ReadJsonl, "input_bytes", lambda self: 80 << 30)
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


def test_a_column_that_fits_no_attribute_is_refused_by_its_name(lake):
    batch = utterances("a").append_column("parts", pa.array([["a", "b"]]))

    with pytest.raises(UsageError, match="no column for `parts`"):
        store(lake, batch)
