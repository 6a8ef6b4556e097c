"""setup_workers.sh: what it installs, also beside other runs and after killed ones.

On wheels made here, and on the real ones where CI has them.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, required
from tests.waiting import wait_for
from tests.worker_hosts import (
    COMMIT,
    SCRIPT,
    Host,
    assert_fails,
    entry,
    host_at,
    manifest,
    package,
    program,
    setup,
    step_lines,
    wheel,
    without_network,
)

pytestmark = pytest.mark.slow

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return host_at(tmp_path)


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


def test_a_new_wheel_makes_a_new_environment_beside_the_old_one(host):
    old = host.report()["stamp"]
    package(host.folder / "dist", affectflow_more="")

    new = host.report()["stamp"]

    assert new != old
    assert host.stamp == new
    assert (host.prefix / f"env-{old}" / "complete").exists()


def test_a_beam_that_is_not_the_submitters_is_13_and_nothing_becomes_current(host):
    done = host.setup("--expect-beam", "2.76.0")

    assert_fails(done, 13, "apache-beam 2.76.0 does not install")
    assert not list(host.prefix.glob("env-*"))
    assert not host.prefix.joinpath("current").exists()


def test_a_package_that_the_wheelhouse_lacks_is_12_by_name(host):
    package(host.folder / "dist", metadata="Requires-Dist: tiny>=1\n")

    done = host.setup()

    assert_fails(done, 12, "tiny>=1")
    assert "pip download" in done.stderr.splitlines()[-1]


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


# -- what is installed ------------------------------------------------------------


def installed(host: Host) -> list[str]:
    return (host.prefix / "current" / "installed.txt").read_text().splitlines()


def test_the_dependencies_and_an_extra_are_installed_without_the_package(host):
    wheel(host.folder / "wheelhouse", "tiny", "1.0")
    package(
        host.folder / "dist",
        metadata="Provides-Extra: all\nProvides-Extra: s3\nProvides-Extra: gcp\n"
        "Requires-Dist: affectflow[s3]; extra == 'all'\n"
        "Requires-Dist: tiny; extra == 's3' and python_version >= '3.11'\n"
        "Requires-Dist: large; extra == 'gcp'\n",
        entry_points="[affectflow.models]\nTiny = affectflow_tiny\n",
        affectflow_tiny="",
    )

    report = host.report("--without-package", "--extra", "s3")

    assert {"apache-beam==2.77.0", "tiny==1.0"} <= set(installed(host))
    assert not [line for line in installed(host) if line.startswith("affectflow")]
    assert report["plugins"] == 1, "those of the wheel are tried all the same"


def test_check_takes_the_wheel_whose_dependencies_were_installed(host):
    built = package(host.folder / "dist")
    host.report("--without-package")

    assert host.check("--dependencies-of", built).returncode == 0
    assert host.check("--wheel", built, "--without-package").returncode == 0
    other = package(host.folder / "other", metadata="Requires-Dist: tiny\n")
    made_of = host.check("--dependencies-of", other)
    assert_fails(made_of, 12, "was made from another dependencies-of")


def test_an_extra_that_the_package_lacks_is_12(host):
    done = host.setup("--without-package", "--extra", "s4")

    assert_fails(done, 12, "affectflow has no extra s4")


def test_a_plugin_that_does_not_import_is_17_by_name(host):
    package(
        host.folder / "dist",
        entry_points="[affectflow.models]\nGood = affectflow_good\n"
        "Poor = affectflow_poor:Poor\n",
        affectflow_good="",
        affectflow_poor="raise OSError('libgomp.so.1 is missing')",
    )

    done = host.setup()

    assert_fails(done, 17, "plugin Poor (affectflow.models) does not work: OSError")
    assert not host.prefix.joinpath("current").exists()


TORCH = """
__version__ = "1.0"
class version:
    cuda = "13.0"
class cuda:
    is_available = staticmethod(lambda: False)
