"""The files of the journal, whose names say who wrote them and what was spent."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

import pyarrow as pa

from affectflow.errors import LakeError, StorageError
from affectflow.kinds.account import Spent
from affectflow.lake import Lake
from affectflow.stages.runs.receipts import WORK
from affectflow.storage import Storage

JOURNAL = "journal"
DIGEST = pa.binary(16)
ANSWERS = pa.schema(
    [
        pa.field("digest", DIGEST),
        pa.field("text", pa.string()),
        pa.field("scores", pa.list_(pa.float64())),
        pa.field("tokens_in", pa.int64()),
        pa.field("tokens_out", pa.int64()),
        pa.field("truncated", pa.bool_()),
        pa.field("about", pa.list_(pa.string())),
    ]
)
"""An answer: digest of its request, completion, and ids of those it is about."""

_NAME = re.compile(r"(.+)-([0-9a-f]+)-(\d+)-(\d+)-(\d+)-(\d+)\.parquet")
_MILLION = 1_000_000


class Chunk(NamedTuple):
    """A file of the journal, by its name.

    Attributes:
      run_id: of the run that wrote it.
      writer: the process, and the part, that it was written for.
      first: its number among those of the writer.
      last: of the last one that is in it, where several became one.
      spent: by the writer since its chunk before.
    """

    run_id: str
    writer: str
    first: int
    last: int
    spent: Spent

    @property
    def name(self) -> str:
        """The name of the file."""
        millionths = round(self.spent.cost * _MILLION)
        numbers = f"{self.first:06d}-{self.last:06d}"
        spent = f"{self.spent.calls}-{millionths}"
        return f"{self.run_id}-{self.writer}-{numbers}-{spent}.parquet"

    @classmethod
    def of(cls, name: str) -> Self | None:
        """Returns the chunk of a file's name; None of another file."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        first, last, calls, millionths = map(int, found.groups()[2:])
        return cls(found[1], found[2], first, last, Spent(calls, millionths / _MILLION))


def chunks_in(storage: Storage, folder: Sequence[str]) -> list[Chunk]:
    """Returns the chunks of a folder, without those that are part of another."""
    found = [chunk for each in storage.names(*folder) if (chunk := Chunk.of(each))]
    whole = {chunk.writer for chunk in found if chunk.first < chunk.last}
    return [c for c in found if c.first < c.last or c.writer not in whole]


def total(spent: Iterable[Spent]) -> Spent:
    """Returns the sum."""
    calls, cost = 0, 0.0
    for each in spent:
        calls, cost = calls + each.calls, cost + each.cost
    return Spent(calls, cost)


def spent_by(lake: Lake, run_id: str) -> Spent:
    """Returns what all processes of a run have spent so far."""
    folders = lake.storage.names(WORK, JOURNAL)
    found = (c for f in folders for c in chunks_in(lake.storage, (WORK, JOURNAL, f)))
    return total(chunk.spent for chunk in found if chunk.run_id == run_id)


def read(storage: Storage, path: Sequence[str], columns: list[str]) -> pa.Table:
    """Returns a chunk; without a row if it has become part of another one.

    Raises:
      LakeError: it is damaged; says what to remove.
    """
    try:
        return storage.read_parquet(*path, columns=columns)
    except pa.ArrowInvalid as error:
        raise LakeError(
            f"the journal {storage.url(*path)!r} is damaged ({error}); remove the "
            "file; its questions are then asked again"
        ) from error
    except StorageError:
        if storage.exists(*path):
            raise
        return ANSWERS.empty_table().select(columns)
