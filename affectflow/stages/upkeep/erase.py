"""The stage erase: removes messages from every table, file and older version.

Tombstones are committed first, so that neither a kill nor a later ingest brings
anything
back: the same command, or one without a selection, finishes what is left. Utterances
  are removed after everything that refers to them, and then `gc` removes the files
  themselves.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import UsageError
from affectflow.lake import Lake, open_tables, speakers
from affectflow.lake.ask import ask
from affectflow.lake.commits import Change, commit_serially
from affectflow.lake.files import read_file
from affectflow.lake.questions import why_it_fails
from affectflow.lake.tables import FileEntry
from affectflow.lake.tombstones import Tombstones, bury, tombstones
from affectflow.schemas import RULES, TABLES, UTTERANCES, fields
from affectflow.stages.ingest.files_read import FILES_READ
from affectflow.stages.ingest.losses import EXAMPLES
from affectflow.stages.runs.journal import forget
from affectflow.stages.runs.receipts import WORK, Receipt, peak_rss_bytes
from affectflow.stages.runs.request import STAGING, Request, new_request
from affectflow.stages.runs.run import note_failure, write_run
from affectflow.stages.themes.unchanged import NOTE
from affectflow.stages.upkeep.gc import check_quiet, purge
from affectflow.stages.upkeep.sweep import (
    Erased,
    sweep_causes,
    sweep_parts,
    sweep_plain,
    write_again,
)

STAGE = "erase"
_PSEUDONYM = re.compile(r"[0-9a-f]{32}")


class Choice(NamedTuple):
    """Selects the utterances to erase: those that match everything given.

    Args:
      speakers: pseudonyms, or accounts as `source:account`. If given alone, their later
        messages stay out too.
      utterances: ids.
      sources: names.
      where: a condition on the columns of `utterances`, in SQL.
    """

    speakers: Sequence[str] = ()
    utterances: Sequence[str] = ()
    sources: Sequence[str] = ()
    where: str = ""


class Erasure(NamedTuple):
    """What was erased, or would be: rows by table, and files that may quote them."""

    rows: dict[str, int]
    may_quote: list[str]


def erase(
    lake_uri: str,
    choice: Choice,
    *,
    dry_run: bool = False,
    speaker_key_uri: str = "",
    run_id: str = "",
) -> Erasure:
    """Removes utterances from a lake, and everything that was made from them.

    No other command may be running on the lake.

    Args:
      lake_uri: folder or URL.
      choice: what is erased; if empty, what a killed erasure left.
      dry_run: only say what would go; writes nothing.
      speaker_key_uri: of the key of the pseudonyms, if not in its usual place.
      run_id: of the command.

    Raises:
      LakeError: it is not a lake, or the key of its pseudonyms is missing.
      UsageError: nothing matches, the condition is not SQL, or a run is at work.
    """
    lake = Lake.open(lake_uri)
    check_quiet(lake)
    chosen = _chosen(lake, choice, speaker_key_uri)
    if dry_run:
        return Erasure(_counts(lake, *chosen), _may_quote(lake))
    # Not the selection itself: a condition may quote what is to be erased.
    request = new_request(lake, STAGE, {}, run_id=run_id)
    try:
        return _erase(lake, request, *chosen)
    except Exception as error:
        note_failure(lake, request, error)
        raise


def _erase(
    lake: Lake, request: Request, utterances: pa.Array, people: pa.Array
) -> Erasure:
    rows = _counts(lake, utterances, people)
    stones = bury(lake, utterances, people, request.run_id)
    erased = _named(lake, stones)
    forget(lake, erased.utterances.to_pylist())
    for table in ("annotations", "measures", "dead_letters"):
        sweep_plain(lake, table, erased)
    sweep_causes(lake, erased)
    parts = sweep_parts(lake, erased)
    _drop_themes(lake)
    lake.storage.remove_tree(*EXAMPLES)
    lake.storage.remove_tree(*FILES_READ)
    purge(lake, run_id=request.run_id)
    count = rows.get("utterances", 0)
    counted = {f"{table}_rows": n for table, n in rows.items()} | {"parts": parts}
    receipt = Receipt(
        rows={"rows_in": count, "rows_out": count},
        counters=counted,
        peak_rss_bytes=peak_rss_bytes(),
    )
    write_run(lake, request, receipt)
    return Erasure(rows, _may_quote(lake))


# -- what is chosen ----------------------------------------------------------------

_ID = "utterance_id, speaker_id"
_CONDITIONS = {
    "speakers": "list_contains($speakers, speaker_id)",
    "utterances": "list_contains($utterances, utterance_id)",
    "sources": "list_contains($sources, source)",
}


def _chosen(lake: Lake, choice: Choice, key_uri: str) -> tuple[pa.Array, pa.Array]:
    """Returns the ids of the utterances and of the speakers to bury."""
    nothing = pa.array([], pa.string())
    some_are_erased = len(tombstones(lake)) > 0
    if choice == Choice():
        if some_are_erased:
            return nothing, nothing
        raise UsageError(
            "nothing to erase: give --speaker, --utterance, --source or --where"
        )
    people = [_pseudonym(lake, each, key_uri) for each in choice.speakers]
    found = _matching(lake, choice._replace(speakers=people))
    if not found.num_rows:
        raise UsageError(
            f"no utterance of {lake.uri!r} matches; `affectflow sql {lake.uri} "
            '"FROM utterances"` shows what there is; an erasure that was killed is '
            "finished without a choice, by `erase --yes`"
        )
    alone = choice == Choice(speakers=choice.speakers)
    ids = found.column("utterance_id").combine_chunks()
    return ids, pa.array(people if alone else [], pa.string())


def _pseudonym(lake: Lake, speaker: str, key_uri: str) -> str:
    if _PSEUDONYM.fullmatch(speaker):
        return speaker
    source, colon, account = speaker.partition(":")
    if not colon:
        raise UsageError(
            f"--speaker {speaker!r} is neither a speaker_id of the lake nor an account "
            "with its source, such as github:octocat"
        )
    return speakers.pseudonym(
        source, account, speakers.read_key(lake.settings, key_uri)
    )


def _matching(lake: Lake, choice: Choice) -> pa.Table:
    given = {name: list(getattr(choice, name)) for name in _CONDITIONS}
    given = {name: values for name, values in given.items() if values}
    conditions = [_CONDITIONS[name] for name in given]
    if choice.where:
        conditions.append(f"({choice.where})")
    sql = f"SELECT {_ID} FROM utterances WHERE {' AND '.join(conditions)}"
    with open_tables(lake.uri) as connection:
        try:
            return ask(connection, sql, given)
        except duckdb.Error as error:
            why = why_it_fails(connection, sql, error)
            raise UsageError(
                f"--where {choice.where!r} is not a condition on the columns of "
                f"utterances: {why}"
            ) from error


def _counts(lake: Lake, utterances: pa.Array, people: pa.Array) -> dict[str, int]:
    """Returns how many rows of each table are erased, without tables that have none."""
    found: dict[str, int] = {}
    with open_tables(lake.uri) as connection:
        connection.register("gone", pa.table({"id": utterances}))
        connection.register("people", pa.table({"id": people}))
        for table, rules in RULES.items():
            if rules.erase:
                named = " OR ".join(
                    f"{column} IN (SELECT id FROM {_ids_of(column)})"
                    for column in rules.erase
                )
                sql = f"SELECT count(*) FROM {table} WHERE {named}"
                found[table] = connection.sql(sql).fetchall()[0][0]
    return {table: count for table, count in found.items() if count}


def _ids_of(column: str) -> str:
    return "people" if column == "speaker_id" else "gone"


def _named(lake: Lake, stones: Tombstones) -> Erased:
    """Returns what the lake still has of all that was ever erased."""
    names = ["utterance_id", "speaker_id", "origin"]
    rows = [fields(UTTERANCES, *names).empty_table()]
    for path in sorted(lake.committed("utterances")):
        part = read_file(lake.storage, "utterances", path, names)
        rows.append(part.filter(stones.cover(part)))
    found = pa.concat_tables(rows)
    ids, origins = (
        pc.unique(found.column(name).drop_null()) for name in ("utterance_id", "origin")
    )
    return Erased(ids, origins, stones)


# -- what was made from many -------------------------------------------------------

_ORPHANED = """
SELECT DISTINCT clustering_id FROM theme_members
WHERE cause_id NOT IN (SELECT cause_id FROM causes)"""


def _drop_themes(lake: Lake) -> None:
    """Removes clusterings that contain an erased cause; `mine` regroups the others."""
    with open_tables(lake.uri) as connection:
        gone = ask(connection, _ORPHANED).column("clustering_id").combine_chunks()
    if not len(gone):
        return

    def change(table: str, present: Mapping[str, FileEntry], _: set[str]) -> Change:
        adds: list[FileEntry] = []
        removes: list[str] = []
        for path in sorted(present):
            rows = read_file(lake.storage, table, path)
            of = pc.is_in(rows.column("clustering_id"), value_set=gone)
            if pc.any(of, min_count=0).as_py():
                adds += write_again(lake, table, path, rows.filter(pc.invert(of)))
                removes.append(path)
        return adds, removes

    for table in ("theme_members", "themes"):
        commit_serially(lake, table, partial(change, table))
    lake.storage.remove_tree(*NOTE)


def _may_quote(lake: Lake) -> list[str]:
    """Returns the files of the lake's folder that are not part of the lake."""
    own = {*TABLES, WORK, STAGING, "lake.json"}
    return [name for name in lake.storage.names() if name not in own]
