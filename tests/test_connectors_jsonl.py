import itertools
import json
import subprocess
import sys
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.errors import UsageError
from affectflow_connectors import json_columns
from affectflow_connectors.coerce import parse_time, times
from affectflow_connectors.files import Split
from affectflow_connectors.jsonl import ReadJsonl
from affectflow_connectors.lines import spans
from affectflow_connectors.mapping import parse_mapping

MAP = {"utterance_id": "id", "text": "body", "speaker_id": "user.login"}


def read(path, **options):
    source = ReadJsonl(paths=str(path), **options)
    found = [b for s in source.splits(str(path)) for b in source.read(s)]
    for batch in found:
        batch.validate(full=True)
        assert batch.num_rows <= 16_384
    return [row for batch in found for row in batch.to_pylist()]


def read_bytes(folder, data, **options):
    path = folder / "a.jsonl"
    path.write_bytes(data)
    return read(path, **options)


def error_types(found):
    return [row["errors"][0]["error_type"] if row["errors"] else "" for row in found]


def lines_of(*records):
    return b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in records)


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
        pytest.param({"id": "1", "reply_to": "0"}, "x:0", id="an answer"),
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


@pytest.mark.parametrize(
    ("line", "error_type"),
    [
        pytest.param(b'{"id": 1, "body": "a"', "invalid_json", id="cut"),
        pytest.param(b'{"id": 1, "body": "\xff"}', "invalid_utf8", id="not UTF-8"),
        pytest.param(b'{"body": "a"}', "no_id", id="no id"),
        pytest.param(b'{"id": 1}', "no_text", id="no text"),
        pytest.param(b"[1, 2]", "unknown_shape", id="an array"),
        pytest.param(b"[" * 100_000, "invalid_json", id="deep"),
        pytest.param(b'{"id": 1, "body": "a\0b"}', "", id="a raw NUL"),
        pytest.param(b'{"id": 1, "body": "a\\u0000b"}', "", id="an escaped NUL"),
        pytest.param(b'{"id": 1, "body": "\\ud83d!"}', "", id="half a pair"),
        pytest.param(b'{"id": 1, "body": ""}', "", id="an empty text"),
        pytest.param(b'  {"id": 1, "body": "a"} \r', "", id="white space"),
    ],
)
@pytest.mark.parametrize("around", [1, 100], ids=["few lines", "many lines"])
def test_a_strange_line_is_one_row_and_its_neighbours_live(
    tmp_path, line, error_type, around
):
    good = lines_of(*({"id": f"n{i}", "body": "fine"} for i in range(around)))

    found = read_bytes(tmp_path, good + line + b"\n" + good, mapping=MAP)

    assert error_types(found) == [*[""] * around, error_type, *[""] * around]
    strange = found[around]
    assert strange["origin"].endswith(f"#{len(good)}")
    if error_type:
        assert strange["errors"][0]["step"] == "ReadJsonl"
        assert strange["errors"][0]["payload"] is not None
        assert len(strange["errors"][0]["payload"]) <= 300


def test_a_lone_surrogate_becomes_the_replacement_character(tmp_path):
    data = b'{"id": 1, "body": "\\ud83d!"}\n' * 50

    assert {r["text"] for r in read_bytes(tmp_path, data, mapping=MAP)} == {"\ufffd!"}


def test_blank_lines_and_a_byte_order_mark_are_nothing(tmp_path):
    data = b'\xef\xbb\xbf{"id": 1, "body": "a"}\r\n\r\n  \t\n\n{"id": 2, "body": "b"}'

    assert [r["text"] for r in read_bytes(tmp_path, data, mapping=MAP)] == ["a", "b"]


JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(max_size=8),
    st.sampled_from(["[a", "{b", "\0", "id", '"id":']),
    st.lists(st.integers(0, 9) | st.text(max_size=3), max_size=2),
)
RECORDS = st.dictionaries(
    st.sampled_from(["id", "body", "lang", "title", "kind", "user", "zz"]),
    JSON_VALUES
    | st.dictionaries(st.sampled_from(["login", "id"]), JSON_VALUES, max_size=2),
    max_size=6,
)


