"""Workers that a cluster could not start are refused before a job is sent."""

import json
import socket
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions
from apache_beam.transforms.environments import Environment, ProcessEnvironment

from affectflow.boot import DRIVER_BEAM, DRIVER_OURS, DRIVER_PYTHON
from affectflow.errors import UsageError
from affectflow.runners.environments import CACHE_MILLIS
from affectflow.runners.preflight import prepare
from tests.given.spark_options import process, program, spark


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


def test_workers_in_docker_need_docker(java, master):
    with pytest.raises(UsageError, match="--environment_type=PROCESS"):
        prepare(spark(f"--spark_master_url={master}"))


@pytest.mark.parametrize(
    "config", ["", "{}", "[]", '{"env": {}}', '{"command": ["/boot"]}', '{"command":']
)
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


@pytest.mark.parametrize("env", ["null", '["A=b"]', '{"A": 1}', '{"A": null}'])
def test_variables_of_workers_are_names_and_texts(java, tmp_path, env):
    command = program(tmp_path / "boot")
    config = f'{{"command": "{command}", "env": {env}}}'

    with pytest.raises(UsageError, match=r'"env" .* must map names to strings'):
        prepare(spark(*process(config)))


def environment_of(made: PipelineOptions) -> Environment:
    """Returns what Beam makes of options."""
    return Environment.from_options(made.view_as(PortableOptions))


@pytest.mark.parametrize("kind", ["PROCESS", "beam:env:process:v1"])
def test_process_workers_may_be_spelt_as_options(java, tmp_path, kind):
    command = program(tmp_path / "boot")
    made = spark(
        f"--environment_type={kind}",
        f"--environment_option=process_command={command}",
        "--environment_option=process_variables=A=b,C=d=e",
    )

    prepare(made)

    environment = environment_of(made)
    assert isinstance(environment, ProcessEnvironment)
    assert environment.command == command
    assert {"A": "b", "C": "d=e"}.items() < environment.env.items()
    assert DRIVER_BEAM in environment.env


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--environment_option=process_variables=A"], "must be like A=b,C=d, got 'A'"),
        (process("/bin/true")[1:], "set the same thing; remove one of them"),
    ],
)
def test_options_of_process_workers_that_cannot_be_are_one_line(java, arguments, line):
    given = ["--environment_type=PROCESS", "--environment_option=process_command=/b"]

    with pytest.raises(UsageError, match=line):
        prepare(spark(*given, *arguments))


@pytest.mark.parametrize("kind", ["process", "PROCES"])
def test_a_mistyped_kind_of_worker_answers_with_the_nearest(java, kind):
    with pytest.raises(UsageError, match=f"got '{kind}'; did you mean PROCESS"):
        prepare(spark(f"--environment_type={kind}"))


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ([], "needs the address of a worker pool"),
        (["--environment_config=pool"], "needs the address .*, not 'pool'"),
        (["--environment_config=localhost:1"], "no worker pool .* 'localhost:1'"),
        (['--environment_config={"url": "localhost:1"}'], "no worker pool .*:1'"),
        (["--environment_option=external_service_address=localhost:1"], "no worker p"),
    ],
)
def test_a_pool_of_workers_that_is_not_there_is_one_line(java, config, line):
    with pytest.raises(UsageError, match=line):
        prepare(spark("--environment_type=EXTERNAL", *config))


def test_a_jar_whose_workers_would_start_in_docker_is_refused_unless_asked_for(java):
    jar = "--output_executable_path=/x/job.jar"

    with pytest.raises(UsageError, match="the jar's workers would start in Docker"):
        prepare(spark(jar))

    prepare(spark(jar, "--environment_type=DOCKER"))


def test_workers_are_kept_from_task_to_task(java, master, tmp_path):
    command = program(tmp_path / "boot" / "boot")
    made = spark(f"--spark_master_url={master}", *process(command))

    prepare(made)

    assert made.view_as(PortableOptions).environment_cache_millis == CACHE_MILLIS
