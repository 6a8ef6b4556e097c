"""Windows of EEG recordings, read by mne: EDF, BDF, BrainVision and what else it knows.

A window is divided by its largest absolute value, as in HiSTN (arXiv 2408.15255).
"""

import importlib.util
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.errors import MissingExtraError
from affectflow.kinds.renderer import UnmeasuredError

Windows = npt.NDArray[np.float32]

_STILL_V = 1e-9
"""A window whose voltages all differ by less from their mean stands still."""
_DECORATION = re.compile(r"^EEG[ :]|[-:](REF|LE|AVG|A[12])$|[ .]", re.IGNORECASE)


def check_extra() -> None:
    """Raises MissingExtraError if mne is not installed."""
    if importlib.util.find_spec("mne") is None:
        raise MissingExtraError(
            "reading EEG recordings needs mne: pip install 'affectflow[eeg]'"
        )


def bare(name: str) -> str:
    """Returns the name of an electrode without what recorders put around it.

    >>> bare("EEG Fp1-REF"), bare("F3.."), bare("af3")
    ('FP1', 'F3', 'AF3')
    """
    return _DECORATION.sub("", name.strip()).upper()


def channels_of(uri: str) -> list[str]:
    """Returns the names of a recording's EEG channels, in its order.

    Raises:
      UnmeasuredError: it cannot be read, or has none.
    """
    recording = _opened(uri)
    kinds = recording.get_channel_types()
    found = [
        name
        for name, kind in zip(recording.ch_names, kinds, strict=True)
        if kind == "eeg"
    ]
    if not found:
        raise UnmeasuredError("no_eeg", f"{uri!r} has no EEG channel")
    return found


def windows_of(
    uri: str,
    channels: Sequence[str],
    *,
    rate: int,
    size: int,
    start_s: float = 0.0,
    end_s: float = math.inf,
) -> Windows:
    """Returns a stretch of a recording as windows that follow one another.

    A rest shorter than a window, and windows in which nothing moves, are left out.

    Args:
      uri: path of a recording on a disk.
      channels: names of those to read, in the order in which they are returned.
      rate: samples a second of the windows; a recording at another is resampled.
      size: samples of a window.
      start_s: from the recording's beginning.
      end_s: likewise, exclusive.

    Returns:
      Shape (windows, channels, size); the largest absolute value of each window is 1.

    Raises:
      UnmeasuredError: it cannot be read, a channel is missing, or there is no window.
    """
    recording = _opened(uri)
    picked = _picked(uri, recording.ch_names, channels)
    own = float(recording.info["sfreq"])
    start, stop = (
        min(round(at * own) if math.isfinite(at) else recording.n_times,
            recording.n_times)
        for at in (start_s, end_s)
    )  # fmt: skip
    try:
        samples = recording.get_data(picks=picked, start=start, stop=stop)
    except Exception as error:
        raise _unread(uri, error) from error
    found = _cut(_at_rate(samples, own, rate), size)
    if not len(found):
        raise UnmeasuredError(
            "too_short",
            f"{uri!r} has no window of {size / rate:g} s in which anything moves, from "
            f"{start / own:g} s to {stop / own:g} s",
        )
    return found


def _opened(uri: str) -> Any:
    """Returns a recording of mne, whose samples are not read yet."""
    check_extra()
    import mne

    if not Path(uri).is_file():
        raise UnmeasuredError(
            "unreadable_file",
            f"no file {uri!r}: EEG recordings are read from a disk, copy them there",
        )
    try:
        return mne.io.read_raw(uri, preload=False, verbose="ERROR")
    except Exception as error:  # mne raises whatever its readers stumble over
        raise _unread(uri, error) from error


def _unread(uri: str, error: Exception) -> UnmeasuredError:
    lines = str(error).strip().splitlines()
    why = lines[0][:200] if lines else type(error).__name__
    return UnmeasuredError("unreadable_file", f"cannot read {uri!r} ({why})")


def _picked(uri: str, there: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Returns the places of channels by name."""
    places = {bare(name): place for place, name in reversed(list(enumerate(there)))}
    missing = [name for name in wanted if bare(name) not in places]
    if missing:
        raise UnmeasuredError(
            "missing_channel",
            f"{uri!r} has no channel {missing[0]!r} (of {len(missing)} missing); it "
            f"has {', '.join(there)}",
        )
    return [places[bare(name)] for name in wanted]


def _at_rate(samples: npt.NDArray[Any], own: float, rate: int) -> npt.NDArray[Any]:
    """Returns samples at another rate, along the last axis."""
    if own == rate or not samples.shape[1]:
        return samples
    from fractions import Fraction

    from scipy.signal import resample_poly

    by = Fraction(rate / own).limit_denominator(1_000)
    found: npt.NDArray[Any] = resample_poly(
        samples, by.numerator, by.denominator, axis=1
    )
    return found


def _cut(samples: npt.NDArray[Any], size: int) -> Windows:
    n = samples.shape[1] // size
    cut = samples[:, : n * size].reshape(len(samples), n, size).transpose(1, 0, 2)
    # A constant channel, such as a loose electrode, is not what moves.
    cut = cut - cut.mean(axis=2, keepdims=True)
    peaks = np.abs(cut).max(axis=(1, 2), initial=0.0)
    moving = np.isfinite(peaks) & (peaks > _STILL_V)
    return np.asarray(cut[moving] / peaks[moving, None, None], np.float32)
