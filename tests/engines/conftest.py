"""What the tests on real engines need; `.ci/engines` sets all of it up."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import required
from tests.engines.cluster import Cluster, cluster
from tests.given.command_line import Outcome, affectflow

CURE = "PROVE=1 bash .ci/engines && . .cache/engines/env"
NAMES = ("HOME", "JAR", "BOOT", "WHEEL")


@dataclass(frozen=True)
class Engine:
    """What `.ci/engines` made.

    Args:
      home: the folder of pip's pyspark, of the jar's version.
      jar: Beam's Spark job server.
      boot: the command of workers whose environment lacks affectflow.
      wheel: ours.
    """

    home: Path
    jar: Path
    boot: Path
    wheel: Path


@pytest.fixture(scope="session")
def engine() -> Engine:
    found = [os.environ.get(f"AFFECTFLOW_SPARK_{name}", "") for name in NAMES]
    if not all(found) or not shutil.which("java"):
        required("spark", CURE)
    return Engine(*map(Path, found))


@pytest.fixture(scope="module")
def spark(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """A master and two workers of one core, and none of their processes afterwards."""
    with cluster(engine.home, tmp_path_factory.mktemp("spark")) as running:
        yield running


def spark_options(
    engine: Engine, master: str, boot_folder: Path, **jvm: str
) -> list[str]:
    """Returns Beam's options for a job with PROCESS workers on a cluster."""
    config = {
        "command": str(engine.boot),
        "env": {"AFFECTFLOW_BOOT_DIR": str(boot_folder), "AFFECTFLOW_LOG": "json"},
    }
    return [
        *job_server(engine, **jvm),
        f"--spark_master_url={master}",
        "--environment_type=PROCESS",
        f"--environment_config={json.dumps(config)}",
        f"--extra_package={engine.wheel}",
    ]


def job_server(engine: Engine, **jvm: str) -> list[str]:
    """Returns the options of the job server, as it fits a machine of two cores."""
    properties = {
        "spark.default.parallelism": "4",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executor.memory": "768m",
        "spark.ui.enabled": "false",
        **{name.replace("_", "."): value for name, value in jvm.items()},
    }
    return [
        "--runner=SparkRunner",
        f"--spark_job_server_jar={engine.jar}",
        "--job_server_jvm_properties=-Xmx1500m",
        *(f"--job_server_jvm_properties=-D{n}={v}" for n, v in properties.items()),
    ]


def digest(lake: Path) -> str:
    """Returns the digest of a lake, as the command line prints it."""
    outcome: Outcome = affectflow("digest", lake)
    assert outcome.code == 0, outcome.err
    lines = [line.split() for line in outcome.out.splitlines()]
    return next(value for value, table in lines if table == "lake")
