"""Checks what a cluster needs before the first row, and sets what is safe to set.

Each check is limited in time and fails with one line that says what to do.
"""

from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions

from affectflow.runners import environments, job_servers
from affectflow.runners.engines import engine_of, is_embedded
from affectflow.runners.staging import check_wheels


def prepare(made: PipelineOptions) -> None:
    """Refuses a cluster that cannot work, and sets what affectflow's workers need.

    Raises:
      UsageError: something is missing or does not answer; says what to do.
    """
    engine = engine_of(made)
    if engine != "local":
        check_wheels(made)
    if engine in ("spark", "flink", "portable", "prism"):
        job_servers.check(made, engine)
        environments.prepare(made, engine)


def shares_this_host(made: PipelineOptions) -> bool:
    """Returns whether workers certainly see the files of this machine and user."""
    if engine_of(made) in ("local", "prism"):
        return True
    kind = made.view_as(PortableOptions).environment_type
    return kind == "LOOPBACK" or (kind is None and is_embedded(made))
