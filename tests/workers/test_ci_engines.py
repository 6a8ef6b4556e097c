""".ci/engines keeps what it made for as long as the versions are the same.

The programs that it calls are stand-ins here: the real ones download gigabytes.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.given.worker_hosts import program

SCRIPT = ROOT / ".ci" / "engines"
DEPENDENCIES = "[project]\ndependencies = ['apache-beam']\n"

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="not a checkout")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with stand-ins that note in `calls` what they were asked to make."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci")
    (tmp_path / "tests" / "engines").mkdir(parents=True)
    (tmp_path / "tests" / "engines" / "pom.xml").touch()
    (tmp_path / "pyproject.toml").write_text(DEPENDENCIES)
    (tmp_path / "setup_workers.sh").touch()
    programs = tmp_path / "programs"
    python = f"""case "$*" in
*apache_beam*) cat beam ;;
*build*) mkdir -p .cache/engines/dist && touch .cache/engines/dist/a.whl ;;
*"pip download"*) echo wheelhouse >>calls && mkdir .cache/engines/wheelhouse.new ;;
*pyspark*) echo home ;;
*) exec {sys.executable} "$@" ;;
esac"""
    program(programs, "python", python)
    uv = """case "$*" in
venv*) mkdir -p "$5/bin" && cp "$(dirname "$0")/python" "$5/bin/python" ;;
*pyspark==*) echo "pyspark" >>calls ;;
esac"""
    program(programs, "uv", uv)
    program(programs, "unzip", "echo version=3.5.0")
    program(
        programs,
        "go",
        'name=$(basename "${2%@*}"); echo "$name" >>calls; mkdir -p "$GOBIN"; '
        'touch "$GOBIN/$name"',
    )
    program(
        programs,
        "mvn",
        "echo jar >>calls; set -- .m2/repository/org/apache/beam/"
        "beam-runners-spark-3-job-server/$(cat beam); mkdir -p $1; "
        "touch $1/beam-runners-spark-3-job-server-$(cat beam).jar",
    )
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(programs)
    return tmp_path


def made(checkout: Path, beam: str = "2.77.0", prove: str = "") -> list[str]:
    """Runs the script, and returns what it made."""
    (checkout / "beam").write_text(beam)
    (checkout / "calls").write_text("")
    path = f"{checkout / 'programs'}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(checkout), "PYTHON": "python"}
    environment |= {"PROVE": prove, "UV": str(checkout / "programs" / "uv")}
    command = ["bash", str(checkout / ".ci" / "engines")]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return sorted((checkout / "calls").read_text().split())


def test_nothing_is_made_twice(checkout):
    first = made(checkout)

    assert first == ["jar", "pyspark", "wheelhouse"]
    assert made(checkout) == []


def test_a_proof_adds_the_other_engines(checkout):
    made(checkout)

    assert made(checkout, prove="1") == ["fake-gcs-server", "prism", "pyspark"]


def test_another_beam_makes_all_that_is_made_of_it_again(checkout):
    made(checkout, prove="1")

    again = made(checkout, beam="2.78.0", prove="1")

    assert again == ["jar", "prism", "wheelhouse"]


def test_other_dependencies_make_another_wheelhouse(checkout):
    made(checkout)
    (checkout / "pyproject.toml").write_text(DEPENDENCIES.replace("beam", "beam>=2.77"))

    assert made(checkout) == ["wheelhouse"]
