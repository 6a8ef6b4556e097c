"""Miner: what finds the causes of emotions."""

from typing import Any, Protocol

import pyarrow as pa


class Miner(Protocol):
    """What a plugin of the group `affectflow.miners` offers."""

    def annotator(self) -> dict[str, Any]:
        """Returns its row of the table `annotators`."""

    def mine(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns `batch`, whole conversations in time order, with `causes`."""
