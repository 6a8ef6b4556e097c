"""A look at an engine's workers before any row: versions, and what they see."""

import json
import os
import platform
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam

from affectflow import runners
from affectflow.lake import Lake
from affectflow.logs import host
from affectflow.stages.runs import Request, new_request, versions

FOLDER = ("_work", "probe")
ELEMENTS = 16
"""Enough that every worker of a small cluster gets one."""


def probe(lake_uri: str, beam_options: Sequence[str] = ()) -> list[dict[str, str]]:
    """Returns what the workers of an engine said of themselves, one row each.

    Each writes a file into the lake, so an answer proves that it sees the lake.

    Raises:
      LakeError: there is no lake, or a worker cannot see it.
      UsageError: the engine cannot work as it is; names the cure.
    """
    lake = Lake.open(lake_uri)
    request = new_request(lake, "probe", {})
    try:
        runners.run(lambda pipeline: _build(pipeline, request), beam_options)
        return list(_answers(lake, request))
    except Exception as error:
        raise runners.cause_of(error) from error
    finally:
        lake.storage.remove_tree(*FOLDER, request.run_id)


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
        "python": platform.python_version(),
        **{name: versions()[name] for name in ("apache-beam", "affectflow")},
    }
    name = f"{said['host']}-{said['pid']}.json"
    lake.storage.write(json.dumps(said).encode(), *FOLDER, request.run_id, name)
    return name


def _answers(lake: Lake, request: Request) -> Iterator[dict[str, str]]:
    for name in lake.storage.names(*FOLDER, request.run_id):
        yield json.loads(lake.storage.read(*FOLDER, request.run_id, name))
