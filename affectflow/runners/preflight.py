"""What a cluster needs, looked at before the first row: set where it is safe to set.

Each check is bounded in time and ends in one line that names the cure.
"""

from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions

from affectflow.runners import environments, job_servers
from affectflow.runners.engines import engine_of, is_embedded
from affectflow.runners.staging import check_wheels


def prepare(made: PipelineOptions) -> None:
    """Refuses a cluster that cannot work, and sets what our workers need.

    Raises:
      UsageError: something is missing or does not answer; names the cure.
    """
    engine = engine_of(made)
    if engine != "local":
        check_wheels(made)
    if engine in ("spark", "flink", "portable", "prism"):
        job_servers.check(made, engine)
        environments.prepare(made, engine)


def shares_this_host(made: PipelineOptions) -> bool:
    """Returns whether workers see the files of this machine and user for certain."""
    if engine_of(made) in ("local", "prism"):
        return True
    kind = made.view_as(PortableOptions).environment_type
    return kind == "LOOPBACK" or (kind is None and is_embedded(made))
