"""Counts of answers by the right label, and their F1."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Confusion:
    """Counts of one annotator's answers.

    Args:
      labels: their names.
      counts: (labels, labels), weight of the first given where the second is right.
      missed: (labels), weight of no label said where this is right.
      unread: (labels), weight of answers that could not be read where this is right.
      sizes: (labels + 1, labels), observations by answer, or none, and by right label.
    """

    labels: Sequence[str]
    counts: Floats
    missed: Floats
    unread: Floats
    sizes: Floats

    @classmethod
    def empty(cls, labels: Sequence[str]) -> Self:
        """Returns counts of nothing."""
        n = len(labels)
        return cls(
            labels=labels,
            counts=np.zeros((n, n)),
            missed=np.zeros(n),
            unread=np.zeros(n),
            sizes=np.zeros((n + 1, n)),
        )

    def add(self, gold: int, label: int | None, row: Mapping[str, Any]) -> None:
        """Counts answers.

        Args:
          gold: place of the right label.
          label: place of the label that they count as; None for no label.
          row: `label`, None if it was not read; `weight`, and `n` observations.
        """
        if label is None:
            self.missed[gold] += row["weight"]
        else:
            self.counts[label, gold] += row["weight"]
        if row["label"] is None:
            self.unread[gold] += row["weight"]
        self.sizes[-1 if label is None else label, gold] += row["n"]

    @property
    def support(self) -> Floats:
        """How much of each label there is."""
        return np.asarray(self.counts.sum(axis=0) + self.missed)

    def sizes_of(self, place: int) -> float:
        """Returns how many observations have a label, as answer or right label."""
        both = self.sizes[place].sum() + self.sizes[:, place].sum()
        return float(both - self.sizes[place, place])

    def f1(self) -> list[tuple[int, float]]:
        """Returns place and F1 of each label that was given or is right."""
        said = self.counts.sum(axis=1) + self.support
        hits = 2 * np.diag(self.counts)
        return [(int(n), float(hits[n] / said[n])) for n in np.flatnonzero(said)]

    def shares(self) -> Iterator[tuple[str, float]]:
        """Yields the share of answers that were not read, and mean F1s."""
        found = self.f1()
        places, values = (np.array(each) for each in zip(*found, strict=True))
        yield "unparsed", float(self.unread.sum() / self.support.sum())
        yield "macro_f1", float(values.mean())
        yield "weighted_f1", float(np.average(values, weights=self.support[places]))

    def confused(self) -> list[int]:
        """Returns the places of labels that were ever taken for another."""
        wrong = self.counts * (1 - np.eye(len(self.counts)))
        return np.flatnonzero(wrong.sum(axis=0) + wrong.sum(axis=1)).tolist()
