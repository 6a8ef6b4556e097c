"""Which frames of a video are looked at: some around each event, the rest evenly.

Events are peaks of motion, as in StimuVAR (IJCV 2025): the motion between frames is
brought to 0..1, smoothed, and its peaks are found. Indices are those of frames from 0;
nothing here opens a file.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow.errors import UsageError

Floats = npt.NDArray[np.float64]

MODES = ("centred", "paper")
SMOOTHING = 6.0
"""Standard deviation of the Gaussian over the motion, frames."""
REACH = 15
"""How far an event reaches to either side of its peak, frames."""
PROMINENCE = 0.3
"""How far a peak stands out of the motion around it; motion is 0..1."""
_MOST = 10_000


class Sampling(NamedTuple):
    """How frames are chosen.

    Attributes:
      by: `events` or `uniform`.
      total: frames of a video, at most.
      mode: of events, one of `MODES`.
    """

    by: str
    total: int
    mode: str = MODES[0]


def sampling_of(frames: str, mode: str = MODES[0]) -> Sampling:
    """Returns what an option says, as `events:6` or `uniform:4`.

    Raises:
      UsageError: it says something else.
    """
    by, _, number = frames.partition(":")
    total = int(number) if number.isdecimal() else 0
    if by not in ("events", "uniform") or not 1 <= total <= _MOST:
        raise UsageError(
            "`frames` must be events:N or uniform:N, with N frames per video (1 to "
            f"{_MOST:,}), got {frames!r}"
        )
    if mode not in MODES:
        raise UsageError(f"`mode` must be one of {MODES}, got {mode!r}")
    return Sampling(by, total, mode)


def peaks(motion: Floats) -> npt.NDArray[np.int64]:
    """Returns the frames at which motion peaks, rising.

    Args:
      motion: shape (frames - 1,): between each frame and the next one, in any unit;
        NaN counts as none.
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    motion = np.nan_to_num(np.asarray(motion, np.float64))
    spread = np.ptp(motion) if motion.size else 0.0
    if not spread:
        return np.zeros(0, np.int64)
    smooth = gaussian_filter1d((motion - motion.min()) / spread, SMOOTHING)
    found, _ = find_peaks(smooth, distance=2 * REACH, prominence=PROMINENCE)
    return np.asarray(found, np.int64)


def events(motion: Floats, total: int, mode: str = MODES[0]) -> list[int]:
    """Returns the frames to look at: at most `total`, rising.

    `paper` does what the authors' code does: the frames of an event begin 15 before
    its peak, so that one frame an event comes before it, and more events than fit are
    looked at evenly. `centred` always takes the peak itself.

    Args:
      motion: shape (frames - 1,): between each frame and the next one.
      total: at least 1.
      mode: one of `MODES`.
    """
    n_frames = len(motion) + 1
    if n_frames <= total:
        return list(range(n_frames))
    found = peaks(motion)
    if mode == "paper":
        return _of_paper(found, n_frames, total)
    return _centred(motion, found, n_frames, total)


def uniform(n_frames: int, total: int) -> list[int]:
    """Returns at most `total` of some frames, at an equal stride from the first.

    >>> uniform(300, 6)
    [0, 50, 100, 150, 200, 250]
    """
    if n_frames <= total:
        return list(range(n_frames))
    return list(range(0, n_frames, n_frames // total))[:total]


def _of_paper(found: npt.NDArray[np.int64], n_frames: int, total: int) -> list[int]:
    if not 0 < len(found) < total - 1:
        return uniform(n_frames, total)
    stride = 2 * REACH // (total // (len(found) + 1))
    around = [range(p - REACH, p + REACH) for p in found.tolist()]
    # Where a video begins or ends within an event, there are no more frames.
    chosen = {f for near in around for f in near[::stride] if 0 <= f < n_frames - 1}
    taken = {frame for near in around for frame in near}
    # The motion of the last frame to the next one is not known, so it is not taken.
    rest = [frame for frame in range(n_frames - 1) if frame not in taken]
    more = total - len(chosen)
    if more > 0:
        chosen.update(rest[:: max(len(rest) // more, 1)][:more])
    return sorted(chosen)[:total]


def _centred(
    motion: Floats, found: npt.NDArray[np.int64], n_frames: int, total: int
) -> list[int]:
    if not len(found):
        return uniform(n_frames, total)
    if len(found) > total:
        strongest = np.argsort(-np.asarray(motion)[found], kind="stable")[:total]
        return sorted(found[strongest].tolist())
    each = max(total // (len(found) + 1), 1)
    offsets = (np.arange(each) - each // 2) * (2 * REACH // each)
    around = np.add.outer(found, offsets).ravel()
    chosen = set(np.clip(around, 0, n_frames - 1).tolist())
    rest = np.setdiff1d(np.arange(n_frames), np.add.outer(found, _REACHED))
    return sorted(chosen | set(_spread(rest, total - len(chosen))))


_REACHED = np.arange(-REACH, REACH)


def _spread(frames: Sequence[int] | npt.NDArray[np.int64], n: int) -> list[int]:
    """Returns the middles of n equal stretches of some frames."""
    if not len(frames) or n <= 0:
        return []
    middles = ((np.arange(n) + 0.5) * len(frames) / n).astype(np.int64)
    return [int(frames[place]) for place in np.unique(middles)]
