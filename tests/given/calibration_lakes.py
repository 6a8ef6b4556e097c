"""Lakes with scores and people's answers, for tests of calibration."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from affectflow import BatchModelHandler, registry, testing
from affectflow.gold.asking.answers import import_answers
from affectflow.gold.asking.reading import Answer
from affectflow.gold.targets.labels import Target
from affectflow.lake import Lake
from affectflow.schemas import ANNOTATIONS_COLUMN
from affectflow.stages.annotate import AnnotateTask, annotate_parts
from affectflow.stages.mine import mine_annotator
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import run_stage
from tests.given.factories import utterances
from tests.given.fake_model import Anything, FakeHandler
from tests.given.stage_runs import ask, store

ANNOTATOR = "scores@1"
ANNOYANCE = Target("emotion", "goemotions", "annoyance")
_SCORE = re.compile(r"[01]\.\d+")


@dataclass(kw_only=True)
class ScoresHandler(FakeHandler):
    """Says what a text says: "annoying 0.31" gets the score 0.31, and neutral the rest.

    It proves routing and counting only.
    """

    name: str = "scores"

    def predict(self, batch: pa.RecordBatch, model: Anything) -> pa.RecordBatch:
        if self.poison and self.poison in batch["text"].to_pylist():
            raise ValueError("this text cannot be judged")
        lists = [self._answer(text) for text in batch["text"].to_pylist()]
        return batch.append_column(
            ANNOTATIONS_COLUMN, pa.array(lists, ANNOTATIONS_COLUMN.type)
        )

    def _answer(self, text: str) -> list[dict[str, Any]]:
        if "silence" in text:
            return [{**self._row(None, None), "status": "no_author_text"}]
        found = _SCORE.search(text)
        score = float(found[0]) if found else 0.5
        pairs = [("annoyance", score), ("neutral", 1 - score)]
        return [self._row(*pair) for pair in pairs if pair[1] >= 0.05]

    def _row(self, label: str | None, score: float | None) -> dict[str, Any]:
        return {
            "annotator_id": f"{self.name}@1",
            "task": "emotion",
            "vocabulary": "goemotions",
            "label": label,
            "score": score,
            "chosen": (score or 0) >= 0.5,
            "status": "ok",
        }


def texts(n: int = 120, seed: int = 0) -> list[str]:
    """Returns texts with scores in them, one in four below what is stored."""
    rng = np.random.Generator(np.random.PCG64(seed))
    scores = np.where(rng.random(n) < 0.25, 0.01, rng.uniform(0.05, 0.95, n))
    return [f"annoying {score:.4f}" for score in scores]


def make(uri: str, said: list[str], *, first: int = 0, size: int = 2) -> None:
    """Ingests texts as conversations of `size` turns, into two buckets."""
    Lake.create(uri, buckets=2)
    numbers = range(first, first + len(said))
    store(
        uri,
        utterances(
            *said,
            utterance_id=[f"test:{n}" for n in numbers],
            conversation_id=[f"test:thread{n // size}" for n in numbers],
            origin=[f"file{first}#{n:06d}" for n in numbers],
        ),
    )


def annotate(uri: str, handler: BatchModelHandler[Any] | None = None) -> dict[str, Any]:
    """Annotates a lake, every bundle twice."""
    handler = handler or ScoresHandler()
    lake = Lake.open(uri)
    name = handler.annotator()["annotator_id"]
    request = new_request(lake, "annotate", {"handler": "x", "annotator_id": name})
    task = AnnotateTask(request, handler)
    return run_stage(
        lake,
        request,
        lambda p: annotate_parts(p, task, handler),
        testing.WITH_RETRIES,
    )


def answer(uri: str, *, every: int = 1, seed: int = 1) -> int:
    """Lets a person answer for each `every`th text, yes less often than its score.

    Returns how often they said yes.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    rows = ask(uri, "SELECT utterance_id, text FROM utterances ORDER BY 1")
    answers = []
    for utterance_id, text in rows[::every]:
        found = _SCORE.search(text)
        yes = rng.random() < (float(found[0]) ** 2 if found else 0.1)
        answers.append(
            Answer("ann", utterance_id, ANNOYANCE, "yes" if yes else "no", "")
        )
    import_answers(Lake.open(uri), answers)
    return sum(answer.said == "yes" for answer in answers)


def labelled(uri: str) -> list[tuple[Any, ...]]:
    """Returns all that a lake says of labels, probabilities among it."""
    return ask(
        uri,
        "SELECT annotator_id, utterance_id, label, score, chosen, status, probability, "
        "calibration_id FROM annotations ORDER BY ALL",
    )


def full(tmp_path: Path, *, n: int = 120) -> str:
    """Returns a lake with scores and a person's answers to all of it."""
    uri = str(tmp_path / "lake")
    make(uri, texts(n))
    annotate(uri)
    answer(uri)
    return uri


def mine(uri: str) -> dict[str, Any]:
    """Mines causes of the annotator's emotions, without themes."""
    step = registry.load("transforms", "MineCauses")(miner="RuleMiner")
    return mine_annotator(Lake.open(uri), step, ANNOTATOR, "", 0.05, ())
