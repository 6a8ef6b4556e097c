"""CSV files as programs write them: Excel, Jira, MySQL, pandas, old Macs."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectflow.errors import UsageError
from affectflow_connectors.csv import ReadCsv, lines, records

MAP = {"utterance_id": "id", "text": "body"}
JIRA = {"utterance_id": "Issue key", "speaker_id": "Reporter"}
ISSUES = (
    b"Issue key,Summary,Reporter,Labels,Labels,Comment,Comment\n"
    b"A-1,Broken,ann,ui,slow,2016-11-07 17:06;bob;I hate this; really,"
    b"2016-11-08 09:00;cat;Me too\n"
    b"A-2,Fine,dan,,,,\n"
)


def source_of(folder, data, mapping=None, **options):
    path = folder / "a.csv"
    path.write_bytes(data)
    return ReadCsv(paths=str(path), mapping=mapping or MAP, **options)


def rows_of(source):
    (path,) = source.patterns
    found = [b for s in source.splits(path) for b in source.read(s)]
    return [row for batch in found for row in batch.to_pylist()]


def texts(folder, data, **options):
    source = source_of(folder, data, **options)
    source.check()
    return [row["text"] for row in rows_of(source)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b'sep=;\r\nid;body\r\n1;"a;b"\r\n', ["a;b"], id="Excel's sep="),
        pytest.param(b"# of 5 May\n#\nid,body\n1,a b\n", ["a b"], id="remarks above"),
        pytest.param(b"#,id,body\n1,1,a b\n", ["a b"], id="a column of that name"),
        pytest.param(b"sep=\t\nid\tbody\n1\ta, b\n", ["a, b"], id="sep= of tabs"),
        pytest.param(
            "id\tbody\n1\tnaïve, 😂\n".encode("utf-16"), ["naïve, 😂"], id="UTF-16"
        ),
        pytest.param(
            "id,body\n1,Café\n2,don’t\n3,€5\n4,ok\n".encode("cp1252"),
            ["Café", "don’t", "€5", "ok"],
            id="Windows-1252",
        ),
        pytest.param(b"id,body\r1,a\r2,b\r", ["a", "b"], id="carriage returns alone"),
        pytest.param(b"id,body,\n1,a,\n2,b,\n", ["a", "b"], id="empty last cells"),
        pytest.param(b'id, body\n1, "a, b"\n', ["a, b"], id="blanks before quotes"),
        pytest.param(
            b"id;body, or note, if any, here\n1;a\n2;b\n",
            ["a", "b"],
            id="commas in the name of a column",
        ),
        pytest.param(
            b'id,body\n1,"He said \\"hi\\" to me"\n2,"\\"a\\", b"\n3,C:\\new\n',
            ['He said "hi" to me', '"a", b', "C:\\new"],
            id="quotes escaped by backslashes",
        ),
        pytest.param(
            b'id,body\n1,"a \\"\nb\\" c"\n2,"x\\"y"\n',
            ['a "\nb" c', 'x"y'],
            id="an escaped quote before a line feed",
        ),
        pytest.param(b'id,body\n1,"C:\\dir\\"\n2,b\n', ["C:\\dir\\", "b"], id="path"),
        pytest.param(
            b'id,body\n1,"He said "hi" to me"\n', ['He said "hi" to me'], id="bare"
        ),
    ],
)
def test_a_table_is_read_as_it_was_meant(tmp_path, data, expected):
    mapping = {"utterance_id": "id", "text": "body"}
    if b"or note" in data:
        mapping["text"] = "body, or note, if any, here"

    assert texts(tmp_path, data, mapping=mapping) == expected


def test_a_quote_that_can_be_read_in_two_ways_is_refused(tmp_path):
    found = rows_of(source_of(tmp_path, b'id,body\n1,"so "a", b"\n2,c\n'))

    assert found[0]["errors"][0]["error_type"] in ("invalid_csv", "unknown_shape")
    assert found[1]["text"] == "c"


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0")),
        min_size=1,
    )
)
def test_what_the_standard_library_wrote_is_read_back(texts):
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["id", "body"], *enumerate(texts)])

    found = list(records(lines([file.getvalue().encode()]), ","))

    assert [record.cells[1] for record in found[1:]] == texts


@pytest.mark.parametrize("text", ["NaN", "NULL", "None", " nan ", "\\N"])
def test_a_placeholder_is_no_text(tmp_path, text):
    (found,) = rows_of(source_of(tmp_path, f"id,body\n1,{text}\n".encode()))

    assert found["errors"][0]["error_type"] == "no_text"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(
            "id,body\n1,сборка не работает\n".encode("cp1251"),
            "it may be CP1251, as '1,сборка не работает'.*read it with "
            "--set encoding=CP1251",
            id="Cyrillic",
        ),
        pytest.param(
            "id,body\n1,a\n".encode("utf-16-le"),
            "--set encoding=UTF-16LE",
            id="no mark",
        ),
        pytest.param(b"7,it fails\n8,it works\n", "map to positions", id="no header"),
        pytest.param(
            b"ann@a.example,it fails\nbob@a.example,it works\n",
            "map to positions",
            id="a header of addresses",
        ),
    ],
)
def test_a_table_that_cannot_be_read_says_what_to_do(tmp_path, data, words):
    with pytest.raises(UsageError, match=words):
        source_of(tmp_path, data).check()


def test_an_encoding_that_is_named_is_used(tmp_path):
    data = "id,body\n1,сборка\n".encode("cp1251")

    assert texts(tmp_path, data, encoding="cp1251") == ["сборка"]


def test_utf16_without_a_mark_is_read_once_it_is_named(tmp_path):
    data = "id,body\n1,сборка\n".encode("utf-16-le")
    assert texts(tmp_path, data, encoding="UTF-16LE") == ["сборка"]


def test_windows_1252_is_said(tmp_path):
    source = source_of(tmp_path, "id,body\n1,Café\n".encode("cp1252"))

    assert source.notices() == [
        f"'{tmp_path}/a.csv' is not UTF-8; it is read as Windows-1252"
    ]


@pytest.mark.parametrize(
    ("mapping", "of_the_issue"),
    [
        pytest.param({"text": "Summary"}, ["Broken", "Fine"], id="beside the summary"),
        pytest.param({"text": "Comment"}, [""], id="alone"),
    ],
)
def test_each_comment_of_jira_is_an_utterance(tmp_path, mapping, of_the_issue):
    found = rows_of(source_of(tmp_path, ISSUES, mapping=JIRA | mapping))

    comments = [row for row in found if row["kind"] == "comment"]
    assert [row["utterance_id"] for row in comments] == [
        "csv:A-1#comment-1",
        "csv:A-1#comment-2",
    ]
    assert [row["text"] for row in comments] == ["I hate this; really", "Me too"]
    assert [row["speaker_id"] for row in comments] == ["bob", "cat"]
    assert {row["reply_to"] for row in comments} == {"csv:A-1"}
    assert {row["conversation_id"] for row in comments} == {"csv:A-1"}
    assert f"{comments[0]['timestamp']:%F %R}" == "2016-11-07 17:06"
    assert [row["text"] for row in found if row not in comments] == of_the_issue


def test_repeated_columns_that_are_not_read_are_named(tmp_path):
    mapping = JIRA | {"text": "Summary"}

    assert (
        "several columns with the same name, which are not read: 'Labels' (2)"
        in (source_of(tmp_path, ISSUES, mapping).notices()[0])
    )
    mapping |= {"attrs.labels": "Labels"}
    kept = source_of(tmp_path, ISSUES, mapping)
    assert kept.notices() == []
    assert rows_of(kept)[0]["attrs"] == [("labels", "ui, slow")]


def test_each_cell_of_a_repeated_text_is_an_utterance(tmp_path):
    mapping = {"utterance_id": "id", "text": "answer"}
    data = b"id,answer,answer\n1,good,bad\n2,,late\n3,,\n"

    found = rows_of(source_of(tmp_path, data, mapping))

    assert [(row["utterance_id"], row["text"]) for row in found] == [
        ("csv:1#comment-1", "good"),
        ("csv:1#comment-2", "bad"),
        ("csv:2#comment-2", "late"),
        ("csv:3", ""),
    ]
