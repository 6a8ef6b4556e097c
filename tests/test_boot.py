"""The boot program against a real gRPC server that speaks Beam's container contract."""

import argparse
import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from apache_beam.portability.api import (
    beam_artifact_api_pb2,
    beam_artifact_api_pb2_grpc,
    beam_provision_api_pb2,
    beam_provision_api_pb2_grpc,
    beam_runner_api_pb2,
)
from apache_beam.version import __version__ as beam_version

import affectflow
from affectflow import boot
from tests.waiting import wait_for
from tests.worker_hosts import program
from tests.worker_hosts import wheel as make_wheel


class Runner(
    beam_provision_api_pb2_grpc.ProvisionServiceServicer,
    beam_artifact_api_pb2_grpc.ArtifactRetrievalServiceServicer,
):
    """What a runner tells a worker, and the files that a job staged."""

    def __init__(self) -> None:
        self.address = ""
        self.dependencies: list[beam_runner_api_pb2.ArtifactInformation] = []
        self.fetched: list[str] = []
        self.silent = ""
        self.job_name = "a job"

    def stage(self, path: Path, name: str = "", sha256: str = "") -> None:
        self.dependencies.append(
            beam_runner_api_pb2.ArtifactInformation(
                type_urn="beam:artifact:type:file:v1",
                type_payload=beam_runner_api_pb2.ArtifactFilePayload(
                    path=str(path), sha256=sha256
                ).SerializeToString(),
                role_urn="beam:artifact:role:staging_to:v1",
                role_payload=beam_runner_api_pb2.ArtifactStagingToRolePayload(
                    staged_name=name or path.name
                ).SerializeToString(),
            )
        )

    def wait_if_silent(self, call: str, context: Any) -> None:
        while self.silent == call and context.is_active():
            time.sleep(0.02)

    def GetProvisionInfo(self, request: Any, context: Any = None) -> Any:  # noqa: N802
        self.wait_if_silent("GetProvisionInfo", context)
        info = beam_provision_api_pb2.ProvisionInfo(dependencies=self.dependencies)
        info.artifact_endpoint.url = self.address
        info.control_endpoint.url = "localhost:1"
        info.logging_endpoint.url = "localhost:2"
        info.pipeline_options.update({"beam:option:job_name:v1": self.job_name})
        return beam_provision_api_pb2.GetProvisionInfoResponse(info=info)

    def ResolveArtifacts(self, request: Any, context: Any = None) -> Any:  # noqa: N802
        self.wait_if_silent("ResolveArtifacts", context)
        return beam_artifact_api_pb2.ResolveArtifactsResponse(
            replacements=request.artifacts
        )

    def GetArtifact(  # noqa: N802
        self, request: Any, context: Any = None
    ) -> Iterator[Any]:
        self.wait_if_silent("GetArtifact", context)
        payload = beam_runner_api_pb2.ArtifactFilePayload.FromString(
            request.artifact.type_payload
        )
        self.fetched.append(payload.path)
        content = Path(payload.path).read_bytes()
        for start in range(0, len(content), 1000):
            chunk = content[start : start + 1000]
            yield beam_artifact_api_pb2.GetArtifactResponse(data=chunk)


@pytest.fixture
def runner() -> Iterator[Runner]:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    made = Runner()
    beam_provision_api_pb2_grpc.add_ProvisionServiceServicer_to_server(made, server)
    beam_artifact_api_pb2_grpc.add_ArtifactRetrievalServiceServicer_to_server(
        made, server
    )
    made.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield made
    server.stop(0).wait(10)


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
    """A wheel with one module, made by hand."""
    files = {"greeting/__init__.py": "WORD = 'hello'\n"}
    return make_wheel(tmp_path, "greeting", "1.0", files=files)


def stage_package(runner: Runner, wheel: Path, tmp_path: Path) -> None:
    listing = tmp_path / "extra_packages.txt"
    listing.write_text(wheel.name + "\n")
    runner.stage(wheel)
    runner.stage(listing)


def arguments(runner: Runner) -> list[str]:
    return ["--id=1-1", f"--provision_endpoint={runner.address}"]


def given(runner: Runner) -> argparse.Namespace:
    return boot._parser().parse_args(arguments(runner))


def events(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "boot.log").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_what_the_job_staged_is_there_for_the_worker(runner, wheel, tmp_path):
    stage_package(runner, wheel, tmp_path)

    environment = boot.prepared(given(runner))

    assert printed("import greeting; print(greeting.WORD)", environment) == "hello"


def stage_listed(runner: Runner, tmp_path: Path, *lines: str) -> None:
    listing = tmp_path / "requirements.txt"
    listing.write_text("".join(f"{line}\n" for line in lines))
    runner.stage(listing)


def printed(code: str, environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.check_output(command, env=environment, text=True).strip()


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


def test_a_second_worker_of_the_job_installs_nothing(runner, wheel, tmp_path, folder):
    stage_package(runner, wheel, tmp_path)
    boot.prepared(given(runner))
    fetched = len(runner.fetched)

    boot.prepared(given(runner))

    assert len(runner.fetched) == fetched == 2
    assert [e["event"] for e in events(folder)] == ["staged_installed", "staged_before"]


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
    assert "nobody answers" in events(folder)[-1]["message"]


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


def test_it_needs_nothing_of_affectflow(tmp_path):
    alone = tmp_path / "alone" / "boot.py"
    alone.parent.mkdir()
    alone.write_text(Path(boot.__file__).read_text(encoding="utf-8"))
    code = f"import runpy, sys; runpy.run_path({str(alone)!r}); "
    code += "print([m for m in sys.modules if m.startswith('affectflow')])"

    said = subprocess.check_output([sys.executable, "-P", "-c", code], cwd=tmp_path)

    assert said == b"[]\n"
