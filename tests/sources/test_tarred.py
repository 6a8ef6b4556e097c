"""Tar archives: what they may hold, and what is refused of them."""

import gzip
import tarfile

import pytest

from affectflow.sources import decompress
from affectflow.sources.archives import members, open_member, without_ending
from affectflow.sources.damage import DamagedFileError
from affectflow_connectors.csv import ReadCsv
from affectflow_connectors.slack.export import ReadSlack
from tests.given.reading import living, rows_of, why_dead
from tests.sources.test_archives import GOOD, write_tar

DAY = '[{"type": "message", "text": "hi", "user": "U0", "ts": "1700000001.0002"}]'
CHANNELS = '[{"id": "C0123ABCD", "name": "ops"}]'


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tgz", "tar.bz2", "tar.xz"])
def test_every_compression_is_read(tmp_path, ending):
    path = write_tar(tmp_path / f"a.{ending}", {"./a.csv": GOOD, ".b.csv": GOOD})

    (row,) = rows_of(ReadCsv, path)

    assert row["text"] == "x"
    assert row["origin"].startswith("tar://./a.csv::")
    assert without_ending(path.name) == "a"


def test_lists_of_an_export_are_found_in_its_tar(tmp_path):
    files = {"x/channels.json": CHANNELS, "x/ops/2023-11-14.json": DAY}
    path = write_tar(tmp_path / "export.tgz", files)

    (row,) = rows_of(ReadSlack, path)

    assert (row["container"], row["visibility"]) == ("ops", "public")


@pytest.mark.parametrize("name", ["../../etc/b.csv", "/etc/b.csv", "a/../../b.csv"])
def test_a_name_that_leads_out_is_refused(tmp_path, name):
    path = write_tar(tmp_path / "a.tar", {"a.csv": GOOD, name: GOOD})

    rows = rows_of(ReadCsv, path)

    assert [row["text"] for row in living(rows)] == ["x"]
    assert why_dead(rows) == ["damaged_file"]
    assert "points outside" in str([row["errors"] for row in rows])


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_no_files(tmp_path, kind):
    member = tarfile.TarInfo("b.csv")
    member.type, member.linkname = kind, "/etc/passwd"
    path = write_tar(tmp_path / "a.tar", {"a.csv": GOOD}, member)

    assert [each.uri for each in members(str(path), lambda _: True)] == [
        f"tar://a.csv::{path}"
    ]


def test_a_bomb_is_not_written_to_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(decompress, "_ANY_RATIO_BYTES", 1 << 20)
    path = write_tar(tmp_path / "a.tgz", {"a.csv": bytes(16 << 20)})

    (row,) = rows_of(ReadCsv, path)

    assert "grows from" in row["errors"][0]["message"]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[:700], id="in a file"),
        pytest.param(lambda data: data[:1024], id="between two files"),
        pytest.param(lambda data: data[:1500], id="in a header"),
        pytest.param(lambda data: b"x" * 600 + data[600:], id="no header"),
        pytest.param(lambda data: gzip.compress(data)[:-20], id="compressed"),
    ],
)
def test_damage_is_said(tmp_path, damage):
    path = write_tar(tmp_path / "a.tar", {"a.csv": GOOD, "b.csv": GOOD})
    path.write_bytes(damage(path.read_bytes()))

    (row,) = rows_of(ReadCsv, path)

    assert row["errors"][0]["error_type"] in ("damaged_file", "truncated_file")


def test_a_member_that_is_cut_after_it_was_listed_is_damage(tmp_path):
    path = write_tar(tmp_path / "a.tar", {"a.csv": "x" * 100_000})
    ((uri, size),) = members(str(path), lambda _: True)
    with open_member(uri) as file:
        assert file.seek(-5, 2) == size - 5
        assert file.read() == b"xxxxx"
        assert (file.read(3), file.tell()) == (b"", size)
        with path.open("r+b") as cut:
            cut.truncate(50_000)
        file.seek(0)
        with pytest.raises(DamagedFileError, match="cut off"):
            file.read()
