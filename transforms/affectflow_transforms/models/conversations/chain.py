"""Exact inference in skip chains, many conversations at once.

K labels and n places of the frontier (see `links`) take K^n states and K^(n+1)
products a turn.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from affectflow_transforms.models.conversations.links import Ints, Links
from affectflow_transforms.models.conversations.states import Floats, States, Tables

MAX_BYTES = 32 << 20
"""Of the states of conversations that are decoded together; one alone may take more."""


class Chain(NamedTuple):
    """One conversation.

    Attributes:
      unary: log-potentials of its turns, shape (turns, labels).
      links: the links of its turns.
    """

    unary: Floats
    links: Links


def marginals(chains: Sequence[Chain], tables: Tables) -> list[Floats]:
    """Returns probabilities of labels, each of shape (turns, labels), in order."""
    return _of_each(States.marginals, chains, tables)


def paths(chains: Sequence[Chain], tables: Tables) -> list[Ints]:
    """Returns the labels most probable together, each of shape (turns,), in order."""
    return _of_each(States.paths, chains, tables)


def _of_each(
    inferred: Callable[[States], Any], chains: Sequence[Chain], tables: Tables
) -> list[Any]:
    found: dict[int, Any] = {}
    for places, states in _packed(chains, tables):
        of_pack = inferred(states)
        for column, place in enumerate(places):
            found[place] = of_pack[: len(chains[place].unary), column]
    return [found[place] for place in range(len(chains))]


def log_z(chains: Sequence[Chain], tables: Tables) -> Floats:
    """Returns the logarithm of the sum over all sequences, shape (conversations,)."""
    found = np.zeros(len(chains))
    for places, states in _packed(chains, tables):
        found[places] = states.forward()[1]
    return found


def score(chain: Chain, tables: Tables, labels: Ints) -> float:
    """Returns the log-potential of one sequence of labels, shape (turns,)."""
    total = chain.unary[np.arange(len(labels)), labels].sum()
    for table, before in zip(tables, (chain.links.own, chain.links.other), strict=True):
        linked = before >= 0
        total += table[labels[before[linked]], labels[linked]].sum()
    return float(total)


def _packed(
    chains: Sequence[Chain], tables: Tables
) -> Iterator[tuple[list[int], States]]:
    """Yields the states of conversations that fit together, and which they are."""
    for n_places in sorted({chain.links.n_places for chain in chains}):
        own = [n for n, each in enumerate(chains) if each.links.n_places == n_places]
        own.sort(key=lambda n: -len(chains[n].unary))
        each_size = 8 * len(tables.inertia) ** n_places
        while own:
            n = max(1, MAX_BYTES // (each_size * len(chains[own[0]].unary)))
            pack = [chains[place] for place in own[:n]]
            moves = [2 * links.place + (links.own >= 0) for _, links in pack]
            unary = [each for each, _ in pack]
            yield own[:n], States(unary, moves, tables, n_places)
            own = own[n:]
