"""Checks what will receive a job before it is sent: job servers, masters, programs."""

import os
import re
import shutil
import socket
import subprocess
from urllib.parse import urlsplit

from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    JobServerOptions,
    PipelineOptions,
    PortableOptions,
    PrismRunnerOptions,
    SparkRunnerOptions,
    StandardOptions,
)

from affectflow.errors import UsageError
from affectflow.runners import engines as addresses
from affectflow.runners.engines import (
    CONNECT_TIMEOUT_S,
    EMBEDDED_SPARK,
    MAX_PORT,
    answers,
    is_embedded,
    parsed,
    plain_name,
)
from affectflow.runners.spark_versions import check_same

OLDEST_JAVA = 11
_JAVA_TIMEOUT_S = 20.0
_PORTS = ("job_port", "artifact_port", "expansion_port")
_PORT_OF = {"http": 80, "https": 443}
_PRISM_URL = "https://github.com/apache/beam/releases/"


def check(made: PipelineOptions, engine: str) -> None:
    """Refuses a job server, a master or a program that cannot take a job.

    Raises:
      UsageError: it is missing, malformed or does not answer; says what to do.
    """
    _check_ranges(made)
    if made.view_as(PortableOptions).job_endpoint:
        _check_endpoint(made)
    elif engine == "spark":
        _check_spark(made)
    elif engine == "flink":
        _check_flink(made)
    elif engine == "prism":
        _check_prism(made)
    elif plain_name(made.view_as(StandardOptions).runner or "") == "portable":
        raise UsageError(
            "--runner=PortableRunner needs --job_endpoint=HOST:8099, where a job "
            "server listens"
        )


def uses_java(made: PipelineOptions, engine: str) -> bool:
    """Returns whether a job server in Java is started on this machine."""
    if made.view_as(PortableOptions).job_endpoint:
        return False
    if engine == "spark":
        return not made.view_as(SparkRunnerOptions).spark_submit_uber_jar
    uploads = made.view_as(FlinkRunnerOptions).flink_submit_uber_jar
    return engine == "flink" and (is_embedded(made) or not uploads)


def _check_endpoint(made: PipelineOptions) -> None:
    endpoint = made.view_as(PortableOptions).job_endpoint
    if endpoint == "embed":
        return
    if not parsed(endpoint):
        raise UsageError(f"--job_endpoint must be like HOST:8099, got {endpoint!r}")
    if not addresses.answers_grpc(endpoint):
        raise UsageError(
            f"no job server answers at {endpoint!r} within {CONNECT_TIMEOUT_S:.0f} s: "
            "start it, or fix --job_endpoint"
        )


# -- Spark -------------------------------------------------------------------------


def _check_spark(made: PipelineOptions) -> None:
    spark = made.view_as(SparkRunnerOptions)
    _check_jar("spark_job_server_jar", spark.spark_job_server_jar)
    if spark.spark_submit_uber_jar:
        _check_rest(spark.spark_rest_url)
        return  # built in pure Python, and run by the REST endpoint
    _check_java(made)
    from apache_beam.runners.portability.spark_runner import JOB_SERVER_CACHE

    if not JOB_SERVER_CACHE:  # otherwise Beam starts its own on these ports
        _check_free(made)
    if not made.view_as(PortableOptions).output_executable_path:
        hosts = _check_master(spark.spark_master_url)
        check_same(spark.spark_job_server_jar or "", hosts)


def _check_rest(url: str | None) -> None:
    address = _of_url(url or "")
    if not address:
        raise UsageError(
            "--spark_submit_uber_jar needs --spark_rest_url=http://HOST:6066"
            f"{f', not {url!r}' if url else ''}"
        )
    if not answers(*address):
        raise UsageError(
            f"no answer from {url} within {CONNECT_TIMEOUT_S:.0f} s: set "
            "spark.master.rest.enabled on the master, or fix --spark_rest_url"
        )


def _check_master(url: str) -> list[str]:
    """Returns the hosts of the masters, of which at least one answers."""
    if EMBEDDED_SPARK.fullmatch(url) or url == "yarn":
        return []
    masters = _masters(url)
    if not masters:
        raise UsageError(
            "--spark_master_url must be like spark://HOST:7077 or local[2], got "
            f"{url!r}"
        )
    if not any(answers(*each) for each in masters):
        raise UsageError(
            f"no answer from {url} within {CONNECT_TIMEOUT_S:.0f} s: start the "
            "master, open its port, or fix --spark_master_url"
        )
    return [host for host, _ in masters]


