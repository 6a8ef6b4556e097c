"""Samples on their way: resampled in blocks, and cut into frames that overlap."""

from collections.abc import Iterable, Iterator
from math import gcd

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

RATE = 16_000
"""Samples per second of all that is measured: speech has little above 8 kHz."""
HOP = 160
"""Samples from one frame to the next: 10 ms."""
HOP_S = HOP / RATE
_HALF = 16
"""Zero crossings of the filter to either side: about 80 dB."""


def resampled(blocks: Iterable[Samples], rate: int) -> Iterator[Samples]:
    """Yields samples at `RATE`, from blocks at another rate.

    A windowed sinc, cut at 90 % of the lower of both bands, in polyphase form. The last
    samples of a block wait for the next one, so that no seam is heard.

    Args:
      blocks: shape (n,) each, one after the other.
      rate: theirs, Hz.
    """
    if rate == RATE:
        yield from blocks
        return
    common = gcd(rate, RATE)
    yield from _Polyphase(RATE // common, rate // common).run(blocks)


class _Polyphase:
    """Resamples by `up / down`, a block at a time.

    Args:
      up: samples are first made that many times as many.
      down: of which one in this many is kept.
    """

    def __init__(self, up: int, down: int):
        self._up, self._down = up, down
        slower = max(up, down)
        # In whole steps, so that the middle of the filter falls on a sample.
        self._reach = -(-_HALF * slower // down) * down
        times = np.arange(-self._reach, self._reach + 1) / slower
        taps = np.sinc(0.9 * times) * np.kaiser(len(times), 8.0)
        self._taps = np.asarray(taps * up / taps.sum(), np.float32)
        # How many samples before and after one decide it.
        self._context = self._reach // up + 1

    def run(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """Yields the samples, as many as fill the time of those that were given."""
        begun, made = self._kept_from(0), 0
        held = np.zeros(-begun, np.float32)
        for block in blocks:
            held = np.concatenate([held, block])
            sure = (begun + len(held) - self._context) * self._up // self._down
            if sure > made:
                yield self._between(held, begun, made, sure)
                made = sure
                dropped = self._kept_from(made) - begun
                held, begun = held[dropped:], begun + dropped
        until = (begun + len(held)) * self._up // self._down
        if until > made:
            rest = np.concatenate([held, np.zeros(self._context, np.float32)])
            yield self._between(rest, begun, made, until)

    def _kept_from(self, made: int) -> int:
        """Returns the first sample that is needed on from the sample `made`."""
        first = made * self._down // self._up - self._context
        return first // self._down * self._down

    def _between(self, held: Samples, begun: int, made: int, until: int) -> Samples:
        """Returns the samples from `made` to `until`; `held` begins at `begun`."""
        from scipy.signal import upfirdn

        out = upfirdn(self._taps, held, self._up, self._down)
        first = made + (self._reach - begun * self._up) // self._down
        return np.asarray(out[first : first + until - made], np.float32)


def frames(samples: Samples, length: int) -> Samples:
    """Returns frames of `length` samples, `HOP` apart, as a view.

    Args:
      samples: shape (n,), n at least `length`.
      length: of a frame.

    Returns:
      Shape (1 + (n - length) // HOP, length).
    """
    windows = np.lib.stride_tricks.sliding_window_view(samples, length)
    return np.asarray(windows[::HOP])
