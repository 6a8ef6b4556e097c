"""People's answers in a lake, written as rows of its tables."""

import uuid
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.files import write_file
from affectflow.schemas import TABLES
from tests.given.stage_runs import ask


def people_say(lake_uri: str, answers: Iterable[dict[str, Any]]) -> None:
    """Adds answers of people to a lake.

    An answer has utterance_id and label; rater, task, vocabulary, chosen, status and
    value are as below unless it says otherwise.
    """
    usual = {
        "rater": "ann",
        "task": "emotion",
        "vocabulary": "goemotions",
        "chosen": True,
        "status": "ok",
        "perspective": "reader",
    }
    places = dict(ask(lake_uri, "SELECT utterance_id, conversation_id FROM utterances"))
    rows = [usual | answer for answer in answers]
    for row in rows:
        row["annotator_id"] = f"person:{row.pop('rater')}"
        row["conversation_id"] = places.get(row["utterance_id"])
    people = {row["annotator_id"] for row in rows}
    add_rows(lake_uri, "annotations", rows)
    add_rows(
        lake_uri,
        "annotators",
        [{"annotator_id": who, "kind": "person"} for who in sorted(people)],
    )


def add_rows(lake_uri: str, table: str, rows: list[dict[str, Any]]) -> None:
    """Adds rows to a table of a lake; what a row lacks is null."""
    lake, path = Lake.open(lake_uri), f"test-{uuid.uuid4().hex}.parquet"
    written = pa.Table.from_pylist(rows, schema=TABLES[table])
    commit(lake.storage, table, [write_file(lake.storage, table, path, written)])
