"""How many workers an input keeps busy."""

from collections.abc import Iterator
from itertools import islice

from affectflow.kinds.source import Source, together

WORTH_BYTES = 16 << 20
"""Starting a process takes seconds; below this size it does not pay."""


def workers_worth(source: Source, most: int) -> int:
    """Returns how many workers read a source faster than fewer would, 1 to `most`.

    A file that is read in one piece, such as one that is compressed, keeps one of them
    busy while the others wait.
    """
    if most < 2:
        return 1
    pieces = sum(1 for _ in islice(_pieces(source), most))
    files = {file for pattern in source.patterns for file in source.files(pattern)}
    size = sum(max(file.plain_size, file.size) for file in files)
    return max(1, min(most, pieces, size // WORTH_BYTES))


def _pieces(source: Source) -> Iterator[None]:
    """Yields once for each piece that is read on its own."""
    for pattern in source.patterns:
        for files in together(source.unread(pattern)):
            alone = source.split_file(files[0]) if len(files) == 1 else [None]
            yield from (None for _ in alone)
