import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from affectflow.batches import bootstrap
from affectflow.batches.bootstrap import Interval
from affectflow.gold.figures import accuracy, agreement, prevalence
from affectflow.gold.figures.prevalence import Tally

NO = -1
# Krippendorff 2011, Computing Krippendorff's alpha-reliability, section C: twelve
# units, four observers, five values, some of them missing.
KRIPPENDORFF = [
    [1, 1, NO, 1],
    [2, 2, 3, 2],
    [3, 3, 3, 3],
    [3, 3, 3, 3],
    [2, 2, 2, 2],
    [1, 2, 3, 4],
    [4, 4, 4, 4],
    [1, 1, 2, 1],
    [2, 2, 2, 2],
    [NO, 5, 5, 5],
    [NO, NO, 1, 1],
    [NO, NO, 3, NO],
]
# The same paper, section A: ten units, two observers, two values.
TWO_OBSERVERS = [
    *[[0, 0]] * 5,
    [1, 1],
    *[[0, 1]] * 3,
    [1, 0],
]


# -- agreement -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param(KRIPPENDORFF, 0.743, id="published: missing answers"),
        # Coincidences: o01 = o10 = 4, n0 = 14, n1 = 6, n = 20;
        # 1 - 19 * 4 / (14 * 6) = 0.095.
        pytest.param(TWO_OBSERVERS, 0.095, id="published: two observers"),
        # Pairs 00, 11, 01, 00: o01 = 1, n0 = 5, n1 = 3; 1 - 7 * 1 / 15 = 0.533.
        pytest.param([[0, 0], [1, 1], [0, 1], [0, 0]], 0.533, id="by hand"),
        # o01 = 2, n0 = n1 = 2, n = 4; 1 - 3 * 2 / 4 = -0.5.
        pytest.param([[0, 1], [1, 0]], -0.5, id="always against one another"),
        pytest.param([[0, 0], [1, 1]], 1.0, id="full"),
        pytest.param([[1, 1], [1, 1]], np.nan, id="nothing could disagree"),
        pytest.param([[0, NO], [NO, 1]], np.nan, id="nobody shares a unit"),
    ],
)
def test_alpha_is_that_of_the_hand_examples(answers, expected):
    assert agreement.alpha(np.array(answers)) == pytest.approx(
        expected, abs=5e-4, nan_ok=True
    )


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param(KRIPPENDORFF, 0.849, id="published: missing answers"),
        # Units 1 2 and 2 4: observed 2 * (1 + 4) = 10; of all ordered pairs of 1, 2, 2
        # and 4 the squares are 2 * (1 + 1 + 9 + 0 + 4 + 4) = 38; 1 - 3 * 10 / 38.
        pytest.param([[1, 2], [2, 4]], 0.2105, id="by hand"),
        # Two neighbouring points are as far apart as any two names.
        pytest.param(TWO_OBSERVERS, 0.095, id="two points: as of names"),
        pytest.param([[5, 5], [5, 5]], np.nan, id="nothing could differ"),
    ],
)
def test_alpha_of_a_scale_is_that_of_the_hand_examples(answers, expected):
    assert agreement.alpha(np.array(answers), scale=True) == pytest.approx(
        expected, abs=5e-4, nan_ok=True
    )


def test_a_rater_more_who_answers_nothing_changes_no_alpha():
    answers = np.array(KRIPPENDORFF)
    silent = np.full((len(answers), 1), NO)

    assert agreement.alpha(np.hstack([answers, silent])) == agreement.alpha(answers)


@given(st.permutations(range(4)), st.permutations(range(12)))
def test_alpha_knows_no_order_of_raters_nor_of_units(raters, units):
    answers = np.array(KRIPPENDORFF)

    shuffled = answers[units][:, raters]
    assert agreement.alpha(shuffled) == pytest.approx(agreement.alpha(answers))


def test_alpha_counts_a_unit_twice_as_its_weight_says():
    answers = np.array([[0, 0], [1, 1], [0, 1], [1, 1]])
    weights = np.array([[1.0, 2.0, 1.0, 0.0]])
    repeated = answers[[0, 1, 1, 2]]

    found = agreement.weighted_alpha(weights, agreement.count_answers(answers))

    assert found[0] == pytest.approx(agreement.alpha(repeated))


def test_the_interval_of_alpha_holds_its_value():
    answers = np.array(KRIPPENDORFF)
    found = agreement.alpha_interval(answers, list(range(12)))

    assert found.low < found.value < found.high <= 1.0
    assert found.value == pytest.approx(agreement.alpha(answers))


@pytest.mark.parametrize(
    ("answers", "threads"),
    [
        pytest.param(KRIPPENDORFF, [0, 1, 2, 3] * 3, id="four conversations"),
        pytest.param([[0, 0], [1, 1]] * 10, range(20), id="full in every draw"),
    ],
)
def test_an_alpha_that_no_draw_tells_about_has_no_interval(answers, threads):
    found = agreement.alpha_interval(np.array(answers), list(threads))

    assert found.value == agreement.alpha(np.array(answers))
    assert np.isnan([found.low, found.high]).all()


