"""A miner that asks a model: in a lake its answers are kept, and refusals counted."""

import pyarrow as pa
import pytest

from affectflow.batches.batch import with_column
from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.planning.rehearse import Analysis
from affectflow.schemas import ANNOTATIONS_COLUMN
from affectflow.stages.mine import mine_annotator
from affectflow.stages.themes.units import causes_of, units
from affectflow.steps.mine import MineCauses
from tests.given.factories import utterances
from tests.given.mined_turns import emotion
from tests.given.scripted import Told, install_scripted
from tests.given.stage_runs import ask, store


@pytest.fixture(autouse=True)
def models(tmp_path_factory, monkeypatch):
    install_scripted(tmp_path_factory.mktemp("site"), monkeypatch)


ANSWERS = {"the build broke": '"the build broke"', "docs": '"the tests"'}


def mine(uri, miner="LlmMiner", **options):
    """Mines, and leaves the themes alone."""
    step = MineCauses(miner=miner, miner_options=options)
    return mine_annotator(Lake.open(uri), step, "hand", "", 0.1, ())


def told(**answers):
    return {"model": "Told", "options": {"answers": answers}}


@pytest.mark.rotated
def test_answers_are_kept_for_the_next_miner_and_refusals_are_counted(tmp_path):
    uri = str(tmp_path / "lake")
    texts = ["the build broke", "the build broke", "the docs rot"]
    labels = pa.array([[emotion("anger")]] * 3, ANNOTATIONS_COLUMN.type)
    batch = utterances(*texts, segments=[[]] * 3, conversation_id=["c"] * 3)
    store(uri, with_column(batch, ANNOTATIONS_COLUMN, labels))

    first = mine(uri, history=0, **told(**ANSWERS))
    again = mine(uri, history=0, labels=("anger",), **told(**ANSWERS))

    assert dict(first["counters"]) == {"quotes_not_in_the_text": 1}
    assert (first["questions"], first["calls"]) == (3, 2)
    assert (again["calls"], again["kept_answers"]) == (0, 2)
    assert first["config"] != again["config"]
    found = "SELECT DISTINCT status, cause_text, score FROM causes ORDER BY ALL"
    assert ask(uri, found) == [
        ("ok", "the build broke", None),
        ("unaligned", None, None),
    ]


@pytest.mark.rotated
def test_themes_rest_on_the_miner_that_ran_last(tmp_path):
    uri = str(tmp_path / "lake")
    text = "It failed. Sad because it broke"
    labels = pa.array([[emotion("sadness")]], ANNOTATIONS_COLUMN.type)
    batch = utterances(text, segments=[[]])
    store(uri, with_column(batch, ANNOTATIONS_COLUMN, labels))
    asking = {"miner": "LlmMiner", **told(sadness='"It failed"')}
    lake = Lake.open(uri)

    def counted():
        tables = [causes_of(lake, unit) for unit in units(lake)]
        return {text for table in tables for text in table["cause_text"].to_pylist()}

    by_last = []
    for options in ({"miner": "ConnectiveMiner"}, asking, {"miner": "ConnectiveMiner"}):
        row = mine(uri, **options)
        by_last.append((counted(), row["rows_out"]))

    # The third run mines nothing, but changes which causes count.
    assert by_last == [
        ({"it broke"}, 1),
        ({"It failed"}, 1),
        ({"it broke"}, 0),
    ]


def test_a_plan_does_not_ask_a_model_that_is_not_to_be_tried(monkeypatch):
    monkeypatch.setattr(Told, "on_trial", False)
    analysis = Analysis(miner="LlmMiner", miner_options={"model": "Told"})

    with pytest.raises(UsageError, match="does not call the model of LlmMiner"):
        analysis.step()