@settings(deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=60), st.booleans())
def test_the_fast_and_the_slow_way_agree(records, escaped):
    data = b"".join(
        json.dumps(r, ensure_ascii=escaped).encode() + b"\n" for r in records
    )
    fields = parse_mapping(MAP)
    starts, ends = spans(data)
    lines = [data[a:b] for a, b in zip(starts, ends, strict=True)]
    old, json_columns._FEW_LINES = json_columns._FEW_LINES, 0
    try:
        fast = json_columns._fast(data, len(lines), fields)
    finally:
        json_columns._FEW_LINES = old
    if fast is None:
        return
    view = json_columns._Lines(data, starts, ends)
    fast = json_columns._reread(fast, view, fields)
    slow = json_columns.slow(lines, fields, "ReadJsonl").columns

    for target in {*fast, *slow}:
        nothing = pa.nulls(len(lines), pa.string())
        expected = slow.get(target, nothing).to_pylist()
        assert fast.get(target, nothing).to_pylist() == expected, target


POSTS = [
    {
        "id": i,
        "body": f"post {i} é 😂 \u2028 [x]",
        "user": {"login": f"u{i}"},
        "lang": "en",
    }
    for i in range(150)
]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["flip", "delete", "insert", "cut"]),
            st.integers(0, 10**6),
            st.binary(min_size=1, max_size=3),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_damage_never_loses_a_line_and_leaves_the_others_alone(
    tmp_path_factory, damages
):
    folder = tmp_path_factory.mktemp("damage")
    whole = lines_of(*POSTS)
    damaged = bytearray(whole)
    for how, place, junk in damages:
        at = place % max(len(damaged), 1)
        if how == "flip":
            damaged[at : at + len(junk)] = junk
        elif how == "delete":
            del damaged[at : at + len(junk)]
        elif how == "insert":
            damaged[at:at] = junk
        elif place % 5 == 0:
            del damaged[at:]
    intact = {
        line: row
        for line, row in zip(
            whole.splitlines(), read_bytes(folder, whole, mapping=MAP), strict=False
        )
        if row.pop("origin", None) is not None
    }

    found = read_bytes(folder, bytes(damaged), mapping=MAP)

    lines = [ln for ln in bytes(damaged).split(b"\n") if ln.strip(b" \t\r")]
    if damaged.lstrip()[:1] == b"[":
        return
    assert len(found) == len(lines)
    for line, row in zip(lines, found, strict=True):
        if line in intact:
            assert {k: v for k, v in row.items() if k != "origin"} == intact[line]


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
        ("13/12/2024", None, None),
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
    ("written", "error_types_found"),
    [
        pytest.param('[{"id": 1, "body": "a"}]', [""], id="whole"),
        pytest.param(
            '[{"id": 1, "body": "a"}]\n[{"id": 2, "body": "b"}] \n',
            ["", ""],
            id="pages",
        ),
        pytest.param(
            '[{"id": 1, "body": "a"}, {"id" 2}]', ["", "invalid_json"], id="a bad end"
        ),
        pytest.param(
            '[{"id": 1, "body": "a"},', ["", "truncated_file"], id="cut after an object"
        ),
        pytest.param(
            '[{"id": 1, "body": "a"}, {"id": 2, "bo',
            ["", "invalid_json", "truncated_file"],
            id="cut in an object",
        ),
    ],
)
def test_an_array_without_an_end_is_a_file_that_is_cut(
    tmp_path, written, error_types_found
):
    path = tmp_path / "a.json"
    path.write_text(written)

    assert error_types(read(path, mapping=MAP)) == error_types_found


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
        f"no field of '{path}' gives utterance_id; type --map utterance_id=FIELD; "
        "fields here: id, text"
    )


@pytest.mark.slow
def test_a_line_of_100_mb_costs_neither_memory_nor_its_neighbours(tmp_path):
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'{"id": 1, "body": "a"}\n{"id": 2, "body": "')
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b'"}\n{"id": 3, "body": "c"}\n')
    code = f"""
from affectflow.stages.receipts import peak_rss_bytes
from affectflow_connectors.jsonl import ReadJsonl
source = ReadJsonl(paths={str(path)!r}, mapping={MAP!r})
found = [r for s in source.splits(source.paths) for b in source.read(s)
         for r in b.to_pylist()]
print([r["utterance_id"] for r in found],
      [r["errors"][0]["error_type"] for r in found if r["errors"]],
      peak_rss_bytes() >> 20)
"""
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    rows, peak_mb = out.stdout.rsplit(maxsplit=1)
    assert rows == "['jsonl:1', None, 'jsonl:3'] ['too_large']"
    assert int(peak_mb) < 600
