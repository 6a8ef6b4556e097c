"""A stage of a command, with its progress shown."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from affectflow.cli import show
from affectflow.cli.state import STATE
from affectflow.stages.runs import showing

_Answer = TypeVar("_Answer")


def shown(lake_uri: str, run_id: str = "") -> AbstractContextManager[str]:
    """Shows how far a run is on stderr while it goes on; yields the run's id."""
    return showing.shown(lake_uri, show.say, run_id)


def run(stage: Callable[..., _Answer], lake: str, **arguments: Any) -> _Answer:
    """Runs a stage on a lake with the command's Beam options, and shows progress."""
    with shown(lake) as run_id:
        return stage(lake, run_id=run_id, beam_options=STATE.beam_options, **arguments)
