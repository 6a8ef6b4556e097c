"""The network of HiSTN: electrodes, regions and the whole head as one hierarchy.

Lu et al. 2024, arXiv 2408.15255; sizes as in its code, written anew. Between electrodes
of a region, and between regions in a ring, signals pass by Chebyshev polynomials of the
graph's Laplacian (Defferrard et al. 2016, arXiv 1606.09375, equation 4), with weights
that are learned. The edges within a region are not published: here, all of them.

Imports torch: import it only inside functions.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

_WIDE = 5
"""Taps of the convolutions after the first."""


class GraphNet(nn.Module):
    """Gives logits of windows of an EEG.

    Args:
      regions: how many electrodes each has; channels come in this order.
      classes: of the answer.
      taps: of the first convolution.
      filters: of it.
      hops: how far signals pass.
      dropout: share of what is dropped in training.
    """

    def __init__(
        self,
        regions: Sequence[int],
        classes: int,
        *,
        taps: int = 64,
        filters: int = 8,
        hops: int = 2,
        dropout: float = 0.5,
    ):
        super().__init__()
        n = sum(regions)
        self.regions = list(regions)
        self.first = nn.Conv1d(1, filters, taps, bias=False)
        self.collapse = nn.Parameter(torch.empty(n, filters).uniform_(-0.5, 0.5))
        self.norm = nn.BatchNorm1d(n)
        self.second = _each(n)
        self.second_norm = nn.BatchNorm1d(n)
        self.dropout = nn.Dropout(dropout)
        self.electrodes = nn.ModuleList(Passing(complete(k), hops) for k in regions)
        self.mixing = nn.ModuleList(
            nn.Sequential(_each(k), nn.Conv1d(k, k, 1, bias=False)) for k in regions
        )
        self.mixed_norm = nn.BatchNorm1d(n)
        self.fuse = nn.ModuleList(Fusing(k) for k in regions)
        self.fuse_passed = nn.ModuleList(Fusing(k) for k in regions)
        self.ring = Passing(ring(len(regions)), hops)
        self.whole = Fusing(len(regions))
        self.whole_passed = Fusing(len(regions))
        self.last = nn.Linear(n + len(regions) + 1, classes)

    def forward(self, windows: Tensor) -> Tensor:
        """Returns shape (n, classes), of windows of shape (n, channels, samples)."""
        signals = self._over_time(windows)
        passed = self._within_regions(signals)
        regions, regions_passed = (
            self._fused(signals, self.fuse),
            self._fused(passed, self.fuse_passed),
        )
        levels = [
            signals + passed,
            self.ring(regions) + regions_passed,
            self.whole(regions) + self.whole_passed(regions_passed),
        ]
        return self.last(self.dropout(torch.cat(levels, 1).mean(2)))

    def _over_time(self, windows: Tensor) -> Tensor:
        """Returns one signal of each electrode, half as long."""
        n, channels, samples = windows.shape
        taps = self.first.kernel_size[0] - 1
        padded = nn.functional.pad(windows, (taps // 2, taps - taps // 2))
        found = self.first(padded.reshape(n * channels, 1, -1))
        found = found.reshape(n, channels, -1, samples)
        found = torch.einsum("ncfs,cf->ncs", found, self.collapse)
        found = nn.functional.elu(self.norm(found))
        found = nn.functional.elu(self.second_norm(self.second(found)))
        return self.dropout(nn.functional.avg_pool1d(found, 2))

    def _within_regions(self, signals: Tensor) -> Tensor:
        parts = torch.split(signals, self.regions, 1)
        mixed = [
            mix(passing(part))
            for passing, mix, part in zip(
                self.electrodes, self.mixing, parts, strict=True
            )
        ]
        return nn.functional.elu(self.mixed_norm(torch.cat(mixed, 1)))

    def _fused(self, signals: Tensor, by: nn.ModuleList) -> Tensor:
        """Returns one signal of each region."""
        parts = torch.split(signals, self.regions, 1)
        return torch.cat([f(part) for f, part in zip(by, parts, strict=True)], 1)


class Passing(nn.Module):
    """Passes signals along the edges of a graph, so many hops far."""

    def __init__(self, adjacency: npt.NDArray[np.float64], hops: int):
        super().__init__()
        self.weights = nn.Parameter(torch.empty(hops + 1).uniform_(-0.5, 0.5))
        found = torch.tensor(polynomials(adjacency, hops), dtype=torch.float32)
        self.register_buffer("polynomials", found, persistent=False)

    def forward(self, signals: Tensor) -> Tensor:
        """Returns the same shape, (n, nodes, samples)."""
        return torch.einsum("k,kij,nis->njs", self.weights, self.polynomials, signals)


class Fusing(nn.Module):
    """Makes one signal of several: their mean by weights that their means decide."""

    def __init__(self, nodes: int):
        super().__init__()
        self.attention = nn.Linear(nodes, nodes)

    def forward(self, signals: Tensor) -> Tensor:
        """Returns shape (n, 1, samples), of (n, nodes, samples)."""
        weights = self.attention(signals.mean(2)).softmax(1)
        return torch.einsum("nks,nk->ns", signals, weights).unsqueeze(1)


def _each(channels: int) -> nn.Conv1d:
    """Returns a convolution of each channel by itself."""
    return nn.Conv1d(
        channels, channels, _WIDE, padding="same", groups=channels, bias=False
    )


def complete(nodes: int) -> npt.NDArray[np.float64]:
    """Returns the adjacency of a graph in which all nodes are neighbours."""
    return np.ones((nodes, nodes)) - np.eye(nodes)


def ring(nodes: int) -> npt.NDArray[np.float64]:
    """Returns the adjacency of a graph in which each node has the next as neighbour."""
    found = np.zeros((nodes, nodes))
    for node in range(nodes):
        beside = (node + 1) % nodes
        if beside != node:
            found[node, beside] = found[beside, node] = 1
    return found


def polynomials(
    adjacency: npt.NDArray[np.float64], hops: int
) -> npt.NDArray[np.float64]:
    """Returns the Chebyshev polynomials of a graph's Laplacian, of order 0 to `hops`.

    T0 = I, T1 = 2 L / (its largest eigenvalue) - I, Tk = 2 T1 T(k-1) - T(k-2).

    Returns:
      Shape (hops + 1, nodes, nodes).
    """
    unit = np.eye(len(adjacency))
    laplacian = np.diag(adjacency.sum(axis=1)) - adjacency
    largest = float(np.linalg.eigvalsh(laplacian).max())
    first = 2 * laplacian / largest - unit if largest > 0 else 0 * unit
    found = [unit, first]
    while len(found) <= hops:
        found.append(2 * first @ found[-1] - found[-2])
    return np.stack(found[: hops + 1])
