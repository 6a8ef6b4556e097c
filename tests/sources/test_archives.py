"""A zip or tar archive is a folder, to every source that reads files."""

import io
import tarfile
import zipfile

import pytest

from affectflow.cli.sources import left_out
from affectflow.errors import UsageError
from affectflow.sources.archives import is_member
from affectflow.sources.recognition import recognise
from affectflow_connectors.csv import ReadCsv
from affectflow_connectors.irc.log import ReadIrc
from affectflow_connectors.jsonl import ReadJsonl
from affectflow_connectors.mail.sources import ReadEml, ReadMbox
from affectflow_connectors.stack_exchange.source import ReadStackExchange
from affectflow_connectors.whatsapp.chat import ReadWhatsapp
from tests.given.reading import living, rows_of, why_dead, write_folder, write_zip

MAIL = """\
From: Ann <ann@example.org>
Subject: It fails
Date: Mon, 01 Jun 2009 09:56:31 +0530
Message-ID: <{}@example.org>

I hate this.
"""
SEPARATOR = "From ann@example.org Mon Jun 01 04:28:28 2009\n"
POST = (
    '<?xml version="1.0" encoding="utf-8"?>\n<posts>\n  <row Id="1" PostTypeId="1" '
    'CreationDate="2011-08-17T20:18:56.507" Body="Why?" OwnerUserId="40" />\n</posts>'
)
CHAT = "31/12/2023, 09:05 - Ann: it fails\n31/12/2023, 09:06 - Bob: why\n"
LOG = "09:05 <ann> it fails\n09:06 <bob> ann: why\n"
EXPORTS = {
    "mbox": (ReadMbox, {"Mail/All mail.mbox": SEPARATOR + MAIL.format(1)}),
    "eml": (ReadEml, {f"{n}.eml": MAIL.format(n) for n in range(3)}),
    "irc": (ReadIrc, {f"#boats/2024-01-0{n}.log": LOG for n in (1, 2)}),
    "csv": (ReadCsv, {"posts.csv": "utterance_id,text\n1,it fails\n2,why\n"}),
    "jsonl": (ReadJsonl, {"a.jsonl": b'{"utterance_id": "1", "text": "it fails"}\n'}),
    "whatsapp": (
        ReadWhatsapp,
        {"_chat.txt": CHAT, **{f"{n}-PHOTO.jpg": b"\xff\xd8\xff" for n in range(30)}},
    ),
    "stack-exchange": (
        ReadStackExchange,
        {"cooking.stackexchange.com/Posts.xml": POST},
    ),
}
COLUMNS = ("utterance_id", "conversation_id", "text", "timestamp", "container")


def said(rows):
    return [tuple(row[name] for name in COLUMNS) for row in rows]


def write_tar(path, files, *more):
    """Writes a tar, compressed as its name says; returns its path."""
    kinds = {".tgz": "w:gz", ".gz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}
    with tarfile.open(path, kinds.get(path.suffix, "w:")) as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for member in more:
            archive.addfile(member)
    return path


WRITERS = {"export.zip": write_zip, "export.tar": write_tar, "export.tgz": write_tar}


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        *((name, "export.zip") for name in EXPORTS),
        ("irc", "export.tgz"),
        ("csv", "export.tar"),
        ("jsonl", "export.tgz"),
    ],
)
def test_an_archive_gives_the_rows_of_the_folder_and_is_recognised(
    tmp_path, name, packed
):
    source, files = EXPORTS[name]
    folder = write_folder(tmp_path / "folder", files)
    archive = WRITERS[packed](tmp_path / packed, files)

    unpacked, packed = rows_of(source, folder), rows_of(source, archive)

    assert said(packed) == said(unpacked)
    assert living(packed) == packed != []
    assert all(is_member(row["origin"]) for row in packed)
    found = recognise([str(archive)])
    assert found.source is source
    assert found.files == len([file for file in files if not file.endswith(".jpg")])


def test_what_an_archive_holds_that_is_not_read_is_named(tmp_path, monkeypatch):
    files = {"a.csv": "utterance_id,text\n1,x\n", "b/notes.pdf": b"%PDF-"}
    path = write_zip(tmp_path / "a.zip", files).name
    monkeypatch.chdir(tmp_path)

    assert left_out(ReadCsv(paths=path), [path]) == ["notes.pdf"]


def test_an_archive_without_a_file_of_the_source_is_one_line(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a.pdf": b"%PDF-"})

    with pytest.raises(
        UsageError, match=r"no \.csv, \.tsv file in archive .*zip://NAME"
    ):
        ReadCsv(paths=str(path)).check()


def test_one_file_of_an_archive_can_be_named(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a": "utterance_id,text\n1,x\n", "b": "y"})
    source = ReadCsv(paths=f"zip://a::{path}")

    (split,) = source.splits(source.patterns[0])

    assert [b["text"].to_pylist() for b in source.read(split)] == [["x"]]


GOOD = "utterance_id,text\n1,x\n"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        pytest.param(
            "../../etc/b.csv", GOOD, "points outside", id="a name that leads out"
        ),
        pytest.param("/etc/b.csv", GOOD, "points outside", id="an absolute name"),
        pytest.param("b.csv", b"x" * (65 << 20), "would grow from", id="a bomb"),
    ],
)
def test_what_is_refused_ends_no_other_file(tmp_path, name, content, words):
    path = write_zip(tmp_path / "a.zip", {"a.csv": GOOD, name: content})

    rows = rows_of(ReadCsv, path)

    assert [row["text"] for row in living(rows)] == ["x"]
    assert why_dead(rows) == ["damaged_file"]
    (message,) = [r["errors"][0]["message"] for r in rows if r["errors"]]
    assert words in message


def test_files_that_share_their_bytes_are_a_bomb(tmp_path):
    """As of David Fifield, 2019: each file alone is within bounds, all are not."""
    path = write_zip(tmp_path / "a.zip", {"a.csv": b"utterance_id,text\n" * 500_000})
    with zipfile.ZipFile(path, "a") as archive:
        (first,) = archive.infolist()
        for n in range(200):
            again = zipfile.ZipInfo(f"{n}.csv")
            for field in ("compress_type", "compress_size", "file_size", "CRC"):
                setattr(again, field, getattr(first, field))
            again.header_offset = first.header_offset
            archive.filelist.append(again)
        archive._didModify = True

    (row,) = rows_of(ReadCsv, path)

    assert "would grow from" in row["errors"][0]["message"]


def test_an_archive_that_was_written_again_is_opened_again(tmp_path):
    files = {"a.csv": "utterance_id,text\n1,old\n"}
    path = write_zip(tmp_path / "a.zip", files)
    before = rows_of(ReadCsv, path)
    write_zip(path, {"a.csv": "utterance_id,text\n1,a new text\n"})

    assert [row["text"] for row in before + rows_of(ReadCsv, path)] == [
        *("old", "a new text")
    ]
