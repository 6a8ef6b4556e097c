"""MineCauses: what caused each emotion, over whole conversations."""

import functools
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from affectflow import defaults, registry
from affectflow.batches.labelling import signed
from affectflow.kinds.miner import Miner
from affectflow.kinds.transform import ConversationTransform
from affectflow.registry import Card
from affectflow.schemas import UTTERANCES, fields


@dataclass(kw_only=True)
class MineCauses(ConversationTransform):
    """Finds the cause of each chosen emotion in its conversation.

    Args:
      miner: a plugin of the group `affectflow.miners`.
      miner_options: its arguments.

    Raises:
      UsageError: the miner does not take these options.
    """

    miner: str = defaults.MINER
    miner_options: dict[str, Any] | None = None

    requires: ClassVar[pa.Schema] = pa.schema(
        [*Miner.requires, *fields(UTTERANCES, "timestamp")]
    )
    provides: ClassVar[pa.Schema] = Miner.provides
    card: ClassVar[Card] = Card(summary="finds what caused each emotion")

    def __post_init__(self) -> None:
        super().__init__()
        made: Miner[Any] = registry.make("miners", self.miner, self.miner_options)
        self._miner = made

    @property
    def columns_required(self) -> pa.Schema:
        """What the miner reads, and the times that put turns in order."""
        return pa.unify_schemas([self._miner.columns_required, self.requires])

    @property
    def asker(self) -> Any:
        """The model that the miner puts questions to; None if it asks none."""
        return self._miner.asker

    @functools.cached_property
    def _model(self) -> Any:
        """The miner's model, once in each copy of this step, and so on each worker."""
        return self._miner.load_model()

    def annotator(self) -> dict[str, Any]:
        """Returns the miner's row of the table `annotators`."""
        return self._miner.annotator()

    def process_conversations(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns `batch` with `causes`, row for row."""
        mined = self._miner.mine(batch, self._model)
        return signed(mined, "mine", self.annotator())
