"""Starts a Beam worker on a bare host: Beam's container contract, in one file.

A runner starts it as the command of a PROCESS environment, or a worker pool as its
container executable. It asks the runner what the job staged, installs that once for
each job and host, and becomes Beam's worker. It needs the standard library, grpc and
apache_beam only, so that `setup_workers.sh` can place it where affectflow itself is
not installed yet. It logs what it did as lines of JSON, on stderr and in `boot.log` of
its folder (AFFECTFLOW_BOOT_DIR, or one in the system's temporary folder), because Spark
throws the output of its processes away.
"""

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn, TextIO

ENDPOINT_TIMEOUT_S = 60.0
INSTALL_TIMEOUT_S = 600.0
STALE_AFTER_S = 7 * 86_400.0
INSTALL_FAILED = 12
VERSION_MISMATCH = 13
LACKS_AFFECTFLOW = 14
OUT_OF_REACH = 16
DRIVER_BEAM = "AFFECTFLOW_DRIVER_BEAM"
DRIVER_PYTHON = "AFFECTFLOW_DRIVER_PYTHON"
DRIVER_OURS = "AFFECTFLOW_DRIVER_VERSION"
_DIRECT = "no_grpc_proxy"
_DEPENDENCIES = "submission_environment_dependencies.txt"
# The kernel takes 128 KiB a variable.
_LARGEST_VARIABLE = 100_000
_FOLDER = re.compile(r"[0-9a-f]{16}(\.\w{8})?")
_UNLIMITED = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]


def main(arguments: list[str] | None = None) -> NoReturn:
    """Installs what the job staged, and becomes the worker."""
    given = _parser().parse_known_args(arguments)[0]
    say("boot_starts", id=given.id)
    os.environ[_DIRECT] = without_proxy(os.environ)
    try:
        environment = prepared(given)
    except Exception as error:
        fail(1, f"{type(error).__name__}: {' '.join(str(error).split())[:400]}")
    say("worker_starts", id=given.id, folder=environment["SEMI_PERSISTENT_DIRECTORY"])
    command = [sys.executable, "-m", "apache_beam.runners.worker.sdk_worker_main"]
    try:
        os.execve(sys.executable, command, environment)
    except OSError as error:
        fail(1, f"the worker does not start ({error}): shorten its environment")


def prepared(given: argparse.Namespace) -> dict[str, str]:
    """Installs what the job staged, and returns the worker's environment."""
    check_versions(os.environ)
    info = _provision(_channel(given.provision_endpoint), given.id)
    with _writing():
        staged = install(info, given)
        variables = worker_environment(info, given, staged)
    listing = staged / "staged" / _DEPENDENCIES
    if listing.exists():
        check_versions({DRIVER_BEAM: _beam_of(listing), **os.environ})
    check_affectflow(_sites(staged), os.environ)
    return {**os.environ, **variables}


def without_proxy(environment: Mapping[str, str]) -> str:
    """Returns the hosts that grpc calls directly: the given ones and this one.

    grpc reads `no_proxy` only where `no_grpc_proxy` is not set.
    """
    known = environment.get(_DIRECT) or environment.get("no_proxy", "")
    return ",".join([*filter(None, [known]), "localhost,127.0.0.1,::1"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="affectflow-boot", description=__doc__)
    parser.add_argument("--id", required=True)
    parser.add_argument("--provision_endpoint", required=True)
    for name in ("logging", "artifact", "control"):
        parser.add_argument(f"--{name}_endpoint", default="")
    return parser


def say(event: str, **fields: Any) -> None:
    """Writes one line of JSON on stderr, and to `boot.log` where that is possible."""
    said = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "logger": "affectflow.boot",
        "event": event,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "executor": os.getppid(),
        **fields,
    }
    line = json.dumps(said) + "\n"
    sys.stderr.write(line)
    sys.stderr.flush()
    with suppress(OSError), (boot_folder() / "boot.log").open("a") as file:
        file.write(line)


