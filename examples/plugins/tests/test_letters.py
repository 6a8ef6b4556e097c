import pytest
from affectflow_examples.letters import EmbedLetters

from affectflow.testing import check_model


def test_a_vector_counts_pairs_of_letters():
    vector = EmbedLetters(width=8).load_model().vector("aaab")

    assert sorted(vector)[-2:] == [1, 2]
    assert sum(vector) == 3


@pytest.mark.parametrize("text", ["", "a"])
def test_a_text_without_pairs_has_a_vector_of_zeros(text):
    found = EmbedLetters(width=8).embed([text], EmbedLetters(width=8).load_model())

    assert found.vectors.tolist() == [[0.0] * 8]


def test_it_keeps_what_every_model_promises():
    check_model(EmbedLetters())
