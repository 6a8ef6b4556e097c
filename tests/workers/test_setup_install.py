"""setup_workers.sh: which packages it installs, and what it refuses to install.

On wheels made here; on the real ones: tests/engines/test_worker.py.
"""

from pathlib import Path

import pytest

from tests.given.worker_hosts import (
    SCRIPT,
    Host,
    assert_fails,
    host_at,
    package,
    program,
    step_lines,
    wheel,
)

pytestmark = pytest.mark.rotated


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return host_at(tmp_path)


@pytest.mark.slow
@pytest.mark.rotated
def test_a_beam_that_is_not_the_submitters_is_13_and_nothing_becomes_current(host):
    done = host.setup("--expect-beam", "2.76.0")

    assert_fails(done, 13, "apache-beam 2.76.0 does not install")
    assert not list(host.prefix.glob("env-*"))
    assert not host.prefix.joinpath("current").exists()


@pytest.mark.slow
def test_a_package_that_the_wheelhouse_lacks_is_12_by_name(host):
    package(host.folder / "dist", metadata="Requires-Dist: tiny>=1\n")

    done = host.setup()

    assert_fails(done, 12, "tiny>=1")
    assert "pip download" in done.stderr.splitlines()[-1]


def installed(host: Host) -> list[str]:
    return (host.prefix / "current" / "installed.txt").read_text().splitlines()


@pytest.mark.proof
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


@pytest.mark.proof
def test_check_takes_the_wheel_whose_dependencies_were_installed(host):
    built = package(host.folder / "dist")
    host.report("--without-package")

    assert host.check("--dependencies-of", built).returncode == 0
    assert host.check("--wheel", built, "--without-package").returncode == 0
    other = package(host.folder / "other", metadata="Requires-Dist: tiny\n")
    made_of = host.check("--dependencies-of", other)
    assert_fails(made_of, 12, "was made from a different dependencies-of")


@pytest.mark.proof
def test_an_extra_that_the_package_lacks_is_12(host):
    done = host.setup("--without-package", "--extra", "s4")

    assert_fails(done, 12, "affectflow has no extra s4")


@pytest.mark.slow
@pytest.mark.rotated
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


@pytest.mark.proof
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


def index(folder: Path, *wheels: Path) -> str:
    """Makes a package index of wheels, and returns its address."""
    for each in wheels:
        project = folder / each.name.split("-")[0]
        project.mkdir(parents=True, exist_ok=True)
        link = f'<a href="{each.as_uri()}">{each.name}</a>'
        (project / "index.html").write_text(link)
    return folder.as_uri()


@pytest.mark.proof
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


@pytest.mark.proof
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