def boot_folder() -> Path:
    """Returns the folder on this host where jobs are installed and logged.

    Raises:
      OSError: it cannot be made, or others may write into the default one.
    """
    chosen = os.environ.get("AFFECTFLOW_BOOT_DIR", "")
    if chosen:
        folder = Path(chosen)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder
    folder = Path(tempfile.gettempdir()) / f"affectflow-boot-{os.geteuid()}"
    folder.mkdir(exist_ok=True, mode=0o700)
    found = folder.lstat()
    mine = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not mine or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"{folder} is not a folder that only this user can write")
    return folder


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        fail(
            INSTALL_FAILED,
            f"the boot folder cannot be written ({error}): free some space or change "
            "its permissions, or name another with AFFECTFLOW_BOOT_DIR",
        )


def fail(code: int, line: str) -> NoReturn:
    """Ends with one line that says what to do."""
    say("boot_failed", code=code, message=line)
    raise SystemExit(code)


# -- what the runner says ----------------------------------------------------------


def _channel(endpoint: str) -> Any:
    import grpc

    channel = grpc.insecure_channel(endpoint, options=_UNLIMITED)
    try:
        grpc.channel_ready_future(channel).result(timeout=ENDPOINT_TIMEOUT_S)
    except grpc.FutureTimeoutError:
        fail(
            OUT_OF_REACH,
            f"no answer from {endpoint} within {ENDPOINT_TIMEOUT_S:.0f} s: the "
            "worker must be on the host of its executor",
        )
    return channel


def _provision(channel: Any, worker_id: str) -> Any:
    from apache_beam.portability.api import (
        beam_provision_api_pb2,
        beam_provision_api_pb2_grpc,
    )

    stub = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
    request = beam_provision_api_pb2.GetProvisionInfoRequest()
    with _answered("say what the job is"):
        return stub.GetProvisionInfo(
            request, metadata=_metadata(worker_id), timeout=ENDPOINT_TIMEOUT_S
        ).info


@contextmanager
def _answered(what: str) -> Iterator[None]:
    import grpc

    try:
        yield
    except grpc.RpcError as error:
        fail(
            OUT_OF_REACH,
            f"the runner did not {what} ({error.code().name}): look at its log and at "
            "the network between them, and submit the job again",
        )


def _metadata(worker_id: str) -> tuple[tuple[str, str], ...]:
    return (("worker_id", worker_id),)


def worker_environment(
    info: Any, given: argparse.Namespace, staged: Path
) -> dict[str, str]:
    """Returns the variables that Beam's worker reads."""
    from google.protobuf import json_format

    variables = {
        "WORKER_ID": given.id,
        **_options(json_format.MessageToJson(info.pipeline_options), staged),
        "SEMI_PERSISTENT_DIRECTORY": str(staged),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
        "PYTHONPATH": os.pathsep.join(_search_path(staged)),
    }
    for name in ("logging", "control", "status"):
        url = getattr(info, f"{name}_endpoint").url or getattr(
            given, f"{name}_endpoint", ""
        )
        if url:
            variables[f"{name.upper()}_API_SERVICE_DESCRIPTOR"] = _descriptor(url)
    return variables


