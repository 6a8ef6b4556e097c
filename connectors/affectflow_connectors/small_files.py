"""Many small files: several are read together, as a batch has its price, too.

What is read together follows from the listing alone: a second try reads the same.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from affectflow.batches import MAX_ROWS, TARGET_BYTES, concat_unlike
from affectflow_connectors.listing import File, plain_bytes

TOGETHER_FILES = 64
TOGETHER_BYTES = 1 << 20
"""A file is small below this, decompressed; no more is read together."""


def together(files: Iterable[File]) -> Iterator[list[File]]:
    """Yields neighbouring small files together, large ones and unknown sizes alone.

    >>> small, large = File("a", 10), File("b", 5 << 20)
    >>> [len(group) for group in together([small, small, large, small])]
    [2, 1, 1]
    """
    pending: list[File] = []
    size = 0
    for file in files:
        more = plain_bytes(file) or TOGETHER_BYTES
        if pending and (size + more > TOGETHER_BYTES or len(pending) == TOGETHER_FILES):
            yield pending
            pending, size = [], 0
        pending.append(file)
        size += more
    if pending:
        yield pending


def joined(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yields the rows of small batches in larger ones, in order.

    They have at most `MAX_ROWS` rows and about `TARGET_BYTES`, unless one is larger.
    """
    pending: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        full = rows + batch.num_rows > MAX_ROWS or size + batch.nbytes > TARGET_BYTES
        if pending and full:
            yield concat_unlike(pending)
            pending, rows, size = [], 0, 0
        pending.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
    if pending:
        yield concat_unlike(pending)
