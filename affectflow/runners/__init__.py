"""The only package that names a runner: local mode, thread limits, options.

Beam's `DirectRunner` downloads a binary, or hangs behind a proxy; here it means
`FnApiRunner`, built with the options that its worker processes need.
"""

import contextlib
import difflib
import importlib.util
import os
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    DirectOptions,
    GoogleCloudOptions,
    PipelineOptions,
    PortableOptions,
    StandardOptions,
    TestOptions,
    _BeamArgumentParser,
)

from affectflow.errors import UsageError
from affectflow.runners import dataflow, hazards, preflight
from affectflow.runners.engines import (
    LOCAL_RUNNERS,
    engine_of,
    plain_name,
    spare_loopback,
)
from affectflow.runners.failures import cause_of as cause_of
from affectflow.runners.preflight import shares_this_host as shares_this_host
from affectflow.runners.waiting import run_to_the_end

_REFUSED = {
    "dask": "loses data: outputs of finish_bundle, and all branches but one",
    "bundlebaseddirect": "is no longer maintained and runs no portable pipelines",
}
_THREAD_POOLS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
)


def options(arguments: Sequence[str] = ()) -> PipelineOptions:
    """Returns Beam's options for the arguments after `--`.

    Raises:
      UsageError: an unknown runner or one that loses data, an unknown option, or
        an invalid value.
    """
    _refuse_unknown(arguments)
    made = PipelineOptions(list(arguments))
    name = made.view_as(StandardOptions).runner or ""
    if plain_name(name) in _REFUSED:
        why = _REFUSED[plain_name(name)]
        raise UsageError(f"--runner={name} {why}; use another runner")
    _check_known(name)
    return made


def _check_known(name: str) -> None:
    known = {plain_name(each): each for each in StandardOptions.KNOWN_RUNNER_NAMES}
    if "." in name:  # a custom runner, which Beam imports
        module = name.rpartition(".")[0]
        if not _is_module(module):
            raise UsageError(f"--runner={name}: no module {module!r}; install it")
    elif name and plain_name(name) not in known:
        there = [each for plain, each in known.items() if plain not in _REFUSED]
        near = difflib.get_close_matches(name, there, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(there)}"
        raise UsageError(f"unknown runner {name!r}; {hint}")


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:  # not even its package
        return False


