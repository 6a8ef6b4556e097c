"""One commit for all receipts of a stage."""

import json
import time
from collections.abc import Callable, Iterable

import apache_beam as beam

from affectflow.logs import Log
from affectflow.stages.runs.progress import clear
from affectflow.stages.runs.receipts import Receipt
from affectflow.stages.runs.request import Request
from affectflow.stages.runs.run import Row

Commit = Callable[[Request, list[Receipt]], Row]
"""Makes what receipts tell of visible, and returns the row of `runs`."""


class Together(beam.PTransform):
    """Receipts to one group of all, once they are all there; also if there are none.

    The group holds an empty text beside them: an empty grouping would emit nothing.
    """

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Wires the empty text in."""
        sentinel = pcoll.pipeline | "Sentinel" >> beam.Create(
            [""], reshuffle=False
        ).with_output_types(str)
        return (
            (pcoll, sentinel)
            | "WithSentinel" >> beam.Flatten()
            | "OneKey" >> beam.Map(_one_key).with_output_types(tuple[int, str])
            | "Group" >> beam.GroupByKey()
            | "Values" >> beam.Values()
        )


def _one_key(receipt: str) -> tuple[int, str]:
    return 0, receipt


def commit_once(request: Request, function: Commit) -> beam.PTransform:
    """Gives all receipts of a stage to one function, once they are all there."""
    commit = beam.Map(_commit_group, request, function).with_output_types(str)
    return "Together" >> Together() | "Commit" >> commit


def _commit_group(texts: Iterable[str], request: Request, function: Commit) -> str:
    receipts = [Receipt.from_json(text) for text in sorted(texts) if text]
    row = commit_all(request, receipts, function)
    return json.dumps({"run_id": row["run_id"], "stage": row["stage"]})


def commit_all(request: Request, receipts: list[Receipt], function: Commit) -> Row:
    """Gives all receipts of a stage to its commit; returns the row of `runs`."""
    log, begun = Log(request.run_id, request.stage), time.perf_counter()
    row = function(request, receipts)
    log.event("commit_done", state=row["state"], seconds=time.perf_counter() - begun)
    clear(request.open_lake(), request)
    return row
