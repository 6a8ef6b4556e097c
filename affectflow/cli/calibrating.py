"""The command `affectflow calibrate`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from affectflow.cli.options import LakeUri, Shape

if TYPE_CHECKING:
    from affectflow.gold.calibration.kept import Calibration

Row = dict[str, Any]


def calibrate(
    lake: LakeUri,
    annotator: Annotated[
        str,
        typer.Option(
            help="The annotator whose scores to calibrate; by default every model."
        ),
    ] = "",
    apply: Annotated[
        bool,
        typer.Option(
            "--apply", help="Only fill in missing probabilities; fit nothing."
        ),
    ] = False,
    shape: Shape = "table",
) -> int:
    """Turn scores into probabilities, using people's answers."""
    _say(_fill(lake, annotator) if apply else _fit(lake, annotator, shape))
    return 0


def _fit(lake: str, annotator: str, shape: str) -> list[Row]:
    from affectflow.cli import progress, show
    from affectflow.gold.calibration.reporting import HEADS, as_rows
    from affectflow.stages.calibrate import calibrate as calibrate_lake

    found = progress.run(calibrate_lake, lake, annotator_id=annotator)
    _say_unsampled(lake, [each.calibration for each in found])
    for each in found:
        name, of = each.calibration.calibration_id, each.calibration.annotator_id
        show.say(f"calibration {name} of {of}")
        show.shaped(shape, HEADS, as_rows(each.calibration))
    return [row for each in found for row in each.rows]


def _say_unsampled(lake: str, fitted: Sequence["Calibration"]) -> None:
    from affectflow.cli import show
    from affectflow.gold.truth.decisions import say_unsampled, unsampled_of
    from affectflow.lake import open_lake

    labels = [label for each in fitted for label in each.labels]
    used = {(label.vocabulary, label.label) for label in labels}
    with open_lake(lake) as connection:
        left_out = {
            target: n
            for task in sorted({label.task for label in labels})
            for target, n in unsampled_of(connection, task).items()
            if target[1:] in used
        }
    for line in say_unsampled(left_out):
        show.say(line)


def _fill(lake: str, annotator: str) -> list[Row]:
    from affectflow.cli import progress
    from affectflow.stages.calibrate import apply

    return progress.run(apply, lake, annotator_id=annotator)


def _say(rows: Sequence[Row]) -> None:
    from affectflow.cli import show

    for row in rows:
        show.say(show.stage_line(row))
        if row["stage"] == "apply" and row["state"] == "done" and not row["rows_in"]:
            show.say(
                "nothing to fill in: these labels were imported with the utterances, "
                "and only labels by `affectflow annotate` get probabilities"
            )
