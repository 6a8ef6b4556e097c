"""A lake is one thing, however it was written: by steps of a pipeline, or by stages."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from affectflow import runners, stages, testing
from affectflow.batches.batch import with_column
from affectflow.lake.digest import digest
from affectflow.schemas import ANNOTATIONS_COLUMN, CAUSES_COLUMN, RULES
from affectflow.stages.ingest.write_lake import WriteLake
from affectflow.stages.runs.receipts import WORK
from affectflow.steps.annotate import Annotate
from affectflow.steps.mine import MineCauses
from affectflow.steps.textualize import Textualize
from affectflow_connectors.jsonl import ReadJsonl
from affectflow_transforms.text.normalize import NormalizeText
from tests.compacting.lakes import annotate
from tests.given.command_line import affectflow
from tests.given.factories import utterances
from tests.given.fake_model import FakeHandler
from tests.given.messages import messages
from tests.given.proving import rotated
from tests.given.stage_runs import ask, counts, store

pytestmark = pytest.mark.rotated

TABLES_OF_STEPS = ("annotations", "causes", "annotators", "utterances", "cues")


def through_steps(file: str, lake: str) -> None:
    def build(pipeline: Any) -> None:
        _ = (
            pipeline
            | ReadJsonl(paths=[file])
            | NormalizeText()
            | Textualize()
            | Annotate(model="EmbeddedEmotions")
            | MineCauses()
            | WriteLake(path=lake)
        )

    runners.run(build, testing.WITH_RETRIES)


def through_yaml(file: str, lake: str) -> None:
    text = f"""
    pipeline:
      type: chain
      transforms:
        - type: ReadJsonl
          config: {{paths: [{file}]}}
        - type: NormalizeText
        - type: Textualize
        - type: Annotate
        - type: MineCauses
        - type: WriteLake
          config: {{path: {lake}}}
    """
    pipeline = Path(lake).with_suffix(".yaml")
    pipeline.write_text(text)
    done = affectflow("run", pipeline)
    assert done.code == 0, done.err
    n = len(Path(file).read_text("utf-8").splitlines())
    # As `annotate` and `mine` say it, but for the time that each took.
    assert re.search(rf"^annotate: {n} in, \d+ labelled", done.err, re.MULTILINE)
    assert f"\nmine: {n} in, {n} out\n" in done.err


def through_stages(file: str, lake: str) -> None:
    assert affectflow("ingest", file, "--source", "jsonl", "--to", lake).code == 0
    assert affectflow("annotate", lake).code == 0
    assert affectflow("mine", lake).code == 0


def receipts(lake: str) -> list[tuple[str, ...]]:
    """Returns stage, folder and bucket of each; pseudonyms are in a part's name."""
    found = Path(lake, WORK).glob("*/*/b*.json")
    return sorted((*path.parts[-3:-1], path.name.split("-")[0]) for path in found)


def counters(lake: str) -> Counter[str]:
    """Returns what the receipts of `annotate` have counted, all together."""
    found: Counter[str] = Counter()
    for path in Path(lake, WORK).glob("annotate/*/b*.json"):
        found.update(json.loads(path.read_text("utf-8"))["counters"])
    return found


@pytest.fixture(scope="module")
def by_commands(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("commands")
    through_stages(messages(folder / "in.jsonl"), str(folder / "lake"))
    return str(folder / "lake")


@pytest.mark.parametrize("write", rotated([through_steps, through_yaml]))
def test_steps_and_commands_leave_one_lake(by_commands, tmp_path, write):
    file = messages(Path(by_commands).parent / "in.jsonl")
    lake = str(tmp_path / "lake")
    write(file, lake)
    before = {table: digest(lake)[table] for table in TABLES_OF_STEPS}

    again = [affectflow(name, lake) for name in ("annotate", "mine")]

    assert [done.code for done in again] == [0, 0]
    assert {table: digest(lake)[table] for table in TABLES_OF_STEPS} == before
    assert digest(lake) == digest(by_commands)
    assert receipts(lake) == receipts(by_commands)
    assert counters(lake) == counters(by_commands) != {}
    calls = "SELECT stage, model_calls FROM runs WHERE stage IN ('annotate', 'mine')"
    assert set(ask(lake, calls)) == {("annotate", 0), ("mine", 0)}
    through_steps(file, lake)

    assert digest(lake) == digest(by_commands)
    for table in ("annotations", "annotators", "causes"):
        key = ", ".join(f'"{name}"' for name in RULES[table].key)
        doubled = f"SELECT {key} FROM {table} GROUP BY ALL HAVING count(*) > 1"
        assert ask(lake, doubled) == []


LABELLED = (
    pytest.param(["test:0", "test:2"], id="some of them"),
    pytest.param(["test:0", "test:1", "test:2"], id="all of them"),
)


@pytest.mark.parametrize("labelled", LABELLED)
@pytest.mark.rotated
def test_labels_that_no_step_signed_are_not_given_again(tmp_path, labelled):
    lake, calls = str(tmp_path / "lake"), tmp_path / "calls"
    model = FakeHandler(calls=str(calls))
    said = utterances("so annoying", "how annoying", "fine")
    rows = FakeHandler().predict(said, model.load_model())
    came = pc.is_in(rows["utterance_id"], pa.array(labelled))
    labels = pc.if_else(came, rows["annotations"], None)
    store(lake, with_column(said, ANNOTATIONS_COLUMN, labels))

    first, again = annotate(lake, model), annotate(lake, model)

    left = 3 - len(labelled)
    asked = calls.read_text().split() if calls.exists() else []
    assert sum(map(int, asked)) == first["model_calls"] == left
    assert counts(first) == {"in": 3, "unchanged": 3 - left} | (
        {"out": 1} if left else {}
    )
    assert (counts(again), again["model_calls"]) == ({"in": 3, "unchanged": 3}, 0)
    assert ask(lake, "SELECT utterance_id, label FROM annotations ORDER BY 1") == [
        ("test:0", "annoyance"),
        ("test:1", "annoyance"),
        ("test:2", "neutral"),
    ]
    daily = "SELECT label, sum(chosen) FROM rollups GROUP BY label ORDER BY label"
    assert ask(lake, daily) == [("annoyance", 2), ("neutral", 1)]


@pytest.mark.parametrize("mined", LABELLED)
@pytest.mark.rotated
def test_causes_that_no_step_signed_are_not_mined_again(tmp_path, mined):
    lake, model = str(tmp_path / "lake"), FakeHandler()
    said = utterances(
        "so annoying because the build takes hours",
        "how annoying that the cache is gone",
        "it is annoying because the docs are wrong",
        conversation_id=["test:thread"] * 3,
    )
    rows = MineCauses().apply(model.predict(said, model.load_model()))
    came = pc.is_in(rows["utterance_id"], pa.array(mined))
    causes = pc.if_else(came, rows["causes"], None)
    unsigned = with_column(said, ANNOTATIONS_COLUMN, rows["annotations"])
    store(lake, with_column(unsigned, CAUSES_COLUMN, causes))

    first, again = (stages.mine_lake(lake)[0] for _ in range(2))

    left = 3 - len(mined)
    assert counts(first) == {"in": 3, "unchanged": 3 - left} | (
        {"out": 1} if left else {}
    )
    assert counts(again) == {"in": 3, "unchanged": 3}
    found = "SELECT utterance_id, count(*) FROM causes WHERE status = 'ok' GROUP BY 1"
    assert sorted(ask(lake, found)) == [("test:0", 1), ("test:1", 1), ("test:2", 1)]
