"""`affectflow train causes`: a ranker of marked messages."""

import numpy as np
import pytest

from affectflow.errors import UsageError
from affectflow.sources.marked import Marked
from affectflow_transforms.miners.rank import fit
from affectflow_transforms.miners.rank.layout import lay_out
from affectflow_transforms.miners.rank.miner import RankMiner
from affectflow_transforms.miners.rank.model import scores
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


def _lessons(*messages):
    """Returns what is learned of texts, each with its label and its cause, if any."""
    marked = []
    for text, label, cause in messages:
        start = text.find(cause)
        spans = ((start, start + len(cause)),) if cause else ()
        marked.append(Marked("m", "b", text, ((label,),), spans))
    words = fit.Words(fit.vocabulary_of(marked))
    return fit.lessons(marked, words, every=True), words


def test_a_message_is_also_asked_about_an_emotion_that_it_does_not_express():
    learned, _ = _lessons(("I hate that it fails.", "anger", "it fails"))

    asked = [(each.case.label, each.spans) for each in learned]

    assert asked == [("anger", ((12, 20),)), ("curiosity", ())]


def test_whether_there_is_a_cause_is_learned_without_moving_spans():
    learned, words = _lessons(
        *[("I hate that the build fails.", "anger", "the build fails")] * 20,
        *[("The meeting is on Monday.", "neutral", "")] * 20,
    )
    size = 1 + words.told()[:, 0].max()
    laid = lay_out([each.case for each in learned], words.told(), int(size))
    before = np.zeros(laid.n_features)

    spans, none = scores(laid, fit.with_absence(laid, learned, before))

    calm = np.array([each.case.label != "anger" for each in learned])
    np.testing.assert_array_equal(spans, 0.0)
    assert none[calm].min() > none[~calm].max()
