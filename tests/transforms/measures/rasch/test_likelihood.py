"""The many-facet model: probabilities, and likelihoods against differences of them."""

import numpy as np
import pytest

from affectflow_transforms.measures.rasch.conditional import Conditional
from affectflow_transforms.measures.rasch.design import bundled, design_of
from affectflow_transforms.measures.rasch.marginal import Marginal, grid, moments
from affectflow_transforms.measures.rasch.measure import FacetedRasch
from affectflow_transforms.measures.rasch.ratings import ratings_of
from tests.given.ratings import simulated

STEP = 1e-5


def test_probabilities_of_a_rating_by_hand():
    heights = np.cumsum([0.0, -1.0, 0.0, 1.0])

    found = moments(np.array(1 - 0.5 - 0.25), heights, np.arange(4.0))

    # exp(0), exp(1.25), exp(1.5), exp(0.75), by their sum.
    assert found.shares == pytest.approx([0.09018, 0.31476, 0.40416, 0.19091], abs=5e-6)
    assert found.mean == pytest.approx(0.31476 + 2 * 0.40416 + 3 * 0.19091, abs=3e-5)


def test_a_rating_that_nobody_gives_has_no_probability_of_its_own():
    found = moments(np.array(0.5), np.zeros(2), np.array([0.0, 3.0]))

    assert found.shares == pytest.approx(
        [1 / (1 + np.exp(1.5)), 1 / (1 + np.exp(-1.5))]
    )


@pytest.fixture(scope="module")
def ratings():
    made = FacetedRasch()
    rows = simulated(60, 3, 5, each=3).rows
    (batch,) = rows.to_batches()
    state = made.merge([made.add(made.create(), batch)])
    return ratings_of(state.filter(state["left_out"].is_null()))


def models(ratings):
    design = design_of(ratings)
    marginal = Marginal(ratings, design)
    nodes = grid(41)
    yield marginal.size, lambda vector: marginal.at(vector, nodes)
    conditional = Conditional(ratings, design)
    yield conditional.size, conditional.at


def test_gradients_and_information_are_differences_of_the_likelihood(ratings):
    for size, at in models(ratings):
        random = np.random.default_rng(1)
        # Persons need a deviation that is not near 0.
        here = np.append(random.normal(0, 0.3, size - 1), 1.2)
        direction = random.normal(size=size)
        point, after, before = (
            at(here + step * direction) for step in (0, STEP, -STEP)
        )

        rise = (after.value - before.value) / (2 * STEP)
        assert point.gradient @ direction == pytest.approx(rise, rel=1e-6)
        bend = -(after.gradient - before.gradient) / (2 * STEP)
        assert point.product(direction) == pytest.approx(bend, rel=1e-5, abs=1e-4)


def test_bundles_count_the_ratings_of_persons_in_cells(ratings):
    design = design_of(ratings)
    n_cells = design.places.shape[0]

    by_person, by_bundle = bundled(ratings, design.cell, n_cells)

    counted = np.zeros((len(ratings.persons), n_cells))
    np.add.at(counted, (ratings.person, design.cell), 1)
    assert ((by_person @ by_bundle).toarray() == counted).all()
    # Each rater uses all items: a bundle each.
    assert by_bundle.shape[0] == 5
