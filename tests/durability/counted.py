"""The real model, with one line in a file for each call."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from affectflow_transforms.models.emotions.embedded import EmbeddedEmotions


@dataclass(kw_only=True)
class CountedEmotions(EmbeddedEmotions):
    """EmbeddedEmotions that writes the rows of each call down."""

    calls: str = ""

    not_in_id: ClassVar[frozenset[str]] = EmbeddedEmotions.not_in_id | {"calls"}

    def predict(self, batch: pa.RecordBatch, model: Any) -> pa.RecordBatch:
        with Path(self.calls).open("a") as file:
            file.write(f"{batch.num_rows}\n")
        return super().predict(batch, model)
