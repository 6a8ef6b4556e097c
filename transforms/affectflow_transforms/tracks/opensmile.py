"""RenderOpenSmile: tables of openSMILE's eGeMAPS and GeMAPS, as words about the voice.

The names of features are those of the sets GeMAPS and eGeMAPS (Eyben et al. 2016),
which openSMILE writes as CSV or ARFF: low-level descriptors every 10 ms, or functionals
of a whole clip.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.tracks import US
from affectflow.errors import UsageError
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


class _Feature(NamedTuple):
    """What a column of openSMILE says of a voice.

    Attributes:
      pattern: of the column's name, in lower case.
      cue: what it is a value of.
      unit: of the value.
      voiced: 0 says that there is no voice, and nothing was measured.
      value: of the column's numbers.
    """

    pattern: str
    cue: str
    unit: str
    voiced: bool = False
    value: Callable[[Floats], Floats] = np.asarray


_F0 = r"f0semitonefrom27\.5hz_sma3nz"
_FRAMES = (
    _Feature(_F0, "pitch", "Hz", True, hertz),
    _Feature(_F0, "pitch_variation", "semitones", True),
    _Feature("loudness_sma3", "loudness", "auditory"),
    _Feature("jitterlocal_sma3nz", "jitter", "ratio", True),
    _Feature("shimmerlocaldb_sma3nz", "shimmer", "dB", True),
    _Feature("hnrdbacf_sma3nz", "harmonicity", "dB", True),
)
_FUNCTIONALS = (
    _Feature(rf"{_F0}_percentile50\.0", "pitch", "Hz", True, hertz),
    _Feature("loudness_sma3_amean", "loudness", "auditory"),
    _Feature("loudnesspeakspersec", "rate", "peaks/s"),
    _Feature("jitterlocal_sma3nz_amean", "jitter", "ratio", True),
    _Feature("shimmerlocaldb_sma3nz_amean", "shimmer", "dB", True),
    _Feature("hnrdbacf_sma3nz_amean", "harmonicity", "dB", True),
    _Feature("meanunvoicedsegmentlength", "pause", "s"),
)
UNITS = {each.cue: each.unit for each in (*_FRAMES, *_FUNCTIONALS)}
_MEDIAN = ("pitch",)
_IN_FRAMES = " in frames"
"""Ends the channels of low-level descriptors, many of which make one value."""


@dataclass(kw_only=True)
class RenderOpenSmile(TrackRenderer):
    """Says how somebody sounds: louder, higher, faster than in their other turns.

    Of each turn there is one value for each cue: the median `pitch` in Hz and its
    `pitch_variation` in semitones, `loudness`, `rate` (peaks of loudness a second, near
    that of syllables), `jitter`, `shimmer`, `harmonicity` and `pause`. A value is put
    into words where it is far from the speaker's other turns, or, if these are few,
    beyond the norms of the style; loudness has none, as it depends on the microphone.

    Args:
      tracks: path, glob, folder or URL of CSV or ARFF files.
      others: as many other turns of the speaker make a baseline.
      far: a value is said from so many standard deviations of the other turns' values
        off their mean.
      style: whose words and norms are used.

    Raises:
      UsageError: a number is out of range.
    """

    others: int = 4
    far: float = 2.0
    style: str = PLAIN

    renderer_id: ClassVar[str] = "opensmile@1"
    modality: ClassVar[str] = "voice"
    needs_tracks: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".arff", ".txt")
    card: ClassVar[Card] = Card(
        summary="the voice in words, from tables of openSMILE's eGeMAPS",
        example="affectflow textualize lake --renderer RenderOpenSmile --set "
        "tracks=features/*.csv --context research --purpose 'a study of calls'",
        touches=("biometric",),
    )

    def __post_init__(self) -> None:
        if self.others < 2:
            raise UsageError(f"`others` is at least 2, got {self.others}")
        if not self.far > 0:
            raise UsageError(f"`far` is above 0, got {self.far}")
        self._words = section("opensmile", self.style)

    def measure(self, uri: str) -> pa.Table:
        table = table_of(uri)
        found = _columns(table)
        if not found:
            there = ", ".join(measured(table)[:4]) or "no numbers"
            raise UnmeasuredError(
                "not_opensmile", f"{uri!r} has no feature of eGeMAPS, but {there}"
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
            # Nobody knows which turn is to be said in the words of the whole clip.
            account().tally("no_cue_of_several_turns", n)
            tracks = tracks.filter(pc.invert(whole))
        yield from super().render(turns, tracks)

    def windows(self, track: Track) -> Iterator[Window]:
        known = ~np.isnan(track.values)
        values = track.values[known]
        if not len(values):
            return
        cue = track.channel.removesuffix(_IN_FRAMES)
        if cue == "pitch_variation" and cue != track.channel:
            value = values.std()
        else:
            value = np.median(values) if cue in _MEDIAN else values.mean()
        times = track.times[known]
        yield Window(float(times[0]), float(times[-1]), float(value), cue)

    def phrase(self, window: Window) -> str:
        """Returns nothing yet: words depend on the speaker's other turns."""
        return ""

    def rows(self, utterance_id: str, track: Track) -> Iterator[dict[str, Any]]:
        for window in self.windows(track):
            yield {
                "utterance_id": utterance_id,
                "modality": self.modality,
                "cue": window.cue,
                "phrase": self.phrase(window),
                "value": window.value,
                "unit": UNITS.get(window.cue, ""),
                "start_s": window.start_s,
                "end_s": window.end_s,
                "renderer_id": self.id,
            }

    def worded(
        self, rows: list[dict[str, Any]], turns: pa.Table
    ) -> list[dict[str, Any]]:
        of = {turn["utterance_id"]: turn for turn in turns.to_pylist()}
        values: dict[tuple[Any, str], list[float]] = {}
        for row in rows:
            key = of[row["utterance_id"]]["speaker_id"], row["cue"]
            values.setdefault(key, []).append(row["value"])
        said = []
        for row in rows:
            turn = of[row["utterance_id"]]
            own = values[turn["speaker_id"], row["cue"]]
            phrase = self._said(
                row["cue"], row["value"], own if turn["speaker_id"] else []
            )
            said.append({**row, "phrase": phrase, **_seconds_of(turn)})
        return said

    def _said(self, cue: str, value: float, own: list[float]) -> str:
        """Returns a value in words; empty if it is as usual.

        Args:
          cue: what it is a value of.
          value: of the turn.
          own: of all turns of the speaker, this one among them; empty if the speaker
            is not known.
        """
        words: dict[str, Any] = self._words.get(cue, {})
        if len(own) <= self.others:
            low, high = words.get("norm", (-np.inf, np.inf))
            key = "low" if value < low else "high" if value > high else ""
        else:
            off = far_from(value, own)
            key = "less" if off <= -self.far else "more" if off >= self.far else ""
        phrase: str = words.get(key, "")
        return phrase


def far_from(value: float, own: list[float]) -> float:
    """Returns how many standard deviations a value is off a speaker's other values.

    0 where the others are all the same.

    Args:
      value: one of `own`.
      own: at least two values.
    """
    others = list(own)
    others.remove(value)
    spread = np.std(others, ddof=1)
    return float((value - np.mean(others)) / spread) if spread > 0 else 0.0


def _columns(table: pa.Table) -> dict[str, Floats]:
    """Returns the values of each channel that a table has; NaN for nothing."""
    found = {}
    for feature in _FUNCTIONALS:
        if name := _named(table, feature.pattern):
            found[feature.cue] = _values(table, name, feature)
    variation = _variation(table)
    if variation is not None:
        found["pitch_variation"] = variation
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


def _variation(table: pa.Table) -> Floats | None:
    """Returns the deviation of the pitch, which openSMILE divides by its mean."""
    names = [_named(table, f"{_F0}_{each}") for each in ("stddevnorm", "amean")]
    if not all(names):
        return None
    plain = _Feature("", "", "", voiced=True)
    share, mean = (_values(table, name, plain) for name in names)
    return share * mean


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
