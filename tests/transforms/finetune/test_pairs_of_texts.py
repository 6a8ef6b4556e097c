"""Rewards: which pairs are learned from, and what strengths are worth."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from affectflow_transforms.finetune import objectives
from affectflow_transforms.finetune.aims import Wanted, aim_of
from affectflow_transforms.finetune.splits import read
from affectflow_transforms.finetune.train import Finetune
from tests.given.toy_training import rows_of, save_base, write_rows

WANTED = Wanted(head="reward")


def aim_for(folder, rows):
    return aim_of(read(write_rows(folder, rows)), WANTED)


def test_the_columns_of_helpsteer_are_read_as_pairs(tmp_path):
    rows = [
        {"prompt": "why?", "response_1": "no idea", "response_2": "because",
         "preference_strength": 2},
        {"prompt": "why?", "response_1": "see here", "response_2": "go away",
         "preference_strength": -3},
        {"prompt": "", "response_1": "a", "response_2": "b", "preference_strength": 1},
    ]  # fmt: skip

    aim = aim_for(tmp_path, rows)

    # A strength below 0 says that the first response is better.
    assert aim.texts == [("because", "why?"), ("see here", "why?"), "b"]
    assert aim.rejected == [("no idea", "why?"), ("go away", "why?"), "a"]
    assert aim.target.tolist() == [2, 3, 1]


def test_pairs_of_strength_zero_are_left_out_and_counted(tmp_path):
    same = {"prompt": "why?", "response_1": "a", "response_2": "b"}
    rows = [same | {"preference_strength": n} for n in (0, 2, 0, -1)]

    aim = aim_for(tmp_path, rows)

    assert aim.usable.tolist() == [1, 3]
    assert aim.left_out == {"without a preference": 2}


@pytest.mark.torch
def test_strengths_bring_rewards_nearer_to_the_true_order():
    """Rewards of 40 answers from 400 pairs that people confuse where they are close."""
    import torch

    chance = np.random.default_rng(7)
    worth = chance.normal(size=40)
    pairs = chance.integers(0, 40, (400, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    seen = worth[pairs[:, 0]] - worth[pairs[:, 1]] + chance.normal(0, 1.5, len(pairs))
    strength = np.clip(np.ceil(np.abs(seen)), 1, 3)
    pairs[seen < 0] = pairs[seen < 0][:, ::-1]

    def order(objective):
        reward = torch.zeros(40, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.LBFGS([reward], max_iter=100)

        def loss():
            optimizer.zero_grad()
            apart = reward[pairs[:, 0]] - reward[pairs[:, 1]]
            found = objective(apart, torch.from_numpy(strength), {})
            (found + 0.001 * (reward**2).sum()).backward()
            return found.detach()

        optimizer.step(loss)
        return spearmanr(reward.detach().numpy(), worth).statistic

    plain = order(objectives.bradley_terry)
    scaled = order(objectives.scaled_bt)

    assert scaled > plain > 0.5


@pytest.mark.torch
@pytest.mark.rotated
def test_answers_to_a_long_prompt_are_learned(tmp_path):
    """The answer is read whole, and the prompt gets the room that is left."""
    base = save_base(tmp_path / "base")
    rows = [
        {"prompt": "word1 " * 50, "response_1": row["rejected"],
         "response_2": row["chosen"], "preference_strength": row["strength"]}
        for row in rows_of("reward")
    ]  # fmt: skip
    write_rows(tmp_path / "data", rows)
    trainer = Finetune(base=base, head="reward", device="cpu", epochs=4, batch=8,
                       rate=3e-3, head_rate=3e-3)  # fmt: skip

    found = trainer.train(tmp_path / "data")

    assert found.figures[0].value > 0.9
    assert "with a second text" in found.card
