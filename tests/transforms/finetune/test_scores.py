"""Figures of held-out rows: shares of readers and their favourites."""

import numpy as np
import pytest

from affectflow_transforms.finetune.aims import Wanted, aim_of
from affectflow_transforms.finetune.scores import figures_of
from affectflow_transforms.finetune.splits import read
from tests.given.toy_training import write_rows

WANTED = Wanted(head="shares", labels=("anger", "joy", "fear"), vocabulary="three")


def favourites(folder, votes, shares):
    rows = [{"text": f"t{n}"} | dict(zip(WANTED.labels, each, strict=True))
            for n, each in enumerate(votes)]  # fmt: skip
    aim = aim_of(read(write_rows(folder, rows)), WANTED)
    units = [str(n) for n in range(len(rows))]
    found = figures_of(aim, np.log(shares), aim.target, [], units)
    return [figure.value for figure in found if figure.name == "accuracy"]


def test_rows_without_a_single_favourite_are_not_counted(tmp_path):
    # Equal thirds, and two that share the first place, have none.
    votes = [(1, 1, 1), (2, 2, 0), (5, 1, 0), (0, 3, 1)]
    shares = np.array([[0.2, 0.2, 0.6], [0.1, 0.1, 0.8], [0.7, 0.2, 0.1],
                       [0.5, 0.4, 0.1]])  # fmt: skip

    (accuracy,) = favourites(tmp_path, votes, shares)

    assert accuracy == pytest.approx(1 / 2)


def test_without_any_favourite_there_is_no_accuracy(tmp_path):
    votes = [(1, 1, 1), (2, 2, 0), (1, 1, 0), (0, 3, 3)]
    shares = np.full((4, 3), 1 / 3)

    assert favourites(tmp_path, votes, shares) == []
