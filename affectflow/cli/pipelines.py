"""The commands that run pipelines: ingest, annotate, mine, analyze."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from affectflow import defaults
from affectflow.cli import progress, show, summary
from affectflow.cli.declaring import check_made, check_mining
from affectflow.cli.lakes import rest_on
from affectflow.cli.options import (
    BUDGET,
    Accelerator,
    Annotator,
    AnnotatorOrAll,
    Budget,
    Clusterer,
    Conversations,
    KeyUri,
    LakeUri,
    MaskNames,
    Miner,
    MinRam,
    Model,
    OnlyBelow,
    Over,
    Paths,
    Prompt,
    Reread,
    Revision,
    SendPrivate,
    SendTo,
    Set,
    To,
    in_full,
    threshold_of,
)
from affectflow.cli.reading import Reading, reads_files
from affectflow.cli.said import Said, said_to
from affectflow.cli.scales import off_scale
from affectflow.cli.spool import spooled
from affectflow.cli.state import STATE
from affectflow.errors import UsageError
from affectflow.nouns import count

Row = dict[str, Any]


@reads_files
def ingest(
    paths: Paths,
    to: To,
    read: Reading,
    settings: Set = None,
    budget: Budget = BUDGET,
    speaker_key_uri: KeyUri = "",
    conversations: Conversations = "",
    mask_names: MaskNames = "",
    reread: Reread = False,
) -> int:
    """Read dumps and exports into a lake."""
    with spooled(paths, STATE.beam_options) as files:
        plugin = read.plugin(files)
        given = said_to(settings, source=plugin)
        made = read.made(plugin, files, given.source)
        how = _written(conversations, mask_names, reread)
        return _finish([_ingest(made, files, to, budget, speaker_key_uri, how)], to)


def annotate(
    lake: LakeUri,
    model: Model = defaults.MODEL,
    revision: Revision = "",
    prompt: Prompt = "",
    over: Over = "",
    only_below: OnlyBelow = "",
    settings: Set = None,
    budget: Budget = BUDGET,
    send_to: SendTo = "",
    send_private: SendPrivate = False,
    accelerator: Accelerator = "",
    min_ram: MinRam = "",
) -> int:
    """Label the utterances of a lake with a model."""
    settings = in_full(settings, prompt, send_to, send_private)
    given = said_to(settings, model=model, revision=revision).model
    if wanted := given.pop("preview", ""):
        whose = {"over": over, "is_read": not only_below}
        return _preview(lake, model, revision, given, wanted, whose)
    hints = {"accelerator": accelerator, "min_ram": min_ram}
    read = {"over": over, "only_below": threshold_of(only_below)}
    row = _annotate(lake, model, revision, given, budget, {**hints, **read})
    return _finish([row], lake)


def _preview(
    lake: str,
    model: str,
    revision: str,
    options: dict[str, str],
    wanted: str,
    whose: dict[str, Any],
) -> int:
    """Prints the filled-in prompts, without asking the model."""
    from affectflow import stages

    if not wanted.isdecimal() or not int(wanted):
        raise UsageError(f"`preview` must be at least 1, got {wanted!r}")
    filled = stages.preview_lake(
        *(lake, int(wanted)),
        model=model,
        revision=revision,
        options=options,
        **whose,
    )
    is_any = False
    for utterance_id, request in filled:
        show.request(utterance_id, request)
        is_any = True
    nothing = "no utterance to ask the model about"
    show.say(f"annotate: {'nothing was asked' if is_any else nothing}")
    return 0


def mine(
    lake: LakeUri,
    miner: Miner = defaults.MINER,
    clusterer: Clusterer = defaults.CLUSTERER,
    annotator: AnnotatorOrAll = "",
    settings: Set = None,
) -> int:
    """Mine causes of emotions, and cluster them into themes."""
    from affectflow.stages.mine import ALL

    given = said_to(settings, miner=miner, clusterer=clusterer)
    check_mining(miner, clusterer, given)
    if annotator != ALL:
        rest_on(lake, annotator)
    return _finish(_mine(lake, miner, clusterer, given, annotator), lake)


@reads_files
def analyze(
    paths: Paths,
    to: To,
    read: Reading,
    model: Model = defaults.MODEL,
    revision: Revision = "",
    miner: Miner = defaults.MINER,
    clusterer: Clusterer = defaults.CLUSTERER,
    settings: Set = None,
    budget: Budget = BUDGET,
    speaker_key_uri: KeyUri = "",
    out: Annotated[
        str,
        typer.Option(help="Where to write the report; LAKE/report.html by default."),
    ] = "",
    annotator: Annotator = "",
    prompt: Prompt = "",
    send_to: SendTo = "",
    send_private: SendPrivate = False,
    accelerator: Accelerator = "",
    min_ram: MinRam = "",
    conversations: Conversations = "",
    mask_names: MaskNames = "",
    reread: Reread = False,
) -> int:
    """Ingest, annotate, mine and report."""
    from affectflow.report import check_replaceable

    _refuse_writing()
    out = out or os.path.join(to, "report.html")
    check_replaceable(out)
    settings = in_full(settings, prompt, send_to, send_private)
    hints = {"accelerator": accelerator, "min_ram": min_ram}
    named = {
        "model": model,
        "revision": revision,
        "miner": miner,
        "clusterer": clusterer,
    }
    with spooled(paths, STATE.beam_options) as files:
        plugin = read.plugin(files)
        given = said_to(settings, source=plugin, **named)
        answering = check_made(**named, given=given, is_asked=True)
        if annotator:
            from affectflow.stages.basis import check_named

            check_named(to, annotator, answering)
        made = read.made(plugin, files, given.source)
        how = _written(conversations, mask_names, reread)
        rows = [_ingest(made, files, to, budget, speaker_key_uri, how)]
    rows.append(_annotate(to, model, revision, given.model, budget, hints))
    rest_on(to, annotator)
    rows += _mine(to, miner, clusterer, given, "")
    _report(to, out)
    for line in summary.summary(to, out):
        show.say(line)
    return _finish(rows, to)


def _refuse_writing() -> None:
    from affectflow import runners

    if runners.only_written(STATE.beam_options):
        raise UsageError(
            "analyze runs its stages one after another; to write pipelines instead of"
            " running them, use ingest, annotate and mine one by one"
        )


def _written(conversations: str, mask_names: str, reread: bool) -> dict[str, Any]:
    """Returns how messages are written to a lake, as arguments of an ingest."""
    from affectflow.stages.ingest.windows import pause_of

    pause = {"pause_s": pause_of(conversations)} if conversations else {}
    return {**pause, "mask_names": mask_names, "reread": reread}


def _ingest(
    made: Any,
    paths: Sequence[str],
    to: str,
    budget: float,
    speaker_key_uri: str,
    how: dict[str, Any],
) -> Row:
    from affectflow.cli.sources import left_out
    from affectflow.planning.ledger import ingest_by_plan

    _say_left_out(left_out(made, paths))
    for line in made.notices():
        show.say(f"ingest: {line}")
    with _new_key_said(speaker_key_uri), progress.shown(to) as run_id:
        row = ingest_by_plan(
            made,
            to,
            run_id=run_id,
            budget=budget,
            speaker_key_uri=speaker_key_uri,
            beam_options=_with_workers(made),
            **how,
        )
    show.said_of(row, to)
    return row


def _with_workers(made: Any) -> list[str]:
    """Returns Beam's options without workers that would cost more than they help."""
    from affectflow import runners
    from affectflow.stages.ingest.workers import workers_worth

    asked = STATE.beam_options
    wanted = runners.workers(runners.options(asked))
    worth = workers_worth(made, wanted)
    fewer = runners.with_at_most(asked, worth)
    if len(fewer) > len(asked):
        show.say(
            f"ingest: {worth} of {wanted} workers used: the input is too small, or "
            "cannot be split"
        )
    return fewer


