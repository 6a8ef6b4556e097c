"""The commands over a lake that exists; `app` registers them."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from affectflow.cli.options import Format, KeyUri, LakeUri


def report(
    lake: LakeUri,
    out: Annotated[str, typer.Option(help="HTML file to write.")] = "report.html",
    title: Annotated[str, typer.Option(help="Title of the report.")] = "",
) -> int:
    """Write one HTML file that opens offline."""
    from affectflow.cli import lakes

    return lakes.report(lake, out, title)


def sql(
    lake: LakeUri,
    query: Annotated[str, typer.Argument(help="SQL; its tables and views are there.")],
    shape: Format = "table",
    out: Annotated[
        Path | None, typer.Option(help="File to write; needed for parquet.")
    ] = None,
) -> int:
    """Ask a lake in SQL, one statement at a time; it is asked, not changed."""
    from affectflow.cli import lakes

    return lakes.sql(lake, query, shape, out)


def digest(lake: LakeUri) -> int:
    """Print a digest for each table: equal digests are the same answer."""
    from affectflow.cli import lakes

    return lakes.digest(lake)


def status(lake: LakeUri) -> int:
    """Show what a lake holds, and its runs."""
    from affectflow.cli import lakes

    return lakes.status(lake)


def cite(lake: LakeUri) -> int:
    """Print models, licences, settings and exclusions, as Markdown."""
    from affectflow.cli import lakes

    return lakes.cite(lake)


def replay(lake: LakeUri, speaker_key_uri: KeyUri = "") -> int:
    """Run dead letters again, and merge what works now.

    Three kinds never work: rows whose file is gone, rows that share their id with
    another of the same dump (duplicate_id), and damaged rows of a file that was not
    mended.
    """
    from affectflow.cli import pipelines

    return pipelines.replay(lake, speaker_key_uri)


def compact(lake: LakeUri) -> int:
    """Merge many small parts into few; no answer changes."""
    from affectflow.cli import upkeep

    return upkeep.compact(lake)


def gc(
    lake: LakeUri,
    older_than: Annotated[
        float, typer.Option(min=0, help="Keep what is younger, in days.")
    ] = 7.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing.")] = False,
) -> int:
    """Remove files that no table and no run needs any more."""
    from affectflow.cli import upkeep

    return upkeep.gc(lake, older_than, dry_run)


def diff(
    lake: LakeUri,
    run_a: Annotated[str, typer.Argument(metavar="RUN_A", help="A run, see status.")],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", help="Another run.")],
    shape: Annotated[
        Literal["table", "json"], typer.Option("--format", help="Shape.")
    ] = "table",
) -> int:
    """Show what changed from one run to another."""
    from affectflow.cli import upkeep

    return upkeep.diff(lake, run_a, run_b, shape)


COMMANDS = (report, sql, digest, status, cite, replay, compact, gc, diff)
