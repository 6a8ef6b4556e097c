"""Messages on which miners are tried, mined in memory as in a lake."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from affectflow import defaults, registry
from affectflow.kinds.miner import Miner
from affectflow.schemas import ANNOTATIONS_COLUMN, CUES_COLUMN, UTTERANCES, fields
from affectflow.steps.annotate import handler_for

READ = ("utterance_id", "conversation_id", "speaker_id", "reply_to", "text")


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message whose cause is known.

    Args:
      unit: what intervals draw: messages of one unit belong together.
      label: the emotion that people gave; empty if they gave none.
      marked: the causes that are marked, as texts; none of a calm message.
      others: what others answered, by their names.
    """

    unit: str
    text: str
    label: str = ""
    marked: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()


def ingested(texts: Sequence[str]) -> pa.RecordBatch:
    """Returns texts as ingest leaves them, each in its own conversation."""
    ids = [f"u{number}" for number in range(len(texts))]
    columns: dict[str, Any] = dict.fromkeys(READ, [None] * len(texts))
    columns |= {"utterance_id": ids, "conversation_id": ids, "text": list(texts)}
    schema = pa.schema([*fields(UTTERANCES, *READ)])
    batch = pa.RecordBatch.from_pydict(columns, schema=schema)
    for name in defaults.INGEST_STEPS:
        batch = registry.make("transforms", name).process_batch(batch)
    return batch


def labelled(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns messages with the labels of the default model."""
    handler, model = _annotator()
    found: pa.RecordBatch = handler.predict(batch, model)
    return found


@cache
def _annotator() -> tuple[Any, Any]:
    handler = handler_for(defaults.MODEL)
    return handler, handler.load_model()


def given(batch: pa.RecordBatch, labels: Sequence[str]) -> pa.RecordBatch:
    """Returns messages with one given label each, as if by people."""
    rows = [[_label(label)] if label else [] for label in labels]
    return batch.append_column(
        ANNOTATIONS_COLUMN, pa.array(rows, ANNOTATIONS_COLUMN.type)
    )


def _label(label: str) -> dict[str, Any]:
    said = {"task": "emotion", "vocabulary": "goemotions", "label": label}
    return said | {"annotator_id": "given", "chosen": True, "status": "ok"}


def mined(batch: pa.RecordBatch, miner: Miner[Any]) -> list[list[dict[str, Any]]]:
    """Returns the causes of each message."""
    wanted = {*miner.columns_required.names, CUES_COLUMN.name}
    batch = batch.select([name for name in batch.schema.names if name in wanted])
    causes = miner.mine(batch, miner.load_model()).column("causes")
    rows: list[list[dict[str, Any]]] = causes.to_pylist()
    return [[row for row in each if row["status"] == "ok"] for each in rows]


def best_spans(batch: pa.RecordBatch, miner: Miner[Any]) -> list[str]:
    """Returns one span for each message, for its most certain label; empty if none."""
    scores = [
        {a["label"]: -1 if a["score"] is None else -a["score"] for a in said or []}
        for said in batch.column("annotations").to_pylist()
    ]
    return [
        min(causes, key=lambda c: of[c["label"]])["cause_text"] if causes else ""
        for causes, of in zip(mined(batch, miner), scores, strict=True)
    ]
