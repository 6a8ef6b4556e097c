import subprocess
import sys
import textwrap

import pytest
from deltalake import DeltaTable

from affectflow.errors import LakeError, StorageError
from affectflow.lake import tables
from affectflow.lake.tables import ConflictError, FileEntry, commit, committed
from affectflow.schemas import FOLDS, TABLES
from affectflow.storage import Storage

NAME = "folds"


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    storage = Storage(str(tmp_path_factory.mktemp("lake")))
    tables.create_missing(storage)
    return storage


@pytest.fixture
def storage(tmp_path):
    storage = Storage(str(tmp_path))
    DeltaTable.create(storage.url(NAME), schema=FOLDS, name=NAME)
    return storage


def entry(storage, name="a", rows=1):
    table = FOLDS.empty_table()
    path = f"{name}.parquet"
    return FileEntry(NAME, path, storage.write_parquet(table, NAME, path), rows)


def version(storage):
    return tables.table(storage, NAME).version()


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_created_with_its_types(empty, name):
    import pyarrow as pa

    schema = pa.schema(DeltaTable(empty.url(name)).schema().to_arrow())

    assert [(f.name, plain(f.type)) for f in schema] == [
        (f.name, plain(f.type)) for f in TABLES[name]
    ]


def plain(type_):
    """Returns a type without what Arrow's inner fields are called."""
    import pyarrow as pa

    if pa.types.is_map(type_):
        return ("map", plain(type_.key_type), plain(type_.item_type))
    if pa.types.is_list(type_):
        return ("list", plain(type_.value_type))
    if pa.types.is_struct(type_):
        return tuple((field.name, plain(field.type)) for field in type_)
    return type_


def test_creating_again_changes_nothing(empty):
    before = {name: DeltaTable(empty.url(name)).version() for name in TABLES}

    tables.create_missing(empty)

    assert {name: DeltaTable(empty.url(name)).version() for name in TABLES} == before
    assert committed(empty, "utterances") == {}


def test_what_is_committed_is_visible_and_nothing_else(storage):
    one, _orphan = entry(storage, "a", rows=7), entry(storage, "b")

    commit(storage, NAME, [one])

    assert committed(storage, NAME) == {"a.parquet": one}
    assert committed(storage, NAME)["a.parquet"].rows == 7


def test_adding_twice_adds_once(storage):
    commit(storage, NAME, [entry(storage)])
    before = version(storage)

    commit(storage, NAME, [entry(storage)])

    assert version(storage) == before
    assert list(committed(storage, NAME)) == ["a.parquet"]


def test_files_are_replaced_in_one_version(storage):
    commit(storage, NAME, [entry(storage, "a"), entry(storage, "b")])
    before = version(storage)

    commit(storage, NAME, [entry(storage, "c")], ["a.parquet", "gone.parquet"])

    assert sorted(committed(storage, NAME)) == ["b.parquet", "c.parquet"]
    assert version(storage) == before + 1


def test_a_file_that_is_added_and_removed_stays(storage):
    commit(storage, NAME, [entry(storage)])

    commit(storage, NAME, [entry(storage), entry(storage)], ["a.parquet"])

    assert list(committed(storage, NAME)) == ["a.parquet"]


def test_a_commit_that_changes_nothing_makes_no_version(storage):
    before = version(storage)

    commit(storage, NAME, [], ["gone.parquet"])

    assert version(storage) == before


def test_a_table_that_changed_since_it_was_read_is_a_conflict(storage):
    read = committed(storage, NAME)
    commit(storage, NAME, [entry(storage, "theirs")])

    with pytest.raises(ConflictError, match="folds changed since it was read"):
        commit(storage, NAME, [entry(storage, "ours")], serial="mine", expected=read)

    assert list(committed(storage, NAME)) == ["theirs.parquet"]


def race(monkeypatch, storage, theirs):
    """Lets `theirs` happen between the reading of the table and our commit."""
    real = tables.table
    waiting = [theirs]

    def read_then_lose(*arguments):
        found = real(*arguments)
        if waiting:
            waiting.pop()()
        return found

    monkeypatch.setattr(tables, "table", read_then_lose)


