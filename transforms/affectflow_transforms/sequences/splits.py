"""Which subjects are learned from, which choose the epoch, and which are held out."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from affectflow_transforms.finetune.splits import (
    Rows,
    Source,
    Splits,
    check_apart,
    check_dev,
)
from affectflow_transforms.sequences.ratings import check_subjects

KEY = "subject"
_TENTH = 10


def split(
    source: Source, usable: Rows, subjects: Sequence[str], folds: int, fold: int
) -> Splits:
    """Returns which rows are for what; all of one subject are for the same.

    Subjects are dealt in turn, in the order of a hash, so that folds of few subjects
    are as large as one another. One fold is held out; of the others every tenth
    subject, at least one, is for choosing the epoch. A second file is held out instead.

    Args:
      source: the ratings.
      usable: rows that can be used.
      subjects: of all rows.
      folds: how many there are.
      fold: the one that is held out, from 0.

    Raises:
      UsageError: there are too few subjects, or one is in both files.
    """
    own = np.array([subjects[row] for row in usable])
    given = source.given[usable]
    check_dev(source, int(given.sum()))
    if given.any():
        check_apart(source, KEY, own.tolist(), given)
        check_subjects(own[~given].tolist(), 2)
        held = given
    else:
        check_subjects(own.tolist())
        held = np.isin(own, dealt(sorted(set(own.tolist())), folds)[fold])
    rest = _by_hash(sorted(set(own[~held].tolist())))
    chosen = np.isin(own, rest[::_TENTH])
    return Splits(
        learned=usable[~held & ~chosen],
        chosen=usable[~held & chosen],
        held_out=usable[held],
        key=KEY,
    )


def dealt(subjects: Sequence[str], folds: int) -> list[list[str]]:
    """Returns folds of subjects: disjoint, and of sizes that differ by at most one.

    Args:
      subjects: different ones.
      folds: how many; no more than there are subjects are made.
    """
    order = _by_hash(subjects)
    return [order[place::folds] for place in range(folds)]


def _by_hash(subjects: Sequence[str]) -> list[str]:
    return sorted(subjects, key=lambda s: hashlib.blake2b(s.encode()).hexdigest())


def rows_mask(rows: Rows, n: int) -> npt.NDArray[np.bool_]:
    """Returns which of n rows are among some."""
    found = np.zeros(n, np.bool_)
    found[rows] = True
    return found
