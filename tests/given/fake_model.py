"""A fake model: it proves routing and counting only, and labels by one word."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from affectflow import BatchModelHandler, Card
from affectflow.kinds.identity import Origin
from affectflow.schemas import ANNOTATIONS_COLUMN


class Anything:
    """A model that can be referred to weakly."""


@dataclass(kw_only=True)
class FakeHandler(BatchModelHandler[Anything]):
    """Chooses `annoyance` where a text says "annoying", else `neutral`.

    Args:
      calls: a file that gets one line a call; none if empty.
      poison: a text on which it fails.
      name: tells two annotators apart.
    """

    calls: str = ""
    poison: str = ""
    name: str = "fake"

    not_in_id: ClassVar[frozenset[str]] = frozenset(
        {"calls", "poison", "name", "pause_s"}
    )
    card: ClassVar[Card] = Card(summary="a fake model, for tests of routing")

    def __post_init__(self) -> None:
        super().__init__()

    def load_model(self) -> Anything:
        return Anything()

    def origin(self) -> Origin:
        return Origin(self.name, "1", "Apache-2.0", True)

    def predict(self, batch: pa.RecordBatch, model: Anything) -> pa.RecordBatch:
        if self.calls:
            with Path(self.calls).open("a") as file:
                file.write(f"{batch.num_rows}\n")
        texts = batch["text"].to_pylist()
        if self.poison and self.poison in texts:
            raise ValueError("this text cannot be judged")
        labels = [[self._label(text)] for text in texts]
        return batch.append_column(
            ANNOTATIONS_COLUMN, pa.array(labels, ANNOTATIONS_COLUMN.type)
        )

    def _label(self, text: str) -> dict[str, Any]:
        label = "annoyance" if "annoying" in text else "neutral"
        return {
            "annotator_id": f"{self.name}@1",
            "task": "emotion",
            "vocabulary": "goemotions",
            "label": label,
            "score": 0.9,
            "rank": 1,
            "chosen": True,
            "status": "ok",
        }
