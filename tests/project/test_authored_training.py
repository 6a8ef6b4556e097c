"""What models learn from the authored corpus: soft labels, weights, no short cuts."""

import numpy as np
import pytest

from tests.quality.authored import shortcuts, training
from tests.quality.authored.reading import rows
from tests.quality.authored.shares import SHARES, within


def row(*emotions, frustration=0, irritation=0, trap=""):
    return {
        "emotions": emotions,
        "frustration": frustration,
        "irritation": irritation,
        "trap": trap,
    }


def test_a_soft_label_is_the_share_of_the_passes_that_give_it():
    first = {
        "a": row("anger", "sadness", frustration=1, irritation=1),
        "b": row("neutral"),
    }
    second = {"a": row("sadness", frustration=1, trap="civil"), "b": row("curiosity")}

    assert training.soft_labels([first, second]) == {
        "a": {
            "anger": 0.5,
            "sadness": 1.0,
            "frustration": 1.0,
            "irritation": 0.5,
            "trap": 0.5,
        },
        "b": {"neutral": 0.5, "curiosity": 0.5},
    }


def test_every_text_has_a_soft_label():
    soft = training.soft_labels()

    assert soft.keys() == {row["id"] for row in rows("texts")}
    assert {share for each in soft.values() for share in each.values()} == {0.5, 1.0}


def test_a_tenth_of_the_briefs_is_for_choosing_in_every_register():
    briefs = rows("briefs")
    kept = [row for row in briefs if training.is_development(row["brief"])]

    assert len(kept) == pytest.approx(len(briefs) / 10, abs=25)
    assert {row["register"] for row in kept} == {row["register"] for row in briefs}


def test_the_split_is_the_same_everywhere():
    assert training.is_development("A002")
    assert not training.is_development("A001")


def test_weights_bring_the_share_of_a_label_to_its_target():
    # Half are frustrated and a quarter should be: 0.25 / 0.5 and 0.75 / 0.5.
    shares = {"frustration": np.array([1.0, 1.0, 0.0, 0.0])}

    weights = training.weights(shares, {"frustration": 0.25})

    assert weights == pytest.approx([0.5, 0.5, 1.5, 1.5])


def test_weights_of_labels_that_are_independent_are_multiplied():
    shares = {
        "frustration": np.array([1.0, 1.0, 0.0, 0.0]),
        "trap": np.array([1.0, 0.0, 1.0, 0.0]),
    }

    weights = training.weights(shares, {"frustration": 0.25, "trap": 0.1})

    # 0.5 * 0.2, 0.5 * 1.8, 1.5 * 0.2, 1.5 * 1.8
    assert weights == pytest.approx([0.1, 0.9, 0.3, 2.7])


def test_weights_hold_where_one_label_implies_the_other():
    # Of three traps two are frustrated: x frustrated traps, y traps, z neither, with
    # 2x = 0.2 * 4, 2x + y = 0.5 * 4 and z the rest.
    shares = {
        "frustration": np.array([1.0, 1.0, 0.0, 0.0]),
        "trap": np.array([1.0, 1.0, 1.0, 0.0]),
    }

    weights = training.weights(shares, {"frustration": 0.2, "trap": 0.5})

    assert weights == pytest.approx([0.4, 0.4, 1.2, 2.0], abs=1e-4)


def test_a_soft_label_counts_in_part():
    share = np.array([1.0, 0.5, 0.5, 0.0])

    weights = training.weights({"frustration": share}, {"frustration": 0.25})

    assert weights.mean() == pytest.approx(1)
    assert weights @ share / 4 == pytest.approx(0.25, abs=1e-5)
    assert weights[0] < weights[1] == weights[2] < weights[3]


NO_WEIGHTS = {
    "nobody-has-it": ([0.0, 0.0], [1.0, 0.0], "all texts or none"),
    "one-is-part-of-the-other": ([1.0, 0.0], [1.0, 0.0], "no weights give"),
}


@pytest.mark.parametrize(
    ("frustration", "trap", "why"), NO_WEIGHTS.values(), ids=NO_WEIGHTS
)
def test_shares_that_no_weights_give_are_refused(frustration, trap, why):
    shares = {"frustration": np.array(frustration), "trap": np.array(trap)}

    with pytest.raises(ValueError, match=why):
        training.weights(shares, {"frustration": 0.3, "trap": 0.2})


def test_neither_length_nor_register_nor_brief_tells_frustration():
    found = shortcuts.of_form()

    assert found["length"] < 0.6
    assert found["register"] < 0.6
    assert found["brief"] < 0.6


def test_what_gives_frustration_away_is_found():
    # Twenty units, each with one row of each kind.
    truth = np.tile([True, False], 20)
    units = [f"{n // 2}" for n in range(40)]
    tells, tells_not = truth[:, None] * 1.0, np.ones((40, 1))

    assert shortcuts.auc(tells, truth, units) == 1.0
    assert shortcuts.auc(tells_not, truth, units) == pytest.approx(0.5, abs=0.2)


def test_a_share_of_the_briefs_is_within_every_larger_one():
    briefs = [f"A{number:03}" for number in range(400)]
    drawn = [{each for each in briefs if within(each, s)} for s in SHARES]

    assert drawn[0] == set()
    assert drawn[0] < drawn[1] < drawn[2] < drawn[3] == {*briefs}
    assert len(drawn[2]) == pytest.approx(200, abs=40)
