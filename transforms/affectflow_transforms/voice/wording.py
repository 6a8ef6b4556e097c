"""From numbers to phrases: relative to what is usual for a speaker, or to a norm.

A phrase depends only on the number, what is usual, and the words of a style.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow_transforms.voice.measures import BY_CUE, LONG_PAUSE_S, Measure

Floats = npt.NDArray[np.float64]
Words = Mapping[str, Mapping[str, str]]

FEWEST_TURNS = 3
"""Other turns of a speaker that tell what is usual."""
_EXACT = 50
"""From this many turns on, one more or less makes no audible difference."""
_SIGMA = 1.4826
"""Times the median deviation: the standard deviation of what is normal."""
_TRUST = 5
"""What is typical counts as much as this many turns."""
_FAR = 2.0
_NORMAL_RATE = 4.64
"""Syllables per second of conversations without pauses, the mean of two countries (4.23
and 5.05): J. Verhoeven, G. De Pauw and H. Kloots, "Speech rate in a pluricentric
language", Language and Speech 47 (2004)."""
_OFF = 1.4
"""How many times as fast as the norm, or as slow, is worth a phrase."""


class Usual(NamedTuple):
    """What is usual for a speaker, on the scale of a measure.

    Attributes:
      middle: median of the other turns.
      spread: how far they are from it.
    """

    middle: float
    spread: float


def phrase_of(measure: Measure, value: float, usual: Usual | None, words: Words) -> str:
    """Returns a number in words; empty if there is nothing to say.

    Args:
      measure: what it is a value of.
      value: in the unit of the measure.
      usual: for the speaker; None if that is not known.
      words: of a style, by cue.
    """
    own = words.get(measure.cue, {})
    if usual is None:
        return own.get(_against_norm(measure, value), "")
    with np.errstate(divide="ignore", invalid="ignore"):
        heard = float(measure.scale(np.array([value]))[0])
    steps = (heard - usual.middle) / max(usual.spread, measure.least)
    if not abs(steps) >= 1:
        return ""
    way = "more" if steps > 0 else "less"
    return own.get(f"much_{way}" if abs(steps) >= _FAR else way, "")


def phrase_of_pause(cue: str, seconds: float, words: Words) -> str:
    """Returns a pause in words; empty if it is not long."""
    return words.get(cue, {}).get("long", "") if seconds >= LONG_PAUSE_S else ""


def _against_norm(measure: Measure, value: float) -> str:
    """Returns the word for a value for which a norm holds for everyone.

    Loudness depends on the microphone, and pitch and roughness on the body: a norm for
    these would say nothing about a turn.
    """
    if measure.cue != "rate":
        return ""
    if value >= _NORMAL_RATE * _OFF:
        return "high"
    return "low" if value <= _NORMAL_RATE / _OFF else ""


def usual_of(measure: Measure, values: Floats) -> list[Usual | None]:
    """Returns what is usual for a speaker, for each turn by the other turns.

    The spread is the median deviation, times 1.4826, drawn towards what is typical: of
    a few turns it says little.

    Args:
      measure: what they are values of.
      values: shape (n,), of a speaker's turns, in the unit of the measure.
    """
    n = len(values)
    if n <= FEWEST_TURNS:
        return [None] * n
    with np.errstate(divide="ignore", invalid="ignore"):
        heard = measure.scale(np.asarray(values, np.float64))
    if n > _EXACT:
        return [_usual(heard, measure.typical)] * n
    return [_usual(np.delete(heard, k), measure.typical) for k in range(n)]


def _usual(others: Floats, typical: float) -> Usual:
    middle = float(np.median(others))
    spread = _SIGMA * float(np.median(np.abs(others - middle)))
    n = len(others)
    return Usual(middle, (n * spread + _TRUST * typical) / (n + _TRUST))


def in_words(
    rows: list[dict[str, Any]], speakers: Mapping[str, str | None], words: Words
) -> list[dict[str, Any]]:
    """Returns rows of `cues` with a phrase each, or an empty one.

    Args:
      rows: of all recordings; those with a phrase keep it.
      speakers: who speaks, by the id of the utterance.
      words: of a style, by cue.
    """
    groups: dict[tuple[str | None, str], list[int]] = {}
    for place, row in enumerate(rows):
        if not row["phrase"] and row["cue"] in BY_CUE:
            key = speakers.get(row["utterance_id"]), row["cue"]
            groups.setdefault(key, []).append(place)
    said = [dict(row) for row in rows]
    for (speaker, cue), places in groups.items():
        values = np.array([rows[place]["value"] for place in places], np.float64)
        none: list[Usual | None] = [None] * len(places)
        usual = none if speaker is None else usual_of(BY_CUE[cue], values)
        for place, value, own in zip(places, values.tolist(), usual, strict=True):
            said[place]["phrase"] = phrase_of(BY_CUE[cue], value, own, words)
    return said
