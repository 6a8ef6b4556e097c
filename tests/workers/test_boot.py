"""The boot program against a real gRPC server that speaks Beam's container contract."""

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from apache_beam.version import __version__ as beam_version

import affectflow
from affectflow import boot
from tests.given.boot_runners import (
    Runner,
    arguments,
    events,
    given,
    greeting,
    printed,
    serving,
)


@pytest.fixture
def runner() -> Iterator[Runner]:
    with serving() as made:
        yield made


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AFFECTFLOW_BOOT_DIR", str(tmp_path / "boot"))
    return tmp_path / "boot"


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The environments of the workers that would have begun."""
    environments: list[dict[str, str]] = []

    def begin(path: str, command: list[str], environment: dict[str, str]) -> None:
        environments.append(environment)
        raise SystemExit(0)

    monkeypatch.setattr(os, "execve", begin)
    monkeypatch.setenv("no_grpc_proxy", "")  # which main() sets for good
    return environments


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return greeting(tmp_path)


def test_the_worker_learns_whom_to_call_and_the_options(runner):
    environment = boot.prepared(given(runner))

    assert environment["WORKER_ID"] == "1-1"
    assert 'url: "localhost:1"' in environment["CONTROL_API_SERVICE_DESCRIPTOR"]
    assert 'url: "localhost:2"' in environment["LOGGING_API_SERVICE_DESCRIPTOR"]
    assert "a job" in environment["PIPELINE_OPTIONS"]


def test_options_too_large_for_a_variable_are_read_by_beam_from_a_file(runner):
    runner.job_name = "x" * 140_000

    environment = boot.prepared(given(runner))

    assert "PIPELINE_OPTIONS" not in environment
    code = "import os; from apache_beam.runners.worker import sdk_worker_main; "
    code += "from apache_beam.options.value_provider import RuntimeValueProvider as R; "
    code += "sdk_worker_main.create_harness(os.environ, dry_run=True); "
    code += "print(len(R.runtime_options['job_name']))"
    del environment["LOGGING_API_SERVICE_DESCRIPTOR"]
    assert printed(code, environment) == "140000"


def test_an_environment_too_large_to_start_a_worker_is_one_line(
    runner, monkeypatch, folder
):
    def refuse(*arguments: object) -> None:
        raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))

    monkeypatch.setattr(os, "execve", refuse)

    with pytest.raises(SystemExit) as ended:
        boot.main(arguments(runner))

    assert ended.value.code == 1
    assert "shorten its environment" in events(folder)[-1]["message"]


@pytest.mark.parametrize(
    ("driver", "words"),
    [
        pytest.param({boot.DRIVER_BEAM: "2.0.0"}, "apache-beam 2.0.0", id="Beam"),
        pytest.param({boot.DRIVER_PYTHON: "2.7"}, "Python 2.7", id="Python"),
    ],
)
def test_other_versions_than_the_drivers_end_with_13(folder, driver, words):
    with pytest.raises(SystemExit) as ended:
        boot.check_versions(driver)

    assert ended.value.code == boot.VERSION_MISMATCH
    assert words in events(folder)[-1]["message"]


def test_equal_versions_pass():
    here = f"{sys.version_info.major}.{sys.version_info.minor}"

    boot.check_versions({boot.DRIVER_BEAM: beam_version, boot.DRIVER_PYTHON: here})


def test_a_worker_that_will_lack_affectflow_ends_with_14(folder, tmp_path):
    with pytest.raises(SystemExit) as ended:
        boot.check_affectflow([str(tmp_path)], {boot.DRIVER_OURS: "99.0"})

    assert ended.value.code == boot.LACKS_AFFECTFLOW
    assert "--extra_package" in events(folder)[-1]["message"]


def test_a_worker_that_has_the_drivers_affectflow_passes(tmp_path):
    boot.check_affectflow([str(tmp_path)], {boot.DRIVER_OURS: affectflow.__version__})


def test_the_listing_of_the_submitter_is_believed_too(runner, tmp_path, folder):
    listing = tmp_path / "submission_environment_dependencies.txt"
    listing.write_text("Python Path: x\nb'numpy==1.0\\napache-beam==2.1.0\\n'")
    runner.stage(listing)

    with pytest.raises(SystemExit) as ended:
        boot.prepared(given(runner))

    assert ended.value.code == boot.VERSION_MISMATCH
    assert "apache-beam 2.1.0" in events(folder)[-1]["message"]


def test_the_runner_on_this_host_is_called_without_a_proxy(
    runner, monkeypatch, started
):
    monkeypatch.setattr(boot, "ENDPOINT_TIMEOUT_S", 5.0)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "inner.example")

    with pytest.raises(SystemExit):
        boot.main(arguments(runner))

    [environment] = started
    direct = environment["no_grpc_proxy"]
    assert direct == "inner.example,localhost,127.0.0.1,::1"


def test_a_runner_that_does_not_answer_ends_with_16(folder, monkeypatch):
    monkeypatch.setattr(boot, "ENDPOINT_TIMEOUT_S", 0.5)
    nobody = ["--id=1-1", "--provision_endpoint=127.0.0.1:1"]

    with pytest.raises(SystemExit) as ended:
        boot.main(nobody)

    assert ended.value.code == boot.OUT_OF_REACH
    assert "no answer from" in events(folder)[-1]["message"]


@pytest.mark.parametrize(
    "call", ["GetProvisionInfo", "ResolveArtifacts", "GetArtifact"]
)
def test_a_runner_that_falls_silent_ends_with_16(
    runner, wheel, folder, monkeypatch, call
):
    runner.stage(wheel)
    runner.silent = call
    monkeypatch.setattr(boot, "ENDPOINT_TIMEOUT_S", 2.0)
    monkeypatch.setattr(boot, "INSTALL_TIMEOUT_S", 0.5)

    with pytest.raises(SystemExit) as ended:
        boot.prepared(given(runner))

    assert ended.value.code == boot.OUT_OF_REACH
    assert "submit the job again" in events(folder)[-1]["message"]


def link_to_another(folder: Path) -> None:
    other = folder.with_name("other")
    other.mkdir(mode=0o700)
    folder.symlink_to(other)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(link_to_another, id="link"),
        pytest.param(lambda f: f.mkdir() or f.chmod(0o770), id="group writes"),
        pytest.param(lambda f: f.mkdir() or f.chmod(0o707), id="all write"),
        pytest.param(Path.touch, id="file"),
    ],
)
def test_a_default_folder_that_others_may_write_is_refused(
    runner, tmp_path, monkeypatch, capsys, make
):
    monkeypatch.delenv("AFFECTFLOW_BOOT_DIR")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    make(tmp_path / f"affectflow-boot-{os.geteuid()}")

    with pytest.raises(SystemExit) as ended:
        boot.main(arguments(runner))

    assert ended.value.code == boot.INSTALL_FAILED
    assert "AFFECTFLOW_BOOT_DIR" in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.glob("**/boot.log"))


def test_the_default_folder_is_for_its_user_alone(tmp_path, monkeypatch):
    monkeypatch.delenv("AFFECTFLOW_BOOT_DIR")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    assert boot.boot_folder().stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("prefix", ["/proc", "/dev/null"])
def test_a_boot_folder_that_cannot_be_made_ends_with_12(
    runner, monkeypatch, capsys, prefix
):
    monkeypatch.setenv("AFFECTFLOW_BOOT_DIR", f"{prefix}/boot")

    with pytest.raises(SystemExit) as ended:
        boot.main(arguments(runner))

    assert ended.value.code == boot.INSTALL_FAILED
    assert "AFFECTFLOW_BOOT_DIR" in capsys.readouterr().err.splitlines()[-1]


def test_a_log_on_a_full_disk_keeps_the_exit_code(folder, capsys):
    folder.mkdir()
    (folder / "boot.log").symlink_to("/dev/full")

    with pytest.raises(SystemExit) as ended:
        boot.check_versions({boot.DRIVER_BEAM: "2.0.0"})

    assert ended.value.code == boot.VERSION_MISMATCH
    assert "apache-beam 2.0.0" in capsys.readouterr().err


def test_it_needs_nothing_of_affectflow(tmp_path):
    alone = tmp_path / "alone" / "boot.py"
    alone.parent.mkdir()
    alone.write_text(Path(boot.__file__).read_text(encoding="utf-8"))
    code = f"import runpy, sys; runpy.run_path({str(alone)!r}); "
    code += "print([m for m in sys.modules if m.startswith('affectflow')])"

    said = subprocess.check_output([sys.executable, "-P", "-c", code], cwd=tmp_path)

    assert said == b"[]\n"