# -- bootstrap -----------------------------------------------------------------------


def mean_of(values):
    return lambda w: accuracy.rate(
        w, np.array(values, bool), np.ones(len(values), bool)
    )


def test_units_of_one_conversation_are_drawn_together():
    drawn = bootstrap.draws_of(["a", "a", "b", "c"], draws=50)

    assert (drawn[:, 0] == drawn[:, 1]).all()
    # Three conversations are drawn each time; `a` is one of them, though it has two.
    assert (drawn[:, 1:].sum(axis=1) == 3).all()


def test_equal_seeds_draw_equal_samples():
    ids = list(range(20))

    assert (bootstrap.draws_of(ids, seed=1) == bootstrap.draws_of(ids, seed=1)).all()
    assert (bootstrap.draws_of(ids, seed=1) != bootstrap.draws_of(ids, seed=2)).any()


def test_the_interval_of_a_share_is_that_of_the_binomial():
    values = [1] * 100 + [0] * 300
    found = bootstrap.bootstrap(range(400), mean_of(values))

    # 0.25 +- 1.96 * sqrt(0.25 * 0.75 / 400) = 0.25 +- 0.042
    assert found.value == 0.25
    assert found.low == pytest.approx(0.208, abs=0.01)
    assert found.high == pytest.approx(0.292, abs=0.01)


def test_messages_of_few_conversations_have_a_wide_interval():
    values = [1] * 100 + [0] * 300
    alone = bootstrap.bootstrap(range(400), mean_of(values))
    threads = bootstrap.bootstrap([i // 50 for i in range(400)], mean_of(values))

    assert threads.high - threads.low > 3 * (alone.high - alone.low)


def test_weights_move_the_value():
    # One of weight 9 says yes, one of weight 1 no.
    found = bootstrap.bootstrap(
        ["a", "b"], mean_of([1, 0]), weights=np.array([9.0, 1.0])
    )

    assert found.value == 0.9


def test_what_is_mostly_undefined_has_no_interval():
    def seldom(weights):
        return np.where(weights[:, 0] > 2, 1.0, np.nan) if len(weights) > 1 else [1.0]

    found = bootstrap.bootstrap(range(30), seldom)

    assert found.value == 1.0
    assert np.isnan([found.low, found.high]).all()


def test_nothing_to_draw_from_has_no_value():
    assert np.isnan(bootstrap.bootstrap([], mean_of([]))).all()


def test_a_thousand_draws_of_400_units_take_well_under_a_second():
    answers = np.random.default_rng(0).integers(0, 2, (400, 3))
    begun = time.perf_counter()

    agreement.alpha_interval(answers, range(400))

    assert time.perf_counter() - begun < 0.5


# -- accuracy ------------------------------------------------------------------------

#        found and so, found and not so, missed, rightly left alone
PREDICTED = np.array([True, True, True, False, False, False])
ACTUAL = np.array([True, True, False, True, False, False])
ONES = np.ones((1, 6))


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (accuracy.precision, 2 / 3),
        (accuracy.recall, 2 / 3),
        (accuracy.specificity, 2 / 3),
    ],
    ids=["precision", "recall", "specificity"],
)
def test_figures_are_counted_by_hand(figure, expected):
    assert figure(ONES, PREDICTED, ACTUAL)[0] == pytest.approx(expected)


def test_recall_counts_a_rarely_drawn_miss_for_many():
    weights = np.array([[1.0, 1.0, 1.0, 8.0, 1.0, 1.0]])

    assert accuracy.recall(weights, PREDICTED, ACTUAL)[0] == pytest.approx(2 / 10)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_precision_and_recall_are_those_of_scikit_learn(pairs):
    predicted, actual = (np.array(each) for each in zip(*pairs, strict=True))
    ours = [
        figure(np.ones((1, len(pairs))), predicted, actual)[0]
        for figure in (accuracy.precision, accuracy.recall)
    ]
    theirs = precision_recall_fscore_support(
        actual, predicted, average="binary", zero_division=np.nan
    )[:2]

    assert ours == pytest.approx(theirs, nan_ok=True)


@pytest.mark.parametrize(
    ("share", "n", "ends"),
    [
        # 10 / (10 + 1.96 ** 2) = 0.722
        pytest.param(1.0, 10, (0.722, 1.0), id="ten of ten"),
        pytest.param(0.5, 10, (0.237, 0.763), id="five of ten"),
    ],
)
def test_wilsons_interval_has_a_width_where_no_draw_has_one(share, n, ends):
    expected = Interval(share, *ends)

    assert accuracy.wilson(share, n) == pytest.approx(expected, abs=1e-3)


