"""MineCauses: the miner by name, over whole conversations."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from affectflow import registry, testing
from affectflow.errors import MissingColumnError, UsageError
from affectflow.schemas import CAUSES_COLUMN
from affectflow.steps.mine import MineCauses
from affectflow_transforms.miners.rules import RuleMiner


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finds the miner where this distribution is not installed."""
    if "RuleMiner" not in registry.names("miners"):
        monkeypatch.setattr(registry, "load", lambda kind, name: RuleMiner)


def conversation() -> pa.RecordBatch:
    texts = ["The release job deleted all our backups.", "That's terrible!"]
    anger = {
        "annotator_id": "hand",
        "vocabulary": "goemotions",
        "label": "anger",
        "chosen": True,
        "status": "ok",
    }
    rows: list[dict[str, Any]] = [
        {
            "utterance_id": f"u{number}",
            "conversation_id": "c",
            "speaker_id": "ab"[number],
            "timestamp": datetime(2024, 1, 1, number, tzinfo=UTC),
            "text": text,
            "segments": [],
            "annotations": [anger] if number else [],
        }
        for number, text in enumerate(texts)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=MineCauses.requires)


def test_it_keeps_what_every_transform_promises() -> None:
    testing.check_transform(MineCauses(), conversation())


def test_causes_come_out_typed_and_in_their_rows() -> None:
    mined = MineCauses().apply(conversation())
    assert mined.schema.field("causes").type == CAUSES_COLUMN.type
    none, (cause,) = mined["causes"].to_pylist()
    assert none == []
    assert (cause["cause_utterance_id"], cause["cause_type"]) == (
        "u0",
        "inter_personal",
    )


def test_options_reach_the_miner() -> None:
    mined = MineCauses(miner_options={"history": 0}).apply(conversation())
    assert mined["causes"].to_pylist()[1][0]["status"] == "none_found"


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(UsageError, match="hisotry"):
        MineCauses(miner_options={"hisotry": 1})


def test_a_batch_without_annotations_is_refused() -> None:
    batch = conversation().drop_columns(["annotations"])
    with pytest.raises(MissingColumnError, match="annotations"):
        MineCauses().apply(batch)


@pytest.mark.slow
def test_it_runs_in_a_pipeline_whatever_the_order_of_batches() -> None:
    batch = conversation()
    mined = testing.run(MineCauses(), batch.slice(1), batch.slice(0, 1))
    found = dict(
        zip(mined["utterance_id"].to_pylist(), mined["causes"].to_pylist(), strict=True)
    )
    assert found["u1"][0]["cause_utterance_id"] == "u0"
