import subprocess
import sys
import textwrap

import pytest
from deltalake import DeltaTable

from affectflow.errors import StorageError
from affectflow.lake import commits, tables
from affectflow.lake.commits import ConflictError, commit, retry
from affectflow.lake.tables import FileEntry, committed
from affectflow.schemas import FOLDS
from affectflow.storage import Storage

NAME = "folds"


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
    real = commits.table_if_made
    waiting = [theirs]

    def read_then_lose(*arguments):
        found = real(*arguments)
        if waiting:
            waiting.pop()()
        return found

    monkeypatch.setattr(commits, "table_if_made", read_then_lose)


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
    assert not commits.landed(storage, NAME, "run-1")

    commit(storage, NAME, [entry(storage)], once="run-1")

    assert commits.landed(storage, NAME, "run-1")
    assert not commits.landed(storage, NAME, "run-2")


def test_two_processes_that_append_at_once_both_land(storage):
    code = """
    import sys
    from affectflow.storage import Storage
    from affectflow.lake.commits import commit
    from affectflow.lake.tables import FileEntry
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


# -- again -------------------------------------------------------------------------


def failing(times, error):
    """Returns a function that fails so often, and then says how often it was asked."""
    asked = []

    def attempt():
        asked.append(1)
        if len(asked) <= times:
            raise error
        return len(asked)

    return attempt


def test_what_others_overtook_is_tried_again_until_it_lands():
    assert retry(failing(19, ConflictError("first"))) == 20


def test_the_twentieth_conflict_is_the_callers():
    with pytest.raises(ConflictError, match="first"):
        retry(failing(20, ConflictError("first")))


def test_another_error_is_not_tried_again():
    with pytest.raises(StorageError, match="full"):
        retry(failing(1, StorageError("full")))
