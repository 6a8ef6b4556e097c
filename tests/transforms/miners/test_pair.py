"""RECCON's entailment form, judged by tiny classifiers."""

import pytest

from affectflow.errors import UsageError
from affectflow.testing import check_miner
from affectflow_transforms.miners.evidence import Case
from affectflow_transforms.miners.pair import PairMiner, entailed
from tests.given.mined_turns import mine, turn
from tests.given.tiny_classifier import save_tiny

pytestmark = pytest.mark.torch

NO_YES = ("no", "yes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("pairs")
    save_tiny(where / "random", NO_YES, max_length=64)
    # softmax(0, ln 3) is 1/4 and 3/4.
    save_tiny(where / "yes", NO_YES, planted=(0.0, 1.0986123))
    save_tiny(where / "one", ("cause",), planted=(-1.0986123,))
    save_tiny(where / "three")
    return where


def miner(folder, **options):
    return PairMiner(model=str(folder), device="cpu", dtype="float32", **options)


ROWS = [
    turn(1, "bob", " this is broken \n"),
    turn(2, "ann", "why", "anger"),
    turn(3, "bob", "thanks"),
]


def test_the_text_is_that_of_the_paper():
    case = Case("anger", ["It broke.", "Again?", "Oh no!"], (), 1)

    assert entailed(case) == (
        "anger <SEP> Oh no! <SEP> Again? <SEP> It broke. Again? Oh no!"
    )


@pytest.mark.rotated
def test_whole_turns_are_causes_of_what_is_said_later(folder):
    found = mine(*ROWS, miner=miner(folder / "yes"))

    assert found[0] == found[2] == []
    assert [
        (c["cause_utterance_id"], c["cause_text"], c["cause_type"]) for c in found[1]
    ] == [("u1", "this is broken", "inter_personal"), ("u2", "why", "no_context")]
    assert [c["score"] for c in found[1]] == pytest.approx([0.75, 0.75])


@pytest.mark.parametrize(
    ("name", "options"), [("yes", {"min_score": 0.76}), ("one", {})]
)
def test_below_the_score_there_is_no_cause(folder, name, options):
    found = mine(*ROWS, miner=miner(folder / name, **options))[1]

    assert [c["status"] for c in found] == ["none_found"]


def test_a_lone_output_is_the_probability_of_a_cause(folder):
    found = mine(*ROWS, miner=miner(folder / "one", min_score=0.2))[1]

    assert [c["score"] for c in found] == pytest.approx([0.25, 0.25])


def test_scores_are_those_of_the_classifier_alone(folder):
    import torch

    asking = miner(folder / "random")
    network = asking.load_model()
    texts = ["this is broken", "why not", "good again"]
    cases = [Case("anger", texts, (), place) for place in range(3)]

    found = [verdict.score for verdict in asking.judge(cases, network)]

    for case, score in zip(cases, found, strict=True):
        laid = network.tokenizer.encode(entailed(case))
        with torch.no_grad():
            logits = network.module(torch.tensor([laid.ids])).logits[0]
        assert score == pytest.approx(float(logits.softmax(0)[1]), abs=1e-4)
    assert len({round(score, 4) for score in found}) == 3


def test_a_classifier_of_more_labels_is_refused_in_one_line(folder):
    with pytest.raises(UsageError, match=r"one or two outputs, .* 'three' has 3"):
        miner(folder / "three").load_model()


def test_two_miners_of_one_folder_are_two_annotators(folder):
    ids = {
        miner(folder / "yes", **given).annotator()["annotator_id"]
        for given in ({}, {"history": 2}, {"min_score": 0.7}, {"labels": ("anger",)})
    }

    assert len(ids) == 4


def test_it_keeps_what_every_miner_owes(folder):
    check_miner(miner(folder / "random", min_score=0.0))
