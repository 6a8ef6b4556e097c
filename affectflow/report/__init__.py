"""The report: one HTML file that opens offline and says what it rests on."""

import os
import tempfile
from pathlib import Path

import duckdb

from affectflow.errors import StorageError
from affectflow.report import page, queries
from affectflow.storage import Storage

__all__ = ["render", "write_report"]


def write_report(
    lake_uri: str | Path,
    out: str | Path,
    *,
    title: str | None = None,
    annotator: str | None = None,
) -> Path | str:
    """Returns the path or URL of the report that it writes, whole or not at all.

    Args:
      lake_uri: folder or URL of the lake.
      out: where the page goes; its folder is made if it is not there.
      title: the heading; by default it names the lake's folder.
      annotator: `annotator_id` that the report rests on; by default the one that
        answered the most messages.

    Raises:
      LakeError: there is no lake at `lake_uri`.
      UsageError: no annotation of the lake is by `annotator`.
      StorageError: `out` cannot be written.
    """
    from affectflow.lake import open_lake

    connection = open_lake(str(lake_uri))
    name = str(lake_uri).rstrip("/").rsplit("/", 1)[-1]
    heading = title or f"What people expressed in {name}"
    text = render(connection, lake=str(lake_uri), title=heading, annotator=annotator)
    if "://" in str(out):
        folder, _, file = str(out).rpartition("/")
        Storage(folder).write(text.encode(), file)
        return str(out)
    return _write(Path(out), text)


def render(
    connection: duckdb.DuckDBPyConnection,
    *,
    lake: str,
    title: str,
    annotator: str | None = None,
) -> str:
    """Returns the report on an open lake as the text of an HTML page.

    `lake` is how the commands that the page shows spell the lake's place.
    """
    return page.render(queries.collect(connection, annotator), lake=lake, title=title)


def _write(out: Path, text: str) -> Path:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        # mkstemp makes a file that only its owner reads; a report is to be passed on.
        os.chmod(partial, 0o644)
        os.replace(partial, out)
    except OSError as error:
        raise StorageError(
            f"cannot write the report to {str(out)!r}: {error.strerror or error}; "
            "name another place with --out"
        ) from error
    return out