"""


@pytest.mark.parametrize(
    ("nvidia_smi", "build", "step"),
    [
        pytest.param("exit 9", "torch==1.0+cpu", "status=skipped", id="cpu"),
        pytest.param("echo L4, 580", "torch==1.0", "status=warned", id="gpu"),
    ],
)
def test_of_two_builds_of_torch_the_one_that_fits_is_taken(
    host, nvidia_smi, build, step
):
    for version in ("1.0", "1.0+cpu"):
        files = {"torch/__init__.py": TORCH}
        wheel(host.folder / "wheelhouse", "torch", version, files=files)
    needs = "Provides-Extra: torch\nRequires-Dist: torch; extra == 'torch'\n"
    package(host.folder / "dist", metadata=needs)
    path = program(host.folder / "bin", "nvidia-smi", nvidia_smi)

    done = host.setup("--extra", "torch", path=path)

    assert done.returncode == 0, done.stderr
    assert build in installed(host)
    assert step in step_lines(done, "gpu")[0]
    if step == "status=warned":
        problem = "torch 1.0 (CUDA 13.0) sees no accelerator"
        assert_fails(host.check("--gpu", "require", path=path), 15, problem)
        again = host.setup("--extra", "torch", "--gpu", "require", path=path)
        assert_fails(again, 15, problem)
        assert host.check(path=path).returncode == 0, "nothing else was agreed"


def test_a_second_run_that_agrees_on_something_else_is_what_check_holds_to(host):
    host.report("--gpu", "cpu")

    report = host.report("--gpu", "cpu", "--expect-python", PYTHON)

    assert report["changed"] is True
    settings = (host.prefix / "current" / "settings").read_text().splitlines()
    assert f"expect_python={PYTHON}" in settings
    assert host.report("--gpu", "cpu", "--expect-python", PYTHON)["changed"] is False


def index(folder: Path, *wheels: Path) -> str:
    """Makes a package index of wheels, and returns its address."""
    for each in wheels:
        project = folder / each.name.split("-")[0]
        project.mkdir(parents=True, exist_ok=True)
        link = f'<a href="{each.as_uri()}">{each.name}</a>'
        (project / "index.html").write_text(link)
    return folder.as_uri()


def test_online_the_wheelhouse_comes_first_and_the_index_has_what_it_lacks(
    host, monkeypatch
):
    newer = wheel(host.folder / "newer", "tiny", "2.0")
    rare = wheel(host.folder / "newer", "rare", "1.0")
    address = index(host.folder / "index", newer, rare)
    monkeypatch.setenv("PIP_INDEX_URL", address)
    wheel(host.folder / "wheelhouse", "tiny", "1.0")
    package(host.folder / "dist", metadata="Requires-Dist: tiny\n")

    held = host.setup("--online")

    assert "tiny==1.0" in installed(host), held.stderr
    assert "the wheelhouse alone" not in held.stderr
    package(host.folder / "dist", metadata="Requires-Dist: rare\n")
    lacked = host.setup("--online")
    assert "rare==1.0" in installed(host), lacked.stderr
    assert "the wheelhouse alone is not enough" in lacked.stderr


def test_online_a_wheelhouse_without_torch_gets_the_build_for_the_processor(
    host, monkeypatch
):
    plain, cpu = (
        index(host.folder / version, wheel(host.folder / version, "torch", version))
        for version in ("2.0", "1.0+cpu")
    )
    monkeypatch.setenv("PIP_INDEX_URL", plain)
    text = SCRIPT.read_text(encoding="utf-8")
    script = host.folder / "setup_workers.sh"
    script.write_text(text.replace("https://download.pytorch.org/whl/cpu", cpu))
    needs = "Provides-Extra: torch\nRequires-Dist: torch; extra == 'torch'\n"
    package(host.folder / "dist", metadata=needs)

    done = host.setup("--online", "--extra", "torch", "--gpu", "cpu", script=script)

    assert done.returncode == 0, done.stderr
    assert "torch==1.0+cpu" in installed(host)


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


# -- weights ----------------------------------------------------------------------


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
    hub = pytest.importorskip("huggingface_hub")
    found = hub.snapshot_download(
        "org/name",
        revision=COMMIT,
        cache_dir=host.prefix / "hf" / "hub",
        local_files_only=True,
    )
    assert Path(found, "model.safetensors").read_bytes() == b"weights"


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


# -- the real thing ---------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """affectflow's own wheel, and a wheelhouse of all that it needs."""
    wheelhouse = os.environ.get("AFFECTFLOW_WHEELHOUSE", "")
    if not Path(wheelhouse or "/none").is_dir():
        required(
            "wheelhouse",
            "pip download affectflow's dependencies into a folder and name it in "
            "AFFECTFLOW_WHEELHOUSE",
        )
    folder = tmp_path_factory.mktemp("real")
    (folder / "wheelhouse").symlink_to(wheelhouse)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    subprocess.run(
        [*build, "--outdir", str(folder / "dist"), str(ROOT)],
        check=True,
        capture_output=True,
    )
    yield Host(folder=folder)
    shutil.rmtree(folder / "prefix", ignore_errors=True)


def test_affectflow_works_in_a_worker_set_up_without_network(real):
    namespace = without_network()
    if not namespace:
        required("namespaces", "allow unprivileged user namespaces")

    report = real.report("--without-package", namespace=namespace)

    python = real.prefix / "current" / "bin" / "python"
    missing = subprocess.run([python, "-I", "-c", "import affectflow"], check=False)
    assert report["plugins"] >= 17
    assert missing.returncode == 1, "jobs bring the package along"
    assert real.check(namespace=namespace).returncode == 0
