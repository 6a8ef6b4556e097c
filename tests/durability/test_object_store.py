"""A lake in an object store: a real S3 server on the loopback device, well and badly.

The server is moto's; the store's own promises (conditional puts, whole objects) are
those of S3, as far as moto keeps them.
"""

import importlib.util
import time
from collections.abc import Iterator

import fsspec
import pytest

from affectflow.errors import StorageError
from affectflow.storage import Storage
from tests.conftest import required
from tests.durability.bad_store import BadStore
from tests.durability.jobs import write_input
from tests.given import stored_lakes
from tests.given.stored_lakes import same_digest, whole_job

BUCKET = "s3://bucket"


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """The port of an S3 server with one bucket."""
    for module in ("moto", "s3fs"):
        if not importlib.util.find_spec(module):
            required("s3", "pip install 'affectflow[s3]' 'moto[server]'")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def store(server: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[BadStore]:
    """The way to the server, in good order at first; an empty bucket behind it."""
    store = BadStore(server)
    for name, value in {
        "AWS_ENDPOINT_URL": store.url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_S3_ALLOW_UNSAFE_RENAME", raising=False)
    s3 = fsspec.filesystem("s3", skip_instance_cache=True)
    if s3.exists("bucket"):
        s3.rm("bucket", recursive=True)
    s3.mkdir("bucket")
    type(s3).clear_instance_cache()
    yield store
    type(s3).clear_instance_cache()
    store.stop()


@pytest.fixture
def bad_store(store: BadStore) -> BadStore:
    """A store that is slow, says 503 and drops connections, before and after work."""
    store.latency_s, store.says_503, store.drops = 0.01, 0.05, 0.04
    return store


@pytest.mark.rotated
def test_a_file_comes_back_and_is_listed_and_removed(store):
    stored_lakes.a_file_comes_back_and_is_listed_and_removed(BUCKET)


def test_what_another_writes_is_seen_at_once(store):
    storage = Storage(f"{BUCKET}/lake")
    storage.write(b"1", "folder", "one")
    assert storage.names("folder") == ["one"]
    other = fsspec.filesystem("s3", skip_instance_cache=True)

    other.pipe_file("bucket/lake/folder/two", b"2")

    assert storage.exists("folder", "two")
    assert storage.names("folder") == ["one", "two"]


def test_of_many_writers_at_once_one_succeeds_by_a_conditional_put(store):
    stored_lakes.of_many_writers_at_once_one_succeeds(store, BUCKET)


@pytest.mark.rotated
def test_writers_at_once_commit_without_a_rename_and_lose_nothing(bad_store):
    stored_lakes.writers_at_once_commit_and_lose_nothing(bad_store, BUCKET)


@pytest.mark.parametrize(
    ("lake", "hidden", "words"),
    [
        pytest.param("s3://nowhere/lake", [], "the bucket of", id="no bucket"),
        pytest.param(
            f"{BUCKET}/lake",
            ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
            "no credentials for",
            id="no credentials",
        ),
    ],
)
def test_what_the_caller_can_mend_is_one_line(store, monkeypatch, lake, hidden, words):
    for name in hidden:
        monkeypatch.delenv(name)

    with pytest.raises(StorageError, match=words) as caught:
        Storage(lake).write(b"x", "file")

    assert "\n" not in str(caught.value)


def test_a_store_that_does_not_answer_is_one_line_within_a_bound(store):
    store.stop()
    begun = time.monotonic()

    with pytest.raises(StorageError, match="run the same command"):
        Storage(f"{BUCKET}/lake").write(b"x", "file")

    assert time.monotonic() - begun < 60


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_a_whole_job_through_a_bad_store_gives_the_local_answer(bad_store, tmp_path):
    file = write_input(tmp_path / "input.jsonl", range(60))
    Storage(BUCKET).write(file.read_bytes(), "input", "input.jsonl")
    local, remote = tmp_path / "lake", f"{BUCKET}/lake"
    assert whole_job(str(file), str(local)).code == 0

    done = whole_job(f"{BUCKET}/input/input.jsonl", remote)

    assert done.code == 0, done.err
    bad_store.heal()
    assert same_digest(local, remote)


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_a_job_goes_on_when_a_store_that_failed_is_well_again(store, tmp_path):
    file = write_input(tmp_path / "input.jsonl", range(60))
    local, remote = tmp_path / "lake", f"{BUCKET}/lake"
    assert whole_job(str(file), str(local)).code == 0
    store.dead_after = len(store.requests) + 250

    failed = whole_job(str(file), remote)
    store.heal()
    again = whole_job(str(file), remote)

    assert failed.code == 2, failed.err
    assert "run the same command" in failed.last_line
    assert "Traceback" not in failed.err
    assert again.code == 0, again.err
    assert same_digest(local, remote)
