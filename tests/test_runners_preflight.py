import json
import socket
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions
from apache_beam.runners.portability import spark_runner
from apache_beam.transforms.environments import Environment, ProcessEnvironment

from affectflow import runners
from affectflow.boot import DRIVER_BEAM, DRIVER_OURS, DRIVER_PYTHON
from affectflow.errors import UsageError
from affectflow.runners.environments import CACHE_MILLIS
from affectflow.runners.preflight import prepare


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
    with pytest.raises(UsageError, match=f"from 1 to 65535, not {port}: leave it out"):
        prepare(spark(f"--job_port={port}"))


def test_a_job_server_that_does_not_answer_is_one_line(monkeypatch):
    monkeypatch.setattr("affectflow.runners.addresses.CONNECT_TIMEOUT_S", 0.2)
    made = runners.options(["--runner=PortableRunner", "--job_endpoint=localhost:1"])

    with pytest.raises(UsageError, match="no job server answers at 'localhost:1'"):
        prepare(made)


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

    with pytest.raises(UsageError, match=r'"env" .* holds names and texts'):
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
        (["--environment_option=process_variables=A"], "is as A=b,C=d, not 'A'"),
        (process("/bin/true")[1:], "in two ways; drop one"),
    ],
)
def test_options_of_process_workers_that_cannot_be_are_one_line(java, arguments, line):
    given = ["--environment_type=PROCESS", "--environment_option=process_command=/b"]

    with pytest.raises(UsageError, match=line):
        prepare(spark(*given, *arguments))


@pytest.mark.parametrize("kind", ["process", "PROCES"])
def test_a_mistyped_kind_of_worker_answers_with_the_nearest(java, kind):
    with pytest.raises(UsageError, match=f"not '{kind}'; did you mean PROCESS"):
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
            "as HOST:8099, not 'http://h:8099'",
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
            "nobody answers at http://127.0.0.1:1 .*--spark_rest_url",
            id="dead REST",
        ),
        pytest.param(
            dead("FlinkRunner", "--flink_master=127.0.0.1:1"),
            "nobody answers at 127.0.0.1:1 .*--flink_master",
            id="dead Flink",
        ),
        pytest.param(
            dead("FlinkRunner", "--flink_master=:8081"), "is as HOST:8081", id="Flink"
        ),
        pytest.param(
            dead("PrismRunner", "--prism_location=/nowhere"),
            "no program of Prism at '/nowhere'",
            id="Prism",
        ),
        pytest.param(
            dead("PrismRunner", "--prism_location=https://example.org/prism"),
            "no program of Prism at .*github",
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
            ["--runner=SparkRunner", "--spark_master_url=localhost:7077"],
            False,
            id="no embedded spark",
        ),
        pytest.param(
            ["--runner=SparkRunner", "--output_executable_path=/x/job.jar"],
            False,
            id="jar for a cluster",
        ),
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
        ("torch.OutOfMemoryError: CUDA out of memory. Tried 2 GiB", "fewer processes"),
        ("torch.cuda.OutOfMemoryError: HIP out of memory", "fewer processes"),
        ("Unable to fetch remote prism binary at https://x", "--prism_location"),
        ("[Errno 8] Exec format error: '/x/prism'", "/x/prism is no program"),
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
