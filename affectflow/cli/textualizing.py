"""The command that says in words what was not said: textualize."""

from typing import Annotated

import typer

from affectflow.cli import progress, show
from affectflow.cli.options import BUDGET, Budget, LakeUri, Set, options_of

Renderer = Annotated[
    str, typer.Option("--renderer", help="See `plugins --kind renderers`.")
]


def textualize(
    lake: LakeUri,
    renderer: Renderer,
    settings: Set = None,
    budget: Budget = BUDGET,
) -> int:
    """Say in words what voice, face or other measurements tell of utterances."""
    from affectflow import stages
    from affectflow.stages.runs.run import check_budget

    options = options_of("renderers", renderer, settings)
    row = progress.run(
        stages.textualize_lake, lake, renderer=renderer, options=options, budget=budget
    )
    show.say(show.stage_line(row))
    check_budget(row, lake)
    return 0
