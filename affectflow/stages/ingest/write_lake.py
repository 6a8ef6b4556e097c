"""WriteLake: the sink for custom pipelines."""

from dataclasses import dataclass
from typing import ClassVar

import apache_beam as beam
import pyarrow as pa

from affectflow import Card, Lake
from affectflow.kinds.source import Sink
from affectflow.schemas import UTTERANCES, fields
from affectflow.stages.ingest.losses import take_examples
from affectflow.stages.ingest.store import StoreUtterances
from affectflow.stages.runs.answers import ANNOTATE, MINE
from affectflow.stages.runs.receipts import receipts_of, total
from affectflow.stages.runs.request import BUDGET, Request, new_request
from affectflow.stages.runs.run import Row, last_run


@dataclass(kw_only=True)
class WriteLake(Sink):
    """Writes utterances, and the findings about them, to a lake.

    Each message is in the lake once, however often it is read. Rows that an earlier
    step refused become dead letters.

    Findings of `Annotate` and `MineCauses` count as theirs in the lake: `affectflow
    annotate` and `mine` with the same model continue from there. Columns that no table
    has are kept in `utterances.attrs` as text, under their names.

    Args:
      path: the lake; created if it does not exist.
      speaker_key_uri: the key of the pseudonyms, if not in the user's configuration
        folder.
      budget: share of rows that may be refused, 0..1; `affectflow run` ends with code 1
        if more were.

    Raises:
      UsageError: a column that no table has holds lists or structs; names it.
    """

    path: str
    speaker_key_uri: str = ""
    budget: float = BUDGET

    requires: ClassVar[pa.Schema] = fields(UTTERANCES, "utterance_id", "text")
    card: ClassVar[Card] = Card(summary="Writes a lake: Delta tables for DuckDB")

    def __post_init__(self) -> None:
        super().__init__()
        self._written: tuple[Lake, Request] | None = None

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Creates the lake, then wires spill, buckets and commit."""
        lake = Lake.create(self.path, speaker_key_uri=self.speaker_key_uri)
        request = new_request(
            lake,
            "ingest",
            {"sink": "WriteLake"},
            budget=self.budget,
            speaker_key_uri=self.speaker_key_uri,
        )
        self._written = lake, request
        return pcoll | "Store" >> StoreUtterances(request)

    def row(self) -> Row | None:
        """Returns the row of `runs` of the last pipeline, if that has ended.

        It has examples of what is lost, as the row of `affectflow ingest` has.
        """
        if self._written is None:
            return None
        lake, request = self._written
        row = last_run(lake, request)
        return row and {**row, **take_examples(lake, request.name)}

    def answered(self) -> list[Row]:
        """Returns what the steps before it answered: stage, rows and counters.

        Conversations that a step has answered only in part are left to its stage.
        """
        if self._written is None:
            return []
        lake, request = self._written
        found = {
            stage: total(receipts_of(lake, stage, request.run_id))
            for stage in (ANNOTATE, MINE)
        }
        return [
            {"stage": stage, "counters": summed.counters, **summed.rows}
            for stage, summed in found.items()
            if summed.rows["rows_in"]
        ]
