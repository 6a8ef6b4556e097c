"""The engines that a pipeline may run on, by the names of their runners."""

from apache_beam.options.pipeline_options import (
    PipelineOptions,
    PortableOptions,
    StandardOptions,
)

ENGINES = ("local", "spark", "flink", "dataflow", "prism", "portable")
LOCAL_RUNNERS = ("", "direct", "fnapi", "switchingdirect")


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
