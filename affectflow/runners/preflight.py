"""What a cluster needs, looked at before the first row: set where it is safe to set.

Each check is bounded in time and ends in one line that names the cure.
"""

import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from apache_beam.options.pipeline_options import (
    JobServerOptions,
    PipelineOptions,
    PortableOptions,
    SparkRunnerOptions,
)

from affectflow import __version__
from affectflow.boot import DRIVER_BEAM, DRIVER_OURS, DRIVER_PYTHON
from affectflow.errors import UsageError
from affectflow.runners.addresses import (
    CONNECT_TIMEOUT_S,
    answers,
    answers_grpc,
    parsed,
)
from affectflow.runners.engines import engine_of
from affectflow.runners.spark_versions import check_same
from affectflow.runners.staging import check_wheels

CACHE_MILLIS = 3_600_000
_HERE = ("localhost", "127.0.0.1", "[::1]")
_PROCESS = (
    "--environment_type=PROCESS and --environment_config="
    """'{"command": "/opt/affectflow/bin/affectflow-boot"}'"""
)
_SETUP = "setup_workers.sh puts one at PREFIX/bin/affectflow-boot"


def prepare(made: PipelineOptions) -> None:
    """Refuses a cluster that cannot work, and sets what our workers need.

    Raises:
      UsageError: something is missing or does not answer; names the cure.
    """
    engine = engine_of(made)
    if engine != "local":
        check_wheels(made)
    if engine == "spark":
        _check_spark(made)
    if engine in ("spark", "flink", "portable", "prism"):
        _check_endpoint(made)
        _prepare_environment(made, engine)


def shares_this_host(made: PipelineOptions) -> bool:
    """Returns whether workers see the files of this machine and user for certain."""
    if engine_of(made) in ("local", "prism"):
        return True
    kind = made.view_as(PortableOptions).environment_type
    return kind == "LOOPBACK" or (kind is None and _is_embedded(made))


def _is_embedded(made: PipelineOptions) -> bool:
    url = made.view_as(SparkRunnerOptions).spark_master_url or ""
    return engine_of(made) == "spark" and url.startswith("local")


# -- Spark -------------------------------------------------------------------------


def _check_spark(made: PipelineOptions) -> None:
    spark = made.view_as(SparkRunnerOptions)
    if spark.spark_submit_uber_jar:
        return  # made in pure Python, and run where the REST endpoint is
    if shutil.which(made.view_as(JobServerOptions).job_server_java_launcher) is None:
        raise UsageError(
            "no Java here: Beam's Spark job server needs one; install a JDK 17 "
            "(apt-get install openjdk-17-jre-headless), or name it with "
            "--job_server_java_launcher"
        )
    jar = spark.spark_job_server_jar
    if jar and "://" not in jar and not os.path.exists(jar):
        raise UsageError(
            f"no Spark job server at {jar!r}: leave --spark_job_server_jar out and "
            "Beam fetches its own, or give the path of one"
        )
    _check_port(made)
    if not made.view_as(PortableOptions).output_executable_path:
        _check_master(spark.spark_master_url)
        hosts = (host for host, _ in _addresses(spark.spark_master_url))
        check_same(jar or "", hosts)


def _check_port(made: PipelineOptions) -> None:
    port = made.view_as(JobServerOptions).job_port
    if not port:
        return
    with socket.socket() as probe:
        try:
            probe.bind(("localhost", int(port)))
        except OSError as error:
            raise UsageError(
                f"port {port} is taken: leave --job_port out, and a free one is found"
            ) from error


def _check_master(url: str) -> None:
    if url.startswith("local") or url == "yarn":
        return
    masters = list(_addresses(url))
    if not masters:
        raise UsageError(
            f"--spark_master_url is as spark://HOST:7077 or local[2], not {url!r}"
        )
    if not any(answers(host, port) for host, port in masters):
        raise UsageError(
            f"nobody answers at {url} within {CONNECT_TIMEOUT_S:.0f} s: start the "
            "master, open its port, or mend --spark_master_url"
        )


def _addresses(url: str) -> Iterator[tuple[str, int]]:
    found = re.fullmatch(r"spark://(.+)", url)
    for each in found[1].split(",") if found else []:
        if address := parsed(each):
            yield address


# -- portable runners --------------------------------------------------------------


def _check_endpoint(made: PipelineOptions) -> None:
    endpoint = made.view_as(PortableOptions).job_endpoint
    if not endpoint or endpoint == "embed":
        return
    if not parsed(endpoint):
        raise UsageError(f"--job_endpoint is as HOST:8099, not {endpoint!r}")
    if not answers_grpc(endpoint):
        raise UsageError(
            f"no job server answers at {endpoint!r} within {CONNECT_TIMEOUT_S:.0f} s: "
            "start it, or mend --job_endpoint"
        )


def _prepare_environment(made: PipelineOptions, engine: str) -> None:
    portable = made.view_as(PortableOptions)
    kind = portable.environment_type
    if engine in ("spark", "flink") and not portable.environment_cache_millis:
        # Otherwise a worker, and with it the model, may be started anew for each task.
        portable.environment_cache_millis = CACHE_MILLIS
    if kind == "PROCESS":
        _prepare_process(made, portable)
    elif kind in (None, "DOCKER") and engine in ("spark", "flink"):
        _check_docker(made)


def _check_docker(made: PipelineOptions) -> None:
    embedded = made.view_as(PortableOptions).environment_type is None
    if (embedded and _is_embedded(made)) or shutil.which("docker"):
        return
    raise UsageError(
        f"workers would start in Docker, which is not here: give {_PROCESS} "
        f"({_SETUP}), or --environment_type=LOOPBACK to work in this process"
    )


def _prepare_process(made: PipelineOptions, portable: PortableOptions) -> None:
    config = _process_config(portable.environment_config)
    command = str(config["command"])
    if _on_this_host(made) and not os.access(command, os.X_OK):
        raise UsageError(
            f"no program at {command!r}, the command of the workers: {_SETUP}"
        )
    from apache_beam.version import __version__ as beam_version

    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    driver = {
        DRIVER_BEAM: beam_version,
        DRIVER_PYTHON: python,
        DRIVER_OURS: __version__,
    }
    config["env"] = {**config.get("env", {}), **driver}
    portable.environment_config = json.dumps(config)


def _process_config(text: str | None) -> dict[str, Any]:
    try:
        config = json.loads(text or "")
    except ValueError:
        config = {"command": text or ""}
    if not isinstance(config, dict) or not config.get("command"):
        raise UsageError(
            f"--environment_type=PROCESS needs the workers' command: {_PROCESS}; "
            f"{_SETUP}"
        )
    return config


def _on_this_host(made: PipelineOptions) -> bool:
    portable = made.view_as(PortableOptions)
    if portable.output_executable_path:
        return False
    if _is_embedded(made):
        return True
    url = made.view_as(SparkRunnerOptions).spark_master_url
    if engine_of(made) != "spark" or not url.startswith("spark://"):
        return False
    return urlsplit(url.split(",")[0]).netloc.rpartition(":")[0] in _HERE
