"""RenderVoice: times real time on one core, and memory of five minutes and an hour.

Recordings are a clip of LibriSpeech, or pulses where the shared data is not there,
over and over, at 16 kHz mono and at 44.1 kHz stereo. Speed is seconds of sound over CPU
seconds of `measure`, decoding included, the median of some runs; memory is the peak of
a process of its own, and what it has before it measures.

    python -m tests.bench.voice [--runs N]
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from affectflow import people
from tests.bench import measure
from tests.given.voices import RATE, voice

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
CLIP = DATA / "nv_audio" / "librispeech" / "198-209-0000.ogg"
SHORT_S, LONG_S = 300, 3600
FORMATS = {"16 kHz mono": (RATE, 1), "44.1 kHz stereo": (44_100, 2)}


def speech(rate: int) -> np.ndarray:
    """Returns some seconds of speech."""
    from affectflow_transforms.voice.decoding import decoded

    if not CLIP.exists():
        return np.asarray(voice(seconds=10, rate=rate), np.float32)
    samples = np.concatenate(list(decoded(str(CLIP))))
    at = np.arange(int(len(samples) / RATE * rate)) / rate * RATE
    return np.interp(at, np.arange(len(samples)), samples).astype(np.float32)


def write_recording(path: Path, seconds: int, rate: int, channels: int) -> None:
    """Writes a recording of a length, a clip at a time."""
    import soundfile

    clip = np.repeat(speech(rate)[:, None], channels, axis=1)
    with soundfile.SoundFile(path, "w", rate, channels, "PCM_16") as file:
        left = seconds * rate
        while left > 0:
            file.write(clip[:left])
            left -= len(clip)


def measured(path: str) -> tuple[float, int, int]:
    """Returns CPU seconds, and the peak of memory before and after, in kB."""
    from affectflow_transforms.voice.renderer import RenderVoice

    with people.using(context="research", purpose="a benchmark"):
        renderer = RenderVoice()
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        write_recording(Path(file.name), 20, RATE, 1)
        renderer.measure(file.name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    renderer.measure(path)
    spent = time.process_time() - begun
    return spent, before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def alone(path: Path) -> tuple[float, int, int]:
    """Returns what `measured` says in a process of its own."""
    command = measure.python("tests.bench.voice", "--measure", str(path))
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    spent, before, after = done.stdout.split()
    return float(spent), int(before), int(after)


def main(runs: int) -> None:
    """Prints a line for each format and length."""
    print(f"{'recording':24} {'times real time':>16} {'MB before':>10} {'MB peak':>8}")
    for name, (rate, channels) in FORMATS.items():
        for seconds in (SHORT_S, LONG_S):
            with tempfile.NamedTemporaryFile(suffix=".wav") as file:
                write_recording(Path(file.name), seconds, rate, channels)
                found = [alone(Path(file.name)) for _ in range(runs)]
            speed = statistics.median(seconds / spent for spent, _, _ in found)
            before, peak = (max(f[k] for f in found) / 1024 for k in (1, 2))
            about = f"{name}, {seconds // 60} min"
            print(f"{about:24} {speed:16.0f} {before:10.0f} {peak:8.0f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--measure", default="")
    given = parser.parse_args()
    if given.measure:
        sys.stdout.write(" ".join(map(str, measured(given.measure))))
    else:
        main(given.runs)
