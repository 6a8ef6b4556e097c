"""Options of every command that creates plugins: purpose, context, individuals."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from affectflow.cli.signatures import Options, with_options

if TYPE_CHECKING:
    from affectflow.cli.said import Said

Purpose = Annotated[
    str,
    typer.Option(
        "--purpose",
        help="Why you run this; recorded in the lake. Required by plugins that "
        "concern individuals: docs/people.md.",
    ),
]
Context = Annotated[
    str,
    typer.Option(
        "--context",
        help="Where the results will be used: community, education, hiring, "
        "insurance, medical, personal, product, research, safety or workplace.",
    ),
]
AllowPersonLevel = Annotated[
    bool,
    typer.Option(
        "--allow-person-level",
        help="Allow results about individuals; needs --purpose.",
    ),
]
_OPTIONS: Options = {
    "purpose": (Purpose, ""),
    "context": (Context, ""),
    "allow_person_level": (AllowPersonLevel, False),
}


def declaring(command: Callable[..., int]) -> Callable[..., int]:
    """Returns a command that also takes the purpose and context of use."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> int:
        from affectflow import people

        said = {name: options.pop(name) for name in _OPTIONS}
        with people.using(**said):
            return command(*arguments, **options)

    return with_options(run, command, _OPTIONS)


def check_made(
    model: str,
    revision: str,
    miner: str,
    clusterer: str,
    given: "Said",
    *,
    is_asked: bool,
) -> str:
    """Creates the plugins of an analysis before any row is read, so errors show early.

    Returns the annotator id of the model; `is_asked` as in `handler_for`.
    """
    from affectflow.steps.annotate import handler_for

    check_mining(miner, clusterer, given)
    handler = handler_for(model, revision, given.model, is_asked=is_asked)
    return str(handler.annotator()["annotator_id"])


def check_mining(miner: str, clusterer: str, given: "Said") -> None:
    """Creates the miner and the clusterer before anything is read or stored."""
    from affectflow.steps.mine import MineCauses
    from affectflow.steps.themes import ClusterThemes

    MineCauses(miner=miner, miner_options=given.miner)
    ClusterThemes(clusterer=clusterer, clusterer_options=given.clusterer)
