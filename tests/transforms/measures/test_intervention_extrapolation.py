"""InterventionExtrapolation: actions that nobody tried, where the answer is known."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.neural_network import MLPRegressor
from sklearn.tree import DecisionTreeRegressor

from affectflow import registry
from affectflow.errors import UsageError
from affectflow.stages.measure import measure_file


@pytest.fixture(scope="module")
def toy():
    """A moves Z = 2A + V; Y = Z² + V + e, so E[Y | do(a)] = 4a² + 1 (paper 31)."""
    generator = np.random.default_rng(31)
    a = generator.uniform(-1, 1, 3000)
    v = generator.normal(size=3000)
    z = 2 * a + v
    return {"a": a, "z": z, "y": z**2 + v + generator.normal(size=3000)}


def fitted(columns, **options):
    made = registry.make("measures", "InterventionExtrapolation", options)
    state = made.add(made.create(), pa.RecordBatch.from_pydict(columns))
    rows = made.extract(state).to_pylist()
    return {(row["unit_id"], row["label"]): row for row in rows}


NAMES = {"action": "a", "latent": "z", "outcome": "y"}


def test_an_action_far_outside_of_what_was_tried_is_foreseen(toy):
    said = fitted(toy, **NAMES, at="3")

    assert said["a=3", "expected"]["value"] == pytest.approx(37, rel=0.05)
    assert said["a=3", "outside_support"]["value"] == pytest.approx(2, abs=0.01)
    assert said["a=3", "latent_outside"]["value"] > 0.5


def test_what_fits_the_outcome_by_the_action_alone_does_not_foresee_it(toy):
    a, y = toy["a"][:, None], toy["y"]
    tree = DecisionTreeRegressor(min_samples_leaf=50, random_state=0).fit(a, y)
    network = MLPRegressor(hidden_layer_sizes=(16,), tol=0.05, random_state=0).fit(a, y)

    for model in (tree, network):
        assert abs(model.predict([[3.0]])[0] - 37) > 0.3 * 37


def test_actions_inside_of_what_was_tried_are_not_outside(toy):
    said = fitted(toy, **NAMES, at="0,0.5")

    assert said["a=0", "expected"]["value"] == pytest.approx(1, abs=0.2)
    assert said["a=0.5", "expected"]["value"] == pytest.approx(2, abs=0.2)
    assert said["a=0.5", "outside_support"]["value"] == 0


def test_two_actions_tell_two_latents_apart():
    generator = np.random.default_rng(2)
    a, v = generator.uniform(-1, 1, (2000, 2)), generator.normal(size=(2000, 2))
    z = a @ np.array([[2.0, 0.5], [0.0, 1.5]]) + v
    y = z[:, 0] * z[:, 1] + v[:, 0] + 0.1 * generator.normal(size=2000)
    columns = {"a": a[:, 0], "b": a[:, 1], "z": z[:, 0], "w": z[:, 1], "y": y}

    said = fitted(columns, action="a,b", latent="z,w", outcome="y", at="2,2")

    # E = (2 * 2) * (0.5 * 2 + 1.5 * 2) = 16, as the rests do not go together.
    assert said["a=2,b=2", "expected"]["value"] == pytest.approx(16, rel=0.05)
    distance = said["a=2,b=2", "outside_support"]["value"]
    assert distance == pytest.approx(2**0.5, abs=0.01)


def test_without_an_action_the_ends_of_what_was_tried_are_answered(toy):
    said = fitted(toy, **NAMES)

    assert said["a=highest", "expected"]["value"] == pytest.approx(5, rel=0.1)
    assert said["a=lowest", "outside_support"]["value"] == 0


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        pytest.param(
            {"a": [0.0] * 40}, "an action is the same everywhere", id="action"
        ),
        pytest.param(
            {"y": [1.0] * 40}, "the outcome is the same everywhere", id="same"
        ),
        pytest.param(
            {"z": np.arange(40) % 4 * 2.0}, "nothing but the action moves", id="exact"
        ),
        pytest.param(
            {"z": np.arange(40) // 4 % 5 * 1.0}, "the action hardly moves", id="weak"
        ),
    ],
)
def test_what_cannot_be_foreseen_has_no_value_and_a_reason(changed, why):
    n = np.arange(40)
    columns = {"a": n % 4 * 1.0, "z": n % 4 + n % 7 * 1.0, "y": n % 7 * 1.0, **changed}

    row = fitted(columns, **NAMES, at="9")["a=9", "expected"]

    assert row["value"] is None
    assert row["why"].startswith(why)


def test_few_rows_foresee_nothing():
    columns = {"a": [0.0, 1.0], "z": [1.0, 3.0], "y": [2.0, 4.0]}

    row = fitted(columns, **NAMES, at="9")["a=9", "expected"]

    assert row["why"] == "2 rows are too few for 3 terms"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latent": "z,w"}, "2 latents need as many actions to tell them apart, got 1"),
        ({"latent": "action"}, "different columns, got action, action, outcome"),
        ({"at": "inf"}, "`at` must have a finite number for each of action, got inf"),
        ({"action": "a,b", "at": "1"}, "a finite number for each of a, b, got 1"),
    ],
)
def test_options_that_cannot_be_answered_are(options, message):
    with pytest.raises(UsageError, match=message):
        registry.make("measures", "InterventionExtrapolation", options)


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("moderation,distress\n1,2\n")

    with pytest.raises(UsageError, match=r"needs the column 'latent': .* moderation, "):
        measure_file(
            str(path),
            "InterventionExtrapolation",
            options={"action": "moderation", "outcome": "distress"},
        )


# -- a latent that is not observed -----------------------------------------------------


@pytest.mark.proof
@pytest.mark.torch
def test_a_latent_that_shows_only_bent_is_learned_as_the_action_moves_it():
    """Any one column in its place is far off; the truth is 17 at a = 2."""
    generator = np.random.default_rng(31)
    a, v = generator.uniform(-1, 1, 1500), generator.normal(size=1500)
    z = 2 * a + v
    y = z**2 + v + generator.normal(size=1500)
    seen = {"x": np.exp(z / 2), "w": z + z**3 / 10, "u": np.tanh(z / 3)}
    asked = {"action": "a", "outcome": "y", "at": "2"}

    said = fitted({"a": a, "y": y, **seen}, **asked, latent="z", observed="x,w,u")

    assert said["a=2", "expected"]["value"] == pytest.approx(17, rel=0.2)
    for name in seen:
        alone = fitted({"a": a, "y": y, **seen}, **asked, latent=name)
        assert abs(alone["a=2", "expected"]["value"] - 17) > 0.4 * 17
    assert said["z", "strength"]["value"] > 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latent": "z,w", "action": "a,b", "observed": "x"}, "2 latents need as many"),
        ({"latent": "x", "observed": "x,u"}, "must be different columns"),
    ],
)
def test_columns_that_cannot_show_a_latent_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        registry.make("measures", "InterventionExtrapolation", options)
