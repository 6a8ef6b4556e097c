"""Dead letters of ingests; they lie together, as no part is theirs."""

from collections.abc import Iterable

import pyarrow as pa

from affectflow.lake import Lake
from affectflow.schemas import TABLES
from affectflow.stages.upkeep.moving import in_threads

FOLDER = "ingest"
_TABLE = "dead_letters"


def read_letters(lake: Lake, paths: Iterable[str]) -> dict[str, pa.Table]:
    """Returns the letters in those files of `dead_letters` that ingests wrote."""
    wanted = sorted(path for path in paths if path.startswith(f"{FOLDER}/"))

    def read(path: str) -> pa.Table:
        return lake.storage.read_parquet(_TABLE, *path.split("/")).cast(TABLES[_TABLE])

    return dict(zip(wanted, in_threads(read, wanted), strict=True))
