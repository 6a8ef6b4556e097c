"""The boot program: what a job staged is installed, once for all of its workers."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from affectflow import boot
from tests.given.boot_runners import (
    Runner,
    events,
    given,
    greeting,
    printed,
    serving,
    stage_package,
)
from tests.given.waiting import wait_for
from tests.given.worker_hosts import program
from tests.given.worker_hosts import wheel as make_wheel

pytestmark = pytest.mark.rotated


@pytest.fixture
def runner() -> Iterator[Runner]:
    with serving() as made:
        yield made


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AFFECTFLOW_BOOT_DIR", str(tmp_path / "boot"))
    return tmp_path / "boot"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return greeting(tmp_path)


def test_what_the_job_staged_is_there_for_the_worker(runner, wheel, tmp_path):
    stage_package(runner, wheel, tmp_path)

    environment = boot.prepared(given(runner))

    assert printed("import greeting; print(greeting.WORD)", environment) == "hello"


def stage_listed(runner: Runner, tmp_path: Path, *lines: str) -> None:
    listing = tmp_path / "requirements.txt"
    listing.write_text("".join(f"{line}\n" for line in lines))
    runner.stage(listing)


def test_a_requirement_is_installed_without_what_the_worker_has(runner, tmp_path):
    needs = "Requires-Dist: pyarrow\n"
    runner.stage(make_wheel(tmp_path, "listed", "1.0", metadata=needs))
    stage_listed(runner, tmp_path, "listed==1.0")

    environment = boot.prepared(given(runner))

    assert printed("import listed, pyarrow; print('both')", environment) == "both"


def test_what_a_job_brings_shares_a_namespace_and_replaces_what_it_lists(
    runner, tmp_path
):
    for name, version in [("listed", "1.0"), ("greeting", "0.1")]:
        files = {f"space/{name}.py": "", f"{name}/old.py": ""}
        runner.stage(make_wheel(tmp_path / "old", name, version, files=files))
    stage_listed(runner, tmp_path, "listed==1.0", "greeting==0.1")
    own = {"space/own.py": "", "greeting/__init__.py": "WORD = 'new'\n"}
    new = make_wheel(tmp_path, "greeting", "1.0", files=own)
    stage_package(runner, new, tmp_path)

    environment = boot.prepared(given(runner))

    code = "import greeting, space.listed, space.own; from importlib import metadata; "
    code += "print(greeting.WORD, metadata.version('greeting'))"
    assert printed(code, environment) == "new 1.0"


def test_a_second_worker_of_the_job_installs_nothing(runner, wheel, tmp_path, folder):
    stage_package(runner, wheel, tmp_path)
    boot.prepared(given(runner))
    fetched = len(runner.fetched)

    boot.prepared(given(runner))

    assert len(runner.fetched) == fetched == 2
    assert [e["event"] for e in events(folder)] == ["staged_installed", "staged_before"]


@pytest.mark.rotated
def test_of_two_workers_at_once_one_installs(runner, wheel, tmp_path, folder):
    stage_package(runner, wheel, tmp_path)
    code = "import sys; from affectflow import boot\n"
    code += "boot.prepared(boot._parser().parse_args(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "--id=1", "--provision_endpoint"]

    both = [subprocess.Popen([*command, runner.address]) for _ in range(2)]

    assert [each.wait(timeout=120) for each in both] == [0, 0]
    said = sorted(e["event"] for e in events(folder))
    assert said == ["staged_before", "staged_installed"]


def test_an_install_cut_short_is_done_again(runner, wheel, tmp_path, folder):
    stage_package(runner, wheel, tmp_path)
    environment = boot.prepared(given(runner))
    staged = Path(environment["SEMI_PERSISTENT_DIRECTORY"])
    (staged / "done").unlink()
    (staged / "site" / "greeting" / "__init__.py").unlink()

    boot.prepared(given(runner))

    assert (staged / "site" / "greeting" / "__init__.py").exists()


def test_the_pip_of_a_killed_boot_never_writes_into_what_is_used(
    runner, wheel, tmp_path
):
    stage_package(runner, wheel, tmp_path)
    began = tmp_path / "began"
    slow = f'echo "$$ $@" >{began}.new; mv {began}.new {began}; exec sleep 60'
    python = program(tmp_path / "bin", "python", slow) / "python"
    code = (
        f"import sys; from affectflow import boot; sys.executable = {str(python)!r}\n"
    )
    code += "boot.prepared(boot._parser().parse_args(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "--id=1", "--provision_endpoint"]
    killed = subprocess.Popen([*command, runner.address])
    wait_for(began.exists, "pip to begin")
    killed.kill()
    killed.wait()
    pip, *options = began.read_text().split()

    environment = boot.prepared(given(runner))

    os.kill(int(pip), signal.SIGKILL)
    used = Path(environment["SEMI_PERSISTENT_DIRECTORY"])
    assert used not in Path(options[options.index("--target") + 1]).parents
    assert (used / "site" / "greeting" / "__init__.py").exists()
    assert not list(used.parent.glob(f"{used.name}.*/"))


def test_another_job_has_a_folder_of_its_own(runner, wheel, tmp_path):
    before = boot.prepared(given(runner))
    stage_package(runner, wheel, tmp_path)

    after = boot.prepared(given(runner))

    key = "SEMI_PERSISTENT_DIRECTORY"
    assert before[key] != after[key]


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil"])
def test_a_staged_name_never_leads_upwards(runner, wheel, tmp_path, folder, name):
    runner.stage(wheel, name)

    with pytest.raises(SystemExit) as ended:
        boot.prepared(given(runner))

    assert ended.value.code == boot.INSTALL_FAILED
    assert not list(tmp_path.glob("**/evil"))


def test_a_file_that_arrives_damaged_is_refused(runner, wheel, folder):
    runner.stage(wheel, sha256="0" * 64)

    with pytest.raises(SystemExit) as ended:
        boot.prepared(given(runner))

    assert ended.value.code == boot.INSTALL_FAILED
    assert "arrived damaged" in events(folder)[-1]["message"]


def test_a_package_that_pip_refuses_names_the_cure(runner, tmp_path, folder):
    broken = tmp_path / "broken-1.0-py3-none-any.whl"
    broken.write_bytes(b"no wheel")
    stage_package(runner, broken, tmp_path)

    with pytest.raises(SystemExit) as ended:
        boot.prepared(given(runner))

    assert ended.value.code == boot.INSTALL_FAILED
    assert "setup_workers.sh" in events(folder)[-1]["message"]


def test_a_pip_that_does_not_end_is_ended_with_12(
    runner, wheel, tmp_path, folder, monkeypatch
):
    stage_package(runner, wheel, tmp_path)
    slow = program(tmp_path / "bin", "python", "exec sleep 60") / "python"
    monkeypatch.setattr(sys, "executable", str(slow))
    monkeypatch.setattr(boot, "INSTALL_TIMEOUT_S", 1.0)

    with pytest.raises(SystemExit) as ended:
        boot.prepared(given(runner))

    assert ended.value.code == boot.INSTALL_FAILED
    assert "setup_workers.sh" in events(folder)[-1]["message"]


def test_a_worker_that_installs_for_ever_ends_those_that_wait_with_12(
    runner, folder, monkeypatch
):
    installed = Path(boot.prepared(given(runner))["SEMI_PERSISTENT_DIRECTORY"])
    monkeypatch.setattr(boot, "INSTALL_TIMEOUT_S", 0.2)

    with installed.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SystemExit) as ended:
            boot.prepared(given(runner))

    assert ended.value.code == boot.INSTALL_FAILED
    assert "AFFECTFLOW_BOOT_DIR" in events(folder)[-1]["message"]


@pytest.fixture
def unused(folder: Path) -> dict[str, Path]:
    """Folders of which nothing was heard for 8 days, by what they are."""
    before = time.time() - 8 * 86_400
    paths = {
        "ended": folder / f"{1:016x}" / "done",
        "never installed": folder / f"{2:016x}" / "staged",
        "killed": folder / f"{2:016x}.ab_cd123" / "staged",
        "installing": folder / f"{3:016x}.ab_cd123" / "staged",
        "somebody's": folder / "results" / "done",
    }
    for path in paths.values():
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (before, before))
        os.utime(path.parent, (before, before))
    return {what: path.parent for what, path in paths.items()}


def test_of_folders_without_use_only_ours_that_nobody_locks_are_removed(
    runner, folder, unused
):
    with (folder / f"{3:016x}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        boot.prepared(given(runner))

    kept = {what for what, path in unused.items() if path.exists()}
    assert kept == {"installing", "somebody's"}


def test_a_folder_that_a_later_worker_uses_is_kept(runner, wheel):
    used = Path(boot.prepared(given(runner))["SEMI_PERSISTENT_DIRECTORY"])
    before = time.time() - 8 * 86_400
    os.utime(used / "done", (before, before))

    boot.prepared(given(runner))
    runner.stage(wheel)
    boot.prepared(given(runner))

    assert used.exists()
