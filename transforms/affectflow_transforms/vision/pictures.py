"""What is read from a file: the picture itself, or some frames of a video."""

import importlib.util
import re
from typing import Any, BinaryIO, NamedTuple

from affectflow.errors import MissingExtraError, StorageError
from affectflow.kinds.renderer import UnmeasuredError
from affectflow.sources.listing import open_binary
from affectflow_transforms.vision import video
from affectflow_transforms.vision.frames import Sampling
from affectflow_transforms.vision.motion_tables import MotionTables

MOST_PIXELS = 100_000_000
"""A few bytes of a larger picture may fill the memory."""

_CURE = "run `pip install 'affectflow[vision]'`"


class Seen(NamedTuple):
    """What is looked at of a file.

    Attributes:
      pictures: of Pillow, red, green and blue; at least one.
      is_cut: a video is damaged behind these frames.
    """

    pictures: list[Any]
    is_cut: bool


def check_extra() -> None:
    """Raises MissingExtraError if pictures cannot be read here."""
    if not importlib.util.find_spec("PIL"):
        raise MissingExtraError(f"reading pictures needs Pillow: {_CURE}")


def look_at(
    uri: str,
    part: video.Stretch,
    sampling: Sampling,
    tables: MotionTables | None = None,
) -> Seen:
    """Returns what is looked at of a file.

    Args:
      uri: path or fsspec URL of a picture or a video.
      part: which stretch of a video.
      sampling: which of its frames.
      tables: say how much moves in it; None measures it.

    Raises:
      UnmeasuredError: it cannot be opened, is damaged, or is neither.
    """
    try:
        with open_binary(uri) as file:
            picture = _picture(file, uri)
            if picture is not None:
                return Seen([picture], is_cut=False)
            if not importlib.util.find_spec("av"):
                why = (
                    f"{uri!r} is not a picture, and reading videos needs PyAV: {_CURE}"
                )
                raise UnmeasuredError("unknown_format", why)
            file.seek(0)
            frames, is_cut = video.chosen(file, uri, part, sampling, tables)
    except StorageError as error:
        raise UnmeasuredError("unreadable_file", str(error)) from error
    return Seen(frames, is_cut)


def cropped(picture: Any, box: str) -> Any:
    """Returns the part of a picture within a box.

    Args:
      picture: of Pillow.
      box: left, top, right and bottom in pixels, parted by commas or blanks.

    Raises:
      UnmeasuredError: `wrong_box`: it is malformed, or outside the picture.
    """
    try:
        left, top, right, bottom = map(float, re.split(r"[\s,;]+", box.strip("[]() ")))
    except ValueError:
        left = top = right = bottom = 0.0
    width, height = picture.size
    left, right = max(left, 0.0), min(right, width)
    top, bottom = max(top, 0.0), min(bottom, height)
    if not (right - left >= 1 and bottom - top >= 1):
        raise UnmeasuredError(
            "wrong_box",
            f"the box {box!r} is outside a picture of {width} x {height} pixels: give "
            "left, top, right and bottom",
        )
    return picture.crop(tuple(map(round, (left, top, right, bottom))))


def _picture(file: BinaryIO, uri: str) -> Any | None:
    """Returns a picture as a person sees it; None if the file is not a picture."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        opened = Image.open(file)
    except UnidentifiedImageError:
        return None
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise _damaged(uri, error) from error
    width, height = opened.size
    if width * height > MOST_PIXELS:
        raise UnmeasuredError(
            "too_large_picture",
            f"{uri!r} has {width} x {height} pixels, which is too large: make it "
            "smaller",
        )
    try:
        return ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise _damaged(uri, error) from error


def _damaged(uri: str, error: Exception) -> UnmeasuredError:
    why = " ".join(str(error).split())
    return UnmeasuredError("damaged_picture", f"cannot read {uri!r}: {why}")
