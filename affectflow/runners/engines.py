"""The engines that a pipeline may run on, by the names of their runners."""

import os
import re
import socket

from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    PipelineOptions,
    PortableOptions,
    SparkRunnerOptions,
    StandardOptions,
)

from affectflow.errors import UsageError

ENGINES = ("local", "spark", "flink", "dataflow", "prism", "portable")
LOCAL_RUNNERS = ("", "direct", "fnapi", "switchingdirect")
EMBEDDED_SPARK = re.compile(r"local(\[.+\])?")
"""Beam's own pattern for a master inside the job server."""
_EMBEDDED_FLINK = ("[local]", "[auto]")


def plain_name(runner: str) -> str:
    """Returns a runner's name as Beam finds it: any case, with or without `Runner`."""
    return runner.rsplit(".", 1)[-1].lower().removesuffix("runner")


def engine_of(made: PipelineOptions) -> str:
    """Returns which of `ENGINES` the options mean.

    `portable` is any engine behind a job endpoint, and any runner not known here.
    """
    plain = plain_name(made.view_as(StandardOptions).runner or "")
    if plain == "portable" and made.view_as(PortableOptions).job_endpoint == "embed":
        return "local"  # Beam's job service in this process, around its local runner
    if plain in LOCAL_RUNNERS:
        return "local"
    plain = plain.removeprefix("test").removeprefix("portable")
    return plain if plain in ENGINES else "portable"


def is_embedded(made: PipelineOptions) -> bool:
    """Returns whether the cluster is one process here, which the job server starts.

    Then Beam runs the workers in this process by default.
    """
    if made.view_as(PortableOptions).output_executable_path:
        return False
    engine = engine_of(made)
    if engine == "flink":
        return made.view_as(FlinkRunnerOptions).flink_master in _EMBEDDED_FLINK
    url = made.view_as(SparkRunnerOptions).spark_master_url or ""
    return engine == "spark" and EMBEDDED_SPARK.fullmatch(url) is not None


_ACCELERATOR = re.compile(r"type:[\w-]+;count:[1-9]\d*(;[\w.:-]+)*")


def model_hints(accelerator: str = "", min_ram: str = "") -> dict[str, str]:
    """Returns Beam's resource hints for the step of a model; none if nothing is asked.

    Dataflow gives the step workers of its own; other engines ignore hints.

    Args:
      accelerator: such as `type:nvidia-l4;count:1;install-nvidia-driver`.
      min_ram: of a worker, a number and a unit, such as `30GB`.

    Raises:
      UsageError: a hint is malformed; shows a correct one.
    """
    from apache_beam.transforms.resources import parse_resource_hints

    if accelerator and not _ACCELERATOR.fullmatch(accelerator):
        raise UsageError(
            "--accelerator must be like `type:nvidia-l4;count:1;install-nvidia-driver` "
            f"(in quotes), got {accelerator!r}"
        )
    hints = {"accelerator": accelerator, "min_ram": min_ram}
    hints = {name: value for name, value in hints.items() if value}
    try:
        parse_resource_hints(hints)
    except ValueError as error:
        raise UsageError(
            f"--min-ram must be a number and a unit, such as `30GB`, got {min_ram!r}"
        ) from error
    return hints


NO_PROXY = "no_grpc_proxy"
"""gRPC's own variable; if unset, gRPC reads `no_proxy`, in lower case."""


LOOPBACK = ("localhost", "127.0.0.1", "::1")


CONNECT_TIMEOUT_S = 5.0


_HOST = r"\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>(?!\.)[A-Za-z0-9._-]{1,253})"


_ADDRESS = re.compile(rf"(?:{_HOST}):(?P<port>\d{{1,5}})")


MAX_PORT = 65535


_MAX_LABEL = 63


def parsed(address: str) -> tuple[str, int] | None:
    """Returns host and port of `HOST:PORT`, or None if malformed.

    An IPv6 address must be in brackets, and is returned without them.
    """
    found = _ADDRESS.fullmatch(address)
    if not found or not 0 < int(found["port"]) <= MAX_PORT:
        return None
    if any(len(label) > _MAX_LABEL for label in (found["name"] or "").split(".")):
        return None
    return found["v6"] or found["name"], int(found["port"])


def answers(host: str, port: int) -> bool:
    """Returns whether the address accepts a connection within the connect timeout."""
    try:
        with socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S):
            return True
    except (OSError, UnicodeError):
        return False


def answers_grpc(address: str) -> bool:
    """Returns whether a gRPC server answers within the connect timeout."""
    import grpc

    with grpc.insecure_channel(address) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=CONNECT_TIMEOUT_S)
        except grpc.FutureTimeoutError:
            return False
    return True


def spare_loopback() -> None:
    """Keeps an engine's traffic with its own processes away from a proxy.

    gRPC sends even loopback traffic through `http_proxy`, which never answers. Worker
    processes inherit the variable.
    """
    given = os.environ.get(NO_PROXY) or os.environ.get("no_proxy") or ""
    spared = [each.strip() for each in given.split(",") if each.strip()]
    missing = [each for each in LOOPBACK if each not in spared]
    os.environ[NO_PROXY] = ",".join([*spared, *missing])
