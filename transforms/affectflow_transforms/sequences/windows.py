"""Windows over frames that never cross a gap, and what they say put together again."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


def windows_of(ends: Integers, size: int, stride: int) -> Integers:
    """Returns where windows begin: places of frames.

    A stretch of n frames without a gap has max(0, n - size + 1) windows at stride 1.

    >>> windows_of(np.array([16, 20, 36]), 15, 1).tolist()
    [0, 1, 20, 21]

    Args:
      ends: of the stretches without a gap, exclusive, as `Series.ends` gives them.
      size: frames of a window.
      stride: frames from one window to the next.
    """
    found, start = [np.empty(0, np.int64)], 0
    for end in ends.tolist():
        found.append(np.arange(start, end - size + 1, stride, dtype=np.int64))
        start = end
    return np.concatenate(found)


def stitched(outputs: Floats, starts: Integers, size: int, frames: int) -> Floats:
    """Returns what is said of each frame: the mean of the windows that it is in.

    Where windows say the same, so does their mean: many windows are as one.

    Args:
      outputs: shape (windows, outputs).
      starts: shape (windows,).
      size: frames of a window.
      frames: how many there are.

    Returns:
      Shape (frames, outputs); NaN where a frame is in no window.
    """
    n_outputs = outputs.shape[1]
    edges = np.zeros((frames + 1, n_outputs + 1))
    both = np.hstack([outputs.astype(np.float64), np.ones((len(outputs), 1))])
    np.add.at(edges, starts, both)
    np.add.at(edges, starts + size, -both)
    sums = np.cumsum(edges, axis=0)[:frames]
    count = np.round(sums[:, -1:])
    found = np.full((frames, n_outputs), np.nan)
    np.divide(sums[:, :-1], count, out=found, where=count > 0)
    return found.astype(np.float32)


def means_of(values: Floats, starts: Integers, size: int) -> Floats:
    """Returns the mean of each window, NaN where one of its frames has no value.

    A mean of 2.6 stays 2.6.

    Args:
      values: shape (frames, columns).
      starts: shape (windows,).
      size: frames of a window.
    """
    rows = starts[:, None] + np.arange(size)
    found: Floats = values[rows].astype(np.float64).mean(axis=1).astype(np.float32)
    return found
