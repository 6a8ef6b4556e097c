"""An engine that cannot take a job is told in one line before the job is sent."""

import socket
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability import spark_runner

from affectflow import runners
from affectflow.errors import UsageError
from affectflow.runners.preflight import prepare
from tests.given.spark_options import process, program, spark


@pytest.fixture
def java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of the name; it proves only that the PATH was looked at."""
    program(tmp_path / "bin" / "java")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def test_no_java_is_one_line(monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(UsageError, match=r"Java is not installed.*JDK 17"):
        prepare(spark())


def test_a_jar_that_is_not_there_is_one_line(java):
    with pytest.raises(UsageError, match=r"no Spark job server at '/nowhere.jar'"):
        prepare(spark("--spark_job_server_jar=/nowhere.jar"))


def test_a_master_that_does_not_answer_is_one_line(java):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    with pytest.raises(UsageError, match=r"no answer from spark://127.0.0.1"):
        prepare(spark(f"--spark_master_url=spark://127.0.0.1:{port}"))


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:7077",
        "localhost:7077",
        "local-cluster[2,1,512]",
        "locals",
        "spark://.example:7077",
        f"spark://{'a' * 64}:7077",
        "spark://127.0.0.1:99999",
        "spark://127.0.0.1:7077,other",
    ],
)
def test_a_mistyped_master_is_one_line(java, url):
    with pytest.raises(UsageError, match=r"spark://HOST:7077 or local\[2\]"):
        prepare(spark(f"--spark_master_url={url}"))


def test_a_master_may_have_an_ipv6_address(java, tmp_path):
    with socket.socket(socket.AF_INET6) as listening:
        try:
            listening.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        listening.listen()
        url = f"spark://[::1]:{listening.getsockname()[1]}"

        prepare(spark(f"--spark_master_url={url}", *process(program(tmp_path / "b"))))


@pytest.fixture
def taken_port(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spark_runner, "JOB_SERVER_CACHE", {})
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.mark.parametrize("option", ["job_port", "artifact_port", "expansion_port"])
def test_a_port_that_is_taken_is_one_line(java, taken_port, option):
    line = f"port {taken_port} is taken: leave --{option} out"

    with pytest.raises(UsageError, match=line):
        prepare(spark(f"--{option}={taken_port}"))


def test_the_next_stage_takes_the_job_server_that_is_on_the_port(
    java, taken_port, monkeypatch
):
    monkeypatch.setattr(spark_runner, "JOB_SERVER_CACHE", {"options": object()})

    prepare(spark(f"--job_port={taken_port}"))


def test_a_port_is_free_again_when_its_connections_have_ended(java, monkeypatch):
    monkeypatch.setattr(spark_runner, "JOB_SERVER_CACHE", {})
    with socket.create_server(("localhost", 0)) as server:
        address = server.getsockname()
        client = socket.create_connection(address)
        accepted, _ = server.accept()
        accepted.close()  # who closes first keeps the port in TIME_WAIT
        client.close()

    prepare(spark(f"--job_port={address[1]}"))


@pytest.mark.parametrize("port", [99999, -1])
def test_a_port_that_cannot_be_is_one_line(java, port):
    with pytest.raises(UsageError, match=f"from 1 to 65535, got {port}: leave it out"):
        prepare(spark(f"--job_port={port}"))


def test_a_job_server_that_does_not_answer_is_one_line(monkeypatch):
    monkeypatch.setattr("affectflow.runners.engines.CONNECT_TIMEOUT_S", 0.2)
    made = runners.options(["--runner=PortableRunner", "--job_endpoint=localhost:1"])

    with pytest.raises(UsageError, match="no job server answers at 'localhost:1'"):
        prepare(made)


def dead(runner: str, *more: str) -> PipelineOptions:
    return runners.options([f"--runner={runner}", *more])


@pytest.mark.parametrize(
    ("made", "line"),
    [
        pytest.param(
            dead("PortableRunner"), "needs --job_endpoint=HOST:8099", id="no endpoint"
        ),
        pytest.param(
            dead("PortableRunner", "--job_endpoint=http://h:8099"),
            "like HOST:8099, got 'http://h:8099'",
            id="endpoint",
        ),
        pytest.param(
            dead("PortableRunner", "--job_endpoint=h:99999"), "HOST:8099", id="its port"
        ),
        pytest.param(
            dead("SparkRunner", "--spark_submit_uber_jar"),
            "needs --spark_rest_url=http://HOST:6066$",
            id="no REST",
        ),
        pytest.param(
            dead("SparkRunner", "--spark_submit_uber_jar", "--spark_rest_url=h"),
            "needs --spark_rest_url=.*, not 'h'",
            id="REST",
        ),
        pytest.param(
            dead(
                "SparkRunner",
                "--spark_submit_uber_jar",
                "--spark_rest_url=http://127.0.0.1:1",
            ),
            "no answer from http://127.0.0.1:1 .*--spark_rest_url",
            id="dead REST",
        ),
        pytest.param(
            dead("FlinkRunner", "--flink_master=127.0.0.1:1"),
            "no answer from 127.0.0.1:1 .*--flink_master",
            id="dead Flink",
        ),
        pytest.param(
            dead("FlinkRunner", "--flink_master=:8081"),
            "must be like HOST:8081",
            id="Flink",
        ),
        pytest.param(
            dead("PrismRunner", "--prism_location=/nowhere"),
            "no Prism binary at '/nowhere'",
            id="Prism",
        ),
        pytest.param(
            dead("PrismRunner", "--prism_location=https://example.org/prism"),
            "no Prism binary at .*github",
            id="page of others",
        ),
    ],
)
def test_an_engine_that_cannot_take_a_job_is_one_line(java, made, line):
    with pytest.raises(UsageError, match=line) as raised:
        prepare(made)
    assert "\n" not in str(raised.value)


def test_embedded_flink_needs_no_docker(java):
    prepare(dead("FlinkRunner"))
