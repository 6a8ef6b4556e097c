"""Vectors of words: negations, exact sums, and words of feeling hardly ever seen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from affectflow.errors import UsageError
from affectflow_transforms.models.emotions import fit, ngrams, polarity, sentences
from affectflow_transforms.models.emotions.embedded import EmbeddedEmotions
from affectflow_transforms.models.emotions.fit import Examples
from affectflow_transforms.models.emotions.model import check_senses, senses
from affectflow_transforms.models.senses.model import Senses, scaled

MODEL = EmbeddedEmotions().load_model()
LABELS = np.array(MODEL.emotions.labels)


def vectors(**words):
    """Returns senses of some words, each of two numbers and strength 1."""
    return Senses.unpacked(
        {
            "slots": np.array([ngrams.slot_of(word) for word in words], np.int32),
            "vectors": np.array(list(words.values()), np.int8),
            "strengths": np.ones(len(words), np.uint8),
        }
    )


def sums_of(text, known):
    return known.sums(sentences.features_by_sentence([text])).tolist()


def test_sums_are_of_words_that_are_known():
    known = vectors(good=(1, 2), day=(10, 0))

    assert sums_of("a good, good day", known) == [[12, 4, 0, 0, 3]]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("not good", id="the next word"),
        pytest.param("never is it good", id="a few words on"),
        pytest.param("isn't good", id="n't"),
    ],
)
def test_words_that_a_negation_reaches_stand_apart(text):
    assert sums_of(text, vectors(good=(1, 2))) == [[0, 0, 1, 2, 1]]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("no one has ever said good", id="too far"),
        pytest.param("no, good", id="behind a comma"),
        pytest.param("not bad but good", id="behind but"),
        pytest.param("good? not", id="before it"),
    ],
)
def test_a_negation_reaches_no_further_than_its_clause(text):
    (first, *_) = sums_of(text, vectors(good=(1, 2)))

    assert first == [1, 2, 0, 0, 1]


def test_a_negation_of_one_sentence_reaches_none_of_the_next():
    known = vectors(good=(1, 2))

    assert sums_of("never! good", known) == [[0] * 5, [1, 2, 0, 0, 1]]


def test_a_negation_reaches_four_words():
    negating = np.array([True, False, False, False, False, False])

    found = sentences.reached(negating, np.zeros(6, np.int32))

    assert found.tolist() == [False, True, True, True, True, False]


def test_scaled_sums_have_the_length_of_one_word():
    # Two equal words of strength 3: sums of 2 x 3 x 127, over 127 x 3 x the root of 2.
    sums = np.array([[2 * 3 * 127.0, 0.0, 2 * 9.0]])

    assert scaled(sums)[0, 0] == pytest.approx(2**0.5)


@given(st.lists(st.text(alphabet="no good.day!\n", max_size=30), max_size=4))
def test_texts_have_the_same_sums_in_every_batch(texts):
    read = sentences.features_by_sentence([*texts, "good day"])
    together = np.add.reduceat(senses().sums(read), read.first, axis=0)

    for text, found in zip(texts, together, strict=False):
        alone = senses().sums(sentences.features_by_sentence([text]))
        np.testing.assert_array_equal(alone.sum(axis=0), found)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        *((word, "negative") for word in ("furious", "infuriated", "dejected")),
        *((word, "negative") for word in ("exasperated", "appalled", "miserable")),
        *((word, "negative") for word in ("heartbroken", "petrified", "disheartened")),
        *((word, "positive") for word in ("delighted", "overjoyed", "elated")),
    ],
)
def test_words_of_feeling_have_their_polarity(word, expected):
    (scores,) = MODEL.emotions.scores([f"I am {word}."])

    above = scores / MODEL.emotions.thresholds
    above[LABELS == "neutral"] = 0
    best = LABELS[above.argmax()]
    assert (
        best in {"negative": polarity.NEGATIVE, "positive": polarity.POSITIVE}[expected]
    )


def test_a_word_that_people_call_bad_is_no_sign_of_joy():
    found = polarity.excluded(np.array([-2.0, 2.0]), ["joy", "anger", "surprise"])

    assert found.tolist() == [[1, 0, 0], [0, 1, 0]]


def test_a_soft_label_counts_for_both_answers():
    found = Examples.soft(
        sparse.csr_matrix(np.eye(2)), np.array([[0.25], [1.0]]), weight=2.0
    )

    assert found.x.shape == (4, 2)
    assert found.y[:, 0].tolist() == [False, False, True, True]
    assert found.weights[:, 0].tolist() == [1.5, 0.0, 0.5, 2.0]


def test_labels_can_be_brought_to_another_share():
    given = Examples.sure(
        sparse.csr_matrix(np.eye(4)), np.array([[True], [True], [True], [False]])
    )

    found = given.balanced(np.array([0.25]))

    # 3 of 4 become 1 of 4: thirds for those that have it, and threefold for the other.
    assert found.weights[:, 0] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 3.0])


def test_no_label_is_chosen_below_a_tenth():
    scores = np.array([[0.02], [0.03], [0.01], [0.0]])
    y = np.array([[True], [True], [False], [False]])

    assert fit.best_thresholds(scores, y) == [fit.LEAST_SCORE]
    assert MODEL.emotions.thresholds.min() >= np.float32(0.1)


def test_weights_over_other_vectors_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"need word vectors abc.*train them"):
        check_senses({"senses": "abc"}, tmp_path)
