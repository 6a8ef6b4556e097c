"""RenderOpenSmile: openSMILE's tables of voices, in the words of RenderVoice.

The names of features are those of the sets GeMAPS and eGeMAPS (Eyben et al. 2016),
which openSMILE writes as CSV or ARFF: low-level descriptors every 10 ms, or functionals
of a whole clip.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.tracks import US
from affectflow.kinds.account import account
from affectflow.kinds.renderer import Track, TrackRenderer, UnmeasuredError, Window
from affectflow.kinds.style import PLAIN, section
from affectflow.registry import Card
from affectflow_transforms.tracks.tables import (
    ends_of,
    long_tracks,
    measured,
    starts_of,
    table_of,
)
from affectflow_transforms.voice.measures import UNITS
from affectflow_transforms.voice.wording import in_words

LOWEST_HZ = 27.5
"""The pitch from which semitones are counted."""
ENDLESS = np.iinfo(np.int64).max
"""The end of a clip whose length a table does not say."""

Floats = npt.NDArray[np.float64]


def hertz(semitones: Floats) -> Floats:
    """Returns frequencies of semitones above 27.5 Hz.

    >>> hertz(np.array([0.0, 12.0, 24.0])).tolist()
    [27.5, 55.0, 110.0]
    """
    return np.asarray(LOWEST_HZ * np.exp2(semitones / 12))


def phon(sone: Floats) -> Floats:
    """Returns the level of loudnesses: ten more is twice as loud.

    >>> phon(np.array([1.0, 2.0])).tolist()
    [40.0, 50.0]
    """
    return np.asarray(40 + 10 * np.log2(sone))


def percent(shares: Floats) -> Floats:
    """Returns shares of 1 as percents."""
    return np.asarray(100 * shares)


class _Feature(NamedTuple):
    """What a column of openSMILE says about a voice.

    Attributes:
      pattern: of the column's name, in lower case.
      cue: what it is a value of, named and measured as RenderVoice does.
      voiced: 0 says that there is no voice, and nothing was measured.
      value: of the column's numbers.
    """

    pattern: str
    cue: str
    voiced: bool = False
    value: Callable[[Floats], Floats] = np.asarray


_F0 = r"f0semitonefrom27\.5hz_sma3nz"
_FRAMES = (
    _Feature(_F0, "pitch", True, hertz),
    _Feature(_F0, "pitch_range", True),
    _Feature("loudness_sma3", "loudness"),
    _Feature("jitterlocal_sma3nz", "jitter", True, percent),
    _Feature("shimmerlocaldb_sma3nz", "shimmer", True),
    _Feature("hnrdbacf_sma3nz", "harmonics", True),
)
_FUNCTIONALS = (
    _Feature(rf"{_F0}_percentile50\.0", "pitch", True, hertz),
    _Feature(rf"{_F0}_pctlrange0-2", "pitch_range"),
    _Feature("loudness_sma3_amean", "loudness", True, phon),
    _Feature("loudnesspeakspersec", "peak_rate"),
    _Feature("jitterlocal_sma3nz_amean", "jitter", True, percent),
    _Feature("shimmerlocaldb_sma3nz_amean", "shimmer", True),
    _Feature("hnrdbacf_sma3nz_amean", "harmonics", True),
)
_IN_FRAMES = " in frames"
"""Ends the channels of low-level descriptors, many of which make one value."""


@dataclass(kw_only=True)
class RenderOpenSmile(TrackRenderer):
    """Says how someone sounds: louder, higher, hoarser than in their other turns.

    Each turn has one value for each cue: the median `pitch`, `pitch_range` between its
    20th and 80th percentile, `loudness`, `peak_rate` (loudness peaks per second, pauses
    included), `jitter`, `shimmer` and `harmonics`. They are worded like those of
    RenderVoice.

    Args:
      tracks: path, glob, folder or URL of CSV or ARFF files.
      style: whose words are used.
    """

    style: str = PLAIN

    renderer_id: ClassVar[str] = "opensmile@2"
    modality: ClassVar[str] = "voice"
    units: ClassVar[Mapping[str, str]] = MappingProxyType(UNITS)
    needs_tracks: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".arff", ".txt")
    card: ClassVar[Card] = Card(
        summary="the voice in words, from tables of openSMILE's eGeMAPS",
        example="affectflow textualize lake --renderer RenderOpenSmile --set "
        "tracks=features/*.csv --context research --purpose 'a study of calls'",
        touches=("biometric",),
    )

    def __post_init__(self) -> None:
        self._words = section("voice", self.style)

    def measure(self, uri: str) -> pa.Table:
        table = table_of(uri)
        found = _columns(table)
        if not found:
            there = ", ".join(measured(table)[:4]) or "no numbers"
            raise UnmeasuredError(
                "not_opensmile", f"{uri!r} has no feature of eGeMAPS; it has {there}"
            )
        starts, ends = _times(table)
        for name, values in found.items():
            table = table.append_column(f"cue {name}", pa.array(values))
        tracks = long_tracks(table, [f"cue {n}" for n in found], starts, ends)
        bare = pc.replace_substring(tracks["channel"], "cue ", "", max_replacements=1)
        return tracks.set_column(tracks.column_names.index("channel"), "channel", bare)

    def render(self, turns: pa.Table, tracks: pa.Table) -> Iterator[dict[str, Any]]:
        whole = pc.equal(tracks["end_us"], ENDLESS)
        if turns.num_rows > 1 and (n := pc.sum(whole).as_py()):
            # It is unknown which turn the words of the whole clip belong to.
            account().tally("no_cue_of_several_turns", n)
            tracks = tracks.filter(pc.invert(whole))
        yield from super().render(turns, tracks)

    def windows(self, track: Track) -> Iterator[Window]:
        known = ~np.isnan(track.values)
        values = track.values[known]
        if not len(values):
            return
        cue = track.channel.removesuffix(_IN_FRAMES)
        value = _of_frames(cue, values) if cue != track.channel else values.mean()
        times = track.times[known]
        yield Window(float(times[0]), float(times[-1]), float(value), cue)

    def phrase(self, window: Window) -> str:
        """Returns nothing yet: words depend on the speaker's other turns."""
        return ""

    def rows(self, utterance_id: str, track: Track) -> Iterator[dict[str, Any]]:
        """Yields the rows of `cues` of a track; none has a phrase yet."""
        yield from (self.row(utterance_id, each) for each in self.windows(track))

    def worded(
        self, rows: list[dict[str, Any]], turns: pa.Table
    ) -> list[dict[str, Any]]:
        of = {turn["utterance_id"]: turn for turn in turns.to_pylist()}
        speakers = {name: turn["speaker_id"] for name, turn in of.items()}
        return [
            {**row, **_seconds_of(of[row["utterance_id"]])}
            for row in in_words(rows, speakers, self._words)
        ]


