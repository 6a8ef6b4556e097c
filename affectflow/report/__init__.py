"""The report: one HTML file that opens offline and says what it rests on."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb

from affectflow.errors import StorageError, UsageError
from affectflow.lake import Lake, open_lake, open_tables
from affectflow.lake.basis import candidates, line_of, told_of
from affectflow.lake.digest import digest_in
from affectflow.lake.public import said_public
from affectflow.lake.tables import table_versions
from affectflow.report import page, queries
from affectflow.report.asked import FORMATS, Asked, check_word
from affectflow.report.handles import find_handles
from affectflow.report.since import told_by
from affectflow.report.words import named_shortly
from affectflow.source_code import code_digest
from affectflow.storage import Storage

__all__ = ["Asked", "check_replaceable", "is_current", "render", "write_report"]

_HEAD_CHARACTERS = 2_000
"""The start of a page, which states what the page was made from."""
_MARK = 'name="affectflow-basis"'
_OTHER_MARKS = ("table,measure,period,", "<!-- affectflow report -->")
"""The first words of the other formats."""
_BASIS_TABLES = ("runs", "dead_letters")
"""Tables that count by some of their content, not by their version."""


def write_report(
    lake_uri: str | Path,
    out: str | Path,
    *,
    title: str | None = None,
    annotator: str | None = None,
    asked: Asked | None = None,
    shape: str = "html",
    speaker_key_uri: str = "",
    say: Callable[[str], None] | None = None,
) -> Path | str:
    """Writes a report, whole or not at all, and returns its path or URL.

    Args:
      lake_uri: folder or URL of the lake.
      out: where the page is written; its folder is created if it does not exist.
      title: the heading; by default it names the lake's folder.
      annotator: the one that the report rests on, by its id or a prefix of it; by
        default the basis of the lake, see `affectflow.lake.basis`.
      asked: what the report may show; by default, what anyone may see.
      shape: `html`, `csv` or `md`.
      speaker_key_uri: where the key of the pseudonyms is, if not in the user's
        configuration folder. Without the key nothing is quoted.
      say: called with one line that says what the report rests on.

    Raises:
      LakeError: `lake_uri` is not a lake.
      UsageError: no annotation of the lake is by `annotator`, or `out` is a file that
        is not a report.
      StorageError: `out` cannot be written.
    """
    asked = asked or Asked()
    check_word("--format", shape, FORMATS)
    check_replaceable(out)
    # Before the lake is opened: rows that another run adds later are not on the page.
    versions = _versions(str(lake_uri))
    with open_lake(str(lake_uri), queries.ASKED) as connection:
        made_from = basis_digest(
            connection,
            versions,
            str(lake_uri),
            title=title,
            annotator=annotator,
            asked=asked,
        )
        there = candidates(connection)
        if say and (line := line_of(str(lake_uri), connection, there)):
            say(line)
        facts = queries.collect(connection, annotator, asked, there)
        find_handles(connection, facts, str(lake_uri), speaker_key_uri)
    name = named_shortly(str(lake_uri))
    facts.lake = str(lake_uri) if asked.is_owner else spelt(str(lake_uri))
    facts.title = title or f"What people expressed in {name}"
    facts.last = told_by(out)
    text = _as(shape, facts, made_from)
    if "://" in str(out):
        folder, _, file = str(out).rpartition("/")
        Storage(folder).write(text.encode(), file)
        return str(out)
    return _write(Path(out), text)


def spelt(lake_uri: str) -> str:
    """Returns how the commands on a page for anyone spell the lake's location.

    An absolute path, or one that leaves the folder, may contain the name of a user.
    """
    path = Path(lake_uri)
    is_far = path.is_absolute() or lake_uri.startswith("~") or ".." in path.parts
    if "://" in lake_uri or not is_far:
        return lake_uri
    return named_shortly(lake_uri)


def _as(shape: str, facts: queries.Facts, made_from: str) -> str:
    if shape == "html":
        return page.render(facts, basis=made_from)
    from affectflow.report import export

    return export.as_csv(facts) if shape == "csv" else export.as_markdown(facts)


def _versions(lake_uri: str) -> dict[str, int]:
    return table_versions(Lake.open(lake_uri).storage)


def basis_digest(
    connection: duckdb.DuckDBPyConnection,
    versions: Mapping[str, int],
    lake_uri: str,
    *,
    title: str | None = None,
    annotator: str | None = None,
    asked: Asked | None = None,
) -> str:
    """Returns 16 hexadecimal digits that identify what a report is made from.

    They cover the lake's tables, what was asked for, and the code of the report; empty
    if that is unknown. The lake's location counts: the commands on the page name it.
    Runs that changed no other table are left out: no figure depends on them. An ingest
    rewrites its dead letters, so their content counts.

    Args:
      connection: to the lake; it needs the tables `runs` and `dead_letters`.
      versions: of its tables, as they were before it was opened.
      lake_uri: its place, as the user names it.
      title: as `write_report` takes it.
      annotator: as `write_report` takes it.
      asked: as `write_report` takes it.
    """
    code = code_digest("affectflow.report")
    if not code:
        return ""
    letters = digest_in(connection, "dead_letters")
    tables = {n: v for n, v in versions.items() if n not in _BASIS_TABLES}
    named = annotator or told_of(connection)
    given = [lake_uri, title, named, said_public(connection), repr(asked or Asked())]
    told = json.dumps([code, given, letters, sorted(tables.items())])
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def is_current(lake_uri: str, out: str) -> bool:
    """Returns whether `write_report` with its defaults would write this local page."""
    written = Path(out)
    if "://" in out or not written.is_file():
        return False
    versions = _versions(lake_uri)
    with open_tables(lake_uri, only=_BASIS_TABLES) as connection:
        made_from = basis_digest(connection, versions, lake_uri)
    return bool(made_from) and f'content="{made_from}"' in _head_of(written)


def check_replaceable(out: str | Path) -> None:
    """Raises unless a page may be written to `out`: only reports are overwritten.

    Raises:
      UsageError: `out` is a local file that is not a report.
    """
    there = Path(out)
    if "://" in str(out) or not there.is_file():
        return
    head = _head_of(there)
    if _MARK in head or head.startswith(_OTHER_MARKS):
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
    asked: Asked | None = None,
) -> str:
    """Returns the report on an open lake as the text of an HTML page.

    `lake` is the lake's location as the commands on the page spell it. Only
    `write_report` finds names of speakers in quotes, because it has the lake's key.
    """
    facts = queries.collect(connection, annotator, asked)
    facts.lake, facts.title = lake, title
    return page.render(facts)


def _write(out: Path, text: str) -> Path:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            # mkstemp makes a file that only its owner can read; a report is passed on.
            os.chmod(partial, 0o644)
            os.replace(partial, out)
        finally:
            Path(partial).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot write the report to {str(out)!r}: {error.strerror or error}; "
            "name another place with --out"
        ) from error
    return out