def _masters(url: str) -> list[tuple[str, int]]:
    """Returns the addresses in `spark://A:7077,B:7077`; none if one is malformed."""
    found = re.fullmatch(r"spark://(.+)", url)
    each = [parsed(part) for part in found[1].split(",")] if found else []
    return [] if None in each else [address for address in each if address]


def on_loopback(url: str) -> bool:
    """Returns whether all masters of a `spark://` URL are on this machine."""
    masters = _masters(url)
    return bool(masters) and all(host in addresses.LOOPBACK for host, _ in masters)


# -- Flink and Prism ---------------------------------------------------------------


def _check_flink(made: PipelineOptions) -> None:
    flink = made.view_as(FlinkRunnerOptions)
    _check_jar("flink_job_server_jar", flink.flink_job_server_jar)
    if uses_java(made, "flink"):
        _check_java(made)
        _check_free(made)
    writes = made.view_as(PortableOptions).output_executable_path
    if is_embedded(made) or writes:
        return
    master = flink.flink_master.strip()
    address = _of_url(master if "://" in master else f"http://{master}")
    if not address:
        raise UsageError(
            f"--flink_master must be like HOST:8081 or [local], got {master!r}"
        )
    if not answers(*address):
        raise UsageError(
            f"no answer from {master} within {CONNECT_TIMEOUT_S:.0f} s: start the "
            "cluster, open its port, or fix --flink_master"
        )


def _check_prism(made: PipelineOptions) -> None:
    place = made.view_as(PrismRunnerOptions).prism_location or ""
    if not place or os.path.isfile(place) or place.startswith(_PRISM_URL):
        return
    if "://" in place and not place.startswith(("http://", "https://")):
        return  # a bucket, say, which Beam opens
    raise UsageError(
        f"no Prism binary at {place!r}: --prism_location must be its path, or a page "
        f"under {_PRISM_URL}"
    )


# -- ports, programs, files ----------------------------------------------------------


def _of_url(url: str) -> tuple[str, int] | None:
    parts = urlsplit(url) if re.fullmatch(r"https?://[^/]+/?", url) else None
    if not parts:
        return None
    port = "" if re.search(r":\d+$", parts.netloc) else f":{_PORT_OF[parts.scheme]}"
    return parsed(parts.netloc + port)


def _check_ranges(made: PipelineOptions) -> None:
    for name in _PORTS:
        port = getattr(made.view_as(JobServerOptions), name)
        if not 0 <= port <= MAX_PORT:
            raise UsageError(
                f"--{name} must be a number from 1 to {MAX_PORT}, got {port}: leave it "
                "out to use a free port"
            )


def _check_free(made: PipelineOptions) -> None:
    for name in _PORTS:
        port = getattr(made.view_as(JobServerOptions), name)
        if port and _is_taken(port):
            raise UsageError(
                f"port {port} is taken: leave --{name} out to use a free port"
            )


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do, so that closed connections do not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("localhost", port))
        except OSError:
            return True
    return False


def _check_java(made: PipelineOptions) -> None:
    if shutil.which(made.view_as(JobServerOptions).job_server_java_launcher) is None:
        raise UsageError(
            "Java is not installed, and Beam's job server needs it: install a JDK 17 "
            "(apt-get install openjdk-17-jre-headless), or name one with "
            "--job_server_java_launcher"
        )


def java_version(made: PipelineOptions) -> str:
    """Returns the version of the Java that would run the job server.

    Raises:
      UsageError: it is older than 11, or shows no version.
    """
    launcher = made.view_as(JobServerOptions).job_server_java_launcher
    try:
        done = subprocess.run(
            [launcher, "-version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_JAVA_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{launcher!r} does not run: install a JDK 17") from error
    found = re.search(r'version "((?:1\.)?(\d+)[^"]*)"', done.stderr + done.stdout)
    if not found:
        raise UsageError(f"`{launcher} -version` shows no version: install a JDK 17")
    if int(found[2]) < OLDEST_JAVA:
        raise UsageError(
            f"this Java is {found[1]}, but Beam's job server needs {OLDEST_JAVA} or "
            "newer: install a JDK 17, or name one with --job_server_java_launcher"
        )
    return found[1]


def _check_jar(option: str, jar: str | None) -> None:
    if jar and "://" not in jar and not os.path.isfile(jar):
        engine = option.partition("_")[0].capitalize()
        raise UsageError(
            f"no {engine} job server at {jar!r}: leave --{option} out to let Beam "
            "fetch its own, or give the path of one"
        )
