import errno
import os
import subprocess
import threading
import time

import pyarrow as pa
import pytest
from fsspec import AbstractFileSystem
from fsspec.registry import _registry

from affectflow import buckets
from affectflow.buckets import open_url
from affectflow.errors import StorageError, UsageError
from affectflow.sources.filesystems import file_system
from affectflow.storage import Storage, absolute, storage_errors

LOCAL_AND_MEMORY = pytest.mark.parametrize(
    "storage", ["local", "memory"], indirect=True
)


@pytest.fixture
def storage(request, tmp_path):
    if request.param == "local":
        return Storage(str(tmp_path / "lake"))
    return Storage(f"memory://{tmp_path.name}")


def mounted(folder, *options):
    """Mounts a file system for a test, or skips where nobody may."""
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip("needs the right to mount a file system")


def write_half(storage):
    with storage.writer("file") as file:
        file.write(b"half")
        file.flush()
        raise ZeroDivisionError


@pytest.fixture
def tiny_disk(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted(folder, "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def read_only(tmp_path):
    folder = tmp_path / "fixed"
    folder.mkdir()
    (folder / "old").write_bytes(b"old")
    mounted(folder, "--bind", str(folder))
    mounted(folder, "-o", "remount,bind,ro")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_where_no_folder_can_be_made_the_folder_is_named():
    with pytest.raises(StorageError, match="no folder can be made at '/proc/lake'"):
        Storage("/proc/lake").write(b"x", "file")


class SilentBuckets(AbstractFileSystem):
    """A store of which the library waits for credentials, as gcsfs does."""

    protocol = "gs"

    def __init__(self):
        super().__init__()
        time.sleep(60)


def test_a_bucket_that_never_answers_is_not_waited_for(monkeypatch):
    monkeypatch.setitem(_registry, "gs", SilentBuckets)
    monkeypatch.setattr(buckets, "PATIENCE_S", 0.1)

    for open_ in (Storage, file_system, open_url):
        with pytest.raises(StorageError, match="no answer from 'gs://silent' within"):
            open_("gs://silent/lake")


@LOCAL_AND_MEMORY
def test_a_file_comes_back_as_it_was_written(storage):
    storage.write(b"abc", "a", "b", "file")

    assert storage.read("a", "b", "file") == b"abc"
    assert storage.size("a", "b", "file") == 3
    assert storage.exists("a", "b", "file")
    assert storage.names("a") == ["b"]


@LOCAL_AND_MEMORY
def test_a_file_is_written_over_whole(storage):
    storage.write(b"a longer one", "file")
    storage.write(b"short", "file")

    assert storage.read("file") == b"short"
    assert storage.names() == ["file"]


@LOCAL_AND_MEMORY
@pytest.mark.parametrize("before", [None, b"before"], ids=["new", "old"])
def test_a_write_that_fails_in_the_middle_changes_nothing(storage, before):
    if before:
        storage.write(before, "file")

    with pytest.raises(ZeroDivisionError):
        write_half(storage)

    left = [path.rsplit("/", 1)[-1] for path in storage.fs.ls(storage.root, False)]
    assert left == (["file"] if before else [])
    assert not before or storage.read("file") == before


def test_nobody_sees_a_file_before_it_is_whole(tmp_path):
    storage = Storage(str(tmp_path))

    with storage.writer("file") as file:
        file.write(b"half")
        file.flush()
        assert not storage.exists("file")
        assert storage.names() == []
        assert len(list(tmp_path.iterdir())) == 1

    assert storage.names() == ["file"]


@LOCAL_AND_MEMORY
def test_a_table_comes_back_from_parquet(storage):
    table = pa.table({"n": pa.array([1, None, 3], pa.int16()), "s": ["a", "b", None]})

    size = storage.write_parquet(table, "folder", "part.parquet")

    assert storage.read_parquet("folder", "part.parquet").equals(table)
    assert (
        storage.read_parquet("folder", "part.parquet", columns=["s"]).num_columns == 1
    )
    assert storage.count_rows("folder", "part.parquet") == 3
    assert storage.size("folder", "part.parquet") == size


@LOCAL_AND_MEMORY
def test_a_tree_is_removed_and_removing_nothing_is_no_error(storage):
    storage.write(b"x", "a", "b")

    storage.remove_tree("a")
    storage.remove_tree("a")

    assert not storage.exists("a", "b")
    assert storage.names("nowhere") == []


@LOCAL_AND_MEMORY
def test_what_is_written_once_stays(storage):
    assert storage.write_once(b"first", "file") is True
    assert storage.write_once(b"second", "file") is False
    assert storage.read("file") == b"first"
    assert storage.names() == ["file"]


def test_of_many_writers_at_once_one_succeeds(tmp_path):
    won = []
    gate = threading.Barrier(8)

    def write(number):
        gate.wait()
        if Storage(str(tmp_path)).write_once(b"%d" % number, "file"):
            won.append(number)

    threads = [threading.Thread(target=write, args=[n]) for n in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert len(won) == 1
    assert Storage(str(tmp_path)).read("file") == b"%d" % won[0]
    assert os.listdir(tmp_path) == ["file"]


def test_what_is_written_once_is_on_the_disk_before_it_has_its_name(
    tmp_path, monkeypatch
):
    # Which calls are made is all that can be seen without a real power cut.
    calls = []
    sync, link = os.fsync, os.link
    monkeypatch.setattr(os, "fsync", lambda n: (calls.append("fsync"), sync(n)))
    monkeypatch.setattr(os, "link", lambda *n: (calls.append("link"), link(*n)))

    Storage(str(tmp_path)).write_once(b"key", "file")

    assert calls == ["fsync", "link"]


def test_a_private_file_is_the_owners_only(tmp_path):
    Storage(str(tmp_path)).write_once(b"x", "file", private=True)

    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_said_in_one_line_and_leaves_nothing(tiny_disk):
    storage = Storage(str(tiny_disk))

    with pytest.raises(StorageError, match=r"no space left .* run the same command"):
        storage.write(b"x" * 200_000, "file")

    assert os.listdir(tiny_disk) == []


def test_a_parquet_file_that_fills_the_disk_leaves_nothing(tiny_disk):
    noise = pa.table({"n": [os.urandom(8) for _ in range(50_000)]})

    with pytest.raises(StorageError, match="no space left"):
        Storage(str(tiny_disk)).write_parquet(noise, "t", "part.parquet")

    assert os.listdir(tiny_disk / "t") == []


def test_a_read_only_file_system_is_said_in_one_line(read_only):
    storage = Storage(str(read_only))

    with pytest.raises(StorageError, match="is read-only: name another folder"):
        storage.write(b"x", "file")
    assert storage.read("old") == b"old"


@pytest.mark.parametrize(
    ("number", "line"),
    [
        pytest.param(errno.ENOSPC, "no space left on the disk of 'there'", id="full"),
        pytest.param(errno.EROFS, "of 'there' is read-only", id="read-only"),
        pytest.param(errno.EDQUOT, "disk quota of 'there' is used up", id="quota"),
        pytest.param(errno.EACCES, "not allowed to write or read", id="not allowed"),
        pytest.param(errno.EPERM, "not allowed to write or read", id="not permitted"),
        pytest.param(errno.ENOENT, "a file is gone", id="gone"),
        pytest.param(errno.EIO, "'there': ", id="anything else"),
    ],
)
def test_what_the_system_says_becomes_one_line(number, line):
    with pytest.raises(StorageError, match=line) as caught, storage_errors("there"):
        raise OSError(number, os.strerror(number))

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("number", "line"), [(28, "no space left"), (30, "read-only"), (13, "not allowed")]
)
def test_what_deltalake_says_in_colours_becomes_one_line(number, line):
    text = f"Generic error\n  \x1b[31m↳\x1b[0m Unable\n (os error {number})"

    with pytest.raises(StorageError, match=line), storage_errors("there"):
        raise OSError(text)


def test_an_unknown_text_loses_its_colours_and_line_ends():
    with pytest.raises(StorageError) as caught, storage_errors("there"):
        raise OSError("Generic\n \x1b[31m↳\x1b[0m  why")

    assert str(caught.value) == "'there': Generic ↳ why"


def test_what_is_no_fault_of_the_disk_passes():
    with pytest.raises(ZeroDivisionError), storage_errors("there"):
        raise ZeroDivisionError


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StorageError, match=r"a file is gone: .*nothing"):
        Storage(str(tmp_path)).read("nothing")


def test_a_protocol_that_nobody_knows_is_the_callers_mistake():
    with pytest.raises(UsageError, match="cannot open 'nosuch://x'"):
        Storage("nosuch://x")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("s3://bucket/lake", "s3://bucket/lake"),
        ("simplecache::s3://bucket", "simplecache::s3://bucket"),
        ("/a/../b", "/b"),
        ("lake", os.path.join(os.getcwd(), "lake")),
        ("~/lake", os.path.join(os.path.expanduser("~"), "lake")),
    ],
)
def test_a_path_is_absolute_because_workers_have_other_folders(uri, expected):
    assert absolute(uri) == expected


def test_urls_are_what_other_libraries_understand(tmp_path):
    assert Storage(str(tmp_path)).url("a", "b") == f"{tmp_path}/a/b"
    assert Storage("memory://x").url("a") == "memory:///x/a"
