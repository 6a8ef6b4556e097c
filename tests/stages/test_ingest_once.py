"""An ingest that is cut short, repeated or not alone leaves each message once."""

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
from affectflow.errors import StorageError
from affectflow.lake import Lake
from affectflow.schemas import CUES_COLUMN
from affectflow.stages.ingest import store as storing
from affectflow.stages.ingest.ingest import run_ingest
from affectflow.stages.runs.request import new_request
from tests.given.factories import DAY, utterances
from tests.given.proving import in_proof
from tests.given.stage_runs import ask, counts, reconciles, store


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


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


@pytest.mark.rotated
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
