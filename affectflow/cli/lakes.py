"""The commands that query a lake: sql, report, digest, status, cite."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from affectflow.cli import show
from affectflow.cli.declaring import Context
from affectflow.cli.options import (
    Annotator,
    Format,
    JsonOrTable,
    KeyUri,
    LakeUri,
    Public,
    Shape,
)
from affectflow.errors import StorageError, UsageError
from affectflow.stages.runs.showing import duration

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from affectflow.lake import Lake

Table = tuple[Sequence[str], Sequence[Sequence[Any]]]
"""Names of columns, and rows."""


def sql(
    lake: LakeUri,
    query: Annotated[
        str,
        typer.Argument(metavar="QUERY", help="SQL over the lake's tables and views."),
    ],
    shape: Format = "table",
    out: Annotated[
        Path | None, typer.Option(help="File to write; required for parquet.")
    ] = None,
    vertical: Annotated[
        bool,
        typer.Option("--vertical", help="Print each row as lines of column and value."),
    ] = False,
) -> int:
    """Query a lake in SQL. Takes one statement at a time, which must not write."""
    import duckdb

    from affectflow.lake import open_lake
    from affectflow.lake.questions import check_reads, why_it_fails

    with open_lake(lake) as connection:
        try:
            check_reads(connection, query)
            relation = connection.sql(query)
            columns = _apart(relation.columns)
            if shape == "parquet" or out is not None:
                return _to_file(relation, columns, shape, out)
            rows = relation.fetchall()
        except duckdb.Error as error:
            why = why_it_fails(connection, query, error)
            raise UsageError(f"the query fails: {why}") from error
    if shape == "table" and not rows:
        show.say("sql: no rows")
    show.shaped("vertical" if vertical and shape == "table" else shape, columns, rows)
    return 0


def _apart(columns: Sequence[str]) -> list[str]:
    """Returns names of columns, each once, and says which ones it changed.

    In an object of JSON the last of several values with one name would be the only one.
    """
    taken, found = set(columns), list[str]()
    for name in columns:
        other, number = name, 1
        while other in found or (number > 1 and other in taken):
            number += 1
            other = f"{name}_{number}"
        found.append(other)
    if changed := [name for name in found if name not in taken]:
        show.say(
            f"sql: several columns have the same name, so some are called "
            f"{', '.join(changed)}; name them in the query, as `SELECT a.n AS first`"
        )
    return found


def _to_file(
    relation: "duckdb.DuckDBPyRelation",
    columns: Sequence[str],
    shape: str,
    out: Path | None,
) -> int:
    if out is None:
        raise UsageError("--format parquet needs --out FILE")
    try:
        if shape == "parquet":
            _to_parquet(relation.to_arrow_table().rename_columns(columns), out)
            return 0
        print_rows = show.as_json if shape == "json" else show.as_csv
        rows = relation.fetchall()
        with out.open("w", encoding="utf-8", newline="") as file:
            print_rows(columns, rows, file)
    except OSError as error:
        raise StorageError(
            f"cannot write {str(out)!r}: {error.strerror or error}; name another file"
        ) from error
    return 0


def _to_parquet(table: "pa.Table", out: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with out.open("wb") as file:
            pq.write_table(table, file, compression="zstd")
    except pa.ArrowNotImplementedError as error:
        raise UsageError(
            f"Parquet cannot hold these columns: {error}; cast them in the query, as "
            "CAST(d AS VARCHAR)"
        ) from error


def report(
    lake: LakeUri,
    out: Annotated[
        str, typer.Option(help="File to write; report.html by default.")
    ] = "",
    title: Annotated[str, typer.Option(help="Title of the report.")] = "",
    annotator: Annotator = "",
    public: Public = None,
    reader: Annotated[
        Literal["anyone", "owner"],
        typer.Option(
            "--for",
            help="owner: small counts and full quotes, for the owner only.",
        ),
    ] = "anyone",
    quotes: Annotated[
        Literal["none", "short", "full"],
        typer.Option(
            help="full: only for public messages with a link; others, 12 words.",
        ),
    ] = "full",
    context: Context = "",
    events: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="CSV with columns date, what, where (a container)."
        ),
    ] = "",
    shape: Annotated[
        Literal["html", "csv", "md"],
        typer.Option("--format", help="A page, one table, or text to paste elsewhere."),
    ] = "html",
    key_uri: KeyUri = "",
) -> int:
    """Write one file that opens offline: what was felt, where, why."""
    from affectflow.report import check_replaceable, write_report
    from affectflow.report.asked import Asked, read_events

    out = out or f"report.{shape}"
    asked = Asked(
        reader=reader,
        quotes=quotes,
        context=context,
        events=read_events(events) if events else (),
    )
    check_replaceable(out)
    change = _change_by(out)
    if annotator:
        _make_basis(lake, annotator)
    if public:
        _call_public(lake, public)
    written = write_report(
        lake,
        out,
        title=title or None,
        asked=asked,
        shape=shape,
        speaker_key_uri=key_uri,
        say=show.say,
    )
    show.say(f"report: {change}")
    if asked.is_owner:
        show.say("report: for the owner of the lake only; do not pass it on")
    sys.stdout.write(f"{written}\n")
    return 0


def _change_by(out: str) -> str:
    """Returns what writing a report to `out` changes."""
    path = Path(out)
    if path.is_file():
        return f"replaced the earlier report in {out}"
    if "://" in out or path.parent.is_dir():
        return f"written to {out}"
    return f"written to {out}; created the folder {path.parent}"


def _call_public(lake: str, sources: list[str]) -> None:
    from affectflow.stages.public import call_public

    named = call_public(lake, sources)
    show.say(
        f"public: {', '.join(named)}"
        if named
        else "public: only what the sources mark as public"
    )


def rest_on(lake: str, annotator: str = "") -> None:
    """Makes an annotator the basis if one is named, and prints the basis."""
    from affectflow.lake.basis import line_about

    if annotator:
        _make_basis(lake, annotator)
    if line := line_about(lake):
        show.say(line)


def _make_basis(lake: str, annotator: str) -> None:
    # Imports Beam, which most reports can do without.
    from affectflow.stages.basis import rest_on as make_basis

    make_basis(lake, annotator)


def digest(lake: LakeUri, shape: Shape = "table") -> int:
    """Print digests of the tables; equal digests mean equal answers."""
    from affectflow.lake.digest import digest as digest_of

    rows = sorted(digest_of(lake).items())
    if shape != "table":
        show.shaped(shape, ["table", "digest"], rows)
        return 0
    for table, value in rows:
        sys.stdout.write(f"{value}  {table}\n")
    return 0


_RUNS = """
    SELECT run_id, stage, state, started, rows_in, rows_out, rows_dead AS dead,
      rows_duplicate AS duplicate, rows_unchanged AS unchanged, error
    FROM runs ORDER BY started
