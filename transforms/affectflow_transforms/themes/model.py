"""The model of a family's themes, learned from a sample of its causes."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from affectflow_transforms.themes.vocabulary import Vocabulary

WATCHED = 64
"""How many terms of each group are counted: a title and eight keywords need fewer."""


@dataclass(frozen=True)
class ThemeModel:
    """Terms, and the centres of provisional groups, of one family.

    Args:
      total: how many causes the family has, in the sample or not.
      vocabulary: the terms that count.
      centres: sparse, a row for each group, of length 1.
      leads: the column of each group's lead: every cause of the group has it.
      watched: sorted numbers, group times columns plus column: of each group the terms
        that may name it, the heaviest in the sample.
    """

    total: int
    vocabulary: Vocabulary
    centres: Any
    leads: Any
    watched: Any

    def to_bytes(self) -> bytes:
        """Returns the model as plain bytes: arrays, and text as JSON."""
        sink = io.BytesIO()
        np.savez_compressed(
            sink,
            total=np.int64(self.total),
            leads=self.leads,
            watched=self.watched,
            data=self.centres.data,
            indices=self.centres.indices,
            indptr=self.centres.indptr,
            **self.vocabulary.arrays(),
        )
        return sink.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "ThemeModel":
        """Returns the model that `to_bytes` gave."""
        from scipy.sparse import csr_matrix

        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            words = Vocabulary.from_arrays(held)
            centres = csr_matrix(
                (held["data"], held["indices"], held["indptr"]),
                shape=(len(held["indptr"]) - 1, len(words.terms)),
            )
            leads, watched = held["leads"], held["watched"]
            return cls(int(held["total"]), words, centres, leads, watched)


def heaviest(weights: Any, chosen: Any, groups: int) -> Any:
    """Returns the numbers, group times columns plus column, of terms to be watched.

    All terms of a group, or else the `WATCHED` heaviest; of equal ones those that come
    first.

    Args:
      weights: of the terms of the sample: sparse, one row each.
      chosen: the group of each row, -1 for none.
      groups: how many there are.
    """
    from scipy.sparse import csr_matrix

    inside = np.flatnonzero(chosen >= 0)
    ones = np.ones(len(inside))
    gather = csr_matrix((ones, (chosen[inside], inside)), (groups, len(chosen)))
    sums = (gather @ weights).tocsr()
    sums.sort_indices()
    group = np.repeat(np.arange(groups), np.diff(sums.indptr))
    order = np.lexsort((sums.indices, -np.round(sums.data, 9), group))
    place = np.arange(len(order)) - sums.indptr[group[order]]
    kept = order[place < WATCHED]
    return np.sort(group[kept] * max(1, weights.shape[1]) + sums.indices[kept])
