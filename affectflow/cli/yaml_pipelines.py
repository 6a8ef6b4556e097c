"""The command `run`: Beam YAML with affectflow's plugins as types."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from affectflow.cli import show
from affectflow.cli.state import STATE
from affectflow.errors import UsageError
from affectflow.stages.runs.showing import duration


def run(
    path: Annotated[Path, typer.Argument(metavar="PIPELINE.yaml")],
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Build the pipeline and check its inputs without running it.",
        ),
    ] = False,
) -> int:
    """Run a Beam YAML pipeline, with affectflow's plugins as types.

    If it writes to a lake, its stages are reported as by `ingest`, `annotate` and
    `mine`.
    """
    from affectflow import runners, yaml

    text, begun = _read(path), time.perf_counter()
    if check:
        runners.check(lambda p: yaml.build(p, text, inputs=True), STATE.beam_options)
        sys.stdout.write(f"{path}: builds\n")
        return 0
    made: list[Any] = []
    try:
        runners.run(lambda p: yaml.build(p, text, made=made), STATE.beam_options)
    except Exception as error:
        raise runners.cause_of(error) from error
    if place := runners.only_written(STATE.beam_options):
        show.say(f"{path}: {show.not_run(place)}")
        return 0
    _answer_for(made)
    show.say(f"{path}: done ({duration(time.perf_counter() - begun)})")
    return 0


def _answer_for(made: Sequence[Any]) -> None:
    """Prints what was written to each lake.

    Raises:
      OverBudgetError: more rows were refused than a budget allows, or a file was
        truncated.
    """
    from affectflow.stages.ingest.write_lake import WriteLake
    from affectflow.stages.runs.run import check_budget

    sinks = [each for each in made if isinstance(each, WriteLake)]
    written = [(row, sink.path) for sink in sinks if (row := sink.row())]
    for row, path in written:
        show.said_of(row, path)
    for answered in (each for sink in sinks for each in sink.answered()):
        show.say(show.counts_line(answered))
    for row, path in written:
        check_budget(row, path)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{str(path)!r} is not UTF-8: {error.reason}") from error
