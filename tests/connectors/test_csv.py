import pytest

from affectflow.errors import UsageError
from affectflow_connectors.csv import ReadCsv, TooLong, lines, parsing, records

MAP = {"utterance_id": "id", "text": "body"}


def read_bytes(folder, data, **options):
    path = folder / "a.csv"
    path.write_bytes(data)
    source = ReadCsv(paths=str(path), **({"mapping": MAP} | options))
    found = [b for s in source.splits(str(path)) for b in source.read(s)]
    return [row for batch in found for row in batch.to_pylist()]


def error_types(found):
    return [row["errors"][0]["error_type"] if row["errors"] else "" for row in found]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"], ids=repr)
def test_the_delimiter_is_found_in_the_first_row(tmp_path, sign):
    data = f"id{sign}body{sign}lang\n1{sign}good{sign}en\n".encode()

    (row,) = read_bytes(tmp_path, data)

    assert (row["utterance_id"], row["text"], row["lang"]) == ("csv:1", "good", "en")
    assert row["origin"] == f"{tmp_path}/a.csv#1"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        pytest.param(b'1,"a, b"', "a, b", id="a delimiter in quotes"),
        pytest.param(b'1,"a\nb\r\nc"', "a\nb\r\nc", id="line feeds in quotes"),
        pytest.param(b'1,"say ""no"""', 'say "no"', id="doubled quotes"),
        pytest.param(b"1,a\0b", "a\0b", id="a raw NUL"),
        pytest.param(b'1,5" disk', '5" disk', id="a quote in a bare cell"),
        pytest.param("1,naïve 😂\u2028x".encode(), "naïve 😂\u2028x", id="unicode"),
        pytest.param(b"1,", "", id="an empty text is a text"),
    ],
)
def test_a_cell_is_read_as_it_was_meant(tmp_path, line, text):
    data = b"\xef\xbb\xbfid,body\r\n" + line + b"\r\n\r\n2,b\r\n"

    found = read_bytes(tmp_path, data)

    assert [row["text"] for row in found] == [text, "b"]
    assert error_types(found) == ["", ""]


@pytest.mark.parametrize(
    ("line", "error_type"),
    [
        pytest.param(b"1,a,b", "unknown_shape", id="too many cells"),
        pytest.param(b"1,\xc3\xa9 \xff", "invalid_utf8", id="not UTF-8"),
        pytest.param(b",a", "no_id", id="no id"),
        pytest.param(b"1", "no_text", id="too few cells"),
        pytest.param(b'1,"never closed', "invalid_csv", id="an open quote"),
    ],
)
def test_a_bad_line_is_one_dead_row_and_its_neighbours_live(tmp_path, line, error_type):
    data = b"id,body\n0,x\n" + line + b"\n2,b\n3,c\n"

    found = read_bytes(tmp_path, data)

    assert error_types(found) == ["", error_type, "", ""]
    assert [row["utterance_id"] for row in found[2:]] == ["csv:2", "csv:3"]
    assert found[1]["errors"][0]["payload"].startswith(line[:1].decode())


def test_a_row_above_the_limit_costs_its_first_line_only(monkeypatch):
    monkeypatch.setattr(parsing, "MAX_ROW_BYTES", 50)
    data = b'id,body\n1,"open\n' + b"".join(b"%d,b\n" % i for i in range(2, 40))

    found = list(records(lines([data])))

    assert [row.error_type for row in found[:3]] == ["", "invalid_csv", ""]
    assert [row.cells[0] for row in found[2:]] == [str(i) for i in range(2, 40)]


def test_a_line_above_the_limit_keeps_its_start():
    source = iter(["id,body\n", TooLong("1,aaaa"), "2,b\n"])

    found = list(records(source))

    assert [row.error_type for row in found] == ["", "too_large", ""]
    assert found[1].raw == "1,aaaa"


def test_rows_come_in_batches_of_bounded_size(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,body\n" + "".join(f"{i},b\n" for i in range(40_000)))
    source = ReadCsv(paths=str(path), mapping=MAP)

    sizes = [b.num_rows for s in source.splits(str(path)) for b in source.read(s)]

    assert sizes == [16_384, 16_384, 7_232]


def test_a_column_that_is_not_there_is_named_with_the_nearest(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,body_text\n1,a\n")

    with pytest.raises(UsageError) as raised:
        ReadCsv(paths=str(path), mapping=MAP).check()

    assert "has no field 'body' for text; did you mean 'body_text'?" in str(
        raised.value
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"\x89PNG\r\n\0\0IHDR", "is not text", id="an image"),
        pytest.param(
            b"a first text\t27\tid1\nanother\t4\tid2\n",
            "without a header, map to positions, counted from 0, such as --map text=0",
            id="no row of names",
        ),
        pytest.param(b"id\tbad\n1\ta\n", "fields here: id, bad$", id="names"),
        pytest.param(b'"two\nlines"\tbad\n1\ta\n', "here: two lines, bad$", id="lines"),
    ],
)
def test_what_cannot_be_a_table_of_this_mapping_says_the_cure(tmp_path, data, words):
    path = tmp_path / "a.csv"
    path.write_bytes(data)

    with pytest.raises(UsageError, match=words):
        ReadCsv(paths=str(path), mapping=MAP).check()


def test_empty_cells_are_null(tmp_path):
    (row,) = read_bytes(tmp_path, b"id,body,lang,timestamp\n1,a,,\n")

    assert (row["lang"], row["timestamp"], row["attrs"]) == (None, None, None)


def test_a_mapping_to_numbers_reads_a_table_without_a_row_of_names(tmp_path):
    file = tmp_path / "input.tsv"
    file.write_text("first text\t27\tid1\nsecond text\t4\tid2\n")
    source = ReadCsv(paths=str(file), mapping={"text": "0", "utterance_id": "2"})

    source.check()
    rows = [row for split in source.splits(str(file)) for row in source.read(split)]

    assert [batch["text"].to_pylist() for batch in rows] == [
        ["first text", "second text"]
    ]
    assert rows[0]["utterance_id"].to_pylist() == ["csv:id1", "csv:id2"]
