"""MineCauses: what caused each emotion, over whole conversations."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from affectflow import defaults, registry
from affectflow.kinds.miner import Miner
from affectflow.kinds.transform import ConversationTransform
from affectflow.registry import Card
from affectflow.schemas import ANNOTATIONS_COLUMN, CAUSES_COLUMN, UTTERANCES, fields


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
        [
            *fields(
                UTTERANCES,
                "utterance_id",
                "conversation_id",
                "speaker_id",
                "reply_to",
                "timestamp",
                "text",
                "segments",
            ),
            ANNOTATIONS_COLUMN,
        ]
    )
    provides: ClassVar[pa.Schema] = pa.schema([CAUSES_COLUMN])
    card: ClassVar[Card] = Card(summary="finds what caused each emotion")

    def __post_init__(self) -> None:
        super().__init__()
        self.load_miner()  # what is wrong with its options is said now

    def load_miner(self) -> Miner:
        """Returns the miner with its options."""
        miner: Miner = registry.make("miners", self.miner, self.miner_options)
        return miner

    def annotator(self) -> dict[str, Any]:
        """Returns the miner's row of the table `annotators`."""
        return self.load_miner().annotator()

    def process_conversations(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns `batch` with `causes`, row for row."""
        return self.load_miner().mine(batch)
