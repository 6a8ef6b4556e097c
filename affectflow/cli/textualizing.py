"""The command `textualize`: puts what was not said into words."""

from collections import Counter
from collections.abc import Iterator, Mapping
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from affectflow.cli import progress, show
from affectflow.cli.options import BUDGET, Budget, LakeUri, Set, options_of
from affectflow.nouns import count

if TYPE_CHECKING:
    from affectflow.stages.unmeasured import Unmeasured

_SHOWN = 5
"""How many files without a cue are named."""

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

    Models read the words along with the texts at the next `annotate`.
    """
    from affectflow import stages
    from affectflow.stages.runs.run import check_budget
    from affectflow.stages.unmeasured import advice, unmeasured

    options = options_of("renderers", renderer, settings)
    row = progress.run(
        stages.textualize_lake, lake, renderer=renderer, options=options, budget=budget
    )
    now, before = unmeasured(lake, row, renderer, options)
    said = [*_of_files(now), *_earlier(before)]
    said = said if now.faults else [*advice(row, renderer, options), *said]
    for line in [*_lines(row, lake), *said]:
        show.say(line)
    check_budget(row, lake)
    return 0


def _lines(row: dict[str, Any], lake: str) -> Iterator[str]:
    """Yields lines: rows done, cues found, reasons for missing cues, what to type."""
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
            "built-in models also read cues from voices, faces and ratings"
        )


def _earlier(before: "Unmeasured") -> Iterator[str]:
    """Yields lines about missing cues in parts that are not read again."""
    if none := _counted(before.counters, "no_cue_"):
        again = "; a file that changes is read again" if before.faults else ""
        yield f"no cue in earlier runs: {none}{again}"
    yield from _of_files(before)


def _of_files(none: "Unmeasured") -> Iterator[str]:
    """Yields a line for each of some files without a cue, one of each reason first."""
    faults = none.faults
    seen: Counter[str] = Counter()
    all_of = Counter(fault.name for fault in faults.values())
    ranked = []
    for uri, fault in sorted(faults.items()):
        seen[fault.name] += 1
        ranked.append((seen[fault.name], -all_of[fault.name], fault.name, uri))
    for *_, name, uri in sorted(ranked)[:_SHOWN]:
        yield f"{_in_words(name)}: {faults[uri].message}"
    if (more := none.files - _SHOWN) > 0:
        yield f"and {count(more, 'more file')} without a cue"


def _in_words(name: str) -> str:
    return name.removeprefix("no_cue_").replace("_", " ")


def _counted(counters: Mapping[str, int], prefix: str) -> str:
    """Returns the counters with a name prefix in words, the largest first."""
    of_kind = [(-n, name) for name, n in counters.items() if name.startswith(prefix)]
    return ", ".join(
        f"{-n:,} {_in_words(name.removeprefix(prefix))}"
        for n, name in sorted(of_kind)
        if n
    )
