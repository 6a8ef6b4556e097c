"""A student that listens: a TinySpeech, and the turns that it learns from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow import registry
from affectflow.errors import StorageError, UsageError
from affectflow_transforms.distil.rows import Taught
from affectflow_transforms.finetune.aims import Aim
from affectflow_transforms.finetune.lesson import standard
from affectflow_transforms.finetune.network import scale_outputs
from affectflow_transforms.finetune.splits import Rows
from affectflow_transforms.models.pretrained import loading
from affectflow_transforms.models.pretrained.passed_on import SETTINGS
from affectflow_transforms.models.speech_affect import turns
from affectflow_transforms.models.speech_affect.listening import SILENCE
from affectflow_transforms.models.token_budget import plan
from affectflow_transforms.voice import tiny_network

ANNOTATOR = "TinySpeech"
RATE = 3e-3
"""Of a network that begins with random weights."""
_FILE = "sounds.i16"
_FULL = 32_767
_ROWS_AT_ONCE = 64
_SAMPLES_AT_ONCE = 30 * turns.RATE


class Sounds(NamedTuple):
    """The samples of turns, in a file, one turn after the other.

    Attributes:
      samples: shape (n,), 16 bits, at 16 kHz.
      starts: shape (rows,): where each turn begins.
      lengths: shape (rows,): samples of each; 0 where it cannot be heard.
    """

    samples: npt.NDArray[np.int16]
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]

    def of(self, row: int) -> npt.NDArray[np.float32]:
        """Returns the samples of a turn, full scale 1."""
        start = self.starts[row]
        cut = self.samples[start : start + self.lengths[row]]
        found: npt.NDArray[np.float32] = cut.astype(np.float32) / np.float32(_FULL)
        return found


def listened_to(taught: Taught, longest_s: float, work: Path) -> tuple[Taught, Sounds]:
    """Returns the turns that can be heard, and their sound.

    Args:
      taught: utterances, some of them with recordings.
      longest_s: of a longer turn, the beginning is heard.
      work: the folder of the file with all samples: 2 MB for a minute.

    Raises:
      UsageError: no turn can be heard.
      StorageError: the file cannot be written.
    """
    turns.check_extra()
    silent = [row for row in taught.usable if taught.clips[row] is None]
    taught = taught.without(np.array(silent, np.int64), "without a recording")
    rows = taught.usable
    clips = [clip for clip in (taught.clips[row] for row in rows) if clip]
    starts, lengths = np.zeros((2, len(taught.texts)), np.int64)
    unheard, quiet, at = [], [], 0
    try:
        with (work / _FILE).open("wb") as file:
            for turn in turns.heard(clips, longest_s):
                row = rows[turn.place]
                if turn.error:
                    unheard.append(row)
                elif float(np.abs(turn.samples).max()) < SILENCE:
                    quiet.append(row)
                else:
                    whole = np.clip(np.round(turn.samples * _FULL), -_FULL, _FULL)
                    file.write(whole.astype("<i2").tobytes())
                    starts[row], lengths[row] = at, len(whole)
                    at += len(whole)
    except OSError as error:
        raise StorageError(
            f"cannot write {str(work / _FILE)!r} ({error.strerror}): make room, or "
            "name another --out"
        ) from error
    if not at:
        raise UsageError(
            "no utterance with an answer has a recording that can be heard, so there "
            "is nothing to listen to: name an encoder of texts with --set base=FOLDER, "
            "or the folder of the recordings with --set folder=FOLDER"
        )
    taught = taught.without(np.array(unheard, np.int64), "that cannot be heard")
    taught = taught.without(np.array(quiet, np.int64), "of silence")
    held: Any = np.memmap(work / _FILE, np.dtype("<i2"), "r")
    return taught, Sounds(held, starts, lengths)


class Listener:
    """A TinySpeech with the turns that it learns from.

    Args:
      aim: what it learns.
      learned: rows that are trained on: mean and spread of values are theirs.
      sounds: of all rows.
      options: of the trainer.
    """

    def __init__(self, aim: Aim, learned: Rows, sounds: Sounds, options: Any):
        loading.check_extra("TinySpeech")
        import torch

        torch.manual_seed(options.seed)
        device = options.device
        device = device if device != "auto" else loading.best_device()
        self.module = tiny_network.build(aim.outputs).to(device)
        self.lengths = sounds.lengths
        self._aim, self._sounds, self._options = aim, sounds, options
        self._extractor = tiny_network.extractor()
        self._mean, self._spread = standard(aim, learned)
        target = (aim.target - self._mean) / self._spread
        self._target = torch.from_numpy(np.ascontiguousarray(target, np.float32))

    def groups(self) -> list[dict[str, Any]]:
        """Returns the weights that are trained, with their rates."""
        rate = self._options.rate or RATE
        found: dict[float, list[Any]] = {}
        for weight in self.module.parameters():
            if weight.requires_grad:
                decay = self._options.weight_decay if weight.dim() > 1 else 0.0
                found.setdefault(decay, []).append(weight)
        return [
            {"params": some, "lr": rate, "peak": rate, "weight_decay": decay}
            for decay, some in found.items()
        ]

    def loss(self, rows: Rows) -> Any:
        """Returns the loss of some turns."""
        self.module.train()
        objective = registry.load("objectives", self._aim.objective)
        options: Mapping[str, Any] = {"temperature": self._options.temperature}
        target = self._target[rows].to(self.module.device)
        return objective(self._forward(rows), target, options)

    def outputs(self, rows: Rows) -> npt.NDArray[np.float32]:
        """Returns what the network says of turns, on the scale of the values."""
        import torch

        self.module.eval()
        found = np.zeros((len(rows), self._aim.outputs), np.float32)
        with torch.inference_mode():
            for some in plan(self.lengths[rows], _SAMPLES_AT_ONCE, _ROWS_AT_ONCE):
                found[some] = self._forward(rows[some]).float().cpu().numpy()
        return found * self._spread + self._mean

    def save(self, thresholds: list[float], folder: Path) -> None:
        """Writes the folder that TinySpeech reads."""
        scale_outputs(self.module.output, self._mean, self._spread)
        config = dict(self._aim.config)
        if thresholds:
            config[SETTINGS] = {**config[SETTINGS], "thresholds": thresholds}
        tiny_network.save(self.module, config, folder)

    def _forward(self, rows: Rows) -> Any:
        given = self._extractor(
            [self._sounds.of(row) for row in rows],
            sampling_rate=turns.RATE,
            padding=True,
            return_tensors="pt",
        ).to(self.module.device)
        return self.module(**given).logits
