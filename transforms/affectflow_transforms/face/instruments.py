"""Instruments that measure faces: how to recognise and read their tables.

All of it is data, `facs.toml` beside this file. Every instrument's columns get the
names of one vocabulary: `AU12` for a unit of FACS, `happiness` for an emotion.
"""

import functools
import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("facs.toml")
AT = "@"
"""Separates the cue and the id of its scale in the name of a channel."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What the values of some columns of an instrument mean.

    Args:
      id: a word for it, which stands in the names of channels.
      unit: names the instrument and its scale, as in `cues.unit`; no two are the same.
      columns: a regular expression of the names of columns; its group is the number of
        a unit, or the name of an emotion.
      low: the lowest value that there is.
      high: the highest.
      active: above it a unit is there.
    """

    id: str
    unit: str
    columns: str
    low: float = float("-inf")
    high: float = float("inf")
    active: float

    def cue_of(self, column: str) -> str:
        """Returns what a column measures, as `AU12`; empty if it is not of the scale.

        >>> scales()["facet"].cue_of("AU4 Evidence")
        'AU04'
        """
        found = re.fullmatch(self.columns, column)
        if found is None:
            return ""
        said = found[1]
        if said.isdigit():
            return f"{self.columns[:2]}{int(said):02d}"
        return str(facs()["emotions"][said.lower()])


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """An instrument, and the columns of its tables.

    Args:
      name: of the instrument.
      told_by: columns that only its tables have.
      scales: what its columns of values mean.
      seconds: the column of times in seconds.
      milliseconds: likewise, in milliseconds.
      frames: the column of numbers of frames, if it has no times.
      found: the column that is at least 1 where there is a face.
      confidence: the column that says how sure it is, 0..1.
      least: frames with less confidence are not trusted.
      person: the column that distinguishes the faces of a frame.
      source: the column that says which device a row is of.
      source_has: a word that is there in rows of this one.
    """

    name: str
    told_by: tuple[str, ...]
    scales: tuple[Scale, ...]
    seconds: str = ""
    milliseconds: str = ""
    frames: str = ""
    found: str = ""
    confidence: str = ""
    least: float = 0.0
    person: str = ""
    source: str = ""
    source_has: str = ""

    @property
    def about(self) -> tuple[str, ...]:
        """The columns of numbers that say when, who and how sure."""
        said = (self.seconds, self.milliseconds, self.frames, self.found)
        return tuple(name for name in (*said, self.confidence, self.person) if name)

    def channels(self, columns: Collection[str]) -> dict[str, tuple[str, Scale]]:
        """Returns the columns that measure a face, each with its cue and its scale."""
        told = (
            (name, scale, scale.cue_of(name))
            for name in columns
            for scale in self.scales
        )
        return {name: (cue, scale) for name, scale, cue in told if cue}


@functools.cache
def facs() -> dict[str, Any]:
    """Returns the file of data."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@functools.cache
def instruments() -> tuple[Instrument, ...]:
    """Returns the instruments that are known."""
    return tuple(_instrument(said) for said in facs()["instruments"])


def _instrument(said: dict[str, Any]) -> Instrument:
    scales = tuple(Scale(**scale) for scale in said["scales"])
    return Instrument(**{**said, "told_by": tuple(said["told_by"]), "scales": scales})


@functools.cache
def scales() -> dict[str, Scale]:
    """Returns the scales of all instruments by their id."""
    return {scale.id: scale for each in instruments() for scale in each.scales}


def channel_of(cue: str, scale: Scale) -> str:
    """Returns the name of the channel that measures a cue on a scale."""
    return f"{cue}{AT}{scale.id}"


@functools.cache
def told_by(channel: str) -> tuple[str, Scale | None]:
    """Returns the cue that a channel measures, and its scale; None for other channels.

    >>> told_by("AU12@openface2")[1].unit
    'OpenFace 2 intensity 0..5'
    """
    cue, _, named = channel.partition(AT)
    return cue, scales().get(named)


@functools.cache
def names() -> dict[str, str]:
    """Returns the names of all units by their cue, and emotions by themselves."""
    emotions = {name: name for name in facs()["emotions"].values()}
    return {**facs()["units"], **facs()["feafa"], **emotions}


@functools.cache
def emotions() -> frozenset[str]:
    """Returns the names of the emotions."""
    return frozenset(facs()["emotions"].values())


def instrument_of(columns: Collection[str]) -> Instrument | None:
    """Returns the instrument whose table has these columns; None if none is known."""
    there = set(columns)
    return next(
        (each for each in instruments() if there.issuperset(each.told_by)), None
    )
