"""What a trained network of EEGs is besides its weights, and how it is stored."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from affectflow import weights
from affectflow.errors import UsageError

ANNOTATOR = "GraphEEG"
FILE = "graph-eeg.safetensors"


@dataclass(frozen=True, kw_only=True)
class Montage:
    """What a network reads, and what its outputs are.

    Args:
      channels: electrodes in their order, region by region.
      regions: how many electrodes each region has.
      rate: samples a second.
      size: samples of a window.
      labels: of the outputs; of a scale, the lowest first.
      vocabulary: the label set.
      task: what the labels answer.
      hops: how far signals pass.
    """

    channels: tuple[str, ...]
    regions: tuple[int, ...]
    rate: int
    size: int
    labels: tuple[str, ...]
    vocabulary: str
    task: str
    hops: int


def network_of(montage: Montage, dropout: float = 0.0) -> Any:
    """Returns a network with random weights.

    Raises:
      MissingExtraError: torch is not installed.
    """
    from affectflow_transforms.models.pretrained import loading

    loading.check_extra("a network of EEGs")
    from affectflow_transforms.eeg.graph import GraphNet

    return GraphNet(
        montage.regions, len(montage.labels), hops=montage.hops, dropout=dropout
    )


def written(module: Any, montage: Montage, metadata: Mapping[str, str]) -> bytes:
    """Returns the weights file of a network."""
    arrays = {
        name: np.ascontiguousarray(value.detach().cpu().numpy())
        for name, value in module.state_dict().items()
    }
    more = {"annotator": ANNOTATOR, "montage": json.dumps(asdict(montage))}
    return weights.written(arrays, dict(metadata) | more)


def montage_of(metadata: Mapping[str, str], folder: Path) -> Montage:
    """Returns what the metadata of a weights file say.

    Raises:
      UsageError: they do not say it.
    """
    try:
        said: dict[str, Any] = json.loads(metadata["montage"])
        lists = {name: tuple(v) for name, v in said.items() if isinstance(v, list)}
        return Montage(**said | lists)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"the weights in {str(folder)!r} do not say what they read ({error}): "
            "train them again"
        ) from error


def load(folder: Path) -> tuple[Any, Montage]:
    """Returns the network of a folder, ready to be asked, and what it reads."""
    import torch

    arrays, metadata = weights.read(folder, ANNOTATOR)
    montage = montage_of(metadata, folder)
    module = network_of(montage)
    module.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})
    return module.eval(), montage
