"""RenderVoice: how something was said, such as "voice louder than usual"."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.tracks import US
from affectflow.kinds.account import account
from affectflow.kinds.renderer import Track, TrackRenderer, Window, tracks_of
from affectflow.kinds.style import PLAIN, section
from affectflow.registry import Card
from affectflow_transforms.voice.activity import is_speech
from affectflow_transforms.voice.analysis import voice_of
from affectflow_transforms.voice.channels import (
    Heard,
    apart,
    check_channels,
    of_speakers,
)
from affectflow_transforms.voice.decoding import channels_of, check_extra, decoded
from affectflow_transforms.voice.measures import (
    PAUSE,
    PAUSE_BEFORE,
    UNITS,
    long_pauses,
    measured,
)
from affectflow_transforms.voice.silero import Listener, model_path
from affectflow_transforms.voice.tracks import WHOLE, tracks_of_voice
from affectflow_transforms.voice.wording import in_words, phrase_of_pause

MISFITS = "no_cue_recording_shorter_than_its_turns"
_SLACK_S, _SLACK = 1.0, 0.02
"""Turns may end this much later than their recording, in seconds and as a share."""
_NEVER = 1 << 62


@dataclass(kw_only=True)
class RenderVoice(TrackRenderer):
    """Describes how loud, high, varied, fast and rough a turn was, and its pauses.

    What is usual is taken from the other turns of the same speaker, at least three;
    otherwise only pauses and the rate are named, because they have norms.

    Args:
      tracks: path, glob, folder or URL of the recordings; empty if `media_uri` is the
        whole address of each, and not only its name.
      style: whose words are used.
      vad: what tells speech from other sound: `energy` over the noise, or the network
        of `silero`.
      channels: `mixed` into one, or `apart`, where each speaker has a channel: the
        times of speech on it tell whose it is.

    Raises:
      MissingExtraError: neither soundfile nor PyAV is installed, or silero is not.
    """

    style: str = PLAIN
    vad: Literal["energy", "silero"] = "energy"
    channels: Literal["mixed", "apart"] = "mixed"

    renderer_id: ClassVar[str] = "voice@1"
    modality: ClassVar[str] = "voice"
    units: ClassVar[Mapping[str, str]] = MappingProxyType(UNITS)
    suffixes: ClassVar[tuple[str, ...]] = (
        *(".wav", ".flac", ".ogg", ".opus", ".mp3"),
        *(".m4a", ".mp4", ".mov", ".mkv", ".webm", ".aac", ".wma"),
    )
    card: ClassVar[Card] = Card(
        summary="loudness, pitch, rate, pauses and quality of voices, in words",
        example="affectflow textualize lake --renderer RenderVoice --set "
        "tracks='calls/*.wav' --context research --purpose 'a study of calls'",
        extra="audio",
        touches=("biometric",),
    )

    def __post_init__(self) -> None:
        check_extra()
        self._words = section("voice", self.style)
        if self.vad == "silero":
            model_path()

    def measure(self, uri: str) -> pa.Table:
        if self.channels == "apart":
            count = channels_of(uri)
            check_channels(count, uri)
            return apart([self._heard(uri, number) for number in range(count)], uri)
        return tracks_of_voice(*self._heard(uri), uri)

    def _heard(self, uri: str, channel: int | None = None) -> Heard:
        blocks = decoded(uri, channel)
        if self.vad == "energy":
            voice = voice_of(blocks)
            return Heard(voice, is_speech(voice.loudness))
        listener = Listener()
        voice = voice_of(listener.passing(blocks))
        return Heard(voice, listener.speech(len(voice.loudness)))

    def render(self, turns: pa.Table, tracks: pa.Table) -> Iterator[dict[str, Any]]:
        if self.channels == "apart":
            tracks = of_speakers(turns, tracks)
        if not _fits(turns, tracks):
            account().tally(MISFITS, turns.num_rows)
            return
        ids, starts = (turns[name].to_pylist() for name in ("utterance_id", "start_us"))
        begins = dict(zip(ids, starts, strict=True))
        for utterance_id, found in tracks_of(turns, tracks):
            for track in found:
                windows = _windows(track, begins[utterance_id] / US)
                yield from (self.row(utterance_id, window) for window in windows)

    def windows(self, track: Track) -> Iterable[Window]:
        return _windows(track)

    def phrase(self, window: Window) -> str:
        """Returns a pause in words; the rest depends on the speaker's other turns."""
        if window.cue not in (PAUSE, PAUSE_BEFORE):
            return ""
        return phrase_of_pause(window.cue, window.value, self._words)

    def rows(self, utterance_id: str, track: Track) -> Iterator[dict[str, Any]]:
        """Yields the rows of `cues` of a track; most have no phrase yet."""
        yield from (self.row(utterance_id, each) for each in self.windows(track))

    def worded(
        self, rows: list[dict[str, Any]], turns: pa.Table
    ) -> list[dict[str, Any]]:
        ids, who = (turns[name].to_pylist() for name in ("utterance_id", "speaker_id"))
        return in_words(rows, dict(zip(ids, who, strict=True)), self._words)


def _windows(track: Track, begins_s: float = float("-inf")) -> list[Window]:
    if track.channel == PAUSE:
        return long_pauses(track, begins_s)
    return measured(track)


def _fits(turns: pa.Table, tracks: pa.Table) -> bool:
    """Returns whether a recording is as long as its turns say.

    A recording with a wrong rate in its header is not, and its pitch would be wrong
    too.
    """
    timed = turns.filter(pc.less(turns["end_us"], _NEVER))
    whole = tracks.filter(pc.equal(tracks["channel"], WHOLE))
    if not timed.num_rows or not whole.num_rows:
        return True
    last, length = pc.max(timed["end_us"]).as_py(), pc.max(whole["end_us"]).as_py()
    return bool(last <= length * (1 + _SLACK) + _SLACK_S * US)
