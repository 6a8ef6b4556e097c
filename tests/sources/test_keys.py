"""Ids and accounts as data frames write them: 7.0 for 7, and words for none."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affectflow_connectors.csv import ReadCsv
from affectflow_connectors.jsonl import ReadJsonl
from affectflow_connectors.parquet import ReadParquet

MAP = {"utterance_id": "id", "reply_to": "parent", "speaker_id": "who"}


def _rows(source):
    return [
        row
        for path in source.patterns
        for split in source.splits(path)
        for batch in source.read(split)
        for row in batch.to_pylist()
    ]


def _csv(path, rows):
    lines = [",".join("" if cell is None else cell for cell in row) for row in rows]
    path.write_text("\n".join(["id,parent,who,text", *lines]))
    return ReadCsv(paths=str(path), mapping=MAP, source_name="x")


def _jsonl(path, rows):
    names = ("id", "parent", "who", "text")
    lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
    path.write_text("\n".join(lines))
    return ReadJsonl(paths=str(path), mapping=MAP, source_name="x")


def _parquet(path, rows):
    columns = [pa.array(each, pa.string()) for each in zip(*rows, strict=True)]
    pq.write_table(pa.table(columns, names=["id", "parent", "who", "text"]), path)
    return ReadParquet(paths=str(path), mapping=MAP, source_name="x")


FORMS = pytest.mark.parametrize("form", [_csv, _jsonl, _parquet])


def _replies(source):
    return {row["utterance_id"]: row["reply_to"] for row in _rows(source)}


@FORMS
def test_ids_that_a_data_frame_made_floats_match(tmp_path, form):
    rows = [("1", None, "a", "x"), ("2", "1.0", "b", "y"), ("3", "2.0", "a", "z")]

    replies = _replies(form(tmp_path / "rows", rows))

    assert replies == {"x:1": None, "x:2": "x:1", "x:3": "x:2"}


@FORMS
@pytest.mark.parametrize("other", ["1.1", "2.10", "a.0", "1.00"])
def test_ids_with_a_point_that_are_no_floats_stay(tmp_path, form, other):
    rows = [("1.0", None, "a", "x"), ("2.0", "1.0", "b", "y"), (other, "1.0", "a", "z")]

    replies = _replies(form(tmp_path / "rows", rows))

    assert set(replies) == {"x:1.0", "x:2.0", f"x:{other}"}


def test_every_piece_of_a_file_takes_ids_alike(tmp_path):
    text = "x" * 9999
    rows = [(f"{n}.0", None, "a", text) for n in range(1700)]

    source = _jsonl(tmp_path / "rows", [*rows, ("1.5", None, "a", "last")])

    assert len(source.splits(source.paths)) > 1
    assert [row["utterance_id"] for row in _rows(source)][:2] == ["x:0.0", "x:1.0"]


def test_numbers_of_json_are_ids_without_a_fraction(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [{"id": n, "parent": n - 1.0, "text": "x"} for n in range(2, 99)]
    path.write_text("\n".join(map(json.dumps, rows)))

    replies = _replies(ReadJsonl(paths=str(path), mapping=MAP, source_name="x"))

    assert replies == {f"x:{n}": f"x:{n - 1}" for n in range(2, 99)}


@FORMS
@pytest.mark.parametrize("word", ["nan", "None", "NULL", "<NA>", "N/A", "(null)"])
def test_a_word_for_no_value_is_no_key_and_is_kept(tmp_path, form, word):
    (row,) = _rows(form(tmp_path / "rows", [("6", word, word, "some text")]))

    assert row["reply_to"] is None
    assert row["speaker_id"] is None
    assert row["conversation_id"] == "x:6"
    assert row["attrs"] == [("reply_to_raw", word), ("speaker_id_raw", word)]


@FORMS
def test_an_id_that_was_rounded_is_no_reply_and_is_kept(tmp_path, form):
    """As pandas writes an id of 18 digits where some are missing."""
    rounded = "1.2345678901234568e+17"
    rows = [("123456789012345678", "", "a", "x"), ("7", rounded, "b", "y")]

    _, found = _rows(form(tmp_path / "rows", rows))

    assert (found["reply_to"], found["conversation_id"]) == (None, "x:7")
    assert found["attrs"] == [("reply_to_raw", rounded)]


@FORMS
@pytest.mark.parametrize("word", ["0", "-1", "false", "none", "-", "NA", "N/A"])
def test_a_word_for_the_root_of_a_thread_is_no_reply(tmp_path, form, word):
    """As WordPress (0), R (NA) and others write it; else all roots are one thread."""
    rows = [("6", word, "a", "x"), ("7", word, "b", "y"), ("8", "6", "b", "z")]

    found = _rows(form(tmp_path / "rows", rows))

    assert [row["reply_to"] for row in found] == [None, None, "x:6"]
    assert [row["conversation_id"] for row in found] == ["x:6", "x:7", "x:6"]
    assert found[0]["attrs"] == [("reply_to_raw", word)]


@FORMS
@pytest.mark.parametrize("word", ["0", "-1", "-"])
def test_a_word_that_is_the_id_of_a_message_is_a_reply(tmp_path, form, word):
    rows = [("1", word, "a", "x"), (word, None, "b", "y")]

    assert _replies(form(tmp_path / "rows", rows)) == {
        "x:1": f"x:{word}",
        f"x:{word}": None,
    }


def test_every_piece_of_a_file_takes_roots_alike(tmp_path):
    text = "x" * 9999
    rows = [(str(n), "0", "a", text) for n in range(1, 1700)]

    source = _jsonl(tmp_path / "rows", [*rows, ("0", None, "a", "the root")])

    assert len(source.splits(source.paths)) > 1
    assert {row["reply_to"] for row in _rows(source)} == {"x:0", None}


@FORMS
def test_a_message_does_not_answer_itself(tmp_path, form):
    rows = [("6", "6", "a", "x"), ("7", "6", "b", "y")]

    found = _rows(form(tmp_path / "rows", rows))

    assert [row["reply_to"] for row in found] == [None, "x:6"]
    assert {row["conversation_id"] for row in found} == {"x:6"}


@pytest.mark.parametrize(
    ("lines", "replies"),
    [
        pytest.param("1;;a;x\n2;1,0;a;y", {"x:1": None, "x:2": "x:1"}, id="comma"),
        pytest.param(
            '="01";;a;x\n="02";="01";a;y', {"x:01": None, "x:02": "x:01"}, id="Excel"
        ),
        pytest.param(
            '"=""01""";;a;x\n2;"=""01""";a;y',
            {"x:01": None, "x:2": "x:01"},
            id="Excel, quoted",
        ),
    ],
)
def test_ids_are_read_as_spreadsheets_write_them(tmp_path, lines, replies):
    path = tmp_path / "rows.csv"
    path.write_text(f"id;parent;who;text\n{lines}\n")

    assert _replies(ReadCsv(paths=str(path), mapping=MAP, source_name="x")) == replies


@FORMS
@pytest.mark.parametrize("word", ["nancy", "Noneya", "NA", "nullable"])
def test_a_name_that_begins_like_one_is_a_name(tmp_path, form, word):
    (row,) = _rows(form(tmp_path / "rows", [("6", None, word, "some text")]))

    assert row["speaker_id"] == word
    assert row["attrs"] is None


def test_a_row_whose_id_is_no_value_is_dead(tmp_path):
    rows = _rows(
        _csv(tmp_path / "rows", [("nan", None, "a", "x"), ("1", "", "b", "y")])
    )

    assert [row["errors"] and row["errors"][0]["error_type"] for row in rows] == [
        "no_id",
        None,
    ]
