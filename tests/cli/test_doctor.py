"""The command `doctor` with an engine: what a run would need, and what workers are."""

import platform
from pathlib import Path

import pytest

from affectflow import cli, testing
from affectflow.cli import doctor
from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.runners import dataflow
from affectflow.stages import probe as probing
from affectflow.stages.runs.run import versions


def spark_with(folder: Path, says: str) -> list[str]:
    """Returns options of embedded Spark with a Java that says this of itself."""
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    java.chmod(0o755)
    return ["--runner=SparkRunner", f"--job_server_java_launcher={java}"]


@pytest.mark.parametrize(
    ("says", "code", "line"),
    [
        ('openjdk version "17.0.9" 2023-10-17', 0, "Java 17.0.9 for the job server"),
        ('java version "21" 2023-09-19 LTS', 0, "Java 21 for"),
        ('java version "1.8.0_392"', 2, "Java is 1.8.0_392, .* needs 11 or newer: "),
        ('openjdk version "10.0.2" 2018-07-17', 2, "Java is 10.0.2, .*a JDK 17"),
        ("nothing", 2, "-version` shows no version: install a JDK 17"),
    ],
)
def test_doctor_says_which_java_would_run_the_job_server(
    tmp_path, capfd, says, code, line
):
    ended = cli.run(["doctor", "--", *spark_with(tmp_path, says)])

    assert ended == code
    assert_said(capfd, line)


def assert_said(capfd: pytest.CaptureFixture[str], pattern: str) -> None:
    import re

    said = capfd.readouterr().err
    assert re.search(pattern, said), said
    assert "Traceback" not in said


def test_doctor_asks_the_workers_of_this_machine_if_it_is_given_a_lake_only(
    tmp_path, monkeypatch, capfd
):
    monkeypatch.setattr(doctor, "_here", list)
    lake = Lake.create(str(tmp_path / "lake")).uri

    assert cli.run(["doctor", "--lake", lake]) == 0
    said = capfd.readouterr()
    assert platform.python_version() in said.out
    assert cli.run(["doctor", "--lake", str(tmp_path)]) == 2
    assert_said(capfd, "is not a lake")


def test_doctor_prepares_dataflow_as_a_run_does(monkeypatch, capfd):
    monkeypatch.setattr(dataflow, "check_installed", lambda: None)

    ended = cli.run(["doctor", "--", "--runner=DataflowRunner"])

    assert ended == 2
    assert_said(capfd, "Dataflow needs --project=")


@pytest.mark.parametrize(
    "option", ["--output_executable_path=/x/job.jar", "--dry_run=True"]
)
def test_workers_of_a_pipeline_that_is_only_written_cannot_be_asked(tmp_path, option):
    lake = Lake.create(str(tmp_path / "lake")).uri

    with pytest.raises(UsageError, match="nothing runs, so no worker can be asked"):
        probing.probe(lake, [option])


def test_workers_of_this_process_are_the_same(tmp_path):
    workers = probing.probe(Lake.create(str(tmp_path / "lake")).uri, testing.LOCAL)

    probing.check_same(workers)

    assert {worker["python"] for worker in workers} == {platform.python_version()}


@pytest.mark.parametrize(
    ("name", "there"),
    [("python", "3.9.1"), ("apache-beam", "2.70.0"), ("affectflow", "0.0.1")],
)
def test_a_worker_of_another_version_is_one_line(name, there):
    said = {"host": "node-2", "python": platform.python_version(), **versions()}

    with pytest.raises(
        UsageError, match=f"on node-2 has {name} {there}, but this machine"
    ):
        probing.check_same([said, {**said, name: there}])


def test_the_last_number_of_python_may_differ():
    python = ".".join([*platform.python_version().split(".")[:2], "99"])

    probing.check_same([{"host": "node-1", **versions(), "python": python}])
