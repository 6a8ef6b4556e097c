"""Potentials of a skip chain: counted, weighed, and kept in a file of weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import softmax

from affectflow import weights
from affectflow_transforms.models.conversations.chain import (
    Chain,
    log_z,
    marginals,
    score,
)
from affectflow_transforms.models.conversations.links import Links
from affectflow_transforms.models.conversations.states import Floats, Ints, Tables

ANNOTATOR = "SkipChain"
LOWEST = 1e-4
"""Lower bound of a label's share: a label that is not stored is still possible."""
BESIDE = 10.0
"""How many turns of unlinked speakers are counted to each label before."""


class Turns(NamedTuple):
    """A conversation whose labels are known.

    Attributes:
      spread: how an annotator's answers are spread, shape (turns, labels).
      links: the links of the turns.
      labels: the labels that people gave, shape (turns,).
    """

    spread: Floats
    links: Links
    labels: Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Potentials:
    """What a skip chain has learned.

    Args:
      labels: the labels of its vocabulary.
      scale: the weight of the annotator's log-probabilities.
      bias: shape (labels,): added to them.
      tables: the potentials of linked turns.
    """

    labels: tuple[str, ...]
    scale: float
    bias: Floats
    tables: Tables

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns those of a folder.

        Raises:
          UsageError: it does not have exactly one weights file, or that is for another
            annotator.
        """
        arrays, metadata = weights.read(folder, ANNOTATOR)
        return cls(
            labels=tuple(metadata["labels"].split(",")),
            scale=float(arrays["scale"][0]),
            bias=arrays["bias"],
            tables=Tables(arrays["inertia"], arrays["contagion"]),
        )

    @property
    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What is kept in a file."""
        return {
            "scale": np.array([self.scale]),
            "bias": self.bias,
            "inertia": self.tables.inertia,
            "contagion": self.tables.contagion,
        }

    def alone(self, spread: npt.NDArray[Any]) -> Floats:
        """Returns probabilities of the labels of turns that are linked to none."""
        found: Floats = softmax(self.unary(spread), axis=1)
        return found

    def marginals(self, turns: Sequence[Turns]) -> list[Floats]:
        """Returns probabilities of the labels of linked turns, by conversation."""
        chains = [Chain(self.unary(each.spread), each.links) for each in turns]
        return marginals(chains, self.tables)

    def unary(self, spread: npt.NDArray[Any]) -> Floats:
        """Returns log-potentials of single turns, of shape (turns, labels)."""
        logs = np.log(np.maximum(spread.astype(np.float64), LOWEST))
        unary: Floats = self.scale * logs + self.bias
        return unary


def lift(counts: Floats, shares: Floats) -> Floats:
    """Returns log-potentials of linked labels: log P(label | before) / P(label).

    Args:
      counts: the counts of turns, shape (label before, label).
      shares: the shares of the labels, shape (labels,), none of them 0.
    """
    seen = counts.sum(axis=1, keepdims=True)
    expected = (seen + BESIDE) * shares
    found: Floats = np.log((counts + BESIDE * shares) / expected)
    return found


def counted(turns: Sequence[Turns], n_labels: int) -> tuple[Tables, Floats]:
    """Returns potentials of linked labels, and shares of the labels."""
    labels = np.concatenate([each.labels for each in turns])
    shares = (np.bincount(labels, minlength=n_labels) + 1.0) / (len(labels) + n_labels)
    tables = []
    for name in ("own", "other"):
        counts = np.zeros((n_labels, n_labels))
        for each in turns:
            before: Ints = getattr(each.links, name)
            linked = before >= 0
            pairs = each.labels[before[linked]], each.labels[linked]
            np.add.at(counts, pairs, 1)
        tables.append(lift(counts, shares))
    return Tables(*tables), shares


def learned(
    turns: Sequence[Turns], labels: tuple[str, ...], *, linked: bool = True
) -> Potentials:
    """Returns the potentials under which the labels are most probable.

    Tables and bias are counted; the strength of each, and the scale, are fitted.

    Args:
      turns: the labelled conversations.
      labels: the labels of their vocabulary.
      linked: False to leave the links out, and fit single turns.
    """
    tables, shares = counted(turns, len(labels))
    said = np.concatenate([each.spread for each in turns]).mean(axis=0)
    bias = np.log(shares / np.maximum(said, LOWEST))

    def potentials(strengths: Sequence[float]) -> Potentials:
        scale, prior, *links = [*strengths, 0.0, 0.0][:4]
        weighed = [float(w) * each for w, each in zip(links, tables, strict=True)]
        return Potentials(
            labels=labels, scale=scale, bias=prior * bias, tables=Tables(*weighed)
        )

    start = [1.0, 1.0, 0.5, 0.5][: 4 if linked else 2]
    found = minimize(
        lambda given: loss(turns, potentials(given)),
        start,
        method="L-BFGS-B",
        bounds=[(-5.0, 5.0)] * len(start),
    )
    return potentials(found.x.tolist())


def loss(turns: Sequence[Turns], potentials: Potentials) -> float:
    """Returns minus the mean log-probability of the labels, over turns."""
    chains = [Chain(potentials.unary(t.spread), t.links) for t in turns]
    sums = log_z(chains, potentials.tables).sum()
    true = sum(
        score(chain, potentials.tables, each.labels)
        for chain, each in zip(chains, turns, strict=True)
    )
    return float(sums - true) / sum(len(each.labels) for each in turns)
