"""A miner that asks a model: in a lake its answers are kept, and refusals counted."""

import pytest

from affectflow import stages
from affectflow.errors import UsageError
from affectflow.planning.rehearse import Analysis
from tests.given.factories import utterances
from tests.given.mined_turns import emotion
from tests.given.scripted import Told, install_scripted
from tests.given.stage_runs import store


@pytest.fixture(autouse=True)
def models(tmp_path_factory, monkeypatch):
    install_scripted(tmp_path_factory.mktemp("site"), monkeypatch)


ANSWERS = {"the build broke": '"the build broke"', "docs": '"the tests"'}


def mine(uri, **options):
    told = {"model": "Told", "options": {"answers": ANSWERS}} | options
    row, _ = stages.mine_lake(uri, miner="LlmMiner", options=told, annotator_id="hand")
    return row


def test_answers_are_kept_for_the_next_miner_and_refusals_are_counted(tmp_path):
    uri = str(tmp_path / "lake")
    texts = ["the build broke", "the build broke", "the docs rot"]
    labels = [[emotion("anger")] for _ in texts]
    store(uri, utterances(*texts, annotations=labels, segments=[[]] * 3))

    first = mine(uri)
    again = mine(uri, labels=("anger",))

    assert first["counters"]["quotes_not_in_the_text"] == 1
    asked = [row["counters"] for row in (first, again)]
    assert [(a.get("distinct"), a.get("calls"), a.get("kept_answers")) for a in asked]


def test_a_plan_does_not_ask_a_model_that_is_not_to_be_tried(monkeypatch):
    monkeypatch.setattr(Told, "on_trial", False)
    analysis = Analysis(miner="LlmMiner", miner_options={"model": "Told"})

    with pytest.raises(UsageError, match="does not ask the model of LlmMiner"):
        analysis.step()
