"""setup_workers.sh on one host that is set up: again, --check, the boot command."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import required
from tests.given.worker_hosts import (
    SCRIPT,
    Host,
    assert_fails,
    host_at,
    program,
    tree,
    without_network,
)

pytestmark = [pytest.mark.slow, pytest.mark.rotated]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A host that is set up: by a run without network where that is possible."""
    host = host_at(tmp_path_factory.mktemp("a host"))
    report = host.report("--expect-beam", "2.77.0", namespace=without_network())
    assert report["changed"] is True
    return host


@pytest.mark.rotated
def test_a_host_is_set_up_without_any_network(ready):
    if not without_network():
        required("namespaces", "allow unprivileged user namespaces")

    log = (ready.prefix / "setup.log").read_text()

    assert "step=versions status=ok" in log
    assert "beam=2.77.0" in log
    assert "step=all status=ready" in log
    assert (ready.prefix / "current").readlink() == Path(f"env-{ready.stamp}")


def test_a_second_run_changes_nothing(ready):
    before = tree(ready.prefix)

    report = ready.report("--expect-beam", "2.77.0")

    assert report["changed"] is False
    assert report["stamp"] == ready.stamp
    assert report["beam"] == "2.77.0"
    assert tree(ready.prefix) == before


def test_check_finds_all_well_and_changes_nothing(ready):
    before = tree(ready.prefix), (ready.prefix / "setup.log").read_bytes()

    done = ready.check("--json")

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    passed = {each["name"] for each in report["steps"]}
    assert passed >= {"versions", "packages", "weights", "gpu", "plugins", "boot"}
    assert (report["mode"], report["stamp"]) == ("check", ready.stamp)
    assert (tree(ready.prefix), (ready.prefix / "setup.log").read_bytes()) == before


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        pytest.param(["--expect-beam", "2.76.0"], 13, "2.76.0 at the sub", id="beam"),
        pytest.param(["--expect-python", "3.99"], 13, "3.99 at the sub", id="python"),
        pytest.param(["--gpu", "require"], 15, "no accelerator", id="gpu"),
        pytest.param(["--boot", SCRIPT], 12, "from a different boot", id="boot"),
    ],
)
def test_check_says_what_does_not_agree(ready, options, code, problem):
    broken = program(ready.folder / "bin", "nvidia-smi", "exit 9")

    assert_fails(ready.check(*options, path=broken), code, problem)


def test_check_sees_a_package_that_was_changed_by_hand(ready):
    [site] = ready.prefix.glob("current/lib/python*/site-packages")
    foreign = site / "foreign-1.dist-info"
    foreign.mkdir()
    try:
        (foreign / "METADATA").write_text("Name: foreign\nVersion: 1\n")
        done = ready.check()
    finally:
        shutil.rmtree(foreign)

    assert_fails(done, 12, "foreign==1")
    assert ready.check().returncode == 0


def test_the_wrapper_starts_the_boot_program_with_what_worker_env_says(ready):
    command = ready.prefix / "bin" / "affectflow-boot"

    done = subprocess.run(
        [command, "--id", "1-1 of 2"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], "AFFECTFLOW_WHEELHOUSE": "/the/runner's"},
    )

    said = json.loads(done.stdout)
    assert said == {
        "HF_HOME": f"{ready.prefix}/hf",
        "HF_HUB_OFFLINE": None,
        "AFFECTFLOW_WHEELHOUSE": "/the/runner's",
        "prefix": str(ready.prefix.resolve() / f"env-{ready.stamp}"),
        "arguments": ["--id", "1-1 of 2"],
    }


def test_the_wrapper_without_an_environment_says_what_to_run(ready, tmp_path):
    wrapper = (ready.prefix / "bin" / "affectflow-boot").read_text()
    lost = wrapper.replace(f"prefix='{ready.prefix}'", f"prefix='{tmp_path}'")
    program(tmp_path / "bin", "boot", lost)

    done = subprocess.run([tmp_path / "bin" / "boot"], capture_output=True, text=True)

    assert done.returncode == 16
    assert done.stderr.splitlines()[-1].endswith("run setup_workers.sh")
