"""RECCON's question, answered by models that are small enough to work out by hand."""

import math

import pytest

from affectflow.errors import UsageError
from affectflow.kinds.account import open_account
from affectflow.testing import check_miner
from affectflow_transforms.miners.evidence import Case
from affectflow_transforms.miners.span import SpanMiner, question
from tests.given.mined_turns import mine, turn
from tests.given.tiny_answerer import MARGIN, save_answerer, save_random_answerer

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_answerer(tmp_path_factory.mktemp("answerer"))


def miner(folder, **options):
    return SpanMiner(model=folder, device="cpu", dtype="float32", **options)


def causes(folder, *rows, **options):
    found = mine(*rows, miner=miner(folder, **options))[-1]
    return [(c["cause_utterance_id"], c["cause_text"], c["cause_type"]) for c in found]


def test_the_question_is_that_of_the_paper():
    case = Case("sadness", ["The build broke.", "Oh no"], (), 0)

    assert question(case) == (
        "The target utterance is Oh no. The evidence utterance is The build broke.. "
        "What is the causal span from context that is relevant to the target "
        "utterance's emotion sadness?"
    )


def test_the_answer_is_a_span_of_the_turn_that_was_asked_about(folder):
    rows = [
        turn(1, "bob", "why, is this broken thing  again ... good"),
        turn(2, "ann", "not good", "anger"),
    ]
    ((cause,),) = mine(*rows, miner=miner(folder))[1:]

    assert (cause["cause_utterance_id"], cause["cause_type"]) == (
        "u1",
        "inter_personal",
    )
    assert cause["cause_text"] == "broken thing  again"
    assert cause["score"] == pytest.approx(1 / (1 + math.exp(-MARGIN)), abs=1e-4)


def test_each_turn_may_hold_a_cause(folder):
    rows = [
        turn(1, "ann", "broken again"),
        turn(2, "ann", "the broken build again!", "anger"),
    ]

    assert causes(folder, *rows) == [
        ("u1", "broken again", "self_contagion"),
        ("u2", "broken build again", "no_context"),
    ]
    assert causes(folder, *rows, history=0) == [
        ("u2", "broken build again", "no_context")
    ]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        pytest.param("not good", {}, id="neither word"),
        pytest.param("broken", {}, id="one of them"),
        pytest.param("again broken", {}, id="the wrong way round"),
        pytest.param("broken thing again", {"max_answer": 2}, id="too long"),
        pytest.param("broken again", {"min_score": 0.99}, id="not sure enough"),
    ],
)
def test_that_there_is_no_answer_is_an_answer(folder, text, options):
    assert causes(folder, turn(1, "ann", text, "anger"), **options) == [
        (None, None, None)
    ]


def test_turns_before_the_evidence_are_left_out_where_there_is_no_room(folder):
    rows = [
        turn(1, "bob", "broken again " + "good " * 110),
        turn(2, "bob", "the build is broken again"),
        turn(3, "ann", "not good", "anger"),
    ]

    with open_account() as account:
        found = causes(folder, *rows)

    # With the first turn as evidence, the question alone is too long.
    assert found == [("u2", "broken again", "inter_personal")]
    assert account.tallied == {"questions_too_long": 1}


def test_of_a_context_that_is_too_long_the_end_is_left_out(folder):
    texts = ["broken again", *["good " * 30] * 2, "not good"]
    rows = [turn(n, "bob", text) for n, text in enumerate(texts)]

    found = causes(folder, *rows[:-1], turn(3, "ann", "not good", "anger"))

    assert found == [("u0", "broken again", "inter_personal")]


def test_words_of_others_are_no_evidence(folder):
    quote = {"type": "quote", "start": 0, "end": 14}
    row = turn(1, "ann", "> broken again\nnot good", "anger", segments=[quote])

    assert causes(folder, row) == [(None, None, None)]


def test_spans_are_those_of_a_loop_over_all_of_them(tmp_path):
    import torch

    asking = miner(save_random_answerer(tmp_path), max_answer=4)
    network = asking.load_model()
    texts = ["why is this broken", "the build is good again", "not this thing"]
    cases = [Case("anger", texts, (), place) for place in range(3)]

    found = asking.judge(cases, network)

    for case, verdict in zip(cases, found, strict=True):
        laid = network.tokenizer.encode(question(case), " ".join(texts))
        given = {"input_ids": [laid.ids], "attention_mask": [laid.attention_mask]}
        if network.takes_types:
            given["token_type_ids"] = [laid.type_ids]
        with torch.no_grad():
            said = network.module(**{n: torch.tensor(v) for n, v in given.items()})
        begins, ends = said.start_logits[0].tolist(), said.end_logits[0].tolist()
        start = sum(len(text) + 1 for text in texts[: case.place])
        own = [
            n
            for n, (a, b) in enumerate(laid.offsets)
            if laid.sequence_ids[n] == 1
            and start <= a < b <= start + len(case.evidence)
        ]
        best, first, last = max(
            (begins[i] + ends[j], i, j) for i in own for j in own if i <= j < i + 4
        )
        margin = best - begins[0] - ends[0]
        assert verdict.score == pytest.approx(1 / (1 + math.exp(-margin)), abs=1e-4)
        place = laid.offsets[first][0] - start, laid.offsets[last][1] - start
        assert (verdict.start, verdict.end) == place


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"max_answer": 0}, "`max_answer` must be at least 1"),
        ({"min_score": 2}, "`min_score` must be between 0 and 1"),
        ({"device": "cpu", "dtype": "int8"}, "`dtype` must be one of"),
    ],
)
def test_options_that_make_no_sense_are_refused(folder, options, why):
    with pytest.raises(UsageError, match=why):
        SpanMiner(model=folder, **options)


def test_it_keeps_what_every_miner_owes(folder):
    check_miner(miner(folder))