"""
_ENDED = "SELECT run_id, stage, config_digest, state FROM runs ORDER BY started"


def status(lake: LakeUri, shape: JsonOrTable = "table") -> int:
    """Show the content of a lake, and its runs."""
    found = _tables_of(lake)
    if shape == "json":
        show.as_document(found)
        return 0
    for columns, rows in found.values():
        show.table(columns, rows)
    return 0


def _tables_of(lake: str) -> dict[str, Table]:
    """Returns what `status` shows, by name; parts with nothing to show are absent."""
    from affectflow.lake import Lake, open_tables

    opened = Lake.open(lake)
    counts = [
        [table, len(found), sum(f.rows for f in found.values())]
        for table in sorted(opened.storage.names())
        if opened.storage.exists(table, "_delta_log")
        for found in [opened.committed(table)]
    ]
    with open_tables(lake) as connection:
        runs = connection.sql(_RUNS)
        shown: dict[str, Table] = {
            "tables": (["table", "files", "rows"], counts),
            "runs": (runs.columns, runs.fetchall()),
        }
        ended = connection.sql(_ENDED).fetchall()
    if opened.storage.names("_work", "progress") and (
        rows := _under_way(opened, ended)
    ):
        shown["under way"] = (_UNDER_WAY, rows)
    if opened.storage.names("_work", "plans") and (rows := _ledger(opened)):
        shown["planned and actual"] = (_LEDGER, rows)
    return shown


_UNDER_WAY = ["under way", "state", "progress", "last sign of life"]
_LEDGER = ["run_id", "stage", "rows planned", "rows", "planned", "took", "ratio"]


def _under_way(
    lake: "Lake", ended: list[tuple[str, str, str, str]]
) -> list[Sequence[Any]]:
    """Returns the stages that no row of `runs` records as ended."""
    from affectflow.stages.runs.showing import line
    from affectflow.stages.runs.watching import unfinished

    now = time.time()
    return [
        [
            each.run_id,
            "stopped?" if each.is_silent(now) else "running",
            line(each),
            f"{duration(max(0.0, now - each.last))} ago",
        ]
        for each in unfinished(lake, ended)
    ]


def _ledger(lake: "Lake") -> list[Sequence[Any]]:
    """Returns planned against actual figures, for the runs that had a plan."""
    from affectflow.planning.ledger import ledger

    return [
        [
            each.run_id,
            each.stage,
            f"{each.planned_rows:,}",
            f"{each.rows:,}",
            duration(each.planned_seconds),
            duration(each.seconds),
            "" if each.ratio is None else f"{each.ratio:.2f}",
        ]
        for each in ledger(lake)
    ]


def cite(
    lake: LakeUri,
    shape: Annotated[
        Literal["markdown", "json"],
        typer.Option("--format", help="`json` is one object, with rows by subject."),
    ] = "markdown",
) -> int:
    """Print models, licences, settings and exclusions, as Markdown."""
    from affectflow.report.methods import gathered, in_words

    found = gathered(lake)
    if shape == "json":
        show.as_object(found)
    else:
        sys.stdout.write(in_words(found))
    return 0
