"""Lakes of small parts, and what must not change of them.

The model is a fake: it proves routing and counting only.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyarrow as pa

from affectflow import runners, testing
from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.digest import digest
from affectflow.lake.files import read_file, write_file
from affectflow.schemas import ANNOTATIONS_COLUMN, CUES_COLUMN
from affectflow.stages.annotate import (
    AnnotateTask,
    annotate_parts,
    config_of,
    folder_of,
)
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.results import Receipts, Work
from affectflow.stages.runs.run import last_run
from tests.given.factories import DAY, utterances
from tests.given.fake_model import FakeHandler
from tests.given.stage_runs import ask

POISON = "this one breaks the model"
FAKE = Work("annotate", folder_of("fake@1"))


class KilledError(BaseException):
    """No `except Exception` sees it: as when the process is gone."""


def batch(number: int, rows: int = 12, **columns: Any) -> pa.RecordBatch:
    """Returns utterances of four conversations, some of which earlier ones have."""
    said = ["so annoying because the cache is gone", "fine", POISON, "thanks"]
    texts = [f"{said[n % 4]}" for n in range(rows)]
    given = {
        "utterance_id": [f"test:{number}-{n}" for n in range(rows)],
        "conversation_id": [f"test:thread {n // 3 + number}" for n in range(rows)],
        "timestamp": [DAY + timedelta(hours=number, minutes=n) for n in range(rows)],
    }
    return utterances(*texts, **{**given, **columns})


def with_findings(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Returns utterances that bring a cue and a label of a person with them."""
    cue = {"modality": "text", "cue": "emoji", "phrase": "party popper"}
    label = {
        "annotator_id": "by hand",
        "task": "emotion",
        "vocabulary": "goemotions",
        "label": "joy",
        "rank": 1,
        "chosen": True,
        "status": "ok",
    }
    for field, finding in ((CUES_COLUMN, cue), (ANNOTATIONS_COLUMN, label)):
        found = [[finding] if n % 2 else [] for n in range(rows.num_rows)]
        rows = rows.append_column(field, pa.array(found, field.type))
    return rows


def annotate(uri: str, handler: FakeHandler | None = None) -> dict[str, Any]:
    handler = handler or FakeHandler(poison=POISON)
    lake = Lake.open(uri)
    request = new_request(lake, "annotate", config_of(handler), budget=1.0)
    task = AnnotateTask(request, handler)

    def build(pipeline: Any) -> None:
        annotate_parts(pipeline, task, handler)

    runners.run(build, testing.LOCAL)
    row = last_run(lake, request)
    assert row is not None
    return row


def answers(uri: str) -> tuple[Any, ...]:
    """Returns what must not change: the digest, and a view over other columns."""
    daily = (
        "SELECT day, container, annotator_id, label, n, chosen, "
        "round(score_sum, 3) FROM emotion_daily ORDER BY ALL"
    )
    return digest(uri), ask(uri, daily)


def part_count(uri: str) -> int:
    return len(Lake.open(uri).parts())


def labels(part: str) -> str:
    return f"{FAKE.folder}/{part}.parquet"


def renew(lake: Lake, part: str) -> str:
    """Writes a part's labels anew, as all `joy`; returns the path of the file."""
    receipts = Receipts(lake)
    receipt = receipts.of(FAKE, [part])[part]
    old = next(f for f in receipt.files if f.table == "annotations")
    rows = read_file(lake.storage, "annotations", old.path)
    joy = pa.array(["joy"] * rows.num_rows, pa.string())
    index = rows.schema.get_field_index("label")
    rows = rows.set_column(index, rows.schema.field(index), joy)
    path = f"{FAKE.folder}/{part}~1.parquet"
    new = write_file(lake.storage, "annotations", path, rows)
    receipt.files = [new if file == old else file for file in receipt.files]
    content = receipt.to_json().encode()
    lake.storage.write(content, "_work", *FAKE, f"{part}.json")
    commit(lake.storage, "annotations", [new], [old.path])
    return path


def mined(lake: Lake) -> Work:
    return next(w for w in Receipts(lake).finished if w.stage == "mine")


def set_bases(lake: Lake, base_of: Callable[[str], list[str]]) -> None:
    """Makes mining's receipts say from which files they were computed."""
    work = mined(lake)
    for name, receipt in Receipts(lake).of(work, lake.parts()).items():
        receipt.base = base_of(name)
        content = receipt.to_json().encode()
        lake.storage.write(content, "_work", *work, f"{name}.json")
