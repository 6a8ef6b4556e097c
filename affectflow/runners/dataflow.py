"""Dataflow: refuses what cannot work there, and sets defaults for the stages.

`prepare` checks only the options, before Beam does: given a malformed bucket, Beam
would try to create one over the network. `fit` also checks the built pipeline.
"""

import importlib.util
import re
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    StandardOptions,
    TestOptions,
)
from apache_beam.portability.common_urns import resource_hints

from affectflow.errors import MissingExtraError, UsageError
from affectflow.runners.graph import applied_transforms

THREADS = 2
"""Threads per worker process: one reads and writes a part while the other computes."""

ONE_PROCESS = "no_use_multiple_sdk_containers"
_BUCKET_URL = re.compile(r"gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]/.*")
_ACCELERATOR = "worker_accelerator"
_MPS = "use_nvidia_mps"


def prepare(made: PipelineOptions) -> None:
    """Checks the options of a Dataflow job, and sets what affectflow's jobs need.

    No affectflow code lives in `__main__`, so the main session stays here.

    Raises:
      MissingExtraError: Google's libraries are not installed.
      UsageError: an option is missing, is malformed or contradicts another; one line.
    """
    check_installed()
    _check_given(made)
    _check_locations(made)
    dry_run = made.view_as(TestOptions).dry_run
    if dry_run not in (False, True, "True", "true"):
        raise UsageError(
            f"--dry_run={dry_run} would still be a dry run: Beam reads any "
            "value as true; give --dry_run=True or leave it out"
        )
    _check_accelerator(made, hinted=False)
    setup = made.view_as(SetupOptions)
    setup.save_main_session = bool(setup.save_main_session)


def check_installed() -> None:
    """Raises if Google's libraries, which the runner needs, are not installed.

    Raises:
      MissingExtraError: they are not; names the extra.
    """
    try:
        found = importlib.util.find_spec("google.cloud.dataflow")
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise MissingExtraError(
            "Dataflow needs Google's libraries: run `pip install 'affectflow[gcp]'`"
        )


def fit(pipeline: beam.Pipeline) -> None:
    """Checks a built pipeline against its options; sets its processes and threads.

    With an accelerator, a worker runs one process, so that one copy of the model is
    loaded for each machine; without, Dataflow's default: one process for each CPU,
    each with its copy.

    Raises:
      UsageError: an accelerator is requested twice, or shared by processes although
        there is only one; or workers cannot see a path.
    """
    made: PipelineOptions = (
        pipeline.options
    )  # Beam's own copy of the options that `prepare` saw
    steps = list(applied_transforms(pipeline))
    _check_accelerator(made, hinted=_hinted(steps, resource_hints.ACCELERATOR.urn))
    if made.view_as(GoogleCloudOptions).flexrs_goal and any(map(_hints, steps)):
        raise UsageError(
            "--flexrs_goal and hints for a step (--accelerator, --min-ram) exclude "
            "each other: Dataflow cannot choose machines per step in a FlexRS job; "
            "remove one of them"
        )
    for place in _places(steps):
        _check_visible(*place)
    shares = _shares_by_mps(made, steps)
    if shares and ONE_PROCESS in _experiments(made):
        raise UsageError(
            f"{_MPS} shares a GPU between processes, and --experiments={ONE_PROCESS} "
            "allows only one; remove one of them"
        )
    if any(_is_model(step) for step in steps) and not shares:
        _set_processes(made, steps)


# -- options -------------------------------------------------------------------------


def _check_given(made: PipelineOptions) -> None:
    cloud = made.view_as(GoogleCloudOptions)
    for name in ("project", "region", "temp_location"):
        if not getattr(cloud, name):
            example = "gs://bucket/tmp" if name == "temp_location" else "..."
            raise UsageError(f"Dataflow needs --{name}={example}")


def _check_locations(made: PipelineOptions) -> None:
    cloud = made.view_as(GoogleCloudOptions)
    for name in ("temp_location", "staging_location", "template_location"):
        where = getattr(cloud, name)
        if where is not None and not _BUCKET_URL.fullmatch(where):
            raise UsageError(
                f"--{name} must be a folder in a bucket, such as gs://bucket/tmp (a "
                f"bucket's name has 3 to 63 characters), got {where!r}"
            )


def _check_accelerator(made: PipelineOptions, *, hinted: bool) -> None:
    by_option = [each for each in _service_words(made) if each.startswith(_ACCELERATOR)]
    given = (each.startswith("accelerator") for each in _given_hints(made))
    hinted = hinted or any(given)
    if by_option and hinted:
        raise UsageError(
            "the accelerator is requested twice: for the model's step, and for all "
            f"machines with {by_option[0]!r}; remove one of them"
        )


def _given_hints(made: PipelineOptions) -> list[str]:
    return [str(each) for each in made.view_as(StandardOptions).resource_hints or []]


def _service_words(made: PipelineOptions) -> list[str]:
    # Dataflow also accepts service options under their older name, experiments.
    words = made.view_as(GoogleCloudOptions).dataflow_service_options or []
    return [*words, *_experiments(made)]


def _experiments(made: PipelineOptions) -> list[str]:
    return made.view_as(DebugOptions).experiments or []


# -- the pipeline --------------------------------------------------------------------


def _hints(step: Any) -> dict[str, bytes]:
    return getattr(step, "resource_hints", None) or {}


def _hinted(steps: list[Any], urn: str) -> bool:
    return any(urn in _hints(step) for step in steps)


def _is_model(step: Any) -> bool:
    return type(step.transform).__name__ == "RunInference"


def _shares_by_mps(made: PipelineOptions, steps: list[Any]) -> bool:
    hints = [_hints(s).get(resource_hints.ACCELERATOR.urn, b"") for s in steps]
    given = [*_service_words(made), *_given_hints(made)]
    return _MPS in " ".join([*given, *(each.decode() for each in hints)])


def _set_processes(made: PipelineOptions, steps: list[Any]) -> None:
    debug = made.view_as(DebugOptions)
    if not debug.number_of_worker_harness_threads:
        debug.number_of_worker_harness_threads = THREADS
    accelerated = _hinted(steps, resource_hints.ACCELERATOR.urn) or any(
        word.startswith(_ACCELERATOR) for word in _service_words(made)
    )
    if accelerated and "use_multiple_sdk_containers" not in _experiments(made):
        debug.add_experiment(ONE_PROCESS)


def _places(steps: list[Any]) -> Iterator[tuple[str, str, str]]:
    """Yields what workers open: what it is, its path, and the option that names it."""
    from affectflow.kinds.source import Source

    for step in steps:
        request: Any = getattr(step.transform, "request", None)
        if hasattr(request, "lake_uri"):  # a user's step may have a request, too
            yield "the lake", request.lake_uri, "gs://bucket/lake"
            if request.stage == "ingest":
                yield (
                    "the speaker key",
                    request.speaker_key_uri,
                    "--speaker-key-uri gs://another-bucket/affectflow.key",
                )
        patterns = step.transform.patterns if isinstance(step.transform, Source) else ()
        for pattern in patterns:
            yield "the files", pattern, "gs://bucket/folder/*"


def _check_visible(what: str, uri: str, example: str) -> None:
    if "://" in uri and not uri.startswith(("file://", "local://", "memory://")):
        return
    where = repr(uri) if uri else "your configuration folder"
    raise UsageError(
        f"Dataflow's workers cannot see {what} in {where} on this machine: copy it to "
        f"a bucket and name it, such as {example}"
    )