class _Parser(_BeamArgumentParser):
    """Beam's own parser ends the process on a bad value; this one raises."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"Beam options: {message}")


def _refuse_unknown(arguments: Sequence[str]) -> None:
    parser = _Parser(allow_abbrev=False, conflict_handler="resolve", add_help=False)
    for kind in PipelineOptions.__subclasses__():
        kind._add_argparse_args(parser)
    _, unknown = parser.parse_known_args(list(arguments))
    if unknown:
        word = unknown[0].split("=", 1)[0]
        known = [each for a in parser._actions for each in a.option_strings]
        near = difflib.get_close_matches(word, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"Beam has no option {word!r}{hint}")


def is_local(made: PipelineOptions) -> bool:
    """Returns whether the pipeline runs in this process and its children."""
    return plain_name(made.view_as(StandardOptions).runner or "") in LOCAL_RUNNERS


def only_written(arguments: Sequence[str]) -> str:
    """Returns where these options write a pipeline instead of running it; else "".

    An executable jar for `spark-submit`, a Dataflow template, or "a dry run", which
    writes nothing.
    """
    made = options(arguments)
    jar = made.view_as(PortableOptions).output_executable_path
    template = made.view_as(GoogleCloudOptions).template_location
    dry_run = "a dry run" if made.view_as(TestOptions).dry_run else ""
    return str(jar or template or dry_run or "")


def named_after(arguments: Sequence[str], stage: str) -> list[str]:
    """Returns options with the stage in the name of the executable jar.

    For commands with several stages: `job.jar` becomes `job-mine.jar`.
    """
    joined = "\0".join(arguments)
    pattern = r"(--output_executable_path[=\0][^\0]*?)(\.jar)?(?=\0|$)"
    return re.sub(pattern, rf"\1-{stage}.jar", joined).split("\0") if joined else []


def prepared(arguments: Sequence[str] = ()) -> PipelineOptions:
    """Returns options that an engine can work with; sends nothing to it yet.

    Raises:
      AffectflowError: something is missing or does not answer; says what to do.
    """
    made = options(arguments)
    spare_loopback()
    if engine_of(made) == "dataflow":
        dataflow.prepare(made)
    preflight.prepare(made)
    return made


def run(build: Callable[[beam.Pipeline], Any], arguments: Sequence[str] = ()) -> None:
    """Runs a pipeline to its end.

    Args:
      build: adds the steps to a pipeline.
      arguments: Beam's options, as on a command line.

    Raises:
      Exception: what a worker raised; `cause_of` finds it.
    """
    made = prepared(arguments)
    engine = engine_of(made)
    _cap_threads(made)
    runner = _local_runner(made) if is_local(made) else None
    pipeline = beam.Pipeline(runner=runner, options=made)
    build(pipeline)
    hazards.check(pipeline, engine=engine)
    if engine == "dataflow":
        dataflow.fit(pipeline)
    if engine in ("spark", "flink", "portable", "prism"):
        run_to_the_end(pipeline)
        return
    with _watched() if runner is not None else contextlib.nullcontext():
        pipeline.run().wait_until_finish()


def check(build: Callable[[beam.Pipeline], Any], arguments: Sequence[str] = ()) -> None:
    """Builds a pipeline and checks that its engine can run it correctly.

    Raises:
      UsageError: the pipeline cannot be built, or has a hazard; says what to do.
    """
    made = options(arguments)
    # The local runner stands in, because another would look for libraries and the
    # network.
    pipeline = beam.Pipeline(runner=_local_runner(options()), options=made)
    build(pipeline)
    hazards.check(pipeline, engine=engine_of(made))


def _watched() -> contextlib.AbstractContextManager[None]:
    from affectflow.runners.watch import watched  # it imports Beam's local runner

    return watched()


def _local_runner(made: PipelineOptions) -> Any:
    # As SwitchingDirectRunner does, without Prism. Built by name, FnApiRunner would
    # give its worker processes empty options. Semi-internal API, tested.
    from apache_beam.portability.api import beam_provision_api_pb2
    from apache_beam.runners.portability.fn_api_runner import fn_runner
    from apache_beam.runners.portability.portable_runner import JobServiceHandle

    encoded = JobServiceHandle.encode_pipeline_options(made.get_all_options())
    info = beam_provision_api_pb2.ProvisionInfo(pipeline_options=encoded)
    return fn_runner.FnApiRunner(provision_info=fn_runner.ExtendedProvisionInfo(info))


def workers(made: PipelineOptions) -> int:
    """Returns how many workers a local run has."""
    direct = made.view_as(DirectOptions)
    if direct.direct_running_mode == "in_memory":
        return 1
    return direct.direct_num_workers or os.cpu_count() or 1


def with_at_most(arguments: Sequence[str], most: int) -> list[str]:
    """Returns options with `most` workers if they request more on this machine."""
    made = options(arguments)
    if not is_local(made) or workers(made) <= most:
        return list(arguments)
    # If an option is given twice, the second counts.
    alone = ["--direct_running_mode=in_memory"] if most == 1 else []
    return [*arguments, f"--direct_num_workers={most}", *alone]


def _cap_threads(made: PipelineOptions) -> None:
    # Two workers with two torch threads each on two cores took 4 to 7 times as long.
    if not is_local(made) or workers(made) == 1:
        return
    each = str(max(1, (os.cpu_count() or 1) // workers(made)))
    for pool in _THREAD_POOLS:
        os.environ.setdefault(pool, each)
