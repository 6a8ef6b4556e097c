"""Running stages over batches made by hand, through the local runner with retries."""

from typing import Any

import apache_beam as beam
import pyarrow as pa

from affectflow import runners, testing
from affectflow.lake import Lake, open_lake
from affectflow.stages.ingest.store import StoreUtterances
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import last_run


def store(lake_uri: str, *batches: pa.RecordBatch, **rest: Any) -> dict[str, Any]:
    """Ingests batches, every bundle twice, and returns the row of `runs`."""
    lake = Lake.create(lake_uri)
    request = new_request(lake, "ingest", {"test": 1}, **rest)

    def build(pipeline: beam.Pipeline) -> None:
        created = pipeline | "Batches" >> beam.Create(
            list(batches), reshuffle=False
        ).with_output_types(pa.RecordBatch)
        _ = created | "Store" >> StoreUtterances(request)
        testing.check_edges(pipeline)

    runners.run(build, testing.WITH_RETRIES)
    row = last_run(lake, request)
    assert row is not None
    return row


def counts(row: dict[str, Any]) -> dict[str, int]:
    """Returns the counts of a run that are not zero, without their prefix."""
    names = ("in", "out", "dead", "duplicate", "unchanged")
    return {n: row[f"rows_{n}"] for n in names if row[f"rows_{n}"]}


def reconciles(row: dict[str, Any]) -> bool:
    """Returns whether every input utterance is accounted for."""
    parts = ("out", "dead", "duplicate", "unchanged")
    return bool(row["rows_in"] == sum(row[f"rows_{n}"] for n in parts))


def ask(lake_uri: str, query: str) -> list[tuple[Any, ...]]:
    """Returns the rows of a query over a lake."""
    with open_lake(lake_uri) as connection:
        return connection.sql(query).fetchall()