def _say_left_out(names: Sequence[str]) -> None:
    if names:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        show.say(
            f"ingest: {count(len(names), 'file')} of other kinds left out: {shown}"
        )


@contextlib.contextmanager
def _new_key_said(uri: str) -> Iterator[None]:
    """Tells where a key was made, so that a misspelt name is noticed."""
    from affectflow.storage import Storage, absolute

    is_new = bool(uri) and not Storage(uri).exists()
    try:
        yield
    finally:
        if is_new and Storage(uri).exists():
            show.say(
                f"ingest: a new pseudonym key was made at {absolute(uri)!r}; "
                "keep it: without it nothing can be added to this lake"
            )


def _annotate(
    lake: str,
    model: str,
    revision: str,
    options: dict[str, str],
    budget: float,
    rest: dict[str, Any],
) -> Row:
    from affectflow import stages

    row = progress.run(
        stages.annotate_lake,
        lake,
        model=model,
        revision=revision,
        options=options,
        budget=budget,
        **rest,
    )
    for line in show.learned(row):
        show.say(line)
    show.say(show.stage_line(row))
    if said := off_scale(lake, row) or show.useless(row):
        show.say(said)
    if dict(row["counters"]).get("guarded"):
        show.say(_notice(lake, row["annotator_id"]))
    if asked := show.asked_line(row):
        show.say(asked)
    return row


def _notice(lake: str, annotator_id: str) -> str:
    """Returns a guard's notice to readers of an annotator's results."""
    from affectflow.lake import open_lake

    sql = "SELECT coalesce(notice, '') FROM annotators WHERE annotator_id = $id"
    with open_lake(lake) as connection:
        found = connection.sql(sql, params={"id": annotator_id}).fetchall()
    return str(found[0][0]) if found else ""


def _mine(
    lake: str, miner: str, clusterer: str, given: Said, annotator: str
) -> list[Row]:
    from affectflow import stages

    return progress.run(
        stages.mine_lake,
        lake,
        miner=miner,
        options=given.miner,
        clusterer=clusterer,
        clusterer_options=given.clusterer,
        annotator_id=annotator,
        done=lambda row: _say_mined(row, lake),
    )


def _say_mined(row: Row, lake: str) -> None:
    from affectflow.stages.runs.parts import WAITING

    show.say(show.stage_line(row))
    if dict(row["counters"]).get(WAITING):
        show.say(f"mine: {labels_missing(lake, row['annotator_id'])}")
    if said := show.unnamed(row):
        show.say(said)


def labels_missing(lake: str, annotator_id: str) -> str:
    """Returns which annotator's labels new messages still need, and how to get them."""
    from affectflow.lake import open_tables

    with open_tables(lake) as connection:
        query = "SELECT model FROM annotators WHERE annotator_id = ? AND kind = 'model'"
        found = connection.execute(query, [annotator_id]).fetchall()
    model = f" --model {found[0][0]}" if found else ""
    return (
        f"new messages have no labels by {annotator_id!r} yet: run `affectflow "
        f"annotate {lake}{model}`, then `affectflow mine {lake}`"
    )


def _report(lake: str, out: str) -> None:
    from affectflow.report import is_current, write_report

    if is_current(lake, out):
        show.say(f"report: {out} (nothing new)")
        return
    show.say(f"report: {write_report(lake, out)}")


def _finish(rows: Sequence[Row], lake: str) -> int:
    from affectflow.stages.runs.run import check_budget

    for row in rows:
        check_budget(row, lake)
    return 0
