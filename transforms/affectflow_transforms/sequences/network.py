"""The network: a GRU over a window of frames, and a linear layer on its last state.

Sizes are those of Hugging Rain Man (IEEE Transactions on Affective Computing, 2025),
which rates by windows of 15 frames how atypical a face moves.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from affectflow import weights as stored
from affectflow.errors import MissingExtraError, UsageError
from affectflow_transforms.sequences.series import Floats, Reading

ANNOTATOR = "TrackRegressor"
FILE = "model.safetensors"
CONFIG = "config.json"
_SHAPE = "sequence"
_AT_ONCE = 4_096
"""Windows of a forward pass that is not trained."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a network reads, and how large it is.

    Args:
      channels: of a frame, in their order.
      outputs: numbers that it gives.
      size: frames of a window.
      stride: frames from one window to the next.
      hidden: units of a layer.
      layers: how many.
      rate: frames per second of the tables that it learned; 0 if they had no times.
      hz: of the grid that values are put on; 0 for none.
      time: the column of times, if one was named.
    """

    channels: tuple[str, ...]
    outputs: int
    size: int
    stride: int
    hidden: int
    layers: int
    rate: float
    hz: float
    time: str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Returns what a config.json says."""
        said = dict(config[_SHAPE])
        return cls(**{**said, "channels": tuple(said["channels"])})

    def reading(self, fps: float) -> Reading:
        """Returns how tables are read for it."""
        return Reading(channels=self.channels, fps=fps, hz=self.hz, time=self.time)


def check_extra() -> None:
    """Raises MissingExtraError if torch is not installed."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            "tracks are learned and read with torch, which is not installed: type "
            "`pip install 'affectflow[torch]'`"
        ) from error


def build(shape: Shape, seed: int = 0) -> Any:
    """Returns a network with random weights, as a module of torch."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    gru = nn.GRU(len(shape.channels), shape.hidden, shape.layers, batch_first=True)
    module = nn.ModuleDict({"gru": gru, "head": nn.Linear(shape.hidden, shape.outputs)})
    for name in ("mean", "spread"):
        module.register_buffer(name, torch.ones(len(shape.channels)))
    return module


def forward(module: Any, windows: Any) -> Any:
    """Returns outputs, shape (windows, outputs), with their graph.

    Args:
      module: as `build` gives it.
      windows: a tensor, shape (windows, size, channels), as instruments measure.
    """
    found, _ = module["gru"]((windows - module.mean) / module.spread)
    return module["head"](found[:, -1])


def outputs_of(
    module: Any, frames: Floats, starts: npt.NDArray[np.int64], size: int
) -> Floats:
    """Returns what the network says of windows, shape (windows, outputs).

    Args:
      module: as `build` gives it.
      frames: shape (frames, channels).
      starts: shape (windows,): where they begin.
      size: frames of a window.
    """
    import torch

    module.eval()
    found = [np.empty((0, module["head"].out_features), np.float32)]
    with torch.no_grad():
        for at in range(0, len(starts), _AT_ONCE):
            rows = starts[at : at + _AT_ONCE, None] + np.arange(size)
            given = torch.from_numpy(frames[rows])
            found.append(forward(module, given).numpy())
    return np.concatenate(found)


def standardise(module: Any, frames: Floats) -> None:
    """Gives the network mean and spread of the frames that it learns from."""
    import torch

    wide = frames.astype(np.float64)
    spread = wide.std(axis=0)
    # A channel that never moved says nothing when it does.
    spread[spread < 1e-6] = 1.0
    module.mean.copy_(torch.from_numpy(wide.mean(axis=0).astype(np.float32)))
    module.spread.copy_(torch.from_numpy(spread.astype(np.float32)))


# -- the folder ------------------------------------------------------------------------


def save(
    module: Any, shape: Shape, config: Mapping[str, Any], licence: str, folder: Path
) -> None:
    """Writes the folder that `TrackRegressor` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {"architectures": [ANNOTATOR], **config, _SHAPE: asdict(shape)}
    (folder / CONFIG).write_text(json.dumps(said, indent=1) + "\n", "utf-8")
    arrays = {name: w.detach().numpy() for name, w in module.state_dict().items()}
    metadata = {"annotator": ANNOTATOR, "licence": licence}
    (folder / FILE).write_bytes(stored.written(arrays, metadata))


def config_of(folder: Path) -> dict[str, Any]:
    """Returns the config.json of a folder.

    Raises:
      UsageError: it is missing, or not one of `affectflow train tracks`.
    """
    try:
        found: dict[str, Any] = json.loads((folder / CONFIG).read_text("utf-8"))
        Shape.of(found)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{str(folder)!r} has no config.json that `affectflow train tracks` wrote "
            f"({type(error).__name__}): train it again"
        ) from error
    return found


def load(folder: Path) -> tuple[Any, Shape]:
    """Returns the network of a folder, and what it reads.

    Raises:
      MissingExtraError: torch is not installed.
      UsageError: it is not such a folder.
    """
    check_extra()
    import torch

    shape = Shape.of(config_of(folder))
    arrays, _ = stored.read(folder, ANNOTATOR)
    module = build(shape)
    # What safetensors gives may be read-only.
    module.load_state_dict({n: torch.from_numpy(a.copy()) for n, a in arrays.items()})
    return module.eval(), shape
