"""The command `plan`: what a run will cost, before it runs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from affectflow import defaults
from affectflow.cli import show
from affectflow.cli.declaring import check_made
from affectflow.cli.options import (
    Clusterer,
    LinesOrTable,
    Miner,
    Model,
    OnlyBelow,
    Over,
    Prompt,
    Revision,
    SendPrivate,
    SendTo,
    Set,
    in_full,
    threshold_of,
)
from affectflow.cli.reading import Reading, reads_files
from affectflow.cli.said import said_to
from affectflow.cli.state import STATE
from affectflow.cli.textualizing import Renderer
from affectflow.errors import UsageError
from affectflow.nouns import count
from affectflow.stages.runs.showing import duration

if TYPE_CHECKING:
    from affectflow.planning.ledger import StagePlan

_COLUMNS = (
    "stage",
    "to do",
    "skipped",
    "rows",
    "read",
    "tokens",
    "model",
    "work",
    "wall",
    "cost",
    "memory",
    "written",
)


@reads_files
def plan(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="LAKE | PATH...",
            help="A lake; or files, globs or URLs, with --to.",
        ),
    ],
    to: Annotated[
        str, typer.Option("--to", help="The lake that PATH... would be read into.")
    ] = "",
    *,
    read: Reading,
    renderer: Renderer = "",
    model: Model = defaults.MODEL,
    revision: Revision = "",
    over: Over = "",
    only_below: OnlyBelow = "",
    miner: Miner = defaults.MINER,
    clusterer: Clusterer = defaults.CLUSTERER,
    prompt: Prompt = "",
    settings: Set = None,
    send_to: SendTo = "",
    send_private: SendPrivate = False,
    workers: Annotated[
        int,
        typer.Option(
            min=0, help="Number of workers; 0 means as many as a local run uses."
        ),
    ] = 0,
    price_per_hour: Annotated[
        float, typer.Option(min=0, help="Price of one worker per hour.")
    ] = 0.0,
    sample: Annotated[
        int, typer.Option(min=1, help="How many rows to measure, roughly.")
    ] = 2000,
    shape: LinesOrTable = "table",
) -> int:
    """Estimate the cost of a run from a sample."""
    from affectflow.errors import StorageError
    from affectflow.lake.layout import SETTINGS, check_free
    from affectflow.planning.foresee import Terms, plan_analysis, plan_lake
    from affectflow.planning.ledger import record, waiting
    from affectflow.planning.rehearse import Analysis
    from affectflow.storage import Storage

    terms = Terms(
        workers=_workers(workers), price_per_hour=price_per_hour, sample=sample
    )
    lake = to or _one_lake(targets)
    there = Storage(lake).exists(SETTINGS)
    if not there:
        check_free(lake)
    settings = in_full(settings, prompt, send_to, send_private)
    named = {
        "model": model,
        "revision": revision,
        "miner": miner,
        "clusterer": clusterer,
    }
    plugin = read.plugin(targets) if to else None
    given = said_to(settings, source=plugin, renderer=renderer, **named)
    check_made(**named, given=given, is_asked=False)
    analysis = Analysis(
        renderer=renderer,
        renderer_options=given.renderer,
        model=model,
        revision=revision,
        options=given.model,
        over=over,
        only_below=threshold_of(only_below),
        miner=miner,
        miner_options=given.miner,
        clusterer=clusterer,
        clusterer_options=given.clusterer,
    )
    if to:
        made = read.made(plugin, targets, given.source)
        plans = plan_analysis(made, to, terms, analysis, reread=not _is_here())
    else:
        plans = plan_lake(lake, terms, analysis)
    place = Storage(lake) if there else waiting(lake)
    try:
        plans = record(place, plans)
    except StorageError:
        show.say(
            f"this plan is not saved for later runs: {place.uri!r} cannot be written"
        )
    _print(plans, shape)
    return 0


def _one_lake(targets: Sequence[str]) -> str:
    from affectflow.lake.layout import SETTINGS
    from affectflow.storage import Storage

    if len(targets) == 1 and Storage(targets[0]).exists(SETTINGS):
        return targets[0]
    raise UsageError(
        f"{targets[0]!r} is not a lake; to plan an analysis of files, name the lake "
        "to create: affectflow plan PATH... --to LAKE"
    )


def _is_here() -> bool:
    """Returns whether an ingest would run on this machine, which can list the files."""
    from affectflow import runners

    return runners.shares_this_host(runners.options(STATE.beam_options))


def _workers(said: int) -> int:
    """Returns the number of workers: as given, or as many as this machine would use.

    Raises:
      UsageError: it would run on a cluster, whose size only the caller knows; or an
        option is not Beam's.
    """
    from affectflow import runners

    made = runners.options(STATE.beam_options)
    if not said and not runners.is_local(made):
        raise UsageError("how many workers? give --workers N")
    return said or runners.workers(made)


def _print(plans: "Sequence[StagePlan]", shape: str) -> None:
    if shape == "json":
        for each in plans:
            show.as_object({**asdict(each), "cost": each.cost})
        return
    show.table(_COLUMNS, [*_rows(plans), _sum(plans)])
    samples = {each.stage: each.sample_rows for each in plans}
    measured = ", ".join(f"{rows:,} for {stage}" for stage, rows in samples.items())
    show.say(
        f"{count(plans[0].workers, 'worker')}; measured on samples of rows: {measured}"
    )
    for each in plans:
        if each.questions:
            show.say(_asked_line(each))


def _asked_line(plan: "StagePlan") -> str:
    """Returns what a stage would ask a language model, in one line."""
    line = show.asked_line(
        {**asdict(plan), "tokens_in": plan.tokens, "cost": plan.asking_cost}
    )
    return (
        f"{line}; these are upper bounds, without the model's time: it was not called"
    )


def _rows(plans: "Sequence[StagePlan]") -> list[list[str]]:
    """Returns one row per plan; if plans share a stage, rows say whose emotions."""
    stages = [plan.stage for plan in plans]
    rows = [_row(plan) for plan in plans]
    for plan, row in zip(plans, rows, strict=True):
        if stages.count(plan.stage) > 1:
            row[0] = f"{plan.stage} {plan.labels_of}"
    return rows


def _row(plan: "StagePlan") -> list[str]:
    unit = "split" if plan.stage == "ingest" else "part"
    files = f"{count(plan.files, 'file')}, " if plan.files else ""
    parts = "" if plan.stage == "themes" else f"{files}{count(plan.units, unit)}"
    return [
        plan.stage,
        parts,
        _skipped(plan),
        f"{plan.rows:,}",
        _size(plan.bytes_in),
        f"{plan.tokens:,}" if plan.tokens else "",
        duration(plan.model_seconds) if plan.stage == "annotate" else "",
        duration(plan.work_seconds),
        duration(plan.wall_seconds),
        _money(plan.cost) if plan.price_per_hour else "",
        _size(plan.peak_rss_bytes),
        _size(plan.bytes_out),
    ]


def _skipped(plan: "StagePlan") -> str:
    if not plan.units_done:
        return ""
    return count(plan.units_done, "file" if plan.stage == "ingest" else "part")


def _sum(plans: "Sequence[StagePlan]") -> list[str]:
    cost = sum(plan.cost for plan in plans)
    return [
        "together",
        *[""] * 6,
        duration(sum(plan.work_seconds for plan in plans)),
        duration(sum(plan.wall_seconds for plan in plans)),
        _money(cost) if plans[0].price_per_hour else "",
        _size(max(plan.peak_rss_bytes for plan in plans)),
        _size(sum(plan.bytes_out for plan in plans)),
    ]


def _money(cost: float) -> str:
    return f"{cost:,.2f}" if cost >= 1 else f"{cost:.4f}"


def _size(size: float) -> str:
    """Returns bytes for people: `812 kB`, `1.4 GB`."""
    if not size:
        return ""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:,.0f} {unit}" if size >= 10 else f"{size:,.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
