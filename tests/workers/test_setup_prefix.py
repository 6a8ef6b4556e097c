"""setup_workers.sh: its prefix with other runs, after killed ones, on a full disk.

And the weights that it holds.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import required
from tests.given.waiting import wait_for
from tests.given.worker_hosts import (
    COMMIT,
    SCRIPT,
    Host,
    assert_fails,
    entry,
    host_at,
    manifest,
    package,
    setup,
    step_lines,
)

pytestmark = pytest.mark.rotated

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return host_at(tmp_path)


# -- runs ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.proof
def test_of_two_runs_at_once_one_waits_and_both_are_well(host):
    command = ["bash", str(SCRIPT), *map(str, host.options), "--json"]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [run.communicate(timeout=300) for run in both]

    assert [run.returncode for run in both] == [0, 0], said
    assert sorted(json.loads(out)["changed"] for out, _ in said) == [False, True]
    assert sum(b"step=lock status=waiting" in err for _, err in said) == 1
    assert len(list(host.prefix.glob("env-*"))) == 1


@pytest.mark.slow
@pytest.mark.proof
def test_a_run_that_was_killed_is_made_good_by_the_next(host):
    killed = subprocess.Popen(
        ["bash", str(SCRIPT), *map(str, host.options)],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(
        lambda: any(host.prefix.glob("env-*/pyvenv.cfg")),
        "an environment to be begun",
        every_s=0.005,
    )
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not host.prefix.joinpath("current").exists()

    assert host.report()["changed"] is True
    assert host.check().returncode == 0


@pytest.mark.proof
def test_a_new_wheel_makes_a_new_environment_beside_the_old_one(host):
    old = host.report()["stamp"]
    package(host.folder / "dist", affectflow_more="")

    new = host.report()["stamp"]

    assert new != old
    assert host.stamp == new
    assert (host.prefix / f"env-{old}" / "complete").exists()


@pytest.mark.proof
def test_a_second_run_that_agrees_on_something_else_is_what_check_holds_to(host):
    host.report("--gpu", "cpu")

    report = host.report("--gpu", "cpu", "--expect-python", PYTHON)

    assert report["changed"] is True
    settings = (host.prefix / "current" / "settings").read_text().splitlines()
    assert f"expect_python={PYTHON}" in settings
    assert host.report("--gpu", "cpu", "--expect-python", PYTHON)["changed"] is False


@pytest.mark.proof
def test_a_prefix_of_somebody_else_is_11(host):
    host.prefix.mkdir()
    lock = host.prefix / ".lock"
    lock.touch()
    (host.prefix / "bin").mkdir()
    lock.chmod(0o444)

    done = host.setup(namespace=without_the_powers_of_root())

    assert_fails(done, 11, "cannot be written by")
    assert "--prefix" in done.stderr.splitlines()[-1]


def without_the_powers_of_root() -> list[str]:
    drop = "--bounding-set=-dac_override,-dac_read_search"
    return ["setpriv", drop] if os.geteuid() == 0 else []


@pytest.mark.proof
def test_an_image_keeps_its_own_boot_program(host):
    inside = with_file_system(
        "mount -t tmpfs none /opt && mkdir -p /opt/apache/beam && "
        "cp /bin/true /opt/apache/beam/boot"
    )
    options = [o for o in host.options if o not in ("--target", "host")]

    done = setup(*options, namespace=inside)

    assert done.returncode == 0, done.stderr
    assert "target=dataflow-image" in done.stderr
    assert host.stamp
    assert not list((host.prefix / "bin").iterdir())


@pytest.mark.slow
def test_a_disk_that_fills_up_is_11_and_nothing_half_done_stays(host):
    host.prefix.mkdir()
    inside = with_file_system(f"mount -t tmpfs -o size=5m none '{host.prefix}'")

    done = host.setup(namespace=inside)

    assert_fails(done, 11, "the disk is full")


def with_file_system(mount: str) -> list[str]:
    """Returns what runs a command where `mount` was done, and for nobody else."""
    inside = ["unshare", "-rmn", "bash", "-c", f'{mount} && exec "$@"', "-"]
    tried = subprocess.run([*inside, sys.executable, "-c", ""], check=False)
    if tried.returncode:
        required("namespaces", "allow unprivileged user and mount namespaces")
    return inside


# -- weights -------------------------------------------------------------------------


@pytest.mark.slow
def test_a_corrupt_weight_is_14_and_a_good_one_is_found_by_the_hub_client(host):
    source = host.folder / "model.bin"
    source.write_bytes(b"weight5")
    listed = manifest(host.folder, [entry()])

    corrupt = host.setup("--weights", listed)

    assert_fails(corrupt, 14, "org/name model.safetensors has sha256")
    assert not host.prefix.joinpath("current").exists()
    assert not [path for path in host.prefix.glob("hf/**/*") if path.is_file()]

    source.write_bytes(b"weights")
    good = host.setup("--weights", listed)

    assert good.returncode == 0, good.stderr
    assert "installed by an earlier run" in step_lines(good, "packages")[0]
    said = (host.prefix / "worker.env").read_text().splitlines()
    assert {"HF_HUB_OFFLINE=1", "TRANSFORMERS_OFFLINE=1"} <= set(said)
    hub = pytest.importorskip("huggingface_hub", reason="make test EXTRAS=torch")
    found = hub.snapshot_download(
        "org/name",
        revision=COMMIT,
        cache_dir=host.prefix / "hf" / "hub",
        local_files_only=True,
    )
    assert Path(found, "model.safetensors").read_bytes() == b"weights"


@pytest.mark.proof
def test_a_weight_that_is_damaged_later_is_seen_and_its_cure_works(host):
    (host.folder / "model.bin").write_bytes(b"weights")
    listed = host.folder / "weights.tsv"
    listed.write_text("# ours\n" + "\t".join(entry().values()) + "\n")
    assert host.report("--weights", listed)["weights"] == 1
    [blob] = host.prefix.glob("hf/hub/models--org--name/blobs/*")

    blob.write_bytes(b"we1ghts")
    damaged = host.check()

    assert_fails(damaged, 14, "is damaged")
    assert f"remove {blob}" in damaged.stderr.splitlines()[-1]
    blob.unlink()
    assert host.report("--weights", listed)["changed"] is True
    assert host.check().returncode == 0


@pytest.mark.proof
@pytest.mark.parametrize(
    ("url", "options", "problem"),
    [
        pytest.param("s3://b/k?sig=hush", [], "s3://b/k is on the net", id="offline"),
        pytest.param("http://[::1]:9/k?sig=hush", ["--online"], "URLError", id="down"),
        pytest.param("s3://b/k", ["--online"], "cannot fetch s3://b/k", id="no client"),
    ],
)  # fmt: skip
def test_a_weight_that_cannot_be_fetched_is_14(
    host, url, options, problem, monkeypatch
):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    listed = manifest(host.folder, [entry(url=url)])

    done = host.setup("--weights", listed, *options)

    assert_fails(done, 14, problem)
    assert "hush" not in done.stderr + (host.prefix / "setup.log").read_text()
