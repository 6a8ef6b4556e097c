"""Voices made of pulses, and recordings of them in many formats."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

RATE = 16_000
Samples = npt.NDArray[np.float64]


def voice(
    hz: float = 120.0,
    seconds: float = 3.0,
    *,
    rate: int = RATE,
    level: float = 0.2,
    jitter: float = 0.0,
    syllables: float = 4.0,
) -> Samples:
    """Returns pulses through two formants, in syllables with dips between them.

    The first and the last fifth of a second are almost silent.
    """
    source = _pulses(hz, seconds, rate, jitter)
    for formant, width in ((700, 130), (1200, 70)):
        source = _resonance(source, formant, width, rate)
    times = np.arange(len(source)) / rate
    rising = 0.05 + np.square(np.sin(np.pi * syllables * times))
    rising[(times < 0.2) | (times > seconds - 0.2)] = 0.0
    spoken = source / np.abs(source).max() * rising
    rng = np.random.default_rng(1)
    return level * spoken / rising.max() + 1e-4 * rng.standard_normal(len(source))


def _pulses(hz: float, seconds: float, rate: int, jitter: float) -> Samples:
    made = np.zeros(round(seconds * rate))
    at, longer = 0.0, 1.0
    while at < len(made) - 2:
        whole = int(at)
        made[whole : whole + 2] += 1 - (at - whole), at - whole
        at += rate / hz * (1 + longer * jitter / 2)
        longer = -longer
    return made


def _resonance(samples: Samples, hz: float, width: float, rate: int) -> Samples:
    from scipy.signal import lfilter

    radius = np.exp(-np.pi * width / rate)
    poles = [1, -2 * radius * np.cos(2 * np.pi * hz / rate), radius**2]
    return np.asarray(lfilter([1.0], poles, samples))


def silence(seconds: float) -> Samples:
    rng = np.random.default_rng(2)
    return 1e-4 * rng.standard_normal(round(seconds * RATE))


def write(path: Path, samples: Samples, rate: int = RATE, **options: Any) -> Path:
    """Writes a recording, in the format of its ending."""
    import soundfile

    soundfile.write(path, samples, rate, **options)
    return path


def write_aac(path: Path, samples: Samples, rate: int = RATE) -> Path:
    """Writes an MP4 with sound in it: shape (n,), or (n, 2)."""
    import av

    with av.open(str(path), "w") as container:
        planes = np.ascontiguousarray(np.atleast_2d(samples.T), np.float32)
        layout = "mono" if len(planes) == 1 else "stereo"
        stream: Any = container.add_stream("aac", rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return path


def write_pictures(path: Path) -> Path:
    """Writes an MP4 with pictures, and without sound."""
    import av

    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return path
