"""The command `run`: Beam YAML with our plugins as types."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from affectflow.cli import show
from affectflow.cli.progress import duration
from affectflow.cli.state import STATE
from affectflow.errors import UsageError


def run(
    path: Annotated[Path, typer.Argument(metavar="PIPELINE.yaml")],
    check: Annotated[
        bool,
        typer.Option("--check", help="Build it and look for its inputs; run nothing."),
    ] = False,
) -> int:
    """Run a Beam YAML pipeline that may name our plugins as types."""
    from affectflow import runners, yaml

    text, begun = _read(path), time.perf_counter()
    if check:
        runners.check(lambda p: yaml.build(p, text, inputs=True), STATE.beam_options)
        sys.stdout.write(f"{path}: builds\n")
        return 0
    try:
        runners.run(lambda p: yaml.build(p, text), STATE.beam_options)
    except Exception as error:
        raise runners.cause_of(error) from error
    place = runners.only_written(STATE.beam_options)
    took = duration(time.perf_counter() - begun)
    show.say(
        f"{path}: " + (f"not run, only written: {place}" if place else f"done ({took})")
    )
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{str(path)!r} is not UTF-8: {error.reason}") from error
