"""The command `export`: writes what may leave a lake."""

import sys
from typing import Annotated, Literal

import typer

from affectflow.cli import show
from affectflow.cli.options import LakeUri, Shape
from affectflow.nouns import count


def export(
    lake: LakeUri,
    purpose: Annotated[
        Literal["replication"],
        typer.Option("--for", help="`replication`: ids, labels, methods; no text."),
    ],
    to: Annotated[str, typer.Option("--to", help="New folder or URL.")],
    with_speakers: Annotated[
        bool,
        typer.Option(
            "--with-speakers", help="Also export the pseudonyms of the speakers."
        ),
    ] = False,
    shape: Shape = "table",
) -> int:
    """Export the ids, labels and methods of a lake, but no texts."""
    from affectflow.export import Exported, export_for_replication

    files = export_for_replication(lake, to, with_speakers=with_speakers)
    show.say(f"export: {count(len(files), 'file')} for {purpose}, without text")
    if shape == "table":
        sys.stdout.write(f"{to}\n")
    else:
        show.shaped(shape, Exported._fields, files)
    return 0
