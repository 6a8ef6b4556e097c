"""JSON lines that are strange, damaged or huge: one row each, and no other suffers."""

import json
import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.sources import json_columns
from affectflow.sources.lines import spans
from affectflow.sources.mapping import parse_mapping
from tests.given.jsonl_files import MAP, POSTS, error_types, lines_of, read, read_bytes


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
    # Of 17 digits, two libraries may round the last one to either side.
    st.floats(allow_nan=False, allow_infinity=False, width=16),
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
@pytest.mark.rotated
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


@pytest.mark.slow
@pytest.mark.rotated
def test_a_line_of_100_mb_costs_neither_memory_nor_its_neighbours(tmp_path):
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'{"id": 1, "body": "a"}\n{"id": 2, "body": "')
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b'"}\n{"id": 3, "body": "c"}\n')
    code = f"""
from affectflow.stages.runs.receipts import peak_rss_bytes
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
