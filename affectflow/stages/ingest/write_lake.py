"""WriteLake: the end of a pipeline of one's own."""

from dataclasses import dataclass
from typing import ClassVar

import apache_beam as beam
import pyarrow as pa

from affectflow import Card, Lake
from affectflow.kinds.source import Sink
from affectflow.schemas import UTTERANCES, fields
from affectflow.stages.ingest.store import StoreUtterances
from affectflow.stages.runs.request import new_request


@dataclass(kw_only=True)
class WriteLake(Sink):
    """Writes utterances, and what was found about them, into a lake.

    Each message is in the lake once, however often it is read. Rows that an earlier
    step refused become dead letters.

    What `Annotate` and `MineCauses` found is theirs in the lake: `affectflow annotate`
    and `mine` with the same model go on from there. A column that no table has is kept
    in `utterances.attrs` as text, under its name.

    Args:
      path: the lake; created if it does not exist.
      speaker_key_uri: the key of the pseudonyms, if not in the user's configuration
        folder.

    Raises:
      UsageError: a column that no table has holds lists or structs; names it.
    """

    path: str
    speaker_key_uri: str = ""

    requires: ClassVar[pa.Schema] = fields(UTTERANCES, "utterance_id", "text")
    card: ClassVar[Card] = Card(summary="Writes a lake: Delta tables for DuckDB")

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        """Creates the lake, then wires spill, buckets and commit."""
        lake = Lake.create(self.path, speaker_key_uri=self.speaker_key_uri)
        request = new_request(
            lake,
            "ingest",
            {"sink": "WriteLake"},
            speaker_key_uri=self.speaker_key_uri,
        )
        return pcoll | "Store" >> StoreUtterances(request)
