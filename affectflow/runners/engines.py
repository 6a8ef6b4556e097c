"""The engines that a pipeline may run on, by the names of their runners."""

import re

from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    PipelineOptions,
    PortableOptions,
    SparkRunnerOptions,
    StandardOptions,
)

ENGINES = ("local", "spark", "flink", "dataflow", "prism", "portable")
LOCAL_RUNNERS = ("", "direct", "fnapi", "switchingdirect")
EMBEDDED_SPARK = re.compile(r"local(\[.+\])?")
"""Beam's own pattern of a master that lives in the job server."""
_EMBEDDED_FLINK = ("[local]", "[auto]")


def plain_name(runner: str) -> str:
    """Returns a runner's name as Beam finds it: any case, with or without `Runner`."""
    return runner.rsplit(".", 1)[-1].lower().removesuffix("runner")


def engine_of(made: PipelineOptions) -> str:
    """Returns which of `ENGINES` options mean.

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

    Then Beam runs the workers in this process, unless it is told otherwise.
    """
    if made.view_as(PortableOptions).output_executable_path:
        return False
    engine = engine_of(made)
    if engine == "flink":
        return made.view_as(FlinkRunnerOptions).flink_master in _EMBEDDED_FLINK
    url = made.view_as(SparkRunnerOptions).spark_master_url or ""
    return engine == "spark" and EMBEDDED_SPARK.fullmatch(url) is not None
