"""States of skip chains: sums and maxima over them, turn by turn.

A state gives the last label of each speaker in the frontier. An array of states has an
axis of conversations, then one of labels for each place, the most recent speaker first.
Probabilities are made to sum to 1 at each turn, so that nothing underflows.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Tables(NamedTuple):
    """Log-potentials of two linked labels, each of shape (label before, label).

    Attributes:
      inertia: a speaker's last label and their next one.
      contagion: the label of the turn before, by someone else, and the next one.
    """

    inertia: Floats
    contagion: Floats


class _Move(NamedTuple):
    """How some conversations come from one turn to the next.

    Attributes:
      rows: which conversations.
      place: the place of the frontier that is given up; the new label takes the first.
      table: potentials of the label that is given up and the new one.
      before: potentials of the label of the turn before and the new one, unless `table`
        has them.
    """

    rows: Ints
    place: int
    table: Floats
    before: Floats | None


class States:
    """Conversations that are walked through together.

    Args:
      unary: log-potentials of each conversation, shape (turns, labels), the longest
        first.
      moves: for each turn, twice the place that is given up, plus 1 if it held the last
        label of the speaker.
      tables: potentials of linked labels.
      n_places: number of places of the frontier.
    """

    def __init__(
        self,
        unary: Sequence[Floats],
        moves: Sequence[Ints],
        tables: Tables,
        n_places: int,
    ):
        lengths = np.array([len(each) for each in unary])
        shape = (int(lengths[0]), len(unary))
        self._top, self._codes = np.zeros(shape), np.zeros(shape, np.int64)
        self._unary = np.zeros((*shape, len(tables.inertia)))
        for column, (each, codes) in enumerate(zip(unary, moves, strict=True)):
            top = each.max(axis=1)
            self._top[: len(each), column] = top
            self._unary[: len(each), column] = np.exp(each - top[:, None])
            self._codes[: len(each), column] = codes
        self._alive = np.searchsorted(-lengths, -np.arange(shape[0]))
        self._inertia, self._contagion = (np.exp(table) for table in tables)
        self._shape = (len(tables.inertia),) * n_places

    # -- sums ------------------------------------------------------------------------

    def forward(self) -> tuple[list[Floats], Floats]:
        """Returns the states of each turn, and log Z of each conversation."""
        sums = self._top.sum(axis=0)
        states = []
        for each, norm in self._walk(np.matmul):
            states.append(each)
            sums[: len(norm)] += np.log(norm)
        return states, sums

    def marginals(self) -> Floats:
        """Returns probabilities of labels, shape (turns, conversations, labels)."""
        found = np.zeros_like(self._unary)
        after = np.ones((self._alive[-1], *self._shape))
        states = self.forward()[0]
        for turn in reversed(range(len(states))):
            n = self._alive[turn]
            both = (states[turn] * after).reshape(n, self._shape[0], -1).sum(axis=2)
            found[turn, :n] = both / both.sum(axis=1, keepdims=True)
            if turn:
                after = self._before(after, turn)
        return found

    def _before(self, after: Floats, turn: int) -> Floats:
        """Returns what follows the states of the turn before, of those of `turn`."""
        weighted = after * self._at(turn)
        found = np.ones((self._alive[turn - 1], *self._shape))
        for move in self._moves(turn):
            turned = np.moveaxis(weighted[move.rows], 1, -1)
            if move.before is not None:
                turned = turned * self._beside(move.before)
            back = _apply(np.matmul, turned, move.table.T)
            found[move.rows] = np.moveaxis(back, -1, 1 + move.place)
        return _scaled(found)[0]

    # -- maxima ----------------------------------------------------------------------

    def paths(self) -> Ints:
        """Returns the most probable labels, shape (turns, conversations)."""
        best = [each for each, _ in self._walk(_max_product)]
        found = np.zeros(self._unary.shape[:2], np.int64)
        at = np.zeros((0, len(self._shape)), np.int64)
        for turn in reversed(range(len(best))):
            ended = best[turn][len(at) :].reshape(
                -1, self._unary.shape[2] ** at.shape[1]
            )
            tops = np.unravel_index(ended.argmax(axis=1), self._shape)
            at = np.concatenate([at, np.stack(tops, axis=1)])
            found[turn, : len(at)] = at[:, 0]
            if turn:
                at = self._from(best[turn - 1], at, turn)
        return found

    def _from(self, best: Floats, at: Ints, turn: int) -> Ints:
        """Returns the best states of the turn before that lead to those `at` a turn."""
        found = np.zeros_like(at)
        for move in self._moves(turn):
            label, rest = at[move.rows, 0], at[move.rows, 1:]
            turned = np.moveaxis(best[move.rows], 1 + move.place, -1)
            held = turned[(np.arange(len(rest)), *rest.T)] * move.table[:, label].T
            chosen = held.argmax(axis=1)
            found[move.rows] = np.insert(rest, move.place, chosen, axis=1)
        return found

    # -- from turn to turn -----------------------------------------------------------

    def _walk(
        self, product: Callable[[Floats, Floats], Floats]
    ) -> Iterator[tuple[Floats, Floats]]:
        """Yields the states of each turn, of sum 1, and what they were divided by."""
        states = np.zeros((self._alive[0], *self._shape))
        states.reshape(len(states), self._shape[0], -1)[:, :, 0] = self._unary[0]
        states, norm = _scaled(states)
        yield states, norm
        for turn in range(1, len(self._alive)):
            new = np.empty((self._alive[turn], *self._shape))
            for move in self._moves(turn):
                turned = np.moveaxis(states[move.rows], 1 + move.place, -1)
                moved = _apply(product, turned, move.table)
                if move.before is not None:
                    moved *= self._beside(move.before)
                new[move.rows] = np.moveaxis(moved, -1, 1)
            new *= self._at(turn)
            states, norm = _scaled(new)
            yield states, norm

    def _moves(self, turn: int) -> Iterator[_Move]:
        codes = self._codes[turn, : self._alive[turn]]
        nothing = np.ones_like(self._inertia)
        for code in np.flatnonzero(np.bincount(codes)):
            place, is_own = divmod(int(code), 2)
            rows = np.flatnonzero(codes == code)
            if place == 0:
                table = self._inertia if is_own else self._contagion
                yield _Move(rows, place, table, None)
            else:
                table = self._inertia if is_own else nothing
                yield _Move(rows, place, table, self._contagion)

    def _at(self, turn: int) -> Floats:
        """Returns what the turn itself says, beside states."""
        n, ones = self._alive[turn], (1,) * (len(self._shape) - 1)
        return self._unary[turn, :n].reshape(n, -1, *ones)

    def _beside(self, before: Floats) -> Floats:
        """Returns a table beside states whose last axis is the new label."""
        ones = (1,) * (len(self._shape) - 2)
        return before.reshape(1, len(before), *ones, len(before))


def _apply(
    product: Callable[[Floats, Floats], Floats], states: Floats, table: Floats
) -> Floats:
    # One product of two matrices: of stacks, NumPy makes one product for each.
    flat = states.reshape(-1, states.shape[-1])
    return product(flat, table).reshape(states.shape)


def _max_product(states: Floats, table: Floats) -> Floats:
    found = states[:, :1] * table[0]
    for label in range(1, len(table)):
        np.maximum(found, states[:, label, None] * table[label], out=found)
    return found


def _scaled(states: Floats) -> tuple[Floats, Floats]:
    """Returns states that sum to 1, and what they summed to."""
    sums = states.reshape(len(states), -1).sum(axis=1)
    return states / sums.reshape(-1, *(1,) * (states.ndim - 1)), sums
