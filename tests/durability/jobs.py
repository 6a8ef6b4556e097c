"""One stage as a process of its own: `python -m tests.durability.jobs STAGE LAKE`.

What the other tests kill. The model is a fake unless `--model embedded` is given: it
proves routing and counting only.
"""

import argparse
import json
import logging
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from affectflow import registry, stages
from affectflow.errors import AffectflowError
from affectflow.lake import Lake
from affectflow.stages.annotate import AnnotateTask, annotate_parts, config_of
from affectflow.stages.mine import mine_annotator
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import run_stage
from affectflow_connectors.jsonl import ReadJsonl
from tests.given.fake_model import Anything, FakeHandler
from tests.given.fake_over import FakeOver, answer_over
from tests.given.proving import in_proof

MODELS = ("fake", "embedded", "dying")
STAGES = ("ingest", "annotate", "mine", "themes", "over")
# Themes need all that is made before them, so that CI leaves them to `make prove`.
TRIED = in_proof(STAGES, tuple(stage for stage in STAGES if stage != "themes"))
BUCKETS = 128
MAPPING = {"utterance_id": "id", "text": "body", "conversation_id": "thread"}
WORKERS = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")
_SAID = (
    "This is so annoying because the build fails every night.",
    "I am really angry that {n} tests broke after the upgrade.",
    "Thanks, the fix in version {n} works for me!",
    "Why does the cache of runner {n} get lost again? So annoying!",
    "See the log of step {n}.",
    "I love this, great work on the parser.",
)


@dataclass(kw_only=True)
class SlowHandler(FakeHandler):
    """The fake model, with a pause for each part, so that a kill finds it at work."""

    pause_s: float = 0.02

    def predict(self, batch: pa.RecordBatch, model: Anything) -> pa.RecordBatch:
        answered = super().predict(batch, model)
        time.sleep(self.pause_s)
        return answered


@dataclass(kw_only=True)
class SlowOver(FakeOver):
    """The fake model over another, with the same pause."""

    pause_s: float = 0.02

    def predict(self, batch: pa.RecordBatch, model: Anything) -> pa.RecordBatch:
        answered = super().predict(batch, model)
        time.sleep(self.pause_s)
        return answered


@dataclass(kw_only=True)
class DyingHandler(SlowHandler):
    """The fake model, whose process ends without a word at its tenth call, once."""

    def predict(self, batch: pa.RecordBatch, model: Anything) -> pa.RecordBatch:
        answered = super().predict(batch, model)
        died = Path(f"{self.calls}.died")
        if len(Path(self.calls).read_text().splitlines()) >= 10 and not died.exists():
            died.touch()
            os._exit(137)
        return answered


def handler_of(model: str, calls: str) -> Any:
    """Returns a handler that leaves one line in a file for each call."""
    if model == "embedded":
        from tests.durability.counted import CountedEmotions

        return CountedEmotions(calls=calls)
    return {"fake": SlowHandler, "dying": DyingHandler}[model](calls=calls)


def write_input(file: Path, ids: range) -> Path:
    """Writes conversations of five turns as JSON lines; equal ids, equal lines."""
    with file.open("w") as out:
        for number in ids:
            body = random.Random(number).choice(_SAID).format(n=number)
            row = {"id": number, "body": body, "thread": f"t{number // 5}"}
            out.write(json.dumps(row) + "\n")
    return file


def ingest(lake: str, file: str, options: Sequence[str] = ()) -> dict[str, Any]:
    """Ingests a file into a lake of 128 buckets: as many parts."""
    Lake.create(lake, buckets=BUCKETS)
    source = ReadJsonl(paths=[file], mapping=MAPPING)
    return stages.ingest_source(source, lake, beam_options=options)


def annotate(lake: str, handler: Any, options: Sequence[str] = ()) -> dict[str, Any]:
    """Labels the parts of a lake."""
    opened = Lake.open(lake)
    request = new_request(opened, "annotate", config_of(handler))
    task = AnnotateTask(request, handler)
    return run_stage(
        opened, request, lambda p: annotate_parts(p, task, handler), options
    )


def over(lake: str, calls: str, options: Sequence[str] = ()) -> dict[str, Any]:
    """Lets a second model read what the first has said."""
    return answer_over(lake, SlowOver(over="fake@1", calls=calls), options)


def mine(lake: str, options: Sequence[str] = ()) -> dict[str, Any]:
    """Mines the causes of the only annotator's emotions, without themes."""
    opened = Lake.open(lake)
    step = registry.load("transforms", "MineCauses")(miner="RuleMiner")
    (annotator,) = stages.annotator_ids(opened)
    return mine_annotator(opened, step, annotator, "", 0.05, options)


def themes(lake: str, options: Sequence[str] = ()) -> dict[str, Any]:
    """Clusters the causes of a lake."""
    return stages.cluster_themes(Lake.open(lake), "", options)


def run(asked: argparse.Namespace) -> dict[str, Any]:
    """Runs one stage and returns its row of `runs`."""
    options = WORKERS if asked.workers == 2 else ()
    if asked.stage == "ingest":
        return ingest(asked.lake, asked.input, options)
    if asked.stage == "annotate":
        handler = handler_of(asked.model, asked.calls)
        return annotate(asked.lake, handler, options)
    if asked.stage == "over":
        return over(asked.lake, asked.calls, options)
    return {"mine": mine, "themes": themes}[asked.stage](asked.lake, options)


def main(arguments: Sequence[str]) -> int:
    """Runs one stage; says a failure in one line, as the command line does."""
    parser = argparse.ArgumentParser()
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("lake")
    parser.add_argument("--input", default="")
    parser.add_argument("--calls", default="")
    parser.add_argument("--model", choices=MODELS, default="fake")
    parser.add_argument("--workers", type=int, choices=(1, 2), default=1)
    try:
        run(parser.parse_args(arguments))
    except AffectflowError as error:
        print(f"affectflow: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    logging.getLogger().setLevel(logging.CRITICAL)
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)
