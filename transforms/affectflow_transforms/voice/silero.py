"""Silero's network, which distinguishes speech from other sounds.

The wheel of silero-vad (MIT) contains it as ONNX. Nothing of that package is imported,
so torch, on which it depends, does not have to be installed.
"""

import functools
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.errors import MissingExtraError
from affectflow_transforms.voice.signals import HOP, RATE, Samples

Flags = npt.NDArray[np.bool_]

CHUNK = 512
"""Samples that the network hears at a time: 32 ms."""
_BEFORE = 64
"""Samples before a chunk that it hears again."""
_STATE = (2, 1, 128)
_BEGINS, _ENDS = 0.5, 0.35
"""Probabilities at which speech begins, and below which it ends; silero's own."""


def model_path() -> Path:
    """Returns where the network is.

    Raises:
      MissingExtraError: silero-vad or ONNX Runtime is not installed.
    """
    found = importlib.util.find_spec("silero_vad")
    places = found.submodule_search_locations if found else None
    path = Path(places[0], "data", "silero_vad.onnx") if places else Path()
    if not path.is_file() or not importlib.util.find_spec("onnxruntime"):
        raise MissingExtraError(
            "vad=silero needs silero-vad and ONNX Runtime: pip install onnxruntime && "
            "pip install --no-deps 'silero-vad>=6', or, with torch, pip install "
            "'affectflow[silero]'"
        )
    return path


@functools.cache
def network() -> Any:
    """Returns the network, ready to run on one thread.

    Raises:
      MissingExtraError: as `model_path`.
    """
    path = model_path()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    cpu = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(path, options, providers=cpu)


class Listener:
    """Processes a recording as it passes, and then knows where speech was.

    Raises:
      MissingExtraError: as `model_path`.
    """

    def __init__(self) -> None:
        self._network = network()
        self._state = np.zeros(_STATE, np.float32)
        self._held = np.zeros(_BEFORE, np.float32)
        self._heard: list[float] = []

    def passing(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """Yields the blocks of a recording as they are.

        Args:
          blocks: shape (n,) each, at `RATE`, one after the other.
        """
        for block in blocks:
            self._hear(block)
            yield block
        # Silence fills the last chunk up.
        rest = len(self._held) - _BEFORE
        self._hear(np.zeros(-rest % CHUNK, np.float32))

    def speech(self, frames: int) -> Flags:
        """Returns which frames, `HOP` apart, are speech; after all blocks have passed.

        Args:
          frames: how many there are.
        """
        chunks = is_speech(np.array(self._heard))
        at = (np.arange(frames) * HOP + HOP // 2) // CHUNK
        return np.asarray(chunks[at], np.bool_)

    def _hear(self, block: Samples) -> None:
        held = np.concatenate([self._held, block])
        whole = (len(held) - _BEFORE) // CHUNK * CHUNK
        for at in range(0, whole, CHUNK):
            chunk = held[None, at : at + _BEFORE + CHUNK]
            given = {"input": chunk, "state": self._state, "sr": np.array(RATE)}
            probability, self._state = self._network.run(None, given)
            self._heard.append(float(probability[0, 0]))
        self._held = held[whole:]


def is_speech(probabilities: npt.NDArray[np.float64]) -> Flags:
    """Returns which chunks are speech, which does not end at every dip.

    >>> is_speech(np.array([0.4, 0.6, 0.4, 0.3, 0.4])).tolist()
    [False, True, True, False, False]

    Args:
      probabilities: shape (n,), 0..1.
    """
    decided = (probabilities >= _BEGINS) | (probabilities < _ENDS)
    last = np.maximum.accumulate(np.where(decided, np.arange(len(decided)), -1))
    return np.asarray((last >= 0) & (probabilities[last] >= _BEGINS), np.bool_)
