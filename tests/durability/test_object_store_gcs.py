"""A lake in Google Cloud Storage: an emulator on the loopback device.

The emulator is fake-gcs-server, behind a proxy of ours that translates what it lacks;
the promises of the real store are only read.
"""

import importlib.util
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from affectflow.errors import StorageError
from affectflow.storage import Storage
from tests.conftest import required
from tests.durability.google_store import GoogleStore
from tests.durability.jobs import write_input
from tests.given import stored_lakes
from tests.given.stored_lakes import same_digest, whole_job
from tests.given.waiting import wait_for

pytestmark = [pytest.mark.proof, pytest.mark.gcs]

BUCKET = "gs://bucket"
MODULE = "github.com/fsouza/fake-gcs-server@v1.56.1"
WAIT_S = 30.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an emulator that holds nothing."""
    if not importlib.util.find_spec("gcsfs"):
        required("gcs", "pip install 'affectflow[gcp]'")
    program = shutil.which("fake-gcs-server")
    if program is None:
        required("gcs", f"go install {MODULE}, and put it into PATH")
    port = free_port()
    address = f"127.0.0.1:{port}"
    command = [program, "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)]
    command += ["-backend", "memory", "-public-host", address]
    with (tmp_path_factory.mktemp("gcs") / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        await_port(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=WAIT_S)


def await_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    def listens() -> bool:
        assert process.poll() is None, "fake-gcs-server has ended"
        with socket.socket() as trial:
            return trial.connect_ex(("127.0.0.1", port)) == 0

    wait_for(listens, "fake-gcs-server to listen", WAIT_S)


@pytest.fixture
def store(
    server: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GoogleStore]:
    """The way to the emulator, in good order at first; an empty bucket behind it."""
    store = GoogleStore(server)
    account = {"gcs_base_url": store.url, "disable_oauth": True}
    account |= dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
    (tmp_path / "account.json").write_text(json.dumps(account))
    for name, value in {
        "STORAGE_EMULATOR_HOST": store.url,
        "FSSPEC_GS_TOKEN": "anon",
        "FSSPEC_GCS_TOKEN": "anon",
        "GOOGLE_SERVICE_ACCOUNT": str(tmp_path / "account.json"),
        # What kind of bucket it is would be asked by gRPC, which no emulator speaks.
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
    }.items():
        monkeypatch.setenv(name, value)
    for protocol in ("gs", "gcs"):
        monkeypatch.setitem(fsspec.config.conf, protocol, {"token": "anon"})
    gs = fsspec.filesystem("gs", skip_instance_cache=True)
    if gs.exists("bucket"):
        gs.rm("bucket", recursive=True)
    gs.mkdir("bucket")
    type(gs).clear_instance_cache()
    yield store
    type(gs).clear_instance_cache()
    store.stop()


def test_a_file_comes_back_and_is_listed_and_removed(store):
    stored_lakes.a_file_comes_back_and_is_listed_and_removed(BUCKET)


def test_of_many_writers_at_once_one_succeeds_by_a_conditional_put(store):
    stored_lakes.of_many_writers_at_once_one_succeeds(store, BUCKET)


def test_writers_at_once_commit_without_a_rename_and_lose_nothing(store):
    stored_lakes.writers_at_once_commit_and_lose_nothing(store, BUCKET)


def test_a_bucket_that_is_not_there_is_one_line(store):
    with pytest.raises(StorageError, match="the bucket of") as caught:
        Storage("gs://nowhere/lake").write(b"x", "file")

    assert "\n" not in str(caught.value)


@pytest.mark.timeout(900)
def test_a_whole_job_gives_the_local_answer(store, tmp_path):
    file = write_input(tmp_path / "input.jsonl", range(60))
    local, remote = tmp_path / "lake", f"{BUCKET}/lake"
    assert whole_job(str(file), str(local)).code == 0

    done = whole_job(str(file), remote)

    assert done.code == 0, done.err
    assert same_digest(local, remote)
