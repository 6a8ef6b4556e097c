"""`--source auto` over several files."""

import gzip
import io
import sqlite3
import tarfile
import zipfile

import pytest

from affectflow.errors import UsageError
from affectflow.sources.recognition import recognise
from affectflow_connectors.csv import ReadCsv
from affectflow_connectors.jsonl import ReadJsonl

LINES = b'{"utterance_id": "a", "text": "good"}\n'
TABLE = b"id,text\n1,good\n2,bad\n"
EVENT = b'{"id":"1","type":"PushEvent","actor":{},"repo":{},"payload":{}}\n'
SLACK = (
    b'[{"type": "message", "text": "hi", "user": "U02AB3CDE", "client_msg_id": "x", '
    b'"ts": "1700000001.000200"}]'
)
STACK = (
    b'{"items": [{"owner": {"user_id": 3}, "answer_id": 8, "question_id": 7, '
    b'"creation_date": 1699990000, "body": "<p>Lock.</p>"}], "has_more": false, '
    b'"quota_max": 300, "quota_remaining": 297}'
)


def zipped(name="a.jsonl"):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, LINES)
    return file.getvalue()


def tarred():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.jsonl"), io.BytesIO())
    return file.getvalue()


def database(folder):
    path = folder / "made.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (text)")
    return path.read_bytes()


def written(folder, files):
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def test_a_folder_of_one_kind_is_recognised(tmp_path):
    files = {f"{n}.jsonl": LINES for n in range(30)} | {"README.md": b"# A dump\n"}

    found = recognise([str(written(tmp_path, files))])

    assert found.source is ReadJsonl
    assert 15 <= found.looked_at <= 20
    assert 0.7 <= found.confidence <= 0.9


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("{:03}.json", id="in turn"),
        pytest.param("b/{:03}.json", id="in a folder of their own"),
        pytest.param("talk-{:03}.json", id="under names of their own"),
    ],
)
def test_files_of_two_kinds_are_told_however_they_are_named(tmp_path, other):
    (tmp_path / "b").mkdir()
    files = {f"{n:03}.json": SLACK for n in range(0, 200, 2)}
    files |= {other.format(n): STACK for n in range(1, 200, 2)}

    with pytest.raises(UsageError, match=r"kinds: .*slack.*stack-exchange"):
        recognise([str(written(tmp_path, files))])


def test_one_file_whose_name_differs_is_looked_at(tmp_path):
    files = {f"{n:03}.jsonl": LINES for n in range(300)} | {"channel.json": SLACK}

    with pytest.raises(UsageError, match="1 looks like slack"):
        recognise([str(written(tmp_path, files))])


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param(
            {"a.jsonl": LINES, "b.csv": TABLE},
            r"several kinds: 1 looks like (csv|jsonl), .*--source (csv|jsonl) --to LA",
            id="lines and a table",
        ),
        pytest.param(
            {"a.json": EVENT, "b.csv": TABLE}, "several kinds: .*gharchive", id="events"
        ),
        pytest.param({"a": b"\x01\x02\x03" * 99}, "name it with --source", id="bytes"),
        pytest.param(
            {"a.jsonl": LINES, "b.json": SLACK, "c.json": STACK},
            "several kinds: (?=.*1 looks like jsonl)(?=.*1 looks like slack)"
            ".*1 looks like stack-exchange",
            id="lines and exports that are JSON, too",
        ),
    ],
)
def test_a_folder_of_several_kinds_is_refused(tmp_path, files, words):
    with pytest.raises(UsageError, match=words):
        recognise([str(written(tmp_path, files))])


@pytest.mark.parametrize("name", ["x", "x.jsonl", "x.csv"])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda _: zipped(), "a zip archive.*unpack it", id="zip"),
        pytest.param(
            lambda _: zipped("[Content_Types].xml"), "save it as CSV", id="xlsx"
        ),
        pytest.param(lambda _: gzip.compress(tarred()), "a tar archive", id="tar.gz"),
        pytest.param(lambda _: b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive", id="7z"),
        pytest.param(lambda _: b"\x89PNG\r\n\x1a\n\0\0", "a picture", id="png"),
        pytest.param(lambda _: b"%PDF-1.4\n1 0 obj\n", "a PDF document", id="pdf"),
        pytest.param(database, "an SQLite database.*write a query", id="sqlite"),
    ],
)
def test_what_is_not_text_is_never_read_as_lines(tmp_path, name, make, words):
    path = tmp_path / name
    path.write_bytes(make(tmp_path))

    with pytest.raises(UsageError, match=words):
        recognise([str(path)])
    for source in (ReadJsonl, ReadCsv):
        with pytest.raises(UsageError, match=words):
            source(paths=str(path), mapping={"text": "t", "utterance_id": "i"}).check()
        read = list(
            source(paths=str(path)).read(source(paths="x").splits(str(path))[0])
        )
        (row,) = [row for batch in read for row in batch.to_pylist()]
        assert row["errors"][0]["error_type"] == "damaged_file"


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz", "a.zip"])
def test_an_archive_that_is_cut_is_to_be_fetched_again(tmp_path, name):
    packed = {"a.tar": tarred(), "a.zip": zipped()}.get(name, gzip.compress(tarred()))
    path = tmp_path / name
    path.write_bytes(packed[: min(len(packed) - 20, 700)])
    why = "File is not a zip file" if name == "a.zip" else "it is cut off"
    refusal = f"is a damaged ... archive: {why}; fetch the file again"

    with pytest.raises(UsageError, match=refusal):
        recognise([str(path)])


def test_a_named_file_that_no_source_knows_is_refused_beside_one_that_is_known(
    tmp_path,
):
    written(tmp_path, {"a.jsonl": LINES, "notes.txt": b"just some words\n"})

    with pytest.raises(UsageError, match=r"cannot tell what '.*notes.txt' is"):
        recognise([str(tmp_path / "a.jsonl"), str(tmp_path / "notes.txt")])


@pytest.mark.parametrize("data", [b"", b" \n\n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_called_empty(tmp_path, data):
    written(tmp_path, {"notes.txt": data})

    with pytest.raises(
        UsageError, match=r"notes.txt' is empty; did the program that wrote it fail"
    ):
        recognise([str(tmp_path / "notes.txt")])
