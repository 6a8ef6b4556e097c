"""RankMiner: spans by learned weights, of the message and of earlier turns."""

import numpy as np
import pytest

from affectflow import testing
from affectflow.errors import UsageError
from affectflow_transforms.miners.clauses import Reading
from affectflow_transforms.miners.rank.layout import Case
from affectflow_transforms.miners.rank.miner import RankMiner
from affectflow_transforms.miners.rank.model import Ranker
from affectflow_transforms.miners.rank.tokens import tokens_of
from tests.given.mined_turns import emotion, mine, turn


def cause(text, label, **given):
    ((found,),) = mine(turn(1, "ann", text, label, **given), miner=RankMiner())
    return found["cause_text"]


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        pytest.param(
            "Because the server is down, I'm annoyed.",
            "annoyance",
            "the server is down",
            id="a reason in front ends at its comma",
        ),
        pytest.param(
            "Thanks to Ann for the patch.",
            "gratitude",
            "the patch",
            id="who is thanked",
        ),
        pytest.param(
            "Thanks for breaking my build.",
            "annoyance",
            "breaking my build",
            id="thanks that are none",
        ),
        pytest.param(
            "I am so annoyed. The build takes two hours.",
            "annoyance",
            "The build takes two hours",
            id="not the sentence that merely says the feeling",
        ),
        pytest.param(
            "I hate that the tests are skipped on Windows",
            "anger",
            "the tests are skipped on Windows",
            id="no words of feeling",
        ),
        pytest.param(
            "nice :thumbsup:", "admiration", None, id="never half a short code"
        ),
        pytest.param(
            "[quote]I hate this[/quote] No.", "anger", None, id="nor what others say"
        ),
        pytest.param("ok", "joy", None, id="a word is no cause"),
    ],
)
def test_the_clause_that_is_the_cause_is_found(text, label, expected):
    assert cause(text, label) == expected


def test_what_only_reacts_has_its_cause_in_an_earlier_turn():
    rows = [
        turn(1, "bob", "The release job deleted all our backups."),
        turn(2, "ann", "That's terrible!", "anger"),
    ]

    (found,) = mine(*rows, miner=RankMiner())[1]

    assert (found["cause_utterance_id"], found["cause_type"]) == (
        "u1",
        "inter_personal",
    )


def test_a_label_with_a_score_has_a_cause_only_from_the_least_score_on():
    said = emotion("curiosity", score=0.2)
    row = turn(1, "ann", "The meeting is on Monday.", annotations=[said])

    ((sure,),) = mine(row, miner=RankMiner(min_score=1.0))
    ((given,),) = mine(
        turn(1, "ann", "The meeting is on Monday.", "curiosity"),
        miner=RankMiner(min_score=1.0),
    )

    assert (sure["status"], given["status"]) == ("none_found", "ok")


def test_a_message_has_the_same_cause_in_any_company():
    texts = ["I hate that it fails on Windows.", "Great, the tests pass again!", "No."]
    rows = [
        turn(n, "ann", text, "anger", conversation_id=f"c{n}")
        for n, text in enumerate(texts)
    ]

    together = mine(*rows, miner=RankMiner())

    alone = [mine(row, miner=RankMiner())[0] for row in rows]
    assert together == alone


def test_it_keeps_what_every_miner_promises():
    testing.check_miner(RankMiner())


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"weights"):
        RankMiner(weights=str(tmp_path)).load_model()


def test_weights_of_one_byte_rank_as_those_they_were_made_of():
    ranker = RankMiner().load_model()

    again = Ranker.unpacked(ranker.packed())

    np.testing.assert_allclose(again.weights, ranker.weights, atol=1e-12)
    assert again.vocabulary == ranker.vocabulary


def test_a_dump_of_one_line_is_cut():
    ranker = RankMiner().load_model()
    tokens = tokens_of(Reading("word " * 100_000), ranker.words)

    (best,) = ranker.rank([Case(tokens, "anger")])

    assert best.last - best.first < 24
