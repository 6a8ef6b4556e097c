"""Syllables, by their nuclei: peaks of loudness that have a voice.

As N. H. de Jong and T. Wempe, "Praat script to detect syllable nuclei and measure
speech rate automatically", Behavior Research Methods 41 (2009): peaks above the median,
with a dip of 2 dB at least before the next, and voiced.
"""

import numpy as np
import numpy.typing as npt

from affectflow_transforms.voice.loudness import level

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_DIP = 2.0
_SMOOTH = np.array([0.25, 0.5, 0.25])


def nuclei(loudness: Floats, voiced: Flags) -> Flags:
    """Returns which frames of a stretch of speech are the middle of a syllable.

    Args:
      loudness: shape (n,).
      voiced: shape (n,).
    """
    from scipy.signal import find_peaks

    found = np.zeros(len(loudness), np.bool_)
    if len(loudness) < 3:
        return found
    smooth = np.convolve(np.pad(loudness, 1, mode="edge"), _SMOOTH, mode="valid")
    loud = np.pad(level(smooth), 1, constant_values=-120.0)
    peaks, _ = find_peaks(loud, height=np.median(loud[1:-1]), prominence=_DIP)
    found[peaks - 1] = True
    around = voiced.copy()
    around[1:] |= voiced[:-1]
    around[:-1] |= voiced[1:]
    return found & around
