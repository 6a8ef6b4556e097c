"""Labels as continuations: where their tokens stand behind a prompt.

All labels are in one row, one after the other, and none sees another, so the prompt is
read once for all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """The labels of a closed question in one row.

    All tokens of each label but the last are fed: what would follow it does not matter.

    Args:
      labels: the tokens of each.
      tokens: the tokens that are fed.
      position: the place of each within its label.
      segment: the label of each.
      read_at: for each token of each label, the output that predicts it: 0 is that of
        the prompt's last token, and 1 that of the first of `tokens`. With an encoder
        there is no such output of a prompt, and 0 is that of the first of `tokens`.
    """

    labels: tuple[tuple[int, ...], ...]
    tokens: Ids
    position: Ids
    segment: Ids
    read_at: Ids

    @property
    def target(self) -> Ids:
        """The tokens of all labels, one after the other."""
        return np.array([t for label in self.labels for t in label], np.int64)

    @property
    def owner(self) -> Ids:
        """The label of each of `target`."""
        return np.repeat(np.arange(len(self.labels)), self.n_tokens)

    @property
    def n_tokens(self) -> Ids:
        """How many tokens each label has."""
        return np.array([len(label) for label in self.labels], np.int64)

    @property
    def sees(self) -> npt.NDArray[np.bool_]:
        """Which of `tokens` each sees: those of its own label up to itself."""
        same = self.segment[:, None] == self.segment[None, :]
        return same & np.tri(len(self.tokens), dtype=np.bool_)


def laid_out(labels: Sequence[Sequence[int]], start: int | None = None) -> Layout:
    """Returns where labels stand behind a prompt.

    Args:
      labels: the tokens of each, at least one.
      start: the token that a decoder begins each answer with; None if the labels
        continue the prompt itself.
    """
    lead = [] if start is None else [start]
    fed = [[*lead, *label[:-1]] for label in labels]
    counts = np.array([len(each) for each in fed], np.int64)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    if start is None:
        # The first token of a label is predicted by the prompt, the next by the first.
        read = [
            [0, *range(at + 1, at + len(f) + 1)]
            for at, f in zip(first, fed, strict=True)
        ]
    else:
        read = [list(range(at, at + len(f))) for at, f in zip(first, fed, strict=True)]
    return Layout(
        labels=tuple(tuple(label) for label in labels),
        tokens=np.array([t for each in fed for t in each], np.int64),
        position=np.concatenate([np.arange(n) for n in counts]).astype(np.int64),
        segment=np.repeat(np.arange(len(fed)), counts),
        read_at=np.array([place for each in read for place in each], np.int64),
    )


def ended(labels: Sequence[Sequence[int]], end: int | None) -> list[list[int]]:
    """Returns labels that end if one of them begins another, as 1 begins 10.

    Without an end, the shorter one would have the likelihood of both.
    """
    whole = [list(label) for label in labels]
    begun = {tuple(label[:n]) for label in whole for n in range(1, len(label))}
    if end is None or not any(tuple(label) in begun for label in whole):
        return whole
    return [[*label, end] for label in whole]