# -- prevalence ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("apparent", "precision", "missed", "expected"),
    [
        # 0.3 * 0.8 + 0.7 * 0.1
        pytest.param(0.3, 0.8, 0.1, 0.31, id="by hand"),
        pytest.param(0.3, 1.0, 0.0, 0.3, id="no error, no correction"),
        pytest.param(0.3, 0.2, 0.2, 0.2, id="no better than chance: a share too"),
        pytest.param(0.0, np.nan, 0.1, np.nan, id="nothing found"),
    ],
)
def test_shares_are_corrected_stratum_by_stratum(apparent, precision, missed, expected):
    found = prevalence.post_stratified(apparent, precision, missed)

    assert float(found) == pytest.approx(expected, nan_ok=True)


def lake_of(share, conversations=2000, size=5):
    """Returns a tally: conversations of one size, a share of them of the label."""
    chosen = int(conversations * share)
    return Tally(
        np.array([float(size)] * 2),
        np.array([0.0, float(size)]),
        np.array([float(conversations - chosen), float(chosen)]),
    )


def gold_of(hits, misses, alarms, calm):
    predicted = [True] * hits + [False] * misses + [True] * alarms + [False] * calm
    actual = [True] * (hits + misses) + [False] * (alarms + calm)
    return np.array(predicted), np.array(actual)


def judged(predicted, actual, tally):
    return prevalence.prevalence(
        np.arange(len(actual)),
        predicted,
        actual,
        weights=np.ones(len(actual)),
        tally=tally,
    )


def test_a_share_is_corrected_with_an_interval():
    # Precision 40 / 75; of the rest 10 / 325 are so: 0.3 * 0.533 + 0.7 * 0.031 = 0.182.
    found = judged(*gold_of(40, 10, 35, 315), lake_of(0.3))

    share = 0.3 * 40 / 75 + 0.7 * 10 / 325
    assert found.apparent.value == pytest.approx(0.3)
    assert found.corrected.value == pytest.approx(share)
    assert 0.12 < found.corrected.low < share < found.corrected.high < 0.25
    assert found.youden.low > 0


def test_an_annotator_that_guesses_widens_no_interval():
    # Of 400 answers 50 are yes, whatever it finds: as wide as those alone, 0.065.
    found = judged(*gold_of(10, 40, 70, 280), lake_of(0.2))

    assert found.corrected.value == pytest.approx(0.125)
    assert found.corrected.high - found.corrected.low == pytest.approx(0.065, abs=0.01)
    assert found.youden.low < 0


@pytest.mark.parametrize(
    ("gold", "apparent"),
    [
        pytest.param((0, 40, 0, 60), 0.0, id="none of the answered"),
        pytest.param((40, 0, 60, 0), 0.9, id="all of the answered"),
    ],
)
def test_an_annotator_that_tells_nothing_apart_leaves_peoples_share(gold, apparent):
    found = judged(*gold_of(*gold), lake_of(apparent))

    # 0.4 +- 1.96 * sqrt(0.4 * 0.6 / 100)
    assert found.corrected == pytest.approx(Interval(0.4, 0.304, 0.496), abs=0.02)


def test_a_label_that_nobody_found_has_a_share_above_zero_at_most():
    found = judged(*gold_of(0, 0, 0, 100), lake_of(0.0))

    # Jeffreys: the 97.5th percentile of Beta(0.5, 100.5) is 0.025.
    assert found.corrected == pytest.approx(Interval(0.0, 0.0, 0.025), abs=0.004)


def test_a_perfect_score_on_few_positives_is_not_taken_for_certain():
    # All 6 found: of what it finds, a tenth may well be wrong.
    found = judged(*gold_of(6, 0, 0, 100), lake_of(0.1))

    assert found.corrected.value == pytest.approx(0.1)
    assert found.corrected.low < 0.09
    assert found.corrected.high > 0.11


def test_one_big_conversation_makes_the_raw_share_uncertain():
    small = Tally(np.array([1.0, 1.0]), np.array([0.0, 1.0]), np.array([900.0, 100.0]))
    big = Tally(np.array([1.0, 500.0]), np.array([0.0, 100.0]), np.array([500.0, 1.0]))

    spreads = [np.std(prevalence.apparent_draws(each)) for each in (small, big)]

    assert [float(prevalence.apparent_of(t)[0]) for t in (small, big)] == [0.1, 0.1]
    # sqrt(0.1 * 0.9 / 1000) = 0.0095
    assert spreads[0] == pytest.approx(0.0095, abs=0.001)
    assert spreads[1] > 5 * spreads[0]


def test_many_conversations_of_unlike_size_are_drawn_in_seconds():
    generator = np.random.default_rng(3)
    messages = generator.geometric(0.01, 30_000).astype(float)
    chosen = generator.binomial(messages.astype(int), 0.1).astype(float)
    tally = Tally(messages, chosen, np.ones(len(messages)))
    begun = time.perf_counter()

    draws = prevalence.apparent_draws(tally)

    assert time.perf_counter() - begun < 5
    # The ratio estimator's standard error, from the residuals.
    residual = chosen - chosen.sum() / messages.sum() * messages
    expected = np.sqrt((residual**2).sum()) / messages.sum()
    assert draws.std() == pytest.approx(expected, rel=0.15)
