"""Frustration: its marks by hand, its scores, and its figures on reserved threads."""

import hashlib
import re
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from affectflow_transforms.models.emotions import ngrams, sentences
from affectflow_transforms.models.emotions.embedded import (
    EmbeddedEmotions,
    emotion_model,
)
from affectflow_transforms.models.frustration import fit, train
from affectflow_transforms.models.frustration.model import (
    FrustrationModel,
    Lexicon,
    combined,
    stored_valence,
    word_marks,
)
from affectflow_transforms.models.frustration.phrases import GROUPS
from tests.quality.authored import export

SUMMED = ("annoyance", "anger", "disappointment")
FIGURES = MappingProxyType({"AUC": 0.777, "AP": 0.410, "AUC of the sum": 0.704})
"""On the reserved threads, as the model card has them."""


@pytest.fixture(scope="module")
def model():
    return EmbeddedEmotions().load_model()


def lexicon(**valences):
    slots = np.array([ngrams.slot_of(word) for word in valences], np.int32)
    return Lexicon.of(slots, stored_valence(np.array(list(valences.values()))))


def marks_of(text, known):
    (found,) = word_marks(sentences.features_by_sentence([text]), known)
    groups = dict(zip(GROUPS, found[: len(GROUPS)], strict=True))
    density = dict(zip(GROUPS, found[len(GROUPS) : 2 * len(GROUPS)], strict=True))
    return groups, density, found[2 * len(GROUPS) :]


def test_phrases_are_counted_by_group_and_over_the_root_of_the_words():
    groups, density, _ = marks_of("still not fixed , any update ? why is it", lexicon())

    said = {name for name, there in groups.items() if there}
    assert said == {"waiting", "why"}
    # Two phrases in ten words, and one.
    assert density["waiting"] == pytest.approx(2 / 10**0.5)
    assert density["why"] == pytest.approx(1 / 10**0.5)


def test_a_short_text_counts_as_eight_words():
    _, density, _ = marks_of("useless", lexicon())

    assert density["broken"] == pytest.approx(1 / 8**0.5)


def test_valences_are_summed_by_sign_and_the_worst_is_kept():
    known = lexicon(good=2.0, bad=-2.5, awful=-3.0)

    _, _, (good, bad, worst) = marks_of("good but bad and awful", known)

    assert good == pytest.approx(2.0 / 8**0.5)
    assert bad == pytest.approx(5.5 / 8**0.5)
    assert worst == 3.0


def test_phrases_that_a_negation_reaches_do_not_count():
    groups, _, (_, bad, worst) = marks_of("i'm not annoyed", lexicon(annoyed=-1.6))

    assert not groups["broken"]
    assert (bad, worst) == (0, 0)


def test_every_phrase_is_found_where_it_stands():
    for phrase in (phrase for phrases in GROUPS.values() for phrase in phrases):
        _, words = ngrams.features([f"well, {phrase} then"])

        assert ngrams.slot_of(phrase) in words.slots


def test_phrases_of_no_two_groups_are_the_same():
    slots = [
        ngrams.slot_of(phrase) for phrases in GROUPS.values() for phrase in phrases
    ]

    assert len(slots) == len(set(slots))


def test_two_heads_multiply_and_annoyance_and_a_third_head_add():
    # 0.75 and 0.5: 0.375, odds of 3 to 5; and odds of 4 to 1, half of which count.
    odds = np.log(np.array([[3.0, 1.0, 4.0]]))

    both = combined(odds, np.array([2.0]), prior=0.25, authored=0.5)

    assert both == pytest.approx(np.log(3 / 5) + 0.5 + 0.5 * np.log(4))


@given(st.lists(st.text(max_size=80), min_size=1, max_size=6))
def test_a_text_scores_the_same_in_every_batch(texts):
    together = EMBEDDED.scores(texts)[1]

    alone = [EMBEDDED.scores([text])[1][0] for text in texts]

    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert ((together >= 0) & (together <= 1)).all()


EMBEDDED = EmbeddedEmotions().load_model()


