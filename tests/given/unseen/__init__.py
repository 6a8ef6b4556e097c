"""Files written from the specifications of their formats, before they were tried.

How many of them `--source auto` recognises is measured by
`tests/sources/test_unseen_files.py`.
"""

from typing import NamedTuple


class Unseen(NamedTuple):
    """A file as an export or a server gives it: its source, its name, its bytes."""

    source: str
    name: str
    data: bytes
