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
"""Makes the results named in receipts visible, and returns the row of `runs`."""


class Together(beam.PTransform):
    """Puts all receipts into one group, once all have arrived.

    The group also contains an empty text, because without any receipt an empty grouping
    would emit nothing.
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


class CommitOnce(beam.PTransform):
    """Passes all receipts of a stage to one function, once all have arrived.

    Args:
      request: the run; an engine looks here for the lake that its workers must see.
      function: makes the results named in the receipts visible.
    """

    def __init__(self, request: Request, function: Commit):
        super().__init__()
        self.request = request
        self._function = function

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Wires the commit after the group of all receipts."""
        commit = beam.Map(_commit_group, self.request, self._function)
        return pcoll | Together() | "Commit" >> commit.with_output_types(str)


def _commit_group(texts: Iterable[str], request: Request, function: Commit) -> str:
    receipts = [Receipt.from_json(text) for text in sorted(texts) if text]
    row = commit_all(request, receipts, function)
    return json.dumps({"run_id": row["run_id"], "stage": row["stage"]})


def commit_all(request: Request, receipts: list[Receipt], function: Commit) -> Row:
    """Passes all receipts of a stage to its commit; returns the row of `runs`."""
    log, begun = Log(request.run_id, request.stage), time.perf_counter()
    row = function(request, receipts)
    log.event("commit_done", state=row["state"], seconds=time.perf_counter() - begun)
    clear(request.open_lake(), request)
    return row
