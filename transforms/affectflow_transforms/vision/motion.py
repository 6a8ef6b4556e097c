"""Motion between the frames of a video: the mean length of its optical flow.

The flow is that of Lucas and Kanade (1981), from coarse to fine, over small grey
pictures: the shift of each neighbourhood that explains best what changed. It is not
Farneback's, so on a real video peaks may differ from another program's by some frames.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.float32]

WIDTH, HEIGHT = 64, 48
"""Size at which motion is measured, pixels."""
_LEVELS = 3
_NEIGHBOURHOOD = 9
# Of a neighbourhood without texture any shift is as good; then it is none.
_FLAT = 1e-4


def motion(frames: Iterable[Grey]) -> npt.NDArray[np.float64]:
    """Returns the motion between each frame and the next one.

    Args:
      frames: shape (height, width) each, 0..1, all of one size; one after the other,
        so that no more than two are held.

    Returns:
      Shape (frames - 1,), in pixels of that size; no frames give none.
    """
    lengths = [flow_length(*pair) for pair in _pairs(frames)]
    return np.array(lengths, np.float64)


def _pairs(frames: Iterable[Grey]) -> Iterator[tuple[list[Grey], list[Grey]]]:
    before: list[Grey] | None = None
    for frame in frames:
        now = pyramid(frame)
        if before is not None:
            yield before, now
        before = now


def pyramid(frame: Grey) -> list[Grey]:
    """Returns a picture at full, half and quarter size, the smallest first."""
    levels = [np.asarray(frame, np.float32)]
    for _ in range(_LEVELS - 1):
        height, width = (side // 2 * 2 for side in levels[0].shape)
        if min(height, width) < 2 * _NEIGHBOURHOOD:
            break
        halves = levels[0][:height, :width].reshape(height // 2, 2, width // 2, 2)
        levels.insert(0, halves.mean((1, 3)))
    return levels


def flow_length(before: list[Grey], after: list[Grey]) -> float:
    """Returns the mean length of the flow between two pictures, in pixels.

    Args:
      before: as `pyramid` gives it.
      after: likewise, of as many pixels.
    """
    flow = np.zeros((2, *before[0].shape), np.float32)
    for first, second in zip(before, after, strict=True):
        flow = _enlarged(flow, first.shape)
        flow = flow + _shift(first, _moved(second, flow))
    return float(np.hypot(*flow).mean())


def _enlarged(flow: Grey, shape: tuple[int, ...]) -> Grey:
    """Returns a flow at the size of the next level, its shifts as much longer."""
    if flow.shape[1:] == shape:
        return flow
    # An odd line at the edge moves as the one beside it.
    wide = 2 * flow.repeat(2, axis=1).repeat(2, axis=2)
    short = [(0, side - had) for side, had in zip(shape, wide.shape[1:], strict=True)]
    return np.pad(wide, [(0, 0), *short], mode="edge")


def _moved(picture: Grey, flow: Grey) -> Any:
    """Returns a picture taken back by a flow."""
    from scipy.ndimage import map_coordinates

    where = np.indices(picture.shape, np.float32) + flow
    return map_coordinates(picture, where, order=1, mode="nearest")


def _shift(first: Grey, second: Grey) -> Grey:
    """Returns the shift of each neighbourhood that turns one picture into another."""
    from scipy.ndimage import uniform_filter

    rows, columns = np.gradient((first + second) / 2)
    change = second - first
    a, b, c, p, q = (
        uniform_filter(one * other, _NEIGHBOURHOOD)
        for one, other in (
            *((rows, rows), (rows, columns), (columns, columns)),
            *((rows, change), (columns, change)),
        )
    )
    determinant = a * c - b * b + _FLAT * (a + c) + _FLAT**2
    shift = np.stack([b * q - c * p, b * p - a * q]) / determinant
    # A neighbourhood tells shifts of about its own half, and none beyond.
    return np.clip(shift, -_NEIGHBOURHOOD / 2, _NEIGHBOURHOOD / 2)
