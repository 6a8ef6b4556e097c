import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from affectflow.gold.calibration.choosing import (
    FOLDS,
    brier,
    choose,
    cross_validated,
    ece,
    figures,
    folds,
    shortage,
    skill,
)
from affectflow.gold.calibration.kept import Calibration
from affectflow.gold.calibration.measuring import NOT_ABOVE, fit_label
from affectflow.gold.targets.labels import Target
from tests.gold.calibration.test_curves import answers, told

JOY = Target("emotion", "goemotions", "joy")
FEAR = Target("emotion", "goemotions", "fear")


@pytest.mark.parametrize(
    ("yes", "no", "said"),
    [
        (9, 90, "people said yes 9 times; 10 are needed"),
        (90, 9, "people said no 9 times; 10 are needed"),
        (10, 10, ""),
    ],
)
def test_ten_answers_of_each_kind_are_needed(yes, no, said):
    assert shortage(answers([0.5] * (yes + no), [1] * yes + [0] * no)) == said


def test_answers_of_few_conversations_cannot_be_cross_validated():
    given = answers([0.5] * 40, [1, 0] * 20, conversations=[n % 4 for n in range(40)])

    assert shortage(given) == "answers cover 4 conversations; 5 are needed"


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), conversations=st.integers(5, 60))
def test_a_conversation_is_never_on_both_sides_of_a_fold(seed, conversations):
    rng = np.random.Generator(np.random.PCG64(seed))
    which = rng.integers(0, conversations, 200)
    given = answers(rng.random(200), rng.random(200) < 0.2, conversations=which)
    held_out = np.zeros(200, int)

    for seen, held in folds(given):
        held_out += held
        assert (seen != held).all()
        assert not set(which[seen]) & set(which[held])

    assert (held_out == 1).all()


def test_conversations_with_a_yes_are_spread_over_the_folds():
    given = answers([0.5] * 100, [1] * 10 + [0] * 90)

    assert [int(given.truth[held].sum()) for _, held in folds(given)] == [2] * FOLDS


def test_folds_do_not_depend_on_the_order_of_answers():
    given = told(n=200)
    backwards = answers(
        given.scores[::-1], given.truth[::-1], conversations=given.conversations[::-1]
    )

    forth, back = cross_validated(given), cross_validated(backwards)

    assert back[::-1] == pytest.approx(forth, abs=1e-9)


def test_brier_skill_by_hand():
    # Base rate 1/4: 1/4 x 3/4 = 0.1875. Errors 0.25, 0.25, 0, 0: 0.125.
    truth, predicted = np.array([1, 0, 0, 0], bool), np.array([0.5, 0.5, 0, 0])

    found = skill(np.ones((1, 4)), predicted, truth)

    assert found == pytest.approx([1 - 0.125 / 0.1875])


def test_brier_skill_is_unknown_where_all_say_the_same():
    found = skill(np.ones((1, 2)), np.array([0.5, 0.5]), np.array([True, True]))

    assert np.isnan(found).all()


def test_brier_is_that_of_scikit_learn():
    given = told(n=100)
    weights = np.linspace(0.5, 1.5, 100)
    predicted = np.linspace(0, 1, 100)

    found = brier(predicted, answers(given.scores, given.truth, weights))

    expected = brier_score_loss(given.truth, predicted, sample_weight=weights)
    assert found == pytest.approx(expected, abs=1e-12)


def test_calibration_error_by_hand():
    # 0.2 said 50 times, true 20 times; 0.8 said 50 times, true 40 times:
    # (|50 x 0.2 - 20| + |50 x 0.8 - 40|) / 100 = 0.1.
    predicted = np.repeat([0.2, 0.8], 50)
    truth = [1] * 20 + [0] * 30 + [1] * 40 + [0] * 10

    assert ece(predicted, answers(predicted, truth)) == pytest.approx(0.1)


def test_scores_that_are_too_high_are_lowered():
    given = told(n=1500)

    found = figures(cross_validated(given), given)

    assert found.helps
    assert found.skill.low > 0
    assert found.skill.value > found.skill_before
    assert found.ece_after < found.ece_before / 2


def test_the_simplest_of_equal_methods_is_chosen():
    # One score for all: no curve can tell more than the base rate does.
    given = answers([0.5] * 200, [1, 0, 0, 0] * 50)

    assert choose(given).method == "base_rate"


def test_scores_that_say_nothing_get_the_base_rate():
    rng = np.random.Generator(np.random.PCG64(5))
    given = answers(rng.uniform(0.05, 1, 400), rng.random(400) < 0.3)

    found = fit_label(JOY, given)

    assert found.figures.skill.value <= 0
    assert (found.method, found.note) == ("base_rate", NOT_ABOVE)
    assert found.curve.unstored == pytest.approx(given.rate, abs=1e-6)


def test_a_label_with_too_few_answers_gets_no_curve():
    found = fit_label(JOY, answers([0.5] * 50, [1] + [0] * 49))

    assert (found.curve, found.figures, found.method) == (None, None, "none")
    assert found.note == "people said yes 1 time; 10 are needed"


def test_a_calibration_comes_back_from_json_as_it_was():
    few = fit_label(FEAR, answers([0.5] * 9, [1] * 9))
    enough = fit_label(JOY, told(n=400))
    made = Calibration(annotator_id="a@1", fitted_on="gold-1", labels=(few, enough))

    again = Calibration.from_json(made.to_json())

    assert again == made
    assert again.calibration_id == made.calibration_id


def test_equal_answers_give_an_equal_id_and_others_another():
    made = [
        Calibration(
            annotator_id="a@1",
            fitted_on="gold-1",
            labels=(fit_label(JOY, told(seed=seed)),),
        )
        for seed in (1, 1, 2)
    ]

    assert made[0].calibration_id == made[1].calibration_id != made[2].calibration_id


def test_intervals_that_are_not_known_are_null_in_json():
    label = fit_label(JOY, told(n=400))
    known = label.figures
    unknown = known.skill._replace(low=math.nan, high=math.nan)
    label = replace(label, figures=replace(known, skill=unknown))
    made = Calibration(annotator_id="a@1", fitted_on="gold-1", labels=(label,))

    again = Calibration.from_json(made.to_json()).labels[0].figures.skill

    assert math.isnan(again.low)
    assert again.value == known.skill.value
