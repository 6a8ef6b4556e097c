import datetime as dt
import pickle

import apache_beam as beam
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from affectflow.batches.coders import RecordBatchCoder, decode, encode
from affectflow.schemas import TIME

SCHEMA = pa.schema(
    [
        pa.field("text", pa.string(), metadata={"doc": "words"}),
        pa.field("flag", pa.bool_()),
        pa.field("size", pa.int16()),
        pa.field("time", TIME),
        pa.field("words", pa.list_(pa.string())),
        pa.field("attrs", pa.map_(pa.string(), pa.string())),
        pa.field("spans", pa.list_(pa.struct([pa.field("start", pa.int32())]))),
        pa.field("rank", pa.float32()),
    ]
)
TIMES = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2100, 1, 1)).map(
    lambda time: time.replace(tzinfo=dt.UTC)
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
ROW = st.fixed_dictionaries(
    {
        "text": st.none() | WORDS,
        "flag": st.none() | st.booleans(),
        "size": st.none() | st.integers(-32768, 32767),
        "time": st.none() | TIMES,
        "words": st.none() | st.lists(st.none() | WORDS, max_size=3),
        "attrs": st.none() | st.dictionaries(WORDS, st.none() | WORDS, max_size=2),
        "spans": st.none()
        | st.lists(
            st.fixed_dictionaries({"start": st.none() | st.integers(0, 9)}), max_size=2
        ),
        "rank": st.none() | st.floats(width=32, allow_nan=False),
    }
).map(lambda row: row | {"attrs": row["attrs"] and list(row["attrs"].items())})


@given(rows=st.lists(ROW, max_size=9), start=st.integers(0, 9))
def test_a_batch_and_any_slice_of_it_come_back_equal(rows, start):
    batch = pa.RecordBatch.from_pylist(rows, schema=SCHEMA).slice(start)

    again = decode(encode(batch))

    again.validate(full=True)
    assert again.equals(batch)
    assert again.schema.equals(SCHEMA, check_metadata=True)
    assert pickle.loads(pickle.dumps(batch)).equals(batch)


def test_a_slice_encodes_small():
    rows = [
        {
            "text": "x" * 1000,
            "words": ["y" * 500] * 2,
            "attrs": [("k", "v" * 1000)],
            "spans": [{"start": 1}] * 100,
        }
    ] * 1000
    batch = pa.RecordBatch.from_pylist(rows, schema=SCHEMA)

    assert len(encode(batch.slice(500, 1))) < 10_000
    assert len(pickle.dumps(batch.slice(500, 1))) < 10_000
    assert len(encode(batch)) > 3_000_000


def test_equal_batches_encode_equally():
    one = pa.record_batch({"n": [1, None, 3], "s": ["a", "b", None]})
    same = pa.record_batch({"n": [0, 1, None, 3], "s": ["z", "a", "b", None]}).slice(1)

    assert encode(one.take(pa.array([0, 1, 2]))) == encode(
        same.take(pa.array([0, 1, 2]))
    )


def test_a_batch_without_rows_comes_back():
    batch = pa.RecordBatch.from_pylist([], schema=SCHEMA)

    assert decode(encode(batch)).equals(batch)


def test_beam_takes_this_coder_for_batches():
    coder = beam.coders.registry.get_coder(pa.RecordBatch)

    assert isinstance(coder, RecordBatchCoder)
    assert coder == RecordBatchCoder()
    assert not coder.is_deterministic()


def test_the_coder_weighs_a_batch_without_encoding_it():
    batch = pa.record_batch({"n": pa.array(range(1000), pa.int64())})

    assert RecordBatchCoder().estimate_size(batch) == 8000
    assert RecordBatchCoder().estimate_size(batch.slice(0, 10)) == 80
