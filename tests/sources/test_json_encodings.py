"""JSON that a Windows program wrote: every row is read, whatever cuts the file."""

import itertools
import json

import pytest

from affectflow.errors import UsageError
from affectflow.kinds.source import Split
from affectflow.sources.encodings import encoding_of_json
from affectflow.sources.recognition import recognise
from affectflow_connectors.jsonl import ReadJsonl
from affectflow_connectors.reddit import ReadReddit
from tests.given.reading import rows_of

TEXTS = [
    "plain",
    "caf\u00e9 cr\u00e8me",
    "don\u2019t",
    "M\u00fcnchen",
    "voil\u00e0\u2026",
]


def lines(texts, name="text"):
    records = ({"utterance_id": str(n), name: text} for n, text in enumerate(texts))
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records)


def texts_of(rows):
    return [row["text"] for row in rows]


@pytest.mark.parametrize("shape", ["lines", "array"])
def test_accents_of_windows_are_read(tmp_path, shape):
    text = lines(TEXTS)
    if shape == "array":
        text = "[" + text.strip().replace("\n", ",\n") + "]"
    path = tmp_path / "a.json"
    path.write_bytes(text.encode("cp1252"))

    assert texts_of(rows_of(ReadJsonl, path)) == TEXTS
    (said,) = ReadJsonl(paths=str(path)).notices()
    assert said.endswith("a.json' is not UTF-8; it is read as Windows-1252")


@pytest.mark.parametrize("shape", ["lines", "array"])
def test_another_encoding_is_named_with_a_sample_before_its_rows_are_refused(
    tmp_path, shape
):
    text = lines(["plain", "сборка не работает"])
    if shape == "array":
        text = "[" + text.strip().replace("\n", ",\n") + "]"
    path = tmp_path / "a.json"
    path.write_bytes(text.encode("koi8-r"))

    (said,) = ReadJsonl(paths=str(path)).notices()

    assert "it may be KOI8-R, as" in said
    assert "сборка" in said
    assert said.endswith("convert it: iconv -f KOI8-R -t UTF-8 IN > OUT")
    assert recognise([str(path)]).source is ReadJsonl


def test_a_few_damaged_bytes_are_no_encoding(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"utterance_id": "1", "text": "it \xe9\xcf\xc5"}\n')

    assert ReadJsonl(paths=str(path)).notices() == []


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt"])
def test_utf16_without_a_mark_is_named(tmp_path, name, encoding):
    text = "id,text\n1,сборка\n" if name == "a.csv" else lines(["сборка"])
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))

    with pytest.raises(UsageError, match=r"UTF-16 without a byte order mark.*iconv"):
        recognise([str(path)]).source(
            paths=str(path), mapping={"utterance_id": "utterance_id", "text": "text"}
        ).check()


def test_any_cut_gives_the_same_rows_and_places(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(TEXTS * 30).encode("cp1252"))
    source, size = ReadJsonl(paths=str(path)), path.stat().st_size
    ends = itertools.pairwise([0, size // 3, size // 2, size])
    pieces = [Split(str(path), *each, size) for each in ends]
    cut = [row for piece in pieces for b in source.read(piece) for row in b.to_pylist()]

    assert cut == rows_of(ReadJsonl, path)


def test_a_source_of_its_own_reads_them_too(tmp_path):
    comment = {"id": "c1", "author": "kim", "body": "tr\u00e8s bien", "link_id": "t3_a"}
    comment |= {"created_utc": 1420070400, "subreddit": "x", "parent_id": "t3_a"}
    path = tmp_path / "a.jsonl"
    path.write_bytes(json.dumps(comment, ensure_ascii=False).encode("cp1252") + b"\n")

    assert texts_of(rows_of(ReadReddit, path)) == ["tr\u00e8s bien"]
    assert ReadReddit(paths=str(path)).notices()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'{"text": "\xff"}', id="a byte"),
        pytest.param(b'{"text": "caf\xc3"}', id="half a letter"),
        pytest.param(b'{"text": "so\xe2\x80"}', id="a part of a sign"),
        pytest.param("caf\u00e9 ".encode() + b"caf\xe9", id="both"),
        pytest.param("\u043d\u0435\u0442".encode("cp1251"), id="Russian"),
        pytest.param("to nie dzia\u0142a".encode("cp1250"), id="Polish"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_damage_and_other_encodings_are_none(tmp_path, data):
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)

    assert encoding_of_json(str(path)) == ""
