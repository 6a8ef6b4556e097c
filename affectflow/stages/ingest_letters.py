"""Dead letters of ingests: a row that is refused over and over has one that is open."""

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.lake import Lake
from affectflow.lake.tables import FileEntry
from affectflow.schemas import TABLES
from affectflow.stages.deadletters import SAME, is_open, write_letters
from affectflow.stages.serial import Change, commit_serially
from affectflow.stages.upkeep.moving import in_threads

FOLDER = "ingest"
_TABLE = "dead_letters"


def read_letters(lake: Lake, paths: Iterable[str]) -> dict[str, pa.Table]:
    """Returns the letters in those files of `dead_letters` that ingests wrote."""
    wanted = sorted(path for path in paths if path.startswith(f"{FOLDER}/"))

    def read(path: str) -> pa.Table:
        return lake.storage.read_parquet(_TABLE, *path.split("/")).cast(TABLES[_TABLE])

    return dict(zip(wanted, in_threads(read, wanted), strict=True))


def commit_letters(lake: Lake, files: Sequence[FileEntry]) -> None:
    """Makes the letters of an ingest visible, in the place of older ones of its rows.

    The last ingest keeps the letter: with its settings the row is read again, while an
    older one may have been killed before it came to its row of `runs`.
    """
    if not files:
        return
    own = {file.path for file in files}
    said = _keys(pa.concat_tables(read_letters(lake, own).values()))

    def change(present: Mapping[str, FileEntry], _: set[str]) -> Change:
        adds, removes = list(files), []
        for path, letters in read_letters(lake, present.keys() - own).items():
            again = pc.is_in(_keys(letters), value_set=said, skip_nulls=True)
            stay = letters.filter(pc.invert(pc.and_(again, is_open(letters))))
            if stay.num_rows < letters.num_rows:
                adds += write_letters(lake, stay, FOLDER)
                removes.append(path)
        return adds, removes

    commit_serially(lake, _TABLE, change)


def _keys(letters: pa.Table) -> pa.ChunkedArray:
    """Returns what two letters of one row agree in; null if its origin is unknown."""
    origin, *rest = letters.select(SAME).columns
    known = [pc.fill_null(column, "") for column in rest]
    return pc.binary_join_element_wise(origin, *known, "\n")
