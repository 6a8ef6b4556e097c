"""What is labelled, and the words that each of two roles says in it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_APART = "\x1f"


class Side(NamedTuple):
    """What one role says.

    Attributes:
      role: its name.
      terms: words, and runs of words with blanks between them.
      turns: how often each turn has each term, shape (turns, terms).
      item_of: which item each turn is of, shape (turns,).
      position: of each turn in its item, 0 for the first of all roles and 1 for the
        last; NaN where nobody says.
    """

    role: str
    terms: Sequence[str]
    turns: sparse.csr_matrix
    item_of: Ints
    position: Floats

    def counts(self, n_items: int, left_out: "Ints | None" = None) -> sparse.csr_matrix:
        """Returns how often each item has each term, shape (items, terms).

        Args:
          n_items: how many there are.
          left_out: turns whose words do not count.
        """
        kept = np.ones(len(self.item_of))
        if left_out is not None:
            kept[left_out] = 0
        shape = (n_items, len(kept))
        places = (self.item_of, np.arange(len(kept)))
        return sparse.csr_matrix((kept, places), shape) @ self.turns


class Corpus(NamedTuple):
    """Labelled items in which both roles speak.

    Attributes:
      sides: of the two roles.
      labels: the names of labels.
      truth: which label each item has, shape (items,).
      folds: shape (items,).
      units: the conversation of each item, shape (items,).
      one_role: how many items were left out because one role is silent.
      two_labels: how many because their turns have different labels.
    """

    sides: tuple[Side, ...]
    labels: Sequence[str]
    truth: Ints
    folds: Ints
    units: Ints
    one_role: int
    two_labels: int


def read_corpus(state: pa.Table, roles: Sequence[str]) -> Corpus:
    """Returns the items of a state, and what two roles say in them.

    Args:
      state: a row for each conversation, item, role, label, place and term.
      roles: two of them.
    """
    state = state.filter(pc.is_in(state["role"], pa.array(roles)))
    names = pc.binary_join_element_wise(state["conversation"], state["item"], _APART)
    item = _codes(names)
    role = np.asarray(pc.index_in(state["role"], pa.array(roles)), dtype=np.int64)
    label = _codes(state["label"])
    n_roles, n_labels = (_distinct(item, each) for each in (role, label))
    good = (n_roles == 2) & (n_labels == 1)
    rows = np.flatnonzero(good[item])
    kept = state.take(pa.array(rows))
    names, item = np.unique(item[rows], return_inverse=True)
    first = np.unique(item, return_index=True)[1]
    labels = kept["label"].combine_chunks().dictionary_encode()
    positions = _positions(kept["place"], item)
    return Corpus(
        sides=tuple(
            _side(name, kept, item, positions, role[rows] == place)
            for place, name in enumerate(roles)
        ),
        labels=labels.dictionary.to_pylist(),
        truth=np.asarray(labels.indices, dtype=np.int64)[first],
        folds=np.asarray(kept["fold"], dtype=np.int64)[first],
        units=_codes(kept["conversation"])[first],
        one_role=int((n_roles != 2).sum()),
        two_labels=int(((n_roles == 2) & (n_labels != 1)).sum()),
    )


def _codes(column: pa.ChunkedArray) -> Ints:
    encoded = pc.dictionary_encode(column, null_encoding="encode")
    return np.asarray(encoded.combine_chunks().indices, dtype=np.int64)


def _distinct(item: Ints, values: Ints) -> Ints:
    """Returns how many values each item has."""
    pairs = np.unique(np.stack([item, values]), axis=1)
    return np.bincount(pairs[0], minlength=int(item.max(initial=-1)) + 1)


def _positions(places: pa.ChunkedArray, item: Ints) -> Floats:
    """Returns where in its item each row is, 0..1; NaN where it cannot be said."""
    place = places.to_numpy().astype(np.float64)
    n = int(item.max(initial=-1)) + 1
    first, last = np.full(n, np.inf), np.full(n, -np.inf)
    np.fmin.at(first, item, place)
    np.fmax.at(last, item, place)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = (place - first[item]) / (last - first)[item]
    return found


def _side(
    role: str, rows: pa.Table, item: Ints, positions: Floats, own: npt.NDArray[np.bool_]
) -> Side:
    own_rows = rows.filter(pa.array(own))
    terms = own_rows["term"].combine_chunks().dictionary_encode()
    turn = _codes(
        pc.binary_join_element_wise(
            own_rows["conversation"],
            own_rows["item"],
            pc.fill_null(own_rows["place"].cast(pa.string()), ""),
            _APART,
        )
    )
    first = np.unique(turn, return_index=True)[1]
    counts = np.asarray(own_rows["times"], dtype=np.float64)
    shape = (len(first), len(terms.dictionary))
    return Side(
        role=role,
        terms=terms.dictionary.to_pylist(),
        turns=sparse.csr_matrix((counts, (turn, np.asarray(terms.indices))), shape),
        item_of=item[own][first],
        position=positions[own][first],
    )
