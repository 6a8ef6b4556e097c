"""Whether a file is a complete picture; its pixels are rarely read."""

import importlib.util
from typing import Any, BinaryIO

from affectflow.sources.damage import DamagedFileError
from affectflow.sources.listing import open_binary

_HEAD = 16
_MARKS = (
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM"),
    *(b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
)
"""First bytes of pictures; WebP has its name four bytes after its mark."""
_ENDS = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9", "GIF": b";"}
_WHOLE_ONCE_OPEN = ("WEBP",)
_MOST_PIXELS = 100_000_000
"""Larger pictures are not decoded, since a few bytes may fill the memory."""


class EmptyPictureError(DamagedFileError):
    """A file is empty."""

    error_type = "empty_picture"


class DamagedPictureError(DamagedFileError):
    """A file is not a picture, or is cut off."""

    error_type = "damaged_picture"


def check_picture(uri: str) -> None:
    """Looks at the first and the last bytes of a picture, by Pillow if it is installed.

    Without Pillow, a truncated picture is not recognised as such.

    Args:
      uri: path or fsspec URL of a picture.

    Raises:
      EmptyPictureError: it has no bytes.
      DamagedPictureError: it is not a picture, or is cut off.
      StorageError: it cannot be opened.
    """
    with open_binary(uri) as file:
        head = file.read(_HEAD)
        if not head:
            raise EmptyPictureError(f"{uri!r} is empty: fetch it again")
        if has_pillow():
            file.seek(0)
            _check_by_pillow(file, uri)
        elif not _is_picture(head):
            raise _damaged(uri, "its first bytes match no known picture format")


def has_pillow() -> bool:
    """Returns whether pictures can be decoded here."""
    return importlib.util.find_spec("PIL") is not None


def _is_picture(head: bytes) -> bool:
    return head.startswith(_MARKS) or (head[:4], head[8:12]) == (b"RIFF", b"WEBP")


def _check_by_pillow(file: BinaryIO, uri: str) -> None:
    from PIL import Image, UnidentifiedImageError

    try:
        _check_end(Image.open(file), file)
    except Image.DecompressionBombError:
        return  # it is large; nothing else is known
    except UnidentifiedImageError as error:
        raise _damaged(uri, "its first bytes match no known picture format") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise _damaged(uri, " ".join(str(error).split())) from error


def _check_end(picture: Any, file: BinaryIO) -> None:
    """Decodes a picture, small if possible, unless its end is where it should be."""
    end = _ENDS.get(picture.format)
    if picture.format in _WHOLE_ONCE_OPEN or (end and _last(file, len(end)) == end):
        return
    if picture.width * picture.height <= _MOST_PIXELS:
        picture.draft("L", (1, 1))
        picture.load()


def _last(file: BinaryIO, size: int) -> bytes:
    at = file.tell()
    file.seek(max(file.seek(0, 2) - size, 0))
    last = file.read(size)
    file.seek(at)
    return last


def _damaged(uri: str, why: str) -> DamagedPictureError:
    return DamagedPictureError(
        f"{uri!r} is not a picture, or is damaged ({why}): fetch it again"
    )
