"""The commands that ask people; `app` registers them."""

from typing import Annotated, Literal

import typer

from affectflow.cli.options import LakeUri


def sample(
    lake: LakeUri,
    out: Annotated[str, typer.Option(help="CSV to write, for a spreadsheet.")],
    n: Annotated[int, typer.Option("--n", help="Messages to label.")] = 400,
    task: Annotated[
        Literal["frustration", "emotion", "valence", "arousal", "dominance"],
        typer.Option(help="What is asked."),
    ] = "frustration",
    labels: Annotated[
        str, typer.Option(help="Labels as a,b,c; the families of the task if empty.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Equal seeds draw equal samples.")] = 0,
    stratify: Annotated[
        Literal["none", "score"],
        typer.Option(help="`score` draws more of what an annotator labelled."),
    ] = "none",
    annotator: Annotated[
        str, typer.Option(help="Whose scores; who answered the most if empty.")
    ] = "",
    html: Annotated[
        str, typer.Option(help="Also a page to label in, by keyboard, offline.")
    ] = "",
) -> int:
    """Draw messages at random, as a sheet for people to label."""
    from affectflow.cli import validation

    return validation.sample(
        lake,
        n,
        out,
        task=task,
        labels=labels,
        seed=seed,
        stratify=stratify,
        annotator=annotator,
        html=html,
    )


def gold(
    lake: LakeUri,
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE...", help="Filled sheets; none compares again."),
    ] = None,
    rater: Annotated[
        str, typer.Option(help="Who answered, where the column `rater` is empty.")
    ] = "",
) -> int:
    """Bring people's answers into a lake, and compare the annotators with them."""
    from affectflow.cli import validation

    return validation.gold(lake, files or [], rater)


COMMANDS = (sample, gold)
