"""Losses of answers: by hand, whatever stands beside them in a batch; and of pairs."""

from math import exp, log1p

import numpy as np
import pytest

from affectflow import registry
from affectflow.kinds.asking import Message
from affectflow_transforms.instruct.likelihood import (
    answer_tokens,
    log_likelihoods,
    sequences,
)
from affectflow_transforms.instruct.objectives import dpo
from affectflow_transforms.instruct.school import School
from affectflow_transforms.models.generate import loading
from tests.given.tiny_generator import save_causal, save_seq2seq

pytestmark = pytest.mark.torch

QUESTIONS = ("this is broken again why", "good", "thanks this is not good")
ANSWERS = ("joy", "sad ness again", "anger")


@pytest.fixture(scope="module")
def generators(tmp_path_factory):
    where = tmp_path_factory.mktemp("tiny")
    options = {"device": "cpu", "dtype": "float32", "max_tokens": 0}
    options |= {"max_batch_tokens": 0, "trust_remote_code": False}
    found = {}
    for name, save in (("causal", save_causal), ("seq2seq", save_seq2seq)):
        save(where / name)
        found[name] = loading.load(where / name, **options)
    return found


def tokens_of(generator):
    messages = [(Message("user", text),) for text in QUESTIONS]
    return sequences(generator, messages, answer_tokens(generator, ANSWERS), [8] * 3)


def by_hand(generator, known, row):
    """The log-likelihood of an answer, from one forward pass without any filling."""
    import torch

    starts, answer = known.questions.starts, known.answers[row]
    question = known.questions.flat[starts[row] : starts[row + 1]]
    with torch.no_grad():
        if generator.is_seq2seq:
            fed = torch.tensor([[generator.start_token, *answer[:-1]]])
            logits = generator.module(
                input_ids=torch.tensor(question[None]), decoder_input_ids=fed
            ).logits[0]
        else:
            whole = torch.tensor([[*question, *answer]])
            logits = generator.module(input_ids=whole).logits[0, len(question) - 1 : -1]
    chances = logits.log_softmax(-1)
    return sum(float(chances[place, token]) for place, token in enumerate(answer))


@pytest.mark.parametrize("name", ["causal", "seq2seq"])
def test_an_answer_is_as_likely_in_a_batch_as_alone(generators, name):
    generator = generators[name]
    known = tokens_of(generator)

    with_others = log_likelihoods(generator, known, np.arange(3)).tolist()

    expected = [by_hand(generator, known, row) for row in range(3)]
    assert with_others == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", ["causal", "seq2seq"])
def test_the_loss_is_the_mean_over_the_tokens_of_answers_alone(generators, name):
    generator = generators[name]
    known = tokens_of(generator)
    school = School(
        generator=generator,
        taught=known,
        rejected=None,
        objective="cross_entropy",
        options={},
        batch=2,
    )

    sums = [by_hand(generator, known, row) for row in range(3)]

    # Answers of one, three and one words, each with its end.
    assert known.answer_lengths.tolist() == [2, 4, 2]
    assert school.judge(np.arange(3)) == pytest.approx(sum(sums) / 8, abs=1e-4)


def test_an_answer_ends_with_what_ends_an_answer(generators):
    generator = generators["causal"]

    (tokens,) = answer_tokens(generator, ["joy"])

    assert generator.writer.decode(tokens) == "joy <|end|>"


def test_the_loss_of_a_pair_is_the_one_by_hand():
    import torch

    # The chosen answer gained 2, the rejected one lost 1: .1 times 3.
    output = torch.tensor([[-3.0, -7.0]], dtype=torch.float64)
    target = torch.tensor([[-5.0, -6.0]], dtype=torch.float64)

    found = float(registry.load("objectives", "dpo")(output, target, {"beta": 0.1}))

    assert found == pytest.approx(log1p(exp(-0.3)), abs=1e-12)


def test_a_pair_that_nothing_was_learned_of_has_the_loss_of_a_coin():
    import torch

    same = torch.tensor([[-3.0, -7.0], [-1.0, -1.0]], dtype=torch.float64)

    assert float(dpo(same, same, {})) == pytest.approx(float(np.log(2)), abs=1e-12)


def test_the_gradient_of_a_pair_is_right():
    import torch

    random = torch.Generator().manual_seed(0)
    output, target = (
        torch.randn(4, 2, generator=random, dtype=torch.float64) for _ in range(2)
    )
    output.requires_grad_()

    assert torch.autograd.gradcheck(lambda each: dpo(each, target, {}), output)
