"""The command `measure`: fits a measure to rows."""

from typing import TYPE_CHECKING, Annotated

import typer

from affectflow.cli import completing, show
from affectflow.cli.options import Draws, Set, Shape, is_lake, options_of
from affectflow.nouns import count

if TYPE_CHECKING:
    from affectflow.stages.measure import Measured

COLUMNS = ("group", "unit_type", "unit_id", "label", "value", "low", "high", "n")


def measure(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="The measure; `affectflow plugins --kind measures` lists them.",
            autocompletion=completing.measures,
        ),
    ],
    target: Annotated[
        str, typer.Argument(metavar="LAKE|FILE", help="A lake, or a file of rows.")
    ],
    settings: Set = None,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            help="Also group by this column; for a lake also attrs.NAME or length.",
        ),
    ] = "",
    draws: Draws = 0,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="Which column of FILE is which, such as reference=gold."
        ),
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            "--to", help="The lake to write the values computed from FILE to."
        ),
    ] = "",
    shape: Shape = "table",
) -> int:
    """Compute a measure from the rows of a lake or a file."""
    from affectflow.cli.sources import parse_map
    from affectflow.errors import UsageError
    from affectflow.stages.measure import measure_file, measure_lake

    options = options_of("measures", name, settings)
    columns = parse_map(mapping or [])
    if is_lake(target):
        if columns:
            raise UsageError("--map names columns of a file; leave it out for a lake")
        found = measure_lake(target, name, options=options, by=by, draws=draws, to=to)
    else:
        found = measure_file(
            target, name, options=options, mapping=columns, by=by, draws=draws, to=to
        )
    _show(found, shape)
    return 0


def _show(found: "Measured", shape: str) -> None:
    for line in found.undefined:
        show.say(line)
    for reason, n in sorted(found.left_out.items()):
        show.say(f"{n:,} left out: {reason}")
    rows = [[row[name] for name in COLUMNS] for row in found.rows]
    if shape == "csv":
        show.as_csv(COLUMNS, rows)
    elif shape == "json":
        show.as_json(COLUMNS, rows)
    elif rows:
        show.table(COLUMNS, rows)
    show.say(
        f"{found.kind}: {found.observations:,} counted, {count(len(rows), 'value')}"
    )
    if found.run:
        show.say(show.stage_line(found.run))
