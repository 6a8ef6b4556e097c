"""Input that no export holds: deep, exploding, of other types; never a traceback."""

import gzip

import pytest
import zstandard

from affectflow.sources import decompress
from affectflow.sources.damage import DamagedFileError
from affectflow_connectors.csv import ReadCsv
from affectflow_connectors.jsonl import ReadJsonl

MAP = {"utterance_id": "id", "text": "text"}
GOOD = b'{"id": 1, "text": "a"}'
DEEP = b'{"id": 2, "text": "b", "x": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001


def error_types(folder, data, source=ReadJsonl, name="a.json", **options):
    path = folder / name
    path.write_bytes(data)
    made = source(paths=str(path), mapping=MAP, **options)
    made.check()
    found = [b for s in made.splits(str(path)) for b in made.read(s)]
    rows = [row for batch in found for row in batch.to_pylist()]
    return [row["errors"][0]["error_type"] if row["errors"] else "" for row in rows]


@pytest.mark.parametrize(
    ("data", "options"),
    [
        pytest.param(b"\n".join([GOOD, DEEP, GOOD]), {}, id="lines"),
        pytest.param(b"[" + b",".join([GOOD, DEEP, GOOD]) + b"]", {}, id="array"),
        pytest.param(
            b'{"m": [' + b",".join([GOOD, DEEP, GOOD]) + b'], "z": ' + DEEP + b"}",
            {"records": "m"},
            id="list inside an object, beside another",
        ),
    ],
)
def test_a_value_of_ten_thousand_levels_costs_itself_only(tmp_path, data, options):
    assert error_types(tmp_path, data, **options) == ["", "invalid_json", ""]


@pytest.mark.parametrize(
    ("source", "name", "line"),
    [
        pytest.param(ReadJsonl, "a.jsonl.gz", GOOD + b"\n", id="jsonl, gzip"),
        pytest.param(ReadJsonl, "a.jsonl.zst", GOOD + b"\n", id="jsonl, zstd"),
        pytest.param(ReadCsv, "a.csv.gz", b"1,a\n", id="csv"),
    ],
)
def test_a_file_that_grows_like_a_bomb_is_read_so_far(
    tmp_path, monkeypatch, source, name, line
):
    monkeypatch.setattr(decompress, "_ANY_RATIO_BYTES", 1 << 10)
    monkeypatch.setattr(decompress, "_MOST_RATIO", 50)
    head = b"id,text\n" if source is ReadCsv else b""
    packed = zstandard.compress if name.endswith(".zst") else gzip.compress
    data = packed(head + line * 200_000)

    found = error_types(tmp_path, data, source, name)

    assert found[-1] == "damaged_file"
    assert len(found) < 200_000


def test_fields_that_change_their_type_are_read_or_refused(tmp_path):
    lines = (
        *(GOOD, b'{"id": [1], "text": {"a": 1}}', b'{"id": 3, "text": false}'),
        *(b'{"id": 4, "text": null}', b'"text"', b"12", b"[1]", b"null", GOOD),
    )

    assert error_types(tmp_path, b"\n".join(lines)) == [
        *("", "", "", "no_text"),
        *("unknown_shape",) * 4,
        "",
    ]


def test_half_a_pair_of_surrogates_is_a_dead_row_or_a_replacement(tmp_path):
    raw = '{"id": 1, "text": "\ud800"}'.encode("utf-8", "surrogatepass")

    found = error_types(tmp_path, raw + b'\n{"id": 2, "text": "\\ud800"}\n' + GOOD)

    assert found == ["invalid_utf8", "", ""]
    table = "id,text\n1,\ud800\n2,é\n".encode("utf-8", "surrogatepass")
    assert error_types(tmp_path, table, ReadCsv, "a.csv") == ["invalid_utf8", ""]


def test_what_a_library_unpacks_is_bounded_too(monkeypatch):
    monkeypatch.setattr(decompress, "_ANY_RATIO_BYTES", 10)
    monkeypatch.setattr(decompress, "_MOST_RATIO", 2)
    found = decompress.bounded([b"x" * 10] * 9, "a.7z", lambda: 20)

    read = [next(found) for _ in range(4)]

    assert b"".join(read) == b"x" * 40
    with pytest.raises(DamagedFileError, match="from 20 to more than 50 bytes"):
        next(found)
