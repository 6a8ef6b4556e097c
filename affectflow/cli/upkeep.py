"""The commands that keep a lake in order: compact, gc, erase, diff."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from affectflow.cli import completing, progress, show
from affectflow.cli.options import JsonOrTable, KeyUri, LakeUri, Shape
from affectflow.errors import UsageError

if TYPE_CHECKING:
    from affectflow.lake.changes import Changes


def compact(lake: LakeUri) -> int:
    """Merge many small parts into a few; results do not change."""
    from affectflow.stages.upkeep.compact import compact as compact_lake

    with progress.shown(lake) as run_id:
        row = compact_lake(lake, run_id=run_id)
    show.say(show.stage_line(row))
    return 0


def gc(
    lake: LakeUri,
    older_than: Annotated[
        float, typer.Option(min=0, help="Keep files younger than this many days.")
    ] = 7.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing.")] = False,
    shape: Shape = "table",
) -> int:
    """Remove files that no table or run needs any longer."""
    from affectflow.stages.upkeep.gc import collect

    removed = collect(lake, older_than_days=older_than, dry_run=dry_run)
    rows = [[each.kind, each.files, each.size] for each in removed]
    rows.append(["all", sum(e.files for e in removed), sum(e.size for e in removed)])
    heads = ["would remove" if dry_run else "removed", "files", "bytes"]
    show.shaped(shape, heads, rows)
    return 0


def erase(
    lake: LakeUri,
    speaker: Annotated[
        list[str] | None,
        typer.Option(
            help="A speaker_id, or an account such as github:octocat; repeatable."
        ),
    ] = None,
    utterance: Annotated[
        list[str] | None, typer.Option(help="An utterance_id; repeatable.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="All messages of a source; repeatable.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(help="A condition on the columns of utterances, in SQL."),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Erase; without it, only show what would be erased."
        ),
    ] = False,
    speaker_key_uri: KeyUri = "",
    shape: Shape = "table",
) -> int:
    """Erase messages from every table and older version.

    Names the files in the lake's folder that may quote them. If several options are
    given, all must hold. Erased messages stay out of later ingests.
    """
    from affectflow.stages.upkeep.erase import Choice
    from affectflow.stages.upkeep.erase import erase as erase_from

    if where is not None and not where.strip():
        # For example from an unset shell variable.
        raise UsageError(
            "--where is empty: give a condition, such as \"source = 'github'\""
        )
    choice = Choice(speaker or (), utterance or (), source or (), where or "")
    done = erase_from(lake, choice, dry_run=not yes, speaker_key_uri=speaker_key_uri)
    heads = ["erased" if yes else "would erase", "rows"]
    show.shaped(shape, heads, [[table, count] for table, count in done.rows.items()])
    for name in done.may_quote:
        show.say(f"{name} in the lake's folder may quote them: create it again")
    if yes:
        show.say("remove reports, sheets and exports outside the lake yourself")
    else:
        show.say("nothing was removed; run the same command with --yes to erase them")
    return 0


def diff(
    lake: LakeUri,
    run_a: Annotated[
        str,
        typer.Argument(
            metavar="RUN_A",
            help="A run; `affectflow status` lists them.",
            autocompletion=completing.runs,
        ),
    ],
    run_b: Annotated[
        str,
        typer.Argument(
            metavar="RUN_B", help="Another run.", autocompletion=completing.runs
        ),
    ],
    shape: JsonOrTable = "table",
) -> int:
    """Show what changed between two runs."""
    from affectflow.lake.changes import diff as diff_of

    changes = diff_of(lake, run_a, run_b)
    if shape == "json":
        show.as_object(_plain(changes))
    else:
        _tables(changes)
    return 0


def _plain(changes: "Changes") -> dict[str, object]:
    plain = asdict(changes)
    plain["settings"] = [each._asdict() for each in changes.settings]
    plain["tables"] = [each._asdict() for each in changes.tables]
    if changes.labels:
        plain["labels"] |= {
            "agreement": changes.labels.agreement,
            "labels": [each._asdict() for each in changes.labels.labels],
            "moves": [each._asdict() for each in changes.labels.moves],
        }
    return plain


def _tables(changes: "Changes") -> None:
    runs = [changes.a, changes.b]
    heads = ["", "a", "b"]
    show.table(heads, [["run", *(r.name for r in runs)], *changes.settings])
    show.table(["table", "rows a", "rows b", "added", "removed"], changes.tables)
    labels = changes.labels
    if labels is None:
        return
    show.table(
        ["labels of", "and of", "answered by both", "agreement", "only a", "only b"],
        [
            [
                labels.annotator_a,
                labels.annotator_b,
                labels.n,
                labels.agreement,
                labels.only_a,
                labels.only_b,
            ]
        ],
    )
    show.table(
        ["task", "label", "n", "both", "only a", "only b", "kappa"], labels.labels
    )
    show.table(
        ["task", "label a", "label b", "n", "for example"],
        [[*move[:4], ", ".join(move.examples)] for move in labels.moves],
    )
