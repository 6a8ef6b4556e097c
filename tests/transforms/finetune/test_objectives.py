"""Objectives: their published values, and those that can be computed by hand."""

from math import exp, log

import pytest

from affectflow import registry
from affectflow.errors import UsageError
from affectflow.kinds.objective import HEADS, fits, heads_of
from affectflow.testing import check_objective
from affectflow_transforms.finetune import objectives
from affectflow_transforms.finetune.fitting import objective_of

pytestmark = pytest.mark.torch

LN3 = log(3)
THREE_QUARTERS = [[LN3, 0.0]]  # a softmax of .75 and .25, a sigmoid of .75 and .5


def loss(name, output, target, **options):
    import torch

    def tensor(given, whole=False):
        return torch.tensor(given, dtype=torch.int64 if whole else torch.float64)

    whole = isinstance(target, list) and all(isinstance(each, int) for each in target)
    wanted = None if target is None else tensor(target, whole)
    weights = options.pop("weights", None)
    if weights:
        options["weights"] = tensor(weights)
    return float(registry.load("objectives", name)(tensor(output), wanted, options))


@pytest.mark.parametrize(
    ("name", "output", "target", "options", "expected"),
    [
        ("cross_entropy", THREE_QUARTERS, [1], {}, log(4)),
        # (3 * log 4 + 1 * log 4/3) / (3 + 1)
        ("cross_entropy", THREE_QUARTERS * 2, [1, 0], {"weights": [1.0, 3.0]},
         (3 * log(4) + log(4 / 3)) / 4),
        ("bce", THREE_QUARTERS, [[1.0, 0.0]], {}, (log(4 / 3) + log(2)) / 2),
        ("bce", THREE_QUARTERS, [[1.0, 0.0]], {"weights": [3.0, 5.0]},
         (3 * log(4 / 3) + log(2)) / 2),
        # Lin et al. 2017, equation 4, with p = .25 and gamma = 2.
        ("focal", THREE_QUARTERS, [1], {}, 0.75**2 * log(4)),
        ("focal", THREE_QUARTERS, [1], {"gamma": 0.0}, log(4)),
        ("focal", THREE_QUARTERS, [[1.0, 0.0]], {},
         (0.25**2 * log(4 / 3) + 0.5**2 * log(2)) / 2),
        # KL of (.5, .5) from (.75, .25).
        ("distil", THREE_QUARTERS, [[0.0, 0.0]], {}, 0.5 * log(4 / 3)),
        ("distil", [[2 * LN3, 0.0]], [[0.0, 0.0]], {"temperature": 2.0},
         4 * 0.5 * log(4 / 3)),
        ("ordinal_soft", [[1.0] * 5], [2], {}, log(5)),
        # The published value has six digits: 1.13334.
        ("coral", [[2.0, 0.0, -1.0]], [2], {},
         log(1 + exp(-2)) + log(2) + log(1 + exp(-1))),
        # Of two items, of which one was not rated.
        ("coral", [[2.0, 0.0, -1.0, 5.0, 5.0, 5.0]], [[2, -1]], {},
         log(1 + exp(-2)) + log(2) + log(1 + exp(-1))),
        ("mse", [[1.0, 2.0]], [[1.0, 5.0]], {}, 4.5),
        ("huber", [0.5, 3.0], [0.0, 0.0], {}, (0.125 + 2.5) / 2),
        # Published: CCC 13/14, and .7142857 of values that are one too high.
        ("ccc", [1.0, 2, 3, 4], [1.0, 2, 3, 5], {}, 1 / 14),
        ("ccc", [1.0, 2, 3, 4], [2.0, 3, 4, 5], {}, 1 - 5 / 7),
        ("shares_mse", THREE_QUARTERS, [[0.5, 0.5]], {}, 0.0625),
        ("vad_mse", [[1.0, 0, 0], [7.0, 7, 7]], [[0.0, 0, 1], [0.0, 0, 0]], {}, 2 / 3),
        # Published, of d = 1 and a strength of 3.
        ("bradley_terry", [1.0], [3.0], {}, 0.3132616875),
        ("margin_bt", [1.0], [3.0], {}, 2.1269280110),
        ("scaled_bt", [1.0], [3.0], {}, 0.9397850626),
        # Published, of two orthonormal vectors: for three modalities the same.
        ("info_nce_pairwise", [[[1.0, 0], [0, 1]]] * 3, None, {"temperature": 1.0},
         0.3132616875),
        # Published.
        ("importance_kl", [0.4, 0.4, 0.2], [0.5, 0.3, 0.2], {}, 0.0252671540),
        ("mmr_linear", [[3.0], [5.0], [9.0]], [[1.0], [2.0], [4.0]], {}, 0.0),
    ],
)  # fmt: skip
def test_an_objective_has_its_published_value(name, output, target, options, expected):
    assert loss(name, output, target, **options) == pytest.approx(expected, abs=1e-9)