@pytest.mark.parametrize("word", ["serial", "once"])
def test_two_commits_of_one_name_never_overlap(monkeypatch, storage, word):
    ours, theirs = entry(storage, "ours"), entry(storage, "theirs")
    commit(storage, NAME, [entry(storage)], **{word: "mine"})
    race(
        monkeypatch, storage, lambda: commit(storage, NAME, [theirs], **{word: "mine"})
    )

    with pytest.raises(ConflictError, match="another run committed first"):
        commit(storage, NAME, [ours], **{word: "mine"})

    assert sorted(committed(storage, NAME)) == ["a.parquet", "theirs.parquet"]


def test_the_first_two_commits_of_one_name_do_not_overlap_either(monkeypatch, storage):
    ours, theirs = entry(storage, "ours"), entry(storage, "theirs")
    race(monkeypatch, storage, lambda: commit(storage, NAME, [theirs], serial="mine"))

    with pytest.raises(ConflictError):
        commit(storage, NAME, [ours], serial="mine")

    assert list(committed(storage, NAME)) == ["theirs.parquet"]


def test_commits_of_two_names_both_land(monkeypatch, storage):
    ours, theirs = entry(storage, "ours"), entry(storage, "theirs")
    race(monkeypatch, storage, lambda: commit(storage, NAME, [theirs], serial="other"))

    commit(storage, NAME, [ours], serial="mine")

    assert sorted(committed(storage, NAME)) == ["ours.parquet", "theirs.parquet"]


def test_two_that_remove_one_file_both_finish(monkeypatch, storage):
    commit(storage, NAME, [entry(storage)])
    race(monkeypatch, storage, lambda: commit(storage, NAME, [], ["a.parquet"]))

    commit(storage, NAME, [entry(storage, "new")], ["a.parquet"])

    assert list(committed(storage, NAME)) == ["new.parquet"]


def test_a_commit_with_an_identity_is_known_to_have_landed(storage):
    assert not tables.landed(storage, NAME, "run-1")

    commit(storage, NAME, [entry(storage)], once="run-1")

    assert tables.landed(storage, NAME, "run-1")
    assert not tables.landed(storage, NAME, "run-2")


def test_two_processes_that_append_at_once_both_land(storage):
    code = """
    import sys
    from affectflow.storage import Storage
    from affectflow.lake.tables import FileEntry, commit
    storage, who = Storage(sys.argv[1]), sys.argv[2]
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(15):
        commit(storage, "folds", [FileEntry("folds", f"{who}{n}.parquet", 1, 1)])
    """
    both = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), storage.uri, who],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in "ab"
    ]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()

    assert [process.wait(60) for process in both] == [0, 0]

    assert set(committed(storage, NAME)) == {
        f"{who}{n}.parquet" for who in "ab" for n in range(15)
    }
    assert version(storage) == 30


def test_a_table_that_was_removed_is_named(tmp_path):
    with pytest.raises(LakeError, match="lacks the table 'folds'; was its folder"):
        committed(Storage(str(tmp_path)), NAME)


def test_a_commit_to_a_full_disk_is_said_in_one_line(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        storage = Storage(str(folder))
        DeltaTable.create(storage.url(NAME), schema=FOLDS, name=NAME)
        with pytest.raises(OSError, match="No space"):
            (folder / "fill").write_bytes(b"x" * 100_000)
        with pytest.raises(StorageError, match=r"^no space left on the disk[^\n]*$"):
            commit(storage, NAME, [FileEntry(NAME, "a.parquet", 1, 1)])
        assert committed(storage, NAME) == {}
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(
    ("path", "stem", "bucket"),
    [("b00003-1a2b.parquet", "b00003-1a2b", 3), ("dir/b15-x.parquet", "b15-x", 15)],
)
def test_the_path_of_a_part_tells_its_name_and_bucket(path, stem, bucket):
    assert tables.stem(path) == stem
    assert tables.bucket_of_path(path) == bucket


def test_an_entry_comes_back_from_json():
    one = FileEntry("folds", "a.parquet", 12, 3)

    assert FileEntry.from_json(one.to_json()) == one
