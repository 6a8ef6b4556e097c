"""The command that says in words what was not said: textualize."""

from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Annotated, Any

import typer

from affectflow.cli import progress, show
from affectflow.cli.options import BUDGET, Budget, LakeUri, Set, options_of

Renderer = Annotated[
    str,
    typer.Option(
        "--renderer",
        help="The renderer; `affectflow plugins --kind renderers` lists them.",
    ),
]


def textualize(
    lake: LakeUri,
    renderer: Renderer,
    settings: Set = None,
    budget: Budget = BUDGET,
) -> int:
    """Put what voice, face or other measurements show into words.

    Models read the words with the texts, after the next `annotate`.
    """
    from affectflow import stages
    from affectflow.stages.runs.run import check_budget
    from affectflow.stages.textualize import advice

    options = options_of("renderers", renderer, settings)
    row = progress.run(
        stages.textualize_lake, lake, renderer=renderer, options=options, budget=budget
    )
    for line in _lines(row, lake):
        show.say(line)
    for line in advice(row, renderer, options):
        show.say(line)
    check_budget(row, lake)
    return 0


def _lines(row: dict[str, Any], lake: str) -> Iterator[str]:
    """Yields lines: rows done, cues found, reasons for finding none, what to type."""
    counters = dict(row["counters"])
    found, none = (_counted(counters, prefix) for prefix in ("cue_", "no_cue_"))
    rest = {n: k for n, k in counters.items() if not n.startswith(("cue_", "no_cue_"))}
    yield show.stage_line({**row, "counters": list(rest.items())})
    if found:
        yield f"cues: {found}"
    elif row["rows_in"] > row["rows_unchanged"]:
        yield "cues: none"
    if none:
        yield f"no cue: {none}"
    if found:
        yield (
            f"next: affectflow annotate {quote(lake)}; with --set cues=words, the "
            "built-in models also read cues of voices, faces and ratings"
        )


def _counted(counters: Mapping[str, int], prefix: str) -> str:
    """Returns the counters whose names begin so, the largest first, in words."""
    of_kind = [(-n, name) for name, n in counters.items() if name.startswith(prefix)]
    return ", ".join(
        f"{-n:,} {name.removeprefix(prefix).replace('_', ' ')}"
        for n, name in sorted(of_kind)
        if n
    )
