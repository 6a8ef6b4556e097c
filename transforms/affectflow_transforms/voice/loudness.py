"""How loud a recording sounds, frame by frame.

The auditory spectrum of H. Hermansky, "Perceptual linear predictive (PLP) analysis of
speech", JASA 87 (1990): power in bands as wide as those of the ear, weighed by the
curve of equal loudness (his equation 4), and to a power. Its sum is what F. Eyben et
al., "The Geneva minimalistic acoustic parameter set", IEEE Transactions on Affective
Computing 7 (2016), call loudness, over 26 bands from 20 Hz to 8 kHz on the mel scale.
The power is 0.3, after S. S. Stevens, "The measurement of loudness", JASA 27 (1955): so
10 dB more are twice as loud, which is 10 phon more.
"""

import functools

import numpy as np
import numpy.typing as npt

from affectflow_transforms.voice.signals import RATE, Samples

Floats = npt.NDArray[np.float64]

FRAME = 512
"""Samples that decide one frame: 32 ms."""
SILENT = -120.0
"""Phon below which all is silence."""
_BANDS = 26
_LOW_HZ, _HIGH_HZ = 20.0, 8000.0
_POWER = 0.3


def loudness(framed: Samples) -> Floats:
    """Returns the loudness of frames; that of a tone of 1 kHz at full scale is 1.

    Args:
      framed: shape (n, FRAME), at `RATE`; full scale is 1.

    Returns:
      Shape (n,).
    """
    summed = (_spectrum(framed) @ _bands().T) ** _POWER
    return np.asarray(summed.sum(axis=1) / _unit(), np.float64)


def level(loud: Floats) -> Floats:
    """Returns loudness as a level, phon below a tone of 1 kHz at full scale.

    >>> level(np.array([1.0, 0.5])).tolist()
    [0.0, -10.0]

    Args:
      loud: shape (n,).
    """
    least = 2 ** (SILENT / 10)
    return np.asarray(10 * np.log2(np.maximum(loud, least)))


def _spectrum(framed: Samples) -> Samples:
    from scipy.fft import rfft

    whole = rfft(framed * _window(), axis=1)
    return np.asarray(whole.real**2 + whole.imag**2)


@functools.cache
def _window() -> Samples:
    return np.hanning(FRAME).astype(np.float32)


@functools.cache
def _unit() -> float:
    tone = np.sin(2 * np.pi * 1000 * np.arange(FRAME) / RATE).astype(np.float32)
    summed = (_spectrum(tone[None]) @ _bands().T) ** _POWER
    return float(summed.sum())


@functools.cache
def _bands() -> Samples:
    """Returns what each band hears of a spectrum, weighed.

    Returns:
      Shape (_BANDS, FRAME // 2 + 1).
    """
    edges = _hz(np.linspace(_mel(_LOW_HZ), _mel(_HIGH_HZ), _BANDS + 2))
    hz = np.arange(FRAME // 2 + 1) * RATE / FRAME
    up = (hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - hz) / (edges[2:] - edges[1:-1])[:, None]
    heard = np.maximum(np.minimum(up, down), 0.0)
    return np.asarray(heard * _equal_loudness(edges[1:-1])[:, None], np.float32)


def _equal_loudness(hz: Floats) -> Floats:
    squared = np.square(2 * np.pi * hz)
    above = (squared + 56.8e6) * np.square(squared)
    below = np.square(squared + 6.3e6) * (squared + 0.38e9)
    return np.asarray(above / below)


def _mel(hz: float) -> float:
    return float(1127.0 * np.log1p(hz / 700.0))


def _hz(mel: Floats) -> Floats:
    return np.asarray(700.0 * np.expm1(mel / 1127.0))
