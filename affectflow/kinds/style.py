"""Styles: data files that say how to put nonverbal cues into words.

A style is a file of the kind `styles`. Its sections belong to the renderers that read
it; `[frame]` says what a model reads around a text with cues that have no position.
"""

import functools
from typing import Any

import pyarrow as pa

from affectflow import data
from affectflow.batches.frames import HEAD, Frame
from affectflow.batches.readings import Readings, check_cues, read
from affectflow.errors import UsageError

PLAIN = "plain"


@functools.cache
def style(name: str) -> dict[str, Any]:
    """Returns the content of a style, by section.

    Raises:
      UnknownPluginError: no distribution brings it.
      UsageError: it is malformed; the message names the line.
    """
    return data.find("styles", name).table()


def section(name: str, of: str) -> dict[str, Any]:
    """Returns a section of a style, or of `plain` where the style has none.

    Args:
      name: of the section.
      of: the style.

    Raises:
      UnknownPluginError, UsageError: as `style`.
    """
    found: dict[str, Any] | None = style(of).get(name)
    return style(PLAIN)[name] if found is None else found


@functools.cache
def frame_of(name: str) -> Frame:
    """Returns the frame of a style; for no style, cues stand at the head.

    Raises:
      UnknownPluginError, UsageError: as `style`.
    """
    if not name:
        return HEAD
    said = style(name).get("frame")
    if said is None:
        return HEAD
    try:
        return Frame.of(said)
    except UsageError as error:
        file = data.find("styles", name)
        raise file.fault(str(error), file.line_of("frame")) from error


def check_reading(cues: str, style: str) -> None:
    """Raises unless texts can be read in this way.

    Raises:
      UnknownPluginError: no distribution brings the style.
      UsageError: it is malformed, or cues cannot be read in this way.
    """
    check_cues(cues)
    frame_of(style)


def reading_of(
    batch: pa.RecordBatch, *, cues: str, style: str, apart: bool = False
) -> Readings:
    """Returns what a model reads of each row, according to its options; see `read`."""
    return read(batch, cues=cues, frame=frame_of(style), apart=apart)
