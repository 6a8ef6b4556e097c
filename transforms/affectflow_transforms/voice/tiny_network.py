"""A network of 15,030 weights that listens: the layout of Wav2Small.

Kounadis-Bastian et al. (2024), arXiv 2408.13920, as their model card lays it out: power
of short spectra, 26 mel bands, seven convolutions, and means over time with the
products of their channels. Of the weights, 4,224 are the fixed Fourier transform and
10,806 are trained, for three outputs. Code and weights are our own.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.errors import UsageError
from affectflow_transforms.voice.signals import RATE

ARCHITECTURE = "TinySpeech"
FILE, CONFIG = "model.safetensors", "config.json"
_WINDOW, _HOP, _BINS = 64, 32, 33
_MELS, _CHANNELS, _BLOCKS = 26, 13, 7
_POOLED_AFTER = 3
"""The block after which time and mel bands are halved."""
_FLOOR = 1e-10


def build(outputs: int) -> Any:
    """Returns the network with random weights.

    It takes `input_values`, shape (turns, samples) at 16 kHz, each turn with mean 0 and
    variance 1, and `attention_mask`, 1 where a turn has samples; it gives `logits`,
    shape (turns, outputs). A turn gives the same in a batch as alone.

    Args:
      outputs: numbers that it gives of a turn.
    """
    import torch
    from torch import nn
    from torch.nn import functional
    from transformers.modeling_outputs import SequenceClassifierOutput

    class TinyNetwork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            kernel = torch.from_numpy(_fourier())
            self.fourier = nn.Parameter(kernel, requires_grad=False)
            self.register_buffer(
                "mels", torch.from_numpy(mel_bands()), persistent=False
            )
            sizes = [1] + [_CHANNELS] * _BLOCKS
            self.convolutions = nn.ModuleList(
                nn.Conv2d(one, other, 3, padding=1, bias=False)
                for one, other in pairwise(sizes)
            )
            self.norms = nn.ModuleList(
                nn.BatchNorm2d(_CHANNELS) for _ in range(_BLOCKS)
            )
            self.value = nn.Conv2d(_CHANNELS, _CHANNELS, 1)
            self.weight = nn.Conv2d(_CHANNELS, _CHANNELS, 1)
            pooled = _CHANNELS * (_MELS // 2) + _CHANNELS * _CHANNELS
            self.output = nn.Linear(pooled, outputs)

        @property
        def device(self) -> Any:
            return self.output.weight.device

        @property
        def dtype(self) -> Any:
            return self.output.weight.dtype

        def power(self, samples: Any) -> Any:
            """Returns the power spectrum, shape (turns, 33, frames)."""
            parts = functional.conv1d(samples[:, None], self.fourier, stride=_HOP)
            return (torch.stack(torch.split(parts, _BINS, 1), 1) ** 2).sum(1)

        def forward(self, input_values: Any, attention_mask: Any = None) -> Any:
            there = _frames(input_values, attention_mask)
            bands = self.mels @ self.power(input_values)
            decibel = 10 * torch.log10(bands.clamp_min(_FLOOR))
            states = decibel[:, None] * there
            for block, (layer, norm) in enumerate(
                zip(self.convolutions, self.norms, strict=True), 1
            ):
                states = functional.relu(norm(layer(states))) * there
                if block == _POOLED_AFTER:
                    states = functional.max_pool2d(states, 3, 2, 1)
                    there = there[..., ::2]
            pooled = self._over_time(states, there)
            alike = pooled @ pooled.transpose(1, 2)
            read = torch.cat([pooled.flatten(1), alike.flatten(1)], 1)
            return SequenceClassifierOutput(logits=self.output(read))

        def _over_time(self, states: Any, there: Any) -> Any:
            """Returns weighted means over time, shape (turns, channels, bands)."""
            weights = self.weight(states).masked_fill(there == 0, -torch.inf)
            return (self.value(states) * weights.softmax(-1)).sum(-1).transpose(1, 2)

    return TinyNetwork()


def _frames(samples: Any, mask: Any) -> Any:
    """Returns which frames are whole, as numbers of shape (turns, 1, 1, frames)."""
    import torch

    n_frames = (samples.shape[1] - _WINDOW) // _HOP + 1
    if mask is None:
        return samples.new_ones(len(samples), 1, 1, n_frames)
    whole = (mask.sum(1) - _WINDOW) // _HOP + 1
    frames = torch.arange(n_frames, device=samples.device)
    return (frames < whole[:, None]).to(samples.dtype)[:, None, None]


def _fourier() -> npt.NDArray[np.float32]:
    """Returns the Fourier transform of a Hann window as a convolution, (66, 1, 64)."""
    at = np.arange(_WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * at / _WINDOW)
    turns = 2 * np.pi * np.outer(np.arange(_BINS), at) / _WINDOW
    both = np.concatenate([np.cos(turns), -np.sin(turns)]) * window
    return both[:, None].astype(np.float32)


def mel_bands() -> npt.NDArray[np.float32]:
    """Returns how much each bin counts in each of 26 mel bands, shape (26, 33).

    Triangles whose corners are evenly apart on the scale 2595 log10(1 + f / 700)
    (O'Shaughnessy 1987), up to 8 kHz; low bands are narrower than a bin, and have the
    nearest one.
    """
    hertz = np.arange(_BINS) * RATE / _WINDOW
    highest = 2595 * np.log10(1 + RATE / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, highest, _MELS + 2) / 2595) - 1)
    low, middle, high = (c[:, None] for c in (corners[:-2], corners[1:-1], corners[2:]))
    bands = np.clip(
        np.minimum((hertz - low) / (middle - low), (high - hertz) / (high - middle)),
        0,
        None,
    )
    empty = bands.sum(axis=1) == 0
    nearest = np.abs(hertz - middle).argmin(axis=1)
    bands[empty, nearest[empty]] = 1.0
    return bands.astype(np.float32)


def extractor() -> Any:
    """Returns what brings samples to mean 0 and variance 1, and fills a batch up."""
    from transformers import Wav2Vec2FeatureExtractor

    made: Any = Wav2Vec2FeatureExtractor
    return made(
        feature_size=1,
        sampling_rate=RATE,
        padding_value=0.0,
        do_normalize=True,
        return_attention_mask=True,
    )


def save(module: Any, config: Mapping[str, Any], folder: Path) -> None:
    """Writes weights and configuration.

    Args:
      module: the network.
      config: what its outputs are: `id2label`, and what else a head says.
      folder: is made if missing.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    said = {**config, "architectures": [ARCHITECTURE]}
    written = json.dumps(said, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / CONFIG).write_text(written + "\n", "utf-8")
    kept = {
        name: w.detach().cpu().contiguous() for name, w in module.state_dict().items()
    }
    save_file(kept, folder / FILE, {"format": "pt"})


def load(folder: Path, labels: Sequence[str]) -> Any:
    """Returns the network of a folder.

    Args:
      folder: of a training.
      labels: of its outputs.

    Raises:
      UsageError: the weights are not those of such a network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    module = build(len(labels))
    try:
        module.load_state_dict(load_file(folder / FILE))
    except (OSError, SafetensorError, RuntimeError) as error:
        why = str(error).strip().splitlines()[0]
        raise UsageError(
            f"{str(folder)!r} does not load as a TinySpeech with {len(labels)} "
            f"outputs: {why}; train it again with `affectflow train distil`"
        ) from error
    return module.eval()
