"""Capitals, which readers hear as a raised voice."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from affectflow import BatchTransform, Card
from affectflow.schemas import UTTERANCES, fields


@dataclass(kw_only=True)
class MarkShouting(BatchTransform):
    """Adds `shouting`: whether most letters of the text are capitals.

    A text without letters, or without a text, is not shouted.

    Args:
      share: of the letters that must be capitals, 0 to 1.
      min_letters: a text of fewer letters (`OK`, `LGTM`) is an abbreviation.
    """

    share: float = 0.7
    min_letters: int = 5

    requires: ClassVar[pa.Schema] = fields(UTTERANCES, "text")
    provides: ClassVar[pa.Schema] = pa.schema([pa.field("shouting", pa.bool_())])
    card: ClassVar[Card] = Card(summary="marks utterances written in capitals")

    def process_batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        text = pc.fill_null(batch["text"], "")
        letters = pc.count_substring_regex(text, r"\p{L}")
        capitals = pc.count_substring_regex(text, r"\p{Lu}")
        shouting = pc.and_(
            pc.greater_equal(letters, self.min_letters),
            pc.greater_equal(capitals, pc.multiply(letters, self.share)),
        )
        return batch.append_column("shouting", shouting)