def test_emotions_score_the_same_beside_frustration(model):
    texts = ["Thank you so much!", "why does this still not work?", ""]

    beside, _ = model.scores(texts)

    np.testing.assert_array_equal(beside, emotion_model().scores(texts))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "This has been broken for years and nobody cares. Ridiculous, I give up.",
            True,
            id="blocked and fed up",
        ),
        pytest.param(
            "Seriously, still no fix? I wasted hours trying to get this to work.",
            True,
            id="waited in vain",
        ),
        pytest.param(
            "Steps to reproduce: open the settings, press save. The page crashes with "
            "an error. Expected: the settings are saved.",
            False,
            id="a calm defect report",
        ),
        pytest.param(
            "The build fails on Windows with version 3.2, the log is attached.",
            False,
            id="a calm failure",
        ),
        pytest.param("Thanks, works for me now!", False, id="thanks"),
    ],
)
def test_frustration_is_told_from_calm_reports(model, text, expected):
    (score,) = model.scores([text])[1]

    assert (score >= model.threshold) == expected


def test_a_fifth_of_the_threads_is_reserved_by_their_hash():
    # First 8 bytes of BLAKE2b of the id, big-endian, divisible by five.
    def by_hand(thread):
        return int(hashlib.blake2b(thread.encode()).hexdigest()[:16], 16) % 5 == 0

    threads = [str(number) for number in range(100)]
    assert [train.is_reserved(each) for each in threads] == list(map(by_hand, threads))
    assert sum(map(by_hand, threads)) == 22


@pytest.mark.rotated
def test_frustration_on_reserved_threads_is_above_the_summed_emotions(
    shared_data, model
):
    rows = train.read_comments(shared_data / "gh_incivility" / "comments.csv.gz")
    rows = [row for row in rows if train.is_reserved(row["issue_id"])]
    emotions, score = model.scores(train.readings(rows))
    columns = [model.emotions.labels.index(label) for label in SUMMED]
    summed = emotions[:, columns].sum(axis=1)
    truth = np.array([row["tbdf"] in train.FRUSTRATED for row in rows])

    figures = {
        "AUC": roc_auc_score(truth, score),
        "AP": average_precision_score(truth, score),
        "AUC of the sum": roc_auc_score(truth, summed),
    }

    assert figures == pytest.approx(FIGURES, abs=2e-3)
    threads = np.array([row["issue_id"] for row in rows])
    assert np.quantile(list(_gains(truth, score, summed, threads)), 0.025) > 0


def _gains(truth, score, summed, threads):
    """Returns the gain of AUC over the sum in 500 draws of threads."""
    draw = np.random.Generator(np.random.PCG64(0))
    names, which = np.unique(threads, return_inverse=True)
    for _ in range(500):
        drawn = draw.multinomial(len(names), np.full(len(names), 1 / len(names)))
        weight = drawn[which]
        yields = [
            roc_auc_score(truth, s, sample_weight=weight) for s in (score, summed)
        ]
        yield yields[0] - yields[1]


@pytest.mark.proof
def test_training_gives_the_weights_that_are_shipped(shared_data, tmp_path):
    source = export.beside(shared_data / "gh_incivility" / train.SOURCE, tmp_path)
    rows = train.read_comments(source)
    written, scores = train.fit_weights(source, rows, licence="MIT")
    (tmp_path / "again.safetensors").write_bytes(written)
    again = FrustrationModel.load(tmp_path, emotion_model())
    shipped = EmbeddedEmotions().load_model()

    texts = ["why is this still broken?", "thanks!", "it fails with an error"]
    np.testing.assert_allclose(
        again.scores(texts)[1], shipped.scores(texts)[1], atol=2e-3
    )
    assert again.threshold == pytest.approx(shipped.threshold, abs=2e-3)
    assert ((scores > 0) & (scores < 1)).all()


def test_held_out_threads_are_whole():
    threads = np.array(["a", "b", "a", "c", "b", "d", "e", "f"])

    for seen, held_out in fit.folds(threads):
        assert not set(threads[seen]) & set(threads[held_out])


def test_phrases_are_of_one_to_three_words_in_lower_case():
    for phrase in (phrase for phrases in GROUPS.values() for phrase in phrases):
        assert re.fullmatch(r"[a-z']+( [a-z']+){0,2}", phrase)
