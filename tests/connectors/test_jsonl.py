"""JSON lines and arrays: which field goes where, in any spelling of a time."""

import itertools
import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.errors import UsageError
from affectflow.kinds.source import Split
from affectflow.sources.times import parse_time, times
from affectflow_connectors.jsonl import ReadJsonl
from tests.given.jsonl_files import MAP, POSTS, error_types, lines_of, read, read_bytes


def test_fields_go_where_the_mapping_says(tmp_path):
    record = {
        "id": 7,
        "body": "good",
        "user": {"login": "ann"},
        "score": 3,
        "lang": "en",
        "other": "left out",
        "when": "2024-05-01T10:00:00+02:00",
    }

    (row,) = read_bytes(
        tmp_path,
        lines_of(record),
        mapping=MAP
        | {"timestamp": "when", "attrs.score": "score", "source": "'reddit'"},
    )

    expected = {
        "utterance_id": "reddit:7",
        "conversation_id": "reddit:7",
        "speaker_id": "ann",
        "text": "good",
        "lang": "en",
        "source": "reddit",
        "kind": "message",
        "visibility": "unknown",
        "timestamp": datetime(2024, 5, 1, 8, tzinfo=UTC),
        "utc_offset_min": 120,
        "attrs": [("score", "3")],
        "origin": f"{tmp_path}/a.jsonl#0",
    }
    assert {k: v for k, v in row.items() if v is not None} == expected


@pytest.mark.parametrize(
    ("record", "thread"),
    [
        pytest.param({"id": "1"}, "x:1", id="alone"),
        pytest.param({"id": "1", "reply_to": "7"}, "x:7", id="an answer"),
        pytest.param({"id": "1", "conversation_id": "c"}, "x:c", id="given"),
        pytest.param({"id": "x:1"}, "x:1", id="prefixed already"),
    ],
)
def test_a_message_belongs_to_a_conversation(tmp_path, record, thread):
    (row,) = read_bytes(
        tmp_path,
        lines_of(record | {"text": "a"}),
        mapping={"utterance_id": "id"},
        source_name="x",
    )

    assert (row["utterance_id"], row["conversation_id"]) == ("x:1", thread)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 12_000), max_size=8))
def test_any_partition_into_byte_ranges_gives_the_same_rows(tmp_path_factory, cuts):
    path = tmp_path_factory.mktemp("ranges") / "a.jsonl"
    path.write_bytes(lines_of(*POSTS))
    size = path.stat().st_size
    source = ReadJsonl(paths=str(path), mapping=MAP)
    bounds = sorted({0, size, *(cut for cut in cuts if cut < size)})

    found = [
        row
        for start, end in itertools.pairwise(bounds)
        for batch in source.read(Split(str(path), start, end, size))
        for row in batch.to_pylist()
    ]

    assert found == read(path, mapping=MAP)
    assert len(found) == len(POSTS)


def test_a_large_file_is_split_and_read_once(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines_of(*({"id": i, "body": "x" * 5000} for i in range(4000))))
    source = ReadJsonl(paths=str(path), mapping=MAP)

    splits = source.splits(str(path))

    assert len(splits) == 3
    ids = [r["utterance_id"] for r in read(path, mapping=MAP)]
    assert ids == [f"jsonl:{i}" for i in range(4000)]


