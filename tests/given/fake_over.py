"""Fake models over another annotator: they prove routing and counting only."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from affectflow.batches.labelling import annotate
from affectflow.lake import Lake
from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, VECTORS_COLUMN, fields
from affectflow.stages.annotate import annotate_parts, config_of, task_for
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import run_stage
from tests.given.fake_model import Anything, FakeHandler


@dataclass(kw_only=True)
class FakeOver(FakeHandler):
    """Chooses the label that the other annotator chose, in capitals.

    Args:
      over: the annotator that it reads.
    """

    over: str = ""
    name: str = "over"

    requires: ClassVar[pa.Schema] = pa.schema(
        [*fields(UTTERANCES, "text", "segments"), ANNOTATIONS_COLUMN]
    )

    def predict(self, batch: pa.RecordBatch, model: Anything) -> pa.RecordBatch:
        if self.calls:
            with Path(self.calls).open("a") as file:
                file.write(f"{batch.num_rows}\n")
        if self.poison and self.poison in batch["text"].to_pylist():
            raise ValueError("this text cannot be judged")
        (column,) = self.answers_read
        read = batch[column].to_pylist()
        new = pa.array([self._answer(row) for row in read], ANNOTATIONS_COLUMN.type)
        return annotate(batch, new)

    def _answer(self, read: list[dict[str, Any]]) -> list[dict[str, Any]]:
        assert {each["annotator_id"] for each in read} <= {self.over}
        chosen = [each["label"].upper() for each in read if each["chosen"]]
        return [self._row(label) for label in chosen]

    def _row(self, label: str) -> dict[str, Any]:
        return {
            "annotator_id": self.annotator()["annotator_id"],
            "task": "echo",
            "vocabulary": "capitals",
            "label": label,
            "score": 0.5,
            "rank": 1,
            "chosen": True,
            "status": "ok",
        }


@dataclass(kw_only=True)
class FakeReader(FakeOver):
    """Says the first number of the vector that another annotator gave."""

    name: str = "reader"

    requires: ClassVar[pa.Schema] = pa.schema(
        [*fields(UTTERANCES, "text", "segments"), VECTORS_COLUMN]
    )

    def _answer(self, read: list[dict[str, Any]]) -> list[dict[str, Any]]:
        assert {each["annotator_id"] for each in read} <= {self.over}
        return [self._row(f"{each['vector'][0]:.0f}") for each in read]


@dataclass(kw_only=True)
class FakeSum(FakeReader):
    """Says the sum of the first numbers of the vectors that other annotators gave."""

    name: str = "sum"
    reads_several: ClassVar[bool] = True

    def _answer(self, read: list[dict[str, Any]]) -> list[dict[str, Any]]:
        assert {each["annotator_id"] for each in read} <= set(self.annotators_read)
        return [self._row(f"{sum(each['vector'][0] for each in read):.0f}")]


@dataclass(kw_only=True)
class FakeMood(FakeOver):
    """Says at the last turn of a conversation what most of its turns were labelled.

    A conversation with `poison` in it fails.
    """

    name: str = "mood"
    unit = "conversation"

    requires: ClassVar[pa.Schema] = pa.schema(
        [*FakeOver.requires, *fields(UTTERANCES, "conversation_id")]
    )

    def _answers(self, batch: pa.RecordBatch) -> list[list[dict[str, Any]]]:
        ids = batch["conversation_id"].to_pylist()
        said: dict[str, Counter[str]] = {}
        for name, read in zip(ids, batch["annotations"].to_pylist(), strict=True):
            labels = [each["label"].upper() for each in read]
            said.setdefault(name, Counter()).update(labels)
        last = {name: row for row, name in enumerate(ids)}
        return [
            [self._row(f"{n} {label}") for label, n in said[name].most_common(1)]
            if last[name] == row
            else []
            for row, name in enumerate(ids)
        ]

    def predict(self, batch: pa.RecordBatch, model: Anything) -> pa.RecordBatch:
        if self.poison and self.poison in batch["text"].to_pylist():
            raise ValueError("this conversation cannot be judged")
        new = pa.array(self._answers(batch), ANNOTATIONS_COLUMN.type)
        return annotate(batch, new)


def answer_over(
    lake_uri: str, handler: FakeHandler, options: Any = (), **rest: Any
) -> dict[str, Any]:
    """Lets a handler answer the parts of a lake, and returns the row of `runs`."""
    lake = Lake.open(lake_uri)
    request = new_request(lake, "annotate", config_of(handler), **rest)
    task = task_for(request, handler)
    return run_stage(lake, request, lambda p: annotate_parts(p, task, handler), options)
