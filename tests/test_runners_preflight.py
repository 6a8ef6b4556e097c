import json
import socket
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PortableOptions

from affectflow import runners
from affectflow.boot import DRIVER_BEAM, DRIVER_OURS, DRIVER_PYTHON
from affectflow.errors import UsageError
from affectflow.runners.preflight import CACHE_MILLIS, prepare


@pytest.fixture
def master():
    """A port on loopback where somebody answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"spark://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of the name; it proves only that the PATH was looked at."""
    program(tmp_path / "bin" / "java")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def program(path: Path) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def spark(*more: str):
    return runners.options(["--runner=SparkRunner", *more])


def process(command: str) -> list[str]:
    return ["--environment_type=PROCESS", f"--environment_config={command}"]


def test_no_java_is_one_line(monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(UsageError, match=r"no Java here.*JDK 17"):
        prepare(spark())


def test_a_jar_that_is_not_there_is_one_line(java):
    with pytest.raises(UsageError, match=r"no Spark job server at '/nowhere.jar'"):
        prepare(spark("--spark_job_server_jar=/nowhere.jar"))


def test_a_master_that_does_not_answer_is_one_line(java):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    with pytest.raises(UsageError, match=r"nobody answers at spark://127.0.0.1"):
        prepare(spark(f"--spark_master_url=spark://127.0.0.1:{port}"))


def test_a_mistyped_master_is_one_line(java):
    with pytest.raises(UsageError, match=r"spark://HOST:7077 or local\[2\]"):
        prepare(spark("--spark_master_url=127.0.0.1:7077"))


def test_a_port_that_is_taken_is_one_line(java):
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        port = taken.getsockname()[1]

        with pytest.raises(UsageError, match=f"port {port} is taken"):
            prepare(spark(f"--job_port={port}"))


def test_a_job_server_that_does_not_answer_is_one_line(monkeypatch):
    monkeypatch.setattr("affectflow.runners.addresses.CONNECT_TIMEOUT_S", 0.2)
    made = runners.options(["--runner=PortableRunner", "--job_endpoint=localhost:1"])

    with pytest.raises(UsageError, match="no job server answers at 'localhost:1'"):
        prepare(made)


def test_workers_in_docker_need_docker(java, master):
    with pytest.raises(UsageError, match="--environment_type=PROCESS"):
        prepare(spark(f"--spark_master_url={master}"))


@pytest.mark.parametrize("config", ["", "{}", '{"env": {}}'])
def test_process_workers_need_a_command(java, master, config):
    with pytest.raises(UsageError, match="needs the workers' command"):
        prepare(spark(f"--spark_master_url={master}", *process(config)))


def test_a_command_that_is_not_there_is_one_line(java, master):
    with pytest.raises(UsageError, match=r"no program at '/no/boot'.*setup_workers.sh"):
        prepare(spark(f"--spark_master_url={master}", *process("/no/boot")))


def test_workers_learn_the_versions_of_the_driver(java, master, tmp_path):
    config = {"command": program(tmp_path / "boot" / "boot"), "env": {"A": "b"}}
    made = spark(f"--spark_master_url={master}", *process(json.dumps(config)))

    prepare(made)

    environment = json.loads(made.view_as(PortableOptions).environment_config)["env"]
    assert environment["A"] == "b"
    assert set(environment) == {"A", DRIVER_BEAM, DRIVER_OURS, DRIVER_PYTHON}


def test_workers_are_kept_from_task_to_task(java, master, tmp_path):
    command = program(tmp_path / "boot" / "boot")
    made = spark(f"--spark_master_url={master}", *process(command))

    prepare(made)

    assert made.view_as(PortableOptions).environment_cache_millis == CACHE_MILLIS


@pytest.mark.parametrize(
    ("arguments", "shares"),
    [
        pytest.param([], True, id="local"),
        pytest.param(["--runner=PrismRunner"], True, id="prism"),
        pytest.param(["--runner=SparkRunner"], True, id="embedded spark"),
        pytest.param(
            ["--runner=SparkRunner", "--spark_master_url=spark://h:7077"],
            False,
            id="cluster",
        ),
        pytest.param(
            [
                "--runner=SparkRunner",
                "--spark_master_url=spark://h:7077",
                "--environment_type=LOOPBACK",
            ],
            True,
            id="loopback",
        ),
        pytest.param(["--runner=DataflowRunner"], False, id="dataflow"),
    ],
)
def test_who_shares_this_host_is_known(arguments, shares):
    assert runners.shares_this_host(runners.options(arguments)) is shares


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ("java.lang.IllegalStateException: Process died with exit code 13", "Python"),
        ("java.lang.IllegalStateException: Process died with exit code 12", "install"),
        ("java.lang.IllegalStateException: Process died with exit code 14", "--wheel"),
        ("ModuleNotFoundError: No module named 'affectflow'", "--extra_package"),
        ("No module named 'torch'", "setup_workers.sh"),
        ('IOException: Cannot run program "/x/boot"', "/x/boot"),
        ("InvalidClassException: x; local class serialVersionUID", "spark-submit"),
        ("java.net.BindException: Address already in use", "port"),
        ("java.lang.OutOfMemoryError: Java heap space", "memoryOverhead"),
        ("RuntimeError: Service failed to start up with error 1", "JDK"),
    ],
)
def test_what_a_cluster_says_becomes_one_line_with_the_cure(said, cure):
    error = runners.cause_of(RuntimeError(f"Pipeline x failed in state FAILED: {said}"))

    assert isinstance(error, UsageError)
    assert cure in str(error)


def test_the_name_of_a_jar_gets_the_stage():
    given = ["--a=1", "--output_executable_path=/x/job.jar"]

    assert runners.named_after(given, "mine-1")[1].endswith("/x/job-mine-1.jar")
    assert runners.named_after([], "mine-1") == []


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ([], ""),
        (["--output_executable_path=/x/job.jar"], "/x/job.jar"),
        (["--template_location=gs://bucket/t"], "gs://bucket/t"),
        (["--dry_run=True"], "a dry run"),
    ],
)
def test_a_pipeline_that_is_only_written_names_its_place(arguments, place):
    assert runners.only_written(arguments) == place
