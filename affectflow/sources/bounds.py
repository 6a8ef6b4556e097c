"""How a file of an archive may be named, and how large it may grow."""

import re

# Exports compress to a tenth or so; what is made to explode, to a thousandth.
_MOST_RATIO = 200
_ANY_RATIO_BYTES = 64 << 20
_ANY_RATIO_TOTAL = 1 << 30
LEADS_OUT = "has a name that points outside the archive; not read"
"""The message about a file for which `leads_out` is true."""
_CURE = "not read; if you trust the archive, unpack it and give the folder"


def leads_out(name: str) -> bool:
    """Returns whether a name points outside the archive."""
    parts = re.split(r"[/\\]", name)
    return ".." in parts or parts[0] == "" or parts[0].endswith(":")


def growth(size: int, packed: int) -> str:
    """Returns why a file of so many bytes is not read; empty if it is.

    Args:
      size: decompressed, in bytes.
      packed: as it is stored.
    """
    if size <= max(_ANY_RATIO_BYTES, _MOST_RATIO * packed):
        return ""
    return f"would grow from {packed:,} to {size:,} bytes; {_CURE}"


def most_in_all(packed: int) -> int:
    """Returns how many bytes all files of an archive of `packed` bytes may have."""
    return max(_ANY_RATIO_TOTAL, _MOST_RATIO * packed)


def growth_in_all(total: int, packed: int) -> str:
    """Returns why an archive is not read at all; empty if it is.

    Its files may share their bytes, so that each alone is in bounds.
    """
    if total <= most_in_all(packed):
        return ""
    return f"would grow from {packed:,} to {total:,} bytes; {_CURE}"