@pytest.mark.parametrize(
    ("text", "expected", "offset"),
    [
        ("2024-05-01T10:00:00Z", datetime(2024, 5, 1, 10, tzinfo=UTC), None),
        ("2024-05-01 10:00:00", datetime(2024, 5, 1, 10, tzinfo=UTC), None),
        ("2024-05-01", datetime(2024, 5, 1, tzinfo=UTC), None),
        ("20240501", datetime(2024, 5, 1, tzinfo=UTC), None),
        ("2024-05-01T10:00:01-0330", datetime(2024, 5, 1, 13, 30, 1, tzinfo=UTC), -210),
        ("1714557600", datetime(2024, 5, 1, 10, tzinfo=UTC), None),
        ("1714557600000", datetime(2024, 5, 1, 10, tzinfo=UTC), None),
        ("1714557600.25", datetime(2024, 5, 1, 10, 0, 0, 250000, UTC), None),
        ("Wed May 01 10:00:00 +0000 2024", datetime(2024, 5, 1, 10, tzinfo=UTC), 0),
        ("Wed, 01 May 2024 12:00:00 +0200", datetime(2024, 5, 1, 10, tzinfo=UTC), 120),
        ("yesterday", None, None),
        ("2024-13-01T00:00:00Z", None, None),
        ("2024", None, None),
        ("13/12/2024", datetime(2024, 12, 13, tzinfo=UTC), None),
        ("2024-02-30", None, None),
        ("-1", None, None),
        ("45321.5", None, None),
        ("31535999", None, None),
        ("31536000", datetime(1971, 1, 1, tzinfo=UTC), None),
        ("-31536000", datetime(1969, 1, 1, tzinfo=UTC), None),
        ("2100-12-31", datetime(2100, 12, 31, tzinfo=UTC), None),
        ("2101-01-01", None, None),
        ("9999-12-31T00:00:00Z", None, None),
        ("99999999999", None, None),
    ],
)  # fmt: skip
def test_times_are_read_in_many_spellings(text, expected, offset):
    assert parse_time(text) == (expected, offset)
    when, written = times(pa.array([text, None]))
    assert (when.to_pylist(), written.to_pylist()) == ([expected, None], [offset, None])


@given(
    st.lists(
        st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)), min_size=1, max_size=5
    ),
    st.sampled_from(["", "Z", "+00:00", "-03:30", "+0545", "+02"]),
    st.sampled_from(["T", " "]),
)
def test_times_of_a_column_and_one_by_one_agree(moments, zone, between):
    texts = [m.isoformat(between) + zone for m in moments]

    when, offset = times(pa.array(texts))

    assert list(zip(when.to_pylist(), offset.to_pylist(), strict=True)) == [
        parse_time(text) for text in texts
    ]


def test_a_bad_time_does_not_kill_the_message(tmp_path):
    data = lines_of({"id": 1, "body": "a", "timestamp": "tomorrow"})

    (row,) = read_bytes(tmp_path, data, mapping=MAP)

    assert row["errors"] is None
    assert row["timestamp"] is None
    assert row["attrs"] == [("timestamp_raw", "tomorrow")]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:20:57,256", 1257.256),
        ("01:00:00.5", 3600.5),
        ("00:00:07", 7.0),
        ("12.25", 12.25),
        ("00:61:00,000", None),
        ("soon", None),
    ],
)
def test_a_time_of_a_subtitle_is_seconds(tmp_path, text, seconds):
    data = lines_of({"id": 1, "body": "a", "start_s": text})

    (row,) = read_bytes(tmp_path, data, mapping=MAP)

    assert row["start_s"] == seconds
    assert row["attrs"] == (None if seconds is not None else [("start_s_raw", text)])


def test_arrays_of_objects_are_read_too(tmp_path):
    records = [{"id": i, "body": "a"} for i in range(5000)]
    path = tmp_path / "a.json"
    damaged = json.dumps(records).replace('{"id": 7, ', '{"id": 7 ')
    path.write_text(damaged)

    found = read(path, mapping=MAP)

    assert error_types(found).count("invalid_json") == 1
    assert len(found) == 5000
    assert found[8]["utterance_id"] == "jsonl:8"
    assert found[8]["origin"] == f"{path}#9"


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        pytest.param({"txt": "body"}, "did you mean 'text'", id="a typo"),
        pytest.param({"bucket": "x"}, "attrs.bucket=FIELD", id="not mappable"),
        pytest.param({"text": ""}, "mapped to nothing", id="empty"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_with_the_cure(mapping, words):
    with pytest.raises(UsageError) as raised:
        ReadJsonl(paths="x.jsonl", mapping=mapping)

    assert words in str(raised.value)


def test_check_says_which_field_could_be_the_id(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines_of({"id": 1, "text": "a"}))

    with pytest.raises(UsageError) as raised:
        ReadJsonl(paths=str(path)).check()

    assert str(raised.value) == (
        f"no field of '{path}' gives utterance_id; type --map utterance_id=id; "
        "fields here: id, text"
    )
