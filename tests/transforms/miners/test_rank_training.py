"""`affectflow train causes`: a ranker of marked messages."""

import pytest

from affectflow.errors import UsageError
from affectflow_transforms.miners.rank.miner import RankMiner
from affectflow_transforms.miners.rank.train import Causes
from tests.given.command_line import affectflow
from tests.given.marked_messages import write_marked
from tests.given.mined_turns import mine, turn


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranker")
    data = write_marked(folder / "data", 220)
    told = affectflow(
        "train", "causes", "--data", str(data), "--out", str(folder / "w")
    )
    return folder / "w", told


@pytest.mark.rotated
def test_it_learns_what_is_marked(trained):
    weights, _ = trained
    text = "I am really annoyed that the printer eats the paper. Thanks."

    ((found,),) = mine(
        turn(1, "ann", text, "annoyance"), miner=RankMiner(weights=str(weights))
    )

    assert found["cause_text"] == "the printer eats the paper"


def test_it_says_how_to_mine_with_the_weights(trained):
    weights, told = trained
    assert told.code == 0
    assert f"--miner RankMiner --set weights={weights}" in told.err + told.out


def test_own_weights_make_another_annotator_with_their_licence(trained):
    own = RankMiner(weights=str(trained[0])).annotator()
    shipped = RankMiner().annotator()
    assert own["annotator_id"] != shipped["annotator_id"]
    assert (own["licence"], shipped["commercial_use"]) == ("not stated", True)


def test_too_few_marked_messages_are_refused(tmp_path):
    with pytest.raises(UsageError, match="messages with a cause to hold out, but 20"):
        Causes().train(write_marked(tmp_path / "data", 100))