def test_the_published_value_of_coral_is_the_one_by_hand():
    assert loss("coral", [[2.0, 0.0, -1.0]], [2]) == pytest.approx(1.13334, abs=5e-6)


def test_soft_labels_are_those_published():
    import torch

    (found,) = objectives.soft_labels(torch.tensor([2]), 5)

    published = [0.000264, 0.106451, 0.786571, 0.106451, 0.000264]
    assert found.tolist() == pytest.approx(published, abs=5e-7)


def test_steps_far_away_cost_more_than_those_beside():
    near, far = (loss("ordinal_soft", [logits], [0])
                 for logits in ([0.0, 3, 0], [0.0, 0, 3]))  # fmt: skip

    assert near < far


def test_a_strong_preference_pulls_as_much_harder_as_it_is_strong():
    import torch

    pulls = []
    for name in ("bradley_terry", "scaled_bt"):
        d = torch.tensor([0.4], dtype=torch.float64, requires_grad=True)
        registry.load("objectives", name)(d, torch.tensor([3.0]), {}).backward()
        pulls.append(float(d.grad))

    assert pulls[1] == pytest.approx(3 * pulls[0], abs=1e-9)


def test_a_word_that_the_lexicon_has_not_changes_nothing():
    known = loss("vad_mse", [[1.0, 0, 0]], [[0.5, 0.5, 0.5]])

    more = loss("vad_mse", [[1.0, 0, 0], [9.0, 9, 9]], [[0.5] * 3, [0.0] * 3])

    assert more == known
    assert loss("vad_mse", [[9.0, 9, 9]], [[0.0] * 3]) == 0.0


def test_a_modality_that_is_missing_is_left_out():
    two = [[[1.0, 0], [0, 1]]] * 2
    noise = [[[0.3, 0.7], [0.9, -2.0]]]

    masked = loss("info_nce_pairwise", two + noise, [[1.0, 1], [1, 1], [0, 0]])

    assert masked == pytest.approx(loss("info_nce_pairwise", two, None), abs=1e-9)


def test_what_is_not_linear_in_the_action_is_punished():
    action = [[-1.0], [-0.5], [0.0], [0.5], [1.0]]

    cubes = [[8 * a**3] for (a,) in action]

    assert loss("mmr_linear", cubes, action) > 0.01


@pytest.mark.parametrize("name", registry.names("objectives"))
def test_an_objective_is_a_function_whose_first_line_says_what_it_does(name):
    objective = registry.load("objectives", name)

    assert objective.__name__ == name
    assert objective.__doc__.split("\n")[0].startswith("Makes ")


@pytest.mark.parametrize("name", registry.names("objectives"))
def test_an_objective_keeps_its_promises(name):
    check_objective(registry.load("objectives", name))


def test_every_head_has_an_objective_of_its_own_that_fits_it():
    for head in HEADS:
        assert head in heads_of(registry.load("objectives", objective_of(head)))


def test_an_objective_of_others_trains_the_heads_that_it_names(monkeypatch):
    @fits("value")
    def doubled(output, target, options):
        """Makes twice the distance small."""
        return 2 * (output - target).abs().mean()

    load, names = registry.load, registry.names
    monkeypatch.setattr(registry, "names", lambda kind: [*names(kind), "doubled"])
    monkeypatch.setattr(
        registry,
        "load",
        lambda kind, name: doubled if name == "doubled" else load(kind, name),
    )

    assert objective_of("value", "doubled") == "doubled"
    with pytest.raises(UsageError, match="head=one takes objective=cross_entropy or"):
        objective_of("one", "doubled")


BROKEN = {
    "shape": lambda output, target, options: (output - target).abs(),
    "not finite|is nan": lambda output, target, options: (output - target).log().mean(),
    "no gradient|is 0": lambda output, target, options: (0 * output).sum(),
    "does harm": lambda output, target, options: _climbing(output, target),
}


def _climbing(output, target):
    loss = ((output - target) ** 2).mean()
    return loss.detach() + (loss.detach() - loss)


@pytest.mark.parametrize("said", BROKEN)
def test_a_broken_promise_of_an_objective_is_named(said):
    objective = fits("value")(BROKEN[said])
    objective.__doc__ = "Breaks a promise."

    with pytest.raises(AssertionError, match=said):
        check_objective(objective)


def test_all_objectives_are_listed():
    assert set(registry.names("objectives")) >= {
        *("cross_entropy", "bce", "mse", "ccc", "ordinal_soft", "coral", "shares_mse"),
        *("info_nce_pairwise", "bradley_terry", "margin_bt", "scaled_bt", "distil"),
        *("importance_kl", "vad_mse", "mmr_linear", "focal", "huber"),
    }
