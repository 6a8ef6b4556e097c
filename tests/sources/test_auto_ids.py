"""Ids of rows that have none: by content alone, in any piece, order and shape."""

import itertools
import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.kinds.source import Split
from affectflow.lake.speakers import KEY_BYTES
from affectflow.sources.auto_ids import are_auto, keyed, numbered
from affectflow.stages.ingest.seal import seal
from affectflow_connectors.csv import ReadCsv
from affectflow_connectors.jsonl import ReadJsonl
from tests.given.proving import in_proof

MAP = {"utterance_id": "auto", "speaker_id": "who", "timestamp": "at", "text": "body"}
ROWS = [
    {"who": "ann", "at": "2024-05-01 10:00:00", "body": "hello"},
    {"who": "bob", "at": "2024-05-01 10:00:00", "body": "hello"},
    {"who": "ann", "at": "2024-05-01 10:00:01", "body": "hello"},
    {"who": "ann", "at": None, "body": "+1"},
    {"who": None, "at": None, "body": "+1"},
]


def _jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return ReadJsonl(paths=str(path), mapping=MAP, source_name="x")


def _batches(source, splits=None):
    for split in splits or source.splits(source.paths):
        yield from source.read(split)


def _ids(source, splits=None):
    batches = _batches(source, splits)
    return [i for batch in batches for i in batch.column("utterance_id").to_pylist()]


def test_every_message_has_an_id_and_its_own_thread(tmp_path):
    (batch,) = _batches(_jsonl(tmp_path / "a.jsonl", ROWS))

    assert len(set(batch.column("utterance_id").to_pylist())) == len(ROWS)
    assert are_auto(batch.column("utterance_id")).true_count == len(ROWS)
    assert batch.column("conversation_id").equals(batch.column("utterance_id"))
    assert batch.column("errors").null_count == len(ROWS)


def test_neither_name_nor_order_nor_shape_of_a_file_matters(tmp_path):
    ids = _ids(_jsonl(tmp_path / "a.jsonl", ROWS))
    table = tmp_path / "b.csv"
    lines = [f"{r['body']},{r['who'] or ''},{r['at'] or ''}" for r in ROWS]
    table.write_text("\n".join(["body,who,at", *lines]))

    assert _ids(_jsonl(tmp_path / "c.jsonl", ROWS[::-1])) == ids[::-1]
    assert _ids(ReadCsv(paths=str(table), mapping=MAP, source_name="x")) == ids


@settings(max_examples=in_proof(300, 10), deadline=None)
@given(cuts=st.lists(st.integers(1, 300), max_size=4))
def test_no_cut_into_pieces_matters(tmp_path_factory, cuts):
    source = _jsonl(tmp_path_factory.mktemp("cut") / "a.jsonl", ROWS)
    (whole,) = source.splits(source.paths)
    places = sorted({0, whole.size, *(cut for cut in cuts if cut < whole.size)})
    pieces = [
        Split(whole.uri, start, end, whole.size)
        for start, end in itertools.pairwise(places)
    ]

    assert _ids(source, pieces) == _ids(source)


def test_an_id_in_a_lake_is_keyed_as_pseudonyms_are(tmp_path):
    (batch,) = _batches(_jsonl(tmp_path / "a.jsonl", ROWS))
    sealed = seal(batch, b"k" * KEY_BYTES, 16)

    ids = sealed.column("utterance_id")
    assert are_auto(ids).true_count == len(ROWS)
    assert not set(ids.to_pylist()) & set(batch.column("utterance_id").to_pylist())
    assert sealed.column("conversation_id").equals(ids)
    assert not ids.equals(seal(batch, b"j" * KEY_BYTES, 16).column("utterance_id"))


@pytest.mark.parametrize("other", ["csv:7", "csv:auto-7", "csv:automatic", None])
def test_ids_of_a_source_are_left_as_they_are(other):
    ids = pa.array([other], pa.string())

    assert keyed(ids, b"k" * KEY_BYTES).equals(ids)


def test_equal_messages_are_numbered_within_a_file():
    one, two = "x:auto-" + 24 * "a", "x:auto-" + 24 * "b"
    ids = [one, two, one, one, one, "x:7", "x:7"]
    files = ["f", "f", "f", "f", "g", "f", "f"]

    found = numbered(pa.array(ids), pa.array(files))

    assert found.to_pylist() == [one, two, f"{one}-2", f"{one}-3", one, "x:7", "x:7"]