def _of_frames(cue: str, values: Floats) -> float:
    """Returns the value of a turn, as openSMILE has it of a whole clip."""
    if cue == "pitch":
        return float(np.median(values))
    if cue == "pitch_range":
        low, high = np.percentile(values, [20, 80])
        return float(high - low)
    mean = values.mean()
    return float(phon(mean)) if cue == "loudness" else float(mean)


def _columns(table: pa.Table) -> dict[str, Floats]:
    """Returns the values of each channel that a table has; NaN for nothing."""
    found = {}
    for feature in _FUNCTIONALS:
        if name := _named(table, feature.pattern):
            found[feature.cue] = _values(table, name, feature)
    if found:
        return found
    for feature in _FRAMES:
        if name := _named(table, feature.pattern):
            found[feature.cue + _IN_FRAMES] = _values(table, name, feature)
    return found


def _named(table: pa.Table, pattern: str) -> str:
    there = (name for name in measured(table) if re.fullmatch(pattern, name.lower()))
    return next(there, "")


def _values(table: pa.Table, name: str, feature: _Feature) -> Floats:
    values = np.asarray(table[name].cast(pa.float64()).fill_null(np.nan))
    if feature.voiced:
        values = np.where(values == 0, np.nan, values)
    return np.where(np.isfinite(values), feature.value(values), np.nan)


def _times(table: pa.Table) -> tuple[pa.Array, pa.Array]:
    """Returns when rows begin and end; all of the clip where a table does not say."""
    try:
        starts = starts_of(table)
    except UnmeasuredError:
        nowhere = np.zeros(table.num_rows, np.int64)
        return pa.array(nowhere), pa.array(nowhere + ENDLESS)
    return starts, ends_of(table, starts)


def _seconds_of(turn: dict[str, Any]) -> dict[str, float | None]:
    if turn["end_us"] >= ENDLESS:
        return {"start_s": None, "end_s": None}
    return {"start_s": turn["start_us"] / US, "end_s": turn["end_us"] / US}
