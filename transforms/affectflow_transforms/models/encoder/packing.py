"""Weights in a byte each: every row of a matrix has its own scale."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

LARGEST = 127
_SCALE = "scale of "

Arrays = Mapping[str, npt.NDArray[Any]]


def packed(weights: Arrays) -> dict[str, npt.NDArray[Any]]:
    """Returns weights with each matrix as int8 and float32 scales, one a row.

    Vectors stay as they are, in float32. A number is off by half a scale at most, and a
    scale is 1/127 of the largest number of its row.
    """
    found: dict[str, npt.NDArray[Any]] = {}
    for name, array in weights.items():
        if array.ndim < 2:
            found[name] = array.astype(np.float32)
            continue
        largest = np.abs(array).max(axis=1)
        scale = np.where(largest > 0, largest / LARGEST, 1.0).astype(np.float32)
        found[name] = np.rint(array / scale[:, None]).astype(np.int8)
        found[_SCALE + name] = scale
    return found


def unpacked(arrays: Arrays) -> dict[str, npt.NDArray[np.float32]]:
    """Returns what `packed` was given, in float32."""
    return {
        name: array * arrays[_SCALE + name][:, None]
        if _SCALE + name in arrays
        else array
        for name, array in arrays.items()
        if not name.startswith(_SCALE)
    }