def _options(text: str, staged: Path) -> dict[str, str]:
    """Returns the variable that holds the job's options, or names a file of them."""
    content = text.encode()
    if len(content) < _LARGEST_VARIABLE:
        return {"PIPELINE_OPTIONS": text}
    digest = hashlib.blake2b(content, digest_size=8).hexdigest()
    path = staged / f"options-{digest}.json"
    part = path.with_suffix(f".{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)
    return {"PIPELINE_OPTIONS_FILE": str(path)}


def _search_path(staged: Path) -> Iterator[str]:
    yield from _sites(staged)
    known = os.environ.get("PYTHONPATH", "")
    if known:
        yield known


def _descriptor(url: str) -> str:
    from apache_beam.portability.api import endpoints_pb2
    from google.protobuf import text_format

    return text_format.MessageToString(endpoints_pb2.ApiServiceDescriptor(url=url))


# -- what the job staged -----------------------------------------------------------


def install(info: Any, given: argparse.Namespace) -> Path:
    """Returns the job's folder on this host, where what it staged is installed.

    Executors of one host number their workers alike, so the folder is named after
    what was staged, and the first worker installs while the others wait.
    """
    root = boot_folder()
    folder = root / _identity(info.dependencies)
    with _locked(folder.with_suffix(".lock")):
        _remove_stale(root, folder)
        if (folder / "done").exists():
            (folder / "done").touch()
            say("staged_before", folder=str(folder))
            return folder
        begun = time.monotonic()
        names = _install_aside(info, given, folder)
        seconds = round(time.monotonic() - begun, 3)
        say("staged_installed", names=names, seconds=seconds)
    return folder


def _install_aside(info: Any, given: argparse.Namespace, folder: Path) -> list[str]:
    """Installs into a folder that gets its name last, so never half-written.

    The pip of a boot that was killed goes on writing into a folder of its own.
    """
    for left in folder.parent.glob(f"{folder.name}.*/"):
        shutil.rmtree(left, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    ends = time.monotonic() + INSTALL_TIMEOUT_S
    names = _fetch(info, given, aside / "staged", ends)
    _install_all(aside, names, ends)
    (aside / "done").touch()
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    return names


def _identity(dependencies: Iterable[Any]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for said in sorted(each.SerializeToString() for each in dependencies):
        digest.update(said)
    return digest.hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    ends = time.monotonic() + INSTALL_TIMEOUT_S
    with path.open("w") as file:
        while not _taken(file):
            if time.monotonic() > ends:
                fail(
                    INSTALL_FAILED,
                    f"another worker has held {path} for {INSTALL_TIMEOUT_S:.0f} s: "
                    "stop it, or name another folder with AFFECTFLOW_BOOT_DIR",
                )
            time.sleep(0.1)
        yield


def _taken(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _left(ends: float) -> float:
    return max(0.0, ends - time.monotonic())


def _remove_stale(root: Path, mine: Path) -> None:
    """Removes the folders in which nothing was installed or started for long."""
    for folder in root.iterdir():
        if folder == mine or not _FOLDER.fullmatch(folder.name):
            continue
        # Others remove as well: a folder that is already gone is not an error.
        with suppress(OSError), folder.with_suffix(".lock").open("w") as lock:
            if _taken(lock) and time.time() - _last_used(folder) > STALE_AFTER_S:
                shutil.rmtree(folder)


def _last_used(folder: Path) -> float:
    done = folder / "done"
    return (done if done.exists() else folder).stat().st_mtime


def _fetch(
    info: Any, given: argparse.Namespace, folder: Path, ends: float
) -> list[str]:
    from apache_beam.portability.api import (
        beam_artifact_api_pb2,
        beam_artifact_api_pb2_grpc,
    )

    folder.mkdir(parents=True)
    if not info.dependencies:
        return []
    channel = _channel(info.artifact_endpoint.url or given.artifact_endpoint)
    stub = beam_artifact_api_pb2_grpc.ArtifactRetrievalServiceStub(channel)
    metadata = _metadata(given.id)
    request = beam_artifact_api_pb2.ResolveArtifactsRequest(artifacts=info.dependencies)
    names = []
    with _answered("send what the job staged"):
        found = stub.ResolveArtifacts(request, metadata=metadata, timeout=_left(ends))
        for artifact in found.replacements:
            name = staged_name(artifact)
            chunks = stub.GetArtifact(
                beam_artifact_api_pb2.GetArtifactRequest(artifact=artifact),
                metadata=metadata,
                timeout=_left(ends),
            )
            _save(folder / name, (chunk.data for chunk in chunks), _sha256(artifact))
            names.append(name)
    return sorted(names)


def staged_name(artifact: Any) -> str:
    """Returns the file name that the job gave an artifact; never a path upwards."""
    from apache_beam.portability.api import beam_runner_api_pb2

    payload = beam_runner_api_pb2.ArtifactStagingToRolePayload.FromString(
        artifact.role_payload
    )
    name: str = payload.staged_name
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts:
        fail(INSTALL_FAILED, f"the job staged a file under the unsafe name {name!r}")
    return name


def _sha256(artifact: Any) -> str:
    from apache_beam.portability.api import beam_runner_api_pb2

    if artifact.type_urn != "beam:artifact:type:file:v1":
        return ""
    payload = beam_runner_api_pb2.ArtifactFilePayload.FromString(artifact.type_payload)
    return str(payload.sha256)


def _save(path: Path, chunks: Iterable[bytes], sha256: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
    if sha256 and digest.hexdigest() != sha256:
        fail(INSTALL_FAILED, f"{path.name} arrived damaged; submit the job again")


def _install_all(folder: Path, names: list[str], ends: float) -> None:
    """Installs what was staged, and nothing else: dependencies are staged as well."""
    staged = folder / "staged"
    if "requirements.txt" in names:
        listed = str(staged / "requirements.txt")
        _pip(folder / "requirements", staged, ends, "--requirement", listed)
    brought = []
    if "extra_packages.txt" in names:
        lines = (staged / "extra_packages.txt").read_text(encoding="utf-8").splitlines()
        brought += [str(staged / line.strip()) for line in lines if line.strip()]
    if "workflow.tar.gz" in names:
        brought.append(str(staged / "workflow.tar.gz"))
    if brought:
        _pip(folder / "site", staged, ends, *brought)


def _sites(folder: Path) -> list[str]:
    """Returns where the worker looks: what a job brings itself replaces the listed.

    One folder for both would not do: pip neither merges packages with those that are
    there nor takes a list and a file that disagree about a version.
    """
    return [str(folder / "site"), str(folder / "requirements")]


def _pip(site: Path, staged: Path, ends: float, *arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index"]
    command += ["--no-deps", "--disable-pip-version-check"]
    command += ["--target", str(site), "--find-links", str(staged)]
    wheelhouse = os.environ.get("AFFECTFLOW_WHEELHOUSE", "")
    if wheelhouse:
        command += ["--find-links", wheelhouse]
    cure = "install the dependencies with setup_workers.sh"
    try:
        done = subprocess.run(
            [*command, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=_left(ends),
        )
    except subprocess.TimeoutExpired:
        limit = f"{INSTALL_TIMEOUT_S:.0f} s"
        fail(INSTALL_FAILED, f"pip did not finish within {limit}: {cure} beforehand")
    if done.returncode:
        last = " ".join(done.stderr.split())[-400:]
        fail(
            INSTALL_FAILED,
            f"pip cannot install what the job staged ({last}); {cure}, or stage them "
            "with --extra_package",
        )


# -- versions ----------------------------------------------------------------------


def check_versions(environment: Mapping[str, str]) -> None:
    """Ends with 13 unless driver and worker have one Beam and one minor Python."""
    from apache_beam.version import __version__ as ours

    theirs = environment.get(DRIVER_BEAM, "")
    if theirs and theirs != ours:
        fail(
            VERSION_MISMATCH,
            f"the driver has apache-beam {theirs}, this worker {ours}: run "
            f"setup_workers.sh --expect-beam {theirs} on it",
        )
    python = environment.get(DRIVER_PYTHON, "")
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if python and python != here:
        fail(
            VERSION_MISMATCH,
            f"the driver has Python {python}, this worker {here}: run "
            f"setup_workers.sh --python python{python} on it",
        )


def check_affectflow(sites: list[str], environment: Mapping[str, str]) -> None:
    """Ends with 14 unless the worker will have the driver's affectflow.

    Without it the first task would fail only after minutes, in a message of Beam's.
    """
    wanted = environment.get(DRIVER_OURS, "")
    places = [*sites, *sys.path]
    found = [d.version for d in distributions(name="affectflow", path=places)]
    if wanted and (not found or found[0] != wanted):
        fail(
            LACKS_AFFECTFLOW,
            f"the driver has affectflow {wanted}, this worker {found[:1] or 'none'}: "
            "stage affectflow's wheel with --extra_package, or install it with "
            "setup_workers.sh --wheel",
        )


def _beam_of(listing: Path) -> str:
    found = re.search(r"apache[-_]beam==([\w.]+)", listing.read_text(encoding="utf-8"))
    return found[1] if found else ""


if __name__ == "__main__":
    main()
