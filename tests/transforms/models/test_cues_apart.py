"""Cues in words are weighed apart from a text's own words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectflow.batches.readings import CUE_BEGINS, CUE_ENDS
from affectflow_transforms.models import authored
from affectflow_transforms.models.emotions import fit
from affectflow_transforms.models.emotions.embedded import emotion_model
from affectflow_transforms.models.emotions.fit import Vocabulary
from affectflow_transforms.models.emotions.model import FINER
from affectflow_transforms.models.emotions.sentences import (
    SHARE,
    Sums,
    features_by_sentence,
)

MODEL = emotion_model()


def cue(phrase):
    return f"{CUE_BEGINS}{phrase} {CUE_ENDS}"


def evidence(*texts):
    return MODEL.evidence(features_by_sentence(list(texts)))


def sums_of(text):
    return MODEL.sums(features_by_sentence([text]))


def test_the_packages_models_read_cues_between_marks():
    assert authored.readings(["broken :("]) == [f"broken {cue('frowning')}"]


def test_a_cue_adds_a_share_and_weakens_no_word():
    both, own, said = evidence(
        f"it is broken {cue('frowning')}", "it is broken ", "frowning"
    )

    np.testing.assert_allclose(both, own + SHARE * said)


def test_a_cue_alone_counts_fully():
    np.testing.assert_allclose(*evidence(cue("frowning"), "frowning"))


def test_a_cue_counts_alike_in_short_and_long_texts():
    long = "it is broken and I do not know what else there is to try "
    with_cue, without = evidence(f"{long}{cue('frowning')}", long)
    short, alone = evidence(f"broken {cue('frowning')}", "broken ")

    np.testing.assert_allclose(with_cue - without, short - alone, atol=1e-9)


def test_sums_of_a_cue_stand_apart():
    found = sums_of(f"it works. {cue('smiles')} or not")

    assert found.at.tolist() == [1]
    for block, alone in zip(found.own, sums_of("or not").own, strict=True):
        np.testing.assert_array_equal(block[1], alone[0])
    for block, alone in zip(found.said, sums_of("smiles").own, strict=True):
        np.testing.assert_array_equal(block, alone)


def test_a_negation_reaches_no_cue_and_none_beyond_it():
    read = features_by_sentence([f"not {cue('happy face')} good"])

    assert read.negated.tolist() == [False, False, False, False]


def test_evidence_is_scaled_to_length_one():
    own = np.array([[3.0, 9.0], [0.0, 0.0]])
    sums = Sums(own=(own,), said=(np.array([[8.0, 4.0]]),), at=np.array([1]))

    # 3 over the root of 9; a text of a cue alone, 8 over the root of 4.
    assert sums.evidence().tolist() == [[1.0], [4.0]]


PIECES = st.one_of(
    st.text(alphabet="no good.day!\n", max_size=12),
    st.sampled_from(["smiles", "angry and annoyed", ""]).map(cue),
    st.just(CUE_BEGINS + "cut off"),
)
TEXTS = st.lists(PIECES, max_size=4).map("".join)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_texts_with_cues_have_the_same_evidence_in_every_batch(texts):
    together = evidence(*texts, f"good day {cue('smiles')}")

    for text, found in zip(texts, together, strict=False):
        np.testing.assert_array_equal(evidence(text)[0], found)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"It is broken. Why {cue('frowning')}? No idea", id="within"),
        pytest.param(f"{cue('crying')}", id="alone"),
        pytest.param(f"a {cue('wink')} b {cue('wink')} not good", id="two"),
        pytest.param("none here", id="none"),
    ],
)
def test_what_is_fitted_on_is_what_is_scored(text):
    vocabulary = Vocabulary(
        rows=MODEL.rows, squared_idf=MODEL.weights[:, -1].astype(np.float64)
    )
    x = fit.features([text], vocabulary, MODEL.senses)
    grams = MODEL.weights[:, :-1] / np.sqrt(MODEL.weights[:, -1:])
    weights = np.concatenate([grams, MODEL.meant / (FINER * fit.MEANT)])

    np.testing.assert_allclose(x @ weights, evidence(text), atol=1e-4)
