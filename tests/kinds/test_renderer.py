from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from affectflow.kinds.renderer import Track, TrackRenderer, Window


class Loudness(TrackRenderer):
    """Each second that is louder than 70 dB is "loud"."""

    renderer_id: ClassVar[str] = "loudness@1"
    modality: ClassVar[str] = "voice"
    cue: ClassVar[str] = "loudness"
    unit: ClassVar[str] = "dB"

    def windows(self, track: Track) -> Iterator[Window]:
        seconds = np.floor(track.times)
        for second in np.unique(seconds):
            value = float(track.values[seconds == second].mean())
            yield Window(float(second), float(second) + 1, value)

    def phrase(self, window: Window) -> str:
        return "loud" if window.value > 70 else ""


def test_what_is_worth_a_phrase_becomes_a_cue_with_its_time_and_value() -> None:
    track = Track("u1", np.array([0.0, 0.5, 1.0, 1.5]), np.array([60.0, 62, 80, 84]))

    (cue,) = Loudness().rows(track)

    assert cue == {
        "utterance_id": "u1",
        "modality": "voice",
        "cue": "loudness",
        "phrase": "loud",
        "value": 82.0,
        "unit": "dB",
        "start_s": 1.0,
        "end_s": 2.0,
        "renderer_id": "loudness@1",
    }
