"""What is lost although no row is refused for it: the ends of files."""

from collections.abc import Iterator

import pyarrow as pa

from affectflow.schemas import FILE_ERRORS
from affectflow.stages.receipts import Receipt

FILES_CUT = "files_cut"


def losses(dead: pa.RecordBatch) -> Receipt:
    """Returns what the dead rows of an ingest say is lost, counted, with an example.

    A file that cannot be read to its end is one of them; how many rows it had, nobody
    knows.
    """
    files = list(_cut_files(dead))
    if not files:
        return Receipt()
    return Receipt(counters={FILES_CUT: len(files)}, examples={FILES_CUT: min(files)})


def _cut_files(dead: pa.RecordBatch) -> Iterator[str]:
    origins = dead.column("origin").to_pylist()
    for origin, errors in zip(origins, dead.column("errors").to_pylist(), strict=True):
        if errors[0]["error_type"] in FILE_ERRORS:
            yield origin or ""
