"""The report: one HTML file that opens offline and says what it rests on."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import duckdb

from affectflow.errors import StorageError, UsageError
from affectflow.lake.tables import table_versions
from affectflow.report import page, queries
from affectflow.source_code import code_digest
from affectflow.storage import Storage

__all__ = ["check_replaceable", "is_current", "render", "write_report"]

_HEAD_CHARACTERS = 2_000
"""At the start of a page, which says there what it was made from."""
_MARK = 'name="affectflow-basis"'


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
      annotator: that the report rests on, by its id or a beginning of it; by default
        the basis of the lake, see `affectflow.lake.basis`.

    Raises:
      LakeError: `lake_uri` is not a lake.
      UsageError: no annotation of the lake is by `annotator`, or `out` is a file that
        is not a report.
      StorageError: `out` cannot be written.
    """
    from affectflow.lake import open_lake

    check_replaceable(out)
    # Before the lake is read: what another run adds meanwhile is not in the page.
    basis = basis_digest(str(lake_uri), title=title, annotator=annotator)
    connection = open_lake(str(lake_uri))
    name = str(lake_uri).rstrip("/").rsplit("/", 1)[-1]
    heading = title or f"What people expressed in {name}"
    facts = queries.collect(connection, annotator)
    text = page.render(facts, lake=str(lake_uri), title=heading, basis=basis)
    if "://" in str(out):
        folder, _, file = str(out).rpartition("/")
        Storage(folder).write(text.encode(), file)
        return str(out)
    return _write(Path(out), text)


def basis_digest(
    lake_uri: str, *, title: str | None = None, annotator: str | None = None
) -> str:
    """Returns 16 hexadecimal digits that tell what a report on a lake is made from.

    That is the lake's tables, what was asked for, and the code of the report; empty if
    nobody can tell. The lake's place counts: the commands on the page name it. Runs
    that changed no other table are left out: no figure rests on them. An ingest
    writes its dead letters again, so what they say counts.
    """
    from affectflow.lake import Lake
    from affectflow.lake.basis import told_in
    from affectflow.lake.digest import digest_of
    from affectflow.lake.public import public_in

    tables = table_versions(Lake.open(lake_uri).storage)
    for name in ("runs", "dead_letters"):
        tables.pop(name)
    letters = digest_of(lake_uri, "dead_letters")
    code = code_digest("affectflow.report")
    if not code:
        return ""
    asked = [lake_uri, title, annotator or told_in(lake_uri), public_in(lake_uri)]
    made_from = json.dumps([code, asked, letters, sorted(tables.items())])
    return hashlib.blake2b(made_from.encode(), digest_size=8).hexdigest()


def is_current(lake_uri: str, out: str) -> bool:
    """Returns whether a local page is what `write_report` would write there unasked."""
    written = Path(out)
    if "://" in out or not written.is_file():
        return False
    basis = basis_digest(lake_uri)
    return bool(basis) and f'content="{basis}"' in _head_of(written)


def check_replaceable(out: str | Path) -> None:
    """Raises unless a page may be written there: nothing else is overwritten.

    Raises:
      UsageError: a local file is there that is not a report.
    """
    there = Path(out)
    if "://" in str(out) or not there.is_file() or _MARK in _head_of(there):
        return
    raise UsageError(
        f"{str(out)!r} exists and is not a report of affectflow; name another file "
        "with --out, or delete it first"
    )


def _head_of(page: Path) -> str:
    with page.open(encoding="utf-8", errors="replace") as file:
        return file.read(_HEAD_CHARACTERS)


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
