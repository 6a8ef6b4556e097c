import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from sklearn.linear_model import LogisticRegression

from affectflow.batches import labelling as labels
from affectflow.gold.calibration import STORED_FROM
from affectflow.gold.calibration.curves import METHODS, Curve
from affectflow.gold.calibration.fitting import Answers, fit


def answers(scores, truth, weights=None, conversations=None) -> Answers:
    """Returns answers, each of a conversation of its own if nothing else is said."""
    n = len(truth)
    given = np.ones(n) if weights is None else np.asarray(weights, np.float64)
    numbers = np.arange(n) if conversations is None else np.asarray(conversations)
    return Answers(
        scores=np.asarray(scores, np.float64),
        truth=np.asarray(truth, np.bool_),
        weights=given,
        conversations=numbers,
    )


def told(*, n: int = 300, seed: int = 0, slope: float = 1.0) -> Answers:
    """Returns answers whose log odds are `slope` times those of the scores, less 1."""
    rng = np.random.Generator(np.random.PCG64(seed))
    scores = rng.beta(1, 3, n)
    truth = rng.random(n) < special.expit(slope * special.logit(scores) - 1)
    return answers(np.where(scores < STORED_FROM, np.nan, scores), truth)


def test_what_is_stored_is_the_same_for_annotators_and_for_calibration():
    assert STORED_FROM == labels.STORED_FROM


def test_isotonic_regression_on_six_scores_pools_those_that_fall():
    # 0 | 1 0 0 | 1 1, each 20 times: the three in the middle fall, and share 1/3.
    truth = np.repeat([0, 1, 0, 0, 1, 1], 20)
    scores = np.repeat([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 20)

    curve = fit("isotonic", answers(scores, truth))

    at = curve.probabilities(np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0]))
    low, high = 1 / 122, 121 / 122  # never 0 or 1: so many answers, and two more
    assert at == pytest.approx(
        [low, low, 1 / 3, 1 / 3, 1 / 3, high, high, high], abs=1e-6
    )
    between = curve.probabilities(np.array([0.15]))
    assert between == pytest.approx([(low + 1 / 3) / 2], abs=1e-6)


def test_platt_is_scikit_learns_logistic_regression_on_log_odds():
    given = told()
    weights = np.linspace(0.5, 1.5, len(given))
    given = answers(given.scores, given.truth, weights)
    stored = ~np.isnan(given.scores)

    curve = fit("platt", given)

    odds = special.logit(given.scores[stored])[:, None]
    reference = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(
        odds, given.truth[stored], sample_weight=weights[stored]
    )
    assert curve.parameters["slope"][0] == pytest.approx(
        reference.coef_[0, 0], abs=1e-4
    )
    found = curve.probabilities(given.scores[stored])
    assert found == pytest.approx(reference.predict_proba(odds)[:, 1], abs=1e-4)


def test_beta_is_scikit_learns_logistic_regression_on_both_logarithms():
    given = told(n=2000).stored

    curve = fit("beta", given)

    x = np.stack([np.log(given.scores), -np.log1p(-given.scores)], axis=1)
    reference = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(
        x, given.truth
    )
    assert (reference.coef_ > 0).all()
    found = curve.probabilities(given.scores)
    assert found == pytest.approx(reference.predict_proba(x)[:, 1], abs=1e-4)


def test_a_slope_that_would_fall_is_left_out():
    given = told(slope=-1.0)

    assert fit("platt", given).parameters["slope"] == (0.0,)
    assert min(fit("beta", given).parameters["slopes"]) == 0.0


def test_labels_that_are_not_stored_have_a_rate_of_their_own():
    # Stored: 6 of 10 yes; not stored: 1 of 30. The base rate is 7 / 40 = 0.175, and
    # counts as two more answers: (6 + 0.35) / 12 and (1 + 0.35) / 32.
    scores = [0.5] * 10 + [math.nan] * 30
    truth = [1] * 6 + [0] * 4 + [1] + [0] * 29

    curve = fit("stored", answers(scores, truth))

    assert curve.parameters["rate"][0] == pytest.approx(6.35 / 12, abs=1e-6)
    assert curve.unstored == pytest.approx(1.35 / 32, abs=1e-6)
    assert curve.probabilities(np.array([math.nan, 0.9])) == pytest.approx(
        [1.35 / 32, 6.35 / 12], abs=1e-6
    )


def test_a_base_rate_weighs_answers_by_how_rarely_they_were_asked_for():
    # 1 yes that stands for 3, and 1 no that stands for 1.
    curve = fit("base_rate", answers([0.9, 0.1], [1, 0], weights=[1.5, 0.5]))

    assert curve.probabilities(np.array([0.9, math.nan])) == pytest.approx([0.75, 0.75])


def test_a_label_that_people_say_whenever_it_is_stored_gets_two_rates():
    # Stored: 10 of 10 yes; not stored: 0 of 10. The base rate of 0.5 counts twice.
    curve = fit("stored", answers([0.5] * 10 + [math.nan] * 10, [1] * 10 + [0] * 10))

    assert curve.parameters["rate"][0] == pytest.approx(11 / 12, abs=1e-6)
    assert curve.unstored == pytest.approx(1 / 12, abs=1e-6)


@pytest.mark.parametrize(
    ("method", "yes", "no"),
    [("stored", 0, 9), ("platt", 4, 99), ("beta", 99, 9), ("isotonic", 49, 99)],
)
def test_a_method_without_enough_stored_answers_gives_no_curve(method, yes, no):
    truth = [1] * yes + [0] * no
    scores = np.linspace(0.1, 0.9, len(truth))

    assert fit(method, answers(scores, truth)) is None


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(130, 260),
    unstored=st.floats(0, 0.9),
    method=st.sampled_from(METHODS),
)
def test_probabilities_rise_with_scores_and_stay_inside_0_to_1(
    seed, n, unstored, method
):
    rng = np.random.Generator(np.random.PCG64(seed))
    scores = np.where(
        rng.random(n) < unstored, np.nan, rng.random(n).astype(np.float32)
    )
    weights = rng.uniform(0.1, 5, n)
    curve = fit(method, answers(scores, rng.random(n) < 0.5, weights / weights.mean()))
    if curve is None:
        return

    grid = np.concatenate([[0.0, 1e-9, STORED_FROM], np.linspace(0, 1, 999), [1.0]])
    found = curve.probabilities(np.sort(grid))

    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= -1e-12).all()
    assert 0 <= curve.unstored <= curve.probabilities(np.array([STORED_FROM]))[0]


def test_a_curve_of_no_scores_gives_no_probabilities():
    curve = Curve(method="base_rate", parameters={"rate": (0.2,)}, unstored=0.2)

    assert len(curve.probabilities(np.array([]))) == 0
