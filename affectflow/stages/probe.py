"""Checks an engine's workers before any row: versions, and access to the lake."""

import itertools
import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam

from affectflow import runners
from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.logs import host
from affectflow.stages.runs.request import Request, new_request
from affectflow.stages.runs.run import versions

FOLDER = ("_work", "probe")
ELEMENTS = 16
"""Enough that every worker of a small cluster gets one."""


def probe(lake_uri: str, beam_options: Sequence[str] = ()) -> list[dict[str, str]]:
    """Returns what the workers of an engine report about themselves, one row each.

    Each writes a file into the lake, so an answer proves that it sees the lake.

    Raises:
      LakeError: it is not a lake, or a worker cannot see it.
      UsageError: the engine cannot work as it is, or would not run; says what to do.
    """
    if place := runners.only_written(beam_options):
        raise UsageError(
            f"with these options nothing runs, so no worker can be asked ({place}): "
            "leave out --output_executable_path, --template_location and --dry_run"
        )
    lake = Lake.open(lake_uri)
    request = new_request(lake, "probe", {})
    try:
        runners.run(lambda pipeline: _build(pipeline, request), beam_options)
        found = list(_answers(lake, request))
    except Exception as error:
        raise runners.cause_of(error) from error
    finally:
        lake.storage.remove_tree(*FOLDER, request.run_id)
    if not found:
        raise UsageError(
            f"the workers' answers did not arrive in {lake_uri!r}: name a lake "
            "that they share with this machine"
        )
    return found


def check_same(workers: Sequence[Mapping[str, str]]) -> None:
    """Compares the workers' versions with this process's; of Python, major and minor.

    Raises:
      UsageError: one of them differs; says what, where and what to do.
    """
    here = _here()
    for worker, name in itertools.product(workers, here):
        if _compared(name, worker[name]) != _compared(name, here[name]):
            raise UsageError(
                f"the worker on {worker['host']} has {name} {worker[name]}, but this "
                f"machine has {here[name]}: setup_workers.sh installs the same version"
            )


def _here() -> dict[str, str]:
    names = ("apache-beam", "affectflow")
    return {"python": platform.python_version(), **{n: versions()[n] for n in names}}


def _compared(name: str, version: str) -> str:
    return ".".join(version.split(".")[:2]) if name == "python" else version


def _build(pipeline: beam.Pipeline, request: Request) -> Any:
    return (
        pipeline
        | "Numbers" >> beam.Create(list(range(ELEMENTS))).with_output_types(int)
        | "Spread" >> beam.Reshuffle()
        | "Look" >> beam.Map(_look, request).with_output_types(str)
    )


def _look(_: int, request: Request) -> str:
    lake = request.open_lake()
    said = {
        "host": host(),
        "pid": str(os.getpid()),
        **_here(),
    }
    name = f"{said['host']}-{said['pid']}.json"
    lake.storage.write(json.dumps(said).encode(), *FOLDER, request.run_id, name)
    return name


def _answers(lake: Lake, request: Request) -> Iterator[dict[str, str]]:
    for name in lake.storage.names(*FOLDER, request.run_id):
        yield json.loads(lake.storage.read(*FOLDER, request.run_id, name))
