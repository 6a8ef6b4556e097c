"""The engines that a pipeline may run on, by the names of their runners."""

from apache_beam.options.pipeline_options import (
    PipelineOptions,
    PortableOptions,
    StandardOptions,
)

ENGINES = ("local", "spark", "flink", "dataflow", "prism", "portable")
_LOCAL = ("", "direct", "fnapi", "switchingdirect")


def engine_of(made: PipelineOptions) -> str:
    """Returns which of `ENGINES` options mean.

    `portable` is any engine behind a job endpoint, and any runner not known here.
    """
    name = made.view_as(StandardOptions).runner or ""
    plain = name.rsplit(".", 1)[-1].lower().removesuffix("runner")
    if plain == "portable" and made.view_as(PortableOptions).job_endpoint == "embed":
        return "local"  # Beam's job service in this process, around its local runner
    if plain in _LOCAL:
        return "local"
    plain = plain.removeprefix("test").removeprefix("portable")
    return plain if plain in ENGINES else "portable"
