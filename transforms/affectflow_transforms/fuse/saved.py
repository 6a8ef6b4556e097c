"""What a fused classifier is besides its weights, and how it is stored."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from affectflow import weights
from affectflow.errors import UsageError

ANNOTATOR = "FusedClassifier"
FILE = "fused.safetensors"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a fused classifier reads, and what its outputs are.

    Args:
      annotators: whose vectors it reads, one for each modality.
      widths: of their vectors.
      width: of the features.
      labels: of the outputs.
      vocabulary: the label set.
      task: what the labels answer.
      touches: what the annotators touch of people.
    """

    annotators: tuple[str, ...]
    widths: tuple[int, ...]
    width: int
    labels: tuple[str, ...]
    vocabulary: str
    task: str
    touches: tuple[str, ...] = ()


def network_of(plan: Plan) -> Any:
    """Returns a network with random weights.

    Raises:
      MissingExtraError: torch is not installed.
    """
    from affectflow_transforms.models.pretrained import loading

    loading.check_extra("a fused classifier")
    from affectflow_transforms.fuse.network import FusionNet

    return FusionNet(plan.widths, plan.width, len(plan.labels))


def written(module: Any, plan: Plan, metadata: Mapping[str, str]) -> bytes:
    """Returns the weights file of a network."""
    arrays = {
        name: np.ascontiguousarray(value.detach().cpu().numpy())
        for name, value in module.state_dict().items()
    }
    more = {"annotator": ANNOTATOR, "plan": json.dumps(asdict(plan))}
    return weights.written(arrays, dict(metadata) | more)


def plan_of(metadata: Mapping[str, str], folder: Path) -> Plan:
    """Returns what the metadata of a weights file say.

    Raises:
      UsageError: they do not say it.
    """
    try:
        said: dict[str, Any] = json.loads(metadata["plan"])
        lists = {name: tuple(v) for name, v in said.items() if isinstance(v, list)}
        return Plan(**said | lists)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"the weights in {str(folder)!r} do not say what they read ({error}): "
            "train them again"
        ) from error


def load(folder: Path) -> Any:
    """Returns the network of a folder, ready to be asked."""
    import torch

    arrays, metadata = weights.read(folder, ANNOTATOR)
    module = network_of(plan_of(metadata, folder))
    module.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})
    return module.eval()
