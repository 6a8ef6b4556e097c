"""The only file that names a runner: local mode, thread caps, options.

Beam's `DirectRunner` downloads a binary, or hangs behind a proxy; here it means
`FnApiRunner`, built with the options that its worker processes need.
"""

import logging
import os
import re
from collections.abc import Callable, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    DirectOptions,
    PipelineOptions,
    StandardOptions,
)

from affectflow import errors
from affectflow.errors import UsageError

LOCAL_RUNNERS = ("", "DirectRunner", "FnApiRunner")
_REFUSED = {
    "DaskRunner": "loses data: outputs of finish_bundle and all but one branch",
}
_THREAD_POOLS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
)


def options(arguments: Sequence[str] = ()) -> PipelineOptions:
    """Returns Beam's options for the arguments behind `--`.

    Raises:
      UsageError: a runner that loses data, or an option that nobody knows.
    """
    made = PipelineOptions(list(arguments))
    name = made.view_as(StandardOptions).runner or ""
    short = name.rsplit(".", 1)[-1]
    if short in _REFUSED:
        raise UsageError(f"--runner={short} {_REFUSED[short]}; take another runner")
    _refuse_unknown(made, arguments)
    return made


def _refuse_unknown(made: PipelineOptions, arguments: Sequence[str]) -> None:
    known = set(made.get_all_options(retain_unknown_options=False))
    for argument in arguments:
        name = argument.split("=", 1)[0].lstrip("-")
        if not argument.startswith("--") or name in known:
            continue
        if name.removeprefix("no_") not in known:
            raise UsageError(
                f"Beam knows no option --{name}; see `python -m apache_beam...` "
                "options in Beam's documentation"
            )


def is_local(made: PipelineOptions) -> bool:
    """Returns whether the pipeline runs in this process and its children."""
    return (made.view_as(StandardOptions).runner or "") in LOCAL_RUNNERS


def run(build: Callable[[beam.Pipeline], Any], arguments: Sequence[str] = ()) -> None:
    """Runs a pipeline to its end.

    Args:
      build: adds the steps to a pipeline.
      arguments: Beam's options, as on a command line.

    Raises:
      Exception: what a worker raised; `cause_of` finds it.
    """
    made = options(arguments)
    _cap_threads(made)
    runner = _local_runner(made) if is_local(made) else None
    pipeline = beam.Pipeline(runner=runner, options=made)
    build(pipeline)
    _quiet()
    pipeline.run().wait_until_finish()


def _local_runner(made: PipelineOptions) -> Any:
    # What SwitchingDirectRunner does, without Prism. Built by name, FnApiRunner would
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


def _cap_threads(made: PipelineOptions) -> None:
    # Two workers with two torch threads each on two cores took 4 to 7 times as long.
    if not is_local(made) or workers(made) == 1:
        return
    each = str(max(1, (os.cpu_count() or 1) // workers(made)))
    for pool in _THREAD_POOLS:
        os.environ.setdefault(pool, each)


def _quiet() -> None:
    for name in ("apache_beam", "root"):
        logging.getLogger(name).setLevel(
            max(logging.ERROR, logging.getLogger(name).level)
        )


_WHILE_RUNNING = re.compile(r"\s*\[while running '.*?'\]", re.DOTALL)
_RAISED = re.compile(r"^affectflow\.(?:[\w.]+\.)?(\w+Error): (.*)$", re.MULTILINE)


def cause_of(error: BaseException) -> BaseException:
    """Returns the error of ours behind what a runner raised, else `error`.

    A runner raises an error again with the step's name in its message, or, from
    another process, as text; both are undone.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, errors.AffectflowError):
            return type(seen)(_WHILE_RUNNING.sub("", str(seen)))
        seen = seen.__cause__ or seen.__context__
    return _from_text(str(error)) or error


def _from_text(text: str) -> BaseException | None:
    raised = _RAISED.findall(text)
    if not raised:
        return None
    name, message = raised[-1]
    kind = getattr(errors, name, errors.AffectflowError)
    found: BaseException = kind(_WHILE_RUNNING.sub("", message))
    return found
