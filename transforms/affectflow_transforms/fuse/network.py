"""The network of Fuse: an encoder for each modality, and a classifier over all.

Franceschini et al. (2022), "Multimodal Emotion Recognition with Modality-Pairwise
Unsupervised Contrastive Loss", arXiv 2207.11482. Projections are for the contrastive
objective only: what is classified are the features before them.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

_SMALL = 0.02


class FusionNet(nn.Module):
    """Labels a row by the vectors of those modalities that it has.

    A modality that a row does not have is a vector of its own, which is learned: it is
    not the vector of zeros, which an embedder may have given.

    Args:
      widths: of the vectors of each modality.
      width: of the features.
      classes: labels that there are.
    """

    def __init__(self, widths: Sequence[int], width: int, classes: int):
        super().__init__()
        self.encoders = nn.ModuleList(nn.Linear(each, width) for each in widths)
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)
            )
            for _ in widths
        )
        self.absent = nn.Parameter(_SMALL * torch.randn(len(widths), width))
        self.classifier = nn.Sequential(
            nn.Linear(len(widths) * width, width), nn.ReLU(), nn.Linear(width, classes)
        )
        for place, each in enumerate(widths):
            self.register_buffer(f"centre_{place}", torch.zeros(each))
            self.register_buffer(f"scale_{place}", torch.ones(each))

    def standardise(self, place: int, centre: Tensor, scale: Tensor) -> None:
        """Sets what the vectors of a modality are brought to mean 0 and spread 1 by."""
        self.get_buffer(f"centre_{place}").copy_(centre)
        self.get_buffer(f"scale_{place}").copy_(scale)

    def features(self, vectors: Sequence[Tensor]) -> Tensor:
        """Returns the features of vectors, shape (modalities, n, width).

        Args:
          vectors: of each modality, shape (n, its width).
        """
        found = [
            functional.relu(encoder(self._standardised(place, vectors[place])))
            for place, encoder in enumerate(self.encoders)
        ]
        return torch.stack(found)

    def _standardised(self, place: int, vectors: Tensor) -> Tensor:
        centre = self.get_buffer(f"centre_{place}")
        return (vectors - centre) / self.get_buffer(f"scale_{place}")

    def projected(self, vectors: Sequence[Tensor]) -> Tensor:
        """Returns projections of length 1, shape (modalities, n, width)."""
        features = self.features(vectors)
        found = [head(each) for head, each in zip(self.heads, features, strict=True)]
        return functional.normalize(torch.stack(found), dim=-1)

    def forward(self, vectors: Sequence[Tensor], there: Tensor) -> Tensor:
        """Returns a logit for each label, shape (n, classes).

        Args:
          vectors: of each modality, shape (n, its width); any where it is not there.
          there: shape (modalities, n): which are.
        """
        absent = self.absent[:, None, :]
        features = torch.where(there[..., None], self.features(vectors), absent)
        return self.classifier(features.transpose(0, 1).flatten(1))


def some_dropped(there: Tensor, share: float) -> Tensor:
    """Returns `there` with a share of its modalities dropped at random.

    Each row keeps one that it has at least. Shapes (modalities, n).
    """
    chance = torch.rand(there.shape)
    # The modality of the highest chance stays, whatever the share is.
    kept = chance.masked_fill(~there, -1.0).argmax(dim=0)
    first = functional.one_hot(kept, len(there)).T.bool()
    return there & ((chance >= share) | first)
