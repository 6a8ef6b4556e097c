"""The commands that run pipelines: ingest, annotate, mine, analyze, demo."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

from affectflow import defaults
from affectflow.cli import progress, show
from affectflow.cli.sources import left_out, source_for
from affectflow.cli.state import STATE

DEMO_FILES = ("issues.json", "comments.jsonl", "review_comments.json", "reviews.json")
DEMO_CONTAINERS = ("harborline/skiff", "harborline/tideline")
_ASK = (
    "SELECT theme, count, quotes[1].quote AS quote "
    "FROM frustration_causes ORDER BY position"
)


def ingest(
    paths: Sequence[str],
    source: str,
    to: str,
    pairs: Sequence[str],
    budget: float,
    speaker_key_uri: str,
) -> int:
    """Runs `affectflow ingest`."""
    return _finish([_ingest(paths, source, to, pairs, budget, speaker_key_uri)], to)


def annotate(
    lake: str,
    model: str,
    revision: str,
    settings: Sequence[str],
    budget: float,
    hints: Mapping[str, Any],
) -> int:
    """Runs `affectflow annotate`."""
    given = said_to(settings, model=model)
    return _finish([_annotate(lake, model, revision, given.model, budget, hints)], lake)


def mine(lake: str, miner: str, annotator: str, settings: Sequence[str]) -> int:
    """Runs `affectflow mine`."""
    given = said_to(settings, miner=miner)
    return _finish(_mine(lake, miner, given.miner, annotator), lake)


class Said(NamedTuple):
    """What `--set` says to each plugin of a command."""

    model: dict[str, str]
    miner: dict[str, str]


def said_to(settings: Sequence[str], *, model: str = "", miner: str = "") -> Said:
    """Returns the options that `--set` gives to a model and a miner.

    Raises:
      UsageError: none of them knows an option, or both do.
    """
    from affectflow import registry
    from affectflow.options import apart, names_of

    if not settings:
        return Said({}, {})
    plugins: dict[str, list[str]] = {}
    if model:
        from affectflow.steps.annotate import reader_of

        reader = reader_of(model)
        model = reader.name
        own = {*reader.implied, "revision"}
        plugins[model] = [n for n in names_of(reader.plugin) if n not in own]
    if miner:
        miner = registry.find("miners", miner).name
        plugins[miner] = names_of(registry.load("miners", miner))
    found = apart(settings, plugins)
    return Said(found.get(model, {}), found.get(miner, {}))


def analyze(
    paths: Sequence[str],
    source: str,
    to: str,
    pairs: Sequence[str],
    *,
    model: str,
    revision: str,
    miner: str,
    settings: Sequence[str],
    budget: float,
    speaker_key_uri: str,
    out: str,
    hints: Mapping[str, Any],
) -> int:
    """Runs `affectflow analyze`."""
    _refuse_writing()
    given = said_to(settings, model=model, miner=miner)
    rows = [_ingest(paths, source, to, pairs, budget, speaker_key_uri)]
    rows.append(_annotate(to, model, revision, given.model, budget, hints))
    rows += _mine(to, miner, given.miner, "")
    _report(to, out or os.path.join(to, "report.html"))
    return _finish(rows, to)


def _refuse_writing() -> None:
    from affectflow import runners
    from affectflow.errors import UsageError

    if runners.only_written(STATE.beam_options):
        raise UsageError(
            "analyze runs its stages one after the other; to write pipelines instead "
            "of running them, give ingest, annotate and mine one by one"
        )


def demo(to: str) -> int:
    """Runs `affectflow demo`."""
    _check_for_demo(to)
    folder = files("affectflow") / "demo"
    paths = [str(folder / name) for name in DEMO_FILES]
    code = analyze(
        paths,
        "github",
        to,
        (),
        model=defaults.MODEL,
        revision="",
        miner=defaults.MINER,
        settings=(),
        budget=0.05,
        speaker_key_uri="",
        out="",
        hints={},
    )
    show.say(f'ask it:  affectflow sql {to} "{_ASK}"')
    return code


def _check_for_demo(to: str) -> None:
    """Raises if a folder holds more than the bundled conversations.

    Raises:
      LakeError: it is no lake, and not empty.
      UsageError: it is a lake with other messages.
    """
    from affectflow.errors import UsageError
    from affectflow.lake import open_tables
    from affectflow.storage import Storage

    if not Storage(to).names():
        return
    with open_tables(to) as connection:
        others = connection.sql(
            "SELECT count(*) FROM utterances WHERE container IS NULL "
            f"OR container NOT IN {DEMO_CONTAINERS}"
        ).fetchall()[0][0]
    if others:
        raise UsageError(
            f"{to!r} is a lake with messages that are not the demo's ({others:,}), and "
            "would get made-up ones among them: name another folder with --to"
        )


def _ingest(
    paths: Sequence[str],
    source: str,
    to: str,
    pairs: Sequence[str],
    budget: float,
    speaker_key_uri: str,
) -> dict[str, Any]:
    from affectflow import stages
    from affectflow.planning.ledger import adopt, expected_rows
    from affectflow.stages.runs.request import new_run_id
    from affectflow.storage import Storage

    made = source_for(paths, source, pairs)
    _say_left_out(left_out(made, paths))
    run_id = new_run_id()
    with _new_key_said(speaker_key_uri), progress.shown(to, run_id):
        row = stages.ingest_source(
            made,
            to,
            run_id=run_id,
            budget=budget,
            speaker_key_uri=speaker_key_uri,
            expected_rows=expected_rows(to, made),
            beam_options=STATE.beam_options,
        )
    adopt(Storage(to))
    show.say(show.stage_line(row))
    for line in show.warnings(row):
        show.say(line)
    return row


def _say_left_out(names: Sequence[str]) -> None:
    if names:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        show.say(f"ingest: {len(names):,} files left out, of other kinds: {shown}")


@contextlib.contextmanager
def _new_key_said(uri: str) -> Iterator[None]:
    """Says where a key was made: a misspelt name must not pass for the old key."""
    from affectflow.storage import Storage, absolute

    is_new = bool(uri) and not Storage(uri).exists()
    try:
        yield
    finally:
        if is_new and Storage(uri).exists():
            show.say(
                f"ingest: a new key of the pseudonyms was made at {absolute(uri)!r}; "
                "keep it: without it nothing can be added to this lake"
            )


def replay(lake: str, speaker_key_uri: str) -> int:
    """Runs `affectflow replay`."""
    from affectflow.stages import replay as replaying

    rows = replaying.replay(
        lake,
        speaker_key_uri=speaker_key_uri,
        beam_options=STATE.beam_options,
        tell=_say_replayed,
    )
    if not rows:
        show.say("nothing to replay: no dead letter that could work now")
    return 0


def _say_replayed(row: dict[str, Any]) -> None:
    from affectflow.stages.replay.rows import LEFT

    show.say(show.stage_line(row))
    left = dict(row["counters"]).get(LEFT, 0)
    if left:
        show.say(
            f"{left:,} letters stay open: their file is gone, or their place in it "
            "holds another row by now; ingest the file again"
        )


def _annotate(
    lake: str,
    model: str,
    revision: str,
    options: dict[str, Any],
    budget: float,
    hints: Mapping[str, Any],
) -> dict[str, Any]:
    from affectflow import stages
    from affectflow.stages.runs.request import new_run_id

    run_id = new_run_id()
    with progress.shown(lake, run_id):
        row = stages.annotate_lake(
            lake,
            model=model,
            revision=revision,
            options=options,
            budget=budget,
            run_id=run_id,
            beam_options=STATE.beam_options,
            **hints,
        )
    show.say(show.stage_line(row))
    return row


def _mine(
    lake: str, miner: str, options: dict[str, Any], annotator: str
) -> list[dict[str, Any]]:
    from affectflow import stages
    from affectflow.stages.runs.request import new_run_id

    run_id = new_run_id()
    with progress.shown(lake, run_id):
        rows = stages.mine_lake(
            lake,
            miner=miner,
            options=options,
            annotator_id=annotator,
            run_id=run_id,
            beam_options=STATE.beam_options,
            done=lambda row: show.say(show.stage_line(row)),
        )
    return rows


def _report(lake: str, out: str) -> None:
    from affectflow.report import is_current, write_report

    if is_current(lake, out):
        show.say(f"report: {out} (nothing new)")
        return
    show.say(f"report: {write_report(lake, out)}")


def _finish(rows: Sequence[dict[str, Any]], lake: str) -> int:
    from affectflow.stages.runs.run import check_budget

    for row in rows:
        check_budget(row, lake)
    return 0
