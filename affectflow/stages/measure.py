"""The stage measure: a measure over the rows of a lake or a file.

DuckDB computes the whole state in one query, on the local machine; in a pipeline the
same SQL runs over batches (`affectflow.steps.measure`).
"""

import dataclasses
import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import registry
from affectflow.batches.bootstrap import Interval
from affectflow.batches.states import UNKNOWN
from affectflow.column_names import listed, no_column
from affectflow.errors import LakeError, UsageError
from affectflow.gold.evaluation import files, lakes
from affectflow.gold.measures import digest_of, measure, replace_measures
from affectflow.kinds.measure import Measure
from affectflow.lake import Lake, open_lake
from affectflow.lake.naming import annotator_meant
from affectflow.lake.views import columns_of, quote, quote_name
from affectflow.schemas import TABLES
from affectflow.stages.choices import check_choices
from affectflow.stages.misread import misread
from affectflow.stages.runs.receipts import Receipt, peak_rss_bytes
from affectflow.stages.runs.request import config_digest, new_request
from affectflow.stages.runs.run import Row, note_failure, write_run
from affectflow.stages.unsaid import no_value, unsaid

STAGE = "measure"
MEMORY = "600MB"
"""Memory limit of DuckDB while it reads a file; beyond it, it spills to disk."""
_BOUNDS = "SET memory_limit = '{memory}'; SET temp_directory = {folder}"
_WRITES = {"annotations": "annotate", "causes": "mine", "themes": "mine"}
_SOURCE = "(SELECT {columns} FROM ({query}) AS q {join})"
_UTTERANCES = "LEFT JOIN utterances AS u ON u.utterance_id = q.utterance_id"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The result of a measure.

    Args:
      kind: the measure's name.
      rows: one for each value: `group` and the columns of `FITTED`.
      observations: how many counted.
      left_out: how many did not, by reason.
      undefined: what has no value, and why, one line for each reason.
      run: the row of `runs`; None where nothing was written.
    """

    kind: str
    rows: list[Row]
    observations: int
    left_out: Mapping[str, int]
    undefined: list[str]
    run: Row | None = None


def measure_lake(
    uri: str,
    name: str,
    *,
    options: Mapping[str, Any] | None = None,
    by: str = "",
    draws: int = 0,
    to: str = "",
    run_id: str = "",
) -> Measured:
    """Fits a measure to the rows of a lake, and stores its values in `measures`.

    Values of an earlier run with the same settings are replaced.

    Args:
      uri: of the lake.
      name: of a plugin of the group `affectflow.measures`.
      options: its arguments.
      by: also by this column of what it reads, or of `utterances`.
      draws: of the bootstrap; 0 for no intervals.
      to: the lake that gets the values, if not this one.
      run_id: of the command.

    Raises:
      LakeError: no lake, or nothing in it that the measure reads.
      UsageError: no such measure, option or column; an option names what is not
        there; or there is no value at all, and nothing is written.
    """
    made = made_with(name, options, draws)
    target = Lake.open(to or uri)
    if not made.query:
        raise UsageError(f"{made.kind} reads files only; give it FILE in place of LAKE")
    with open_lake(uri) as connection:
        made = _with_whole_ids(connection, made)

        def source_of(measure: Measure) -> str:
            return _lake_source(connection, measure, by)

        source = source_of(made)
        check_choices(connection, made, source_of, in_lake=True)
        state = made.counted(connection, source, grouped=bool(by))
        if not state.num_rows:
            raise LakeError(_nothing(connection, uri, made))
    return _kept(_measured(made, state), made, state, by, target, run_id)


def measure_file(
    path: str,
    name: str,
    *,
    options: Mapping[str, Any] | None = None,
    mapping: Mapping[str, str] | None = None,
    by: str = "",
    draws: int = 0,
    to: str = "",
    run_id: str = "",
) -> Measured:
    """Fits a measure to the rows of a Parquet, CSV or JSON Lines file.

    Args:
      path: of the file.
      name: of a plugin of the group `affectflow.measures`.
      options: its arguments.
      mapping: from a column that it reads to a column of the file.
      by: also by this column of the file.
      draws: of the bootstrap; 0 for no intervals.
      to: the lake that gets the values; none if empty.
      run_id: of the command.

    Raises:
      LakeError: `to` is not a lake.
      UsageError: no such measure, option, file or column; an option names what is
        not there; or there is no value at all.
    """
    made = made_with(name, options, draws)
    target = Lake.open(to) if to else None
    own = None if mapping else made.rows_of(path)
    if own is None:
        opened = files.open_file(path, as_text=True)
    else:
        opened = files.open_rows(own)
    _check_none_of_a_lake(made)
    with tempfile.TemporaryDirectory() as folder, opened as connection:
        connection.execute(_BOUNDS.format(memory=MEMORY, folder=quote(folder)))

        def source_of(measure: Measure) -> str:
            return _file_source(connection, path, measure, mapping or {}, by)

        source = source_of(made)
        try:
            check_choices(connection, made, source_of, in_lake=False)
            state = made.counted(connection, source, grouped=bool(by))
        except duckdb.Error as error:
            if files.is_unreadable(error):
                raise files.unreadable(path, error) from error
            if why := misread(connection, made, mapping or {}):
                raise UsageError(f"{path!r}: {why}") from error
            raise
    found = _measured(made, state)
    return _kept(found, made, state, by, target, run_id) if target else found


def made_with(name: str, options: Mapping[str, Any] | None, draws: int) -> Measure:
    """Returns a measure with its options.

    Raises:
      UnknownPluginError: no measure has this name; names the nearest.
      UsageError: it does not take these options.
    """
    given = {**(options or {}), **({"draws": draws} if draws else {})}
    made: Measure = registry.make("measures", name, given)
    return made


# -- what is read ----------------------------------------------------------------------


def _with_whole_ids(connection: duckdb.DuckDBPyConnection, made: Measure) -> Measure:
    """Returns a measure whose annotators are called by their whole ids."""
    # An error lists the known ones, but not the names of people.
    query = (
        "SELECT annotator_id FROM annotators "
        "WHERE kind IS DISTINCT FROM 'person' OR annotator_id = ? ORDER BY 1"
    )
    whole: dict[str, Any] = {}
    for name in made.annotators:
        if word := getattr(made, name):
            there = [row[0] for row in connection.execute(query, [word]).fetchall()]
            whole[name] = annotator_meant(connection, word, there, "in this lake")
    return dataclasses.replace(made, **whole) if whole else made


def _check_none_of_a_lake(made: Measure) -> None:
    for option in made.annotators:
        if word := getattr(made, option):
            raise UsageError(
                f"{made.kind}: {option}={word} names an annotator of a lake, but this "
                "is a file; leave it out"
            )


def _lake_source(connection: duckdb.DuckDBPyConnection, made: Measure, by: str) -> str:
    found = connection.sql(made.query, params=made.bound(made.query)).columns
    group, join = "NULL", ""
    if by in found and by not in TABLES["utterances"].names:
        group = f"coalesce(q.{quote_name(by)}::VARCHAR, {quote(UNKNOWN)})"
    elif by and "utterance_id" not in found:
        raise UsageError(
            f"no column {by!r} to group by; --by is one of {_or(found, by)}"
        )
    elif by:
        group, join = lakes.part_of(connection, by), _UTTERANCES
    columns = _casts(connection, made, {name: name for name in found})
    return _SOURCE.format(
        columns=f'{columns}, {group} AS "group"', query=made.query, join=join
    )


def _file_source(
    connection: duckdb.DuckDBPyConnection,
    path: str,
    made: Measure,
    mapping: Mapping[str, str],
    by: str,
) -> str:
    present = [row[0] for row in connection.sql("DESCRIBE given").fetchall()]
    for name in set(mapping) - set(made.reads.names):
        reads = ", ".join(made.reads.names)
        raise UsageError(f"{made.kind} reads no column {name!r}, but {reads}")
    for given in [*mapping.values(), *([by] if by else [])]:
        if given not in present:
            cure = "correct --by" if given == by else "correct --map"
            names = [name for name in present if name not in lakes.PERSONAL]
            raise UsageError(no_column(path, given, names, cure))
    named = {**{name: name for name in present}, **mapping}
    try:
        made.check_columns(list(named), "type --map {}=COLUMN")
    except UsageError as error:
        raise UsageError(f"{path!r}: {error}") from error
    group = f"coalesce({quote_name(by)}::VARCHAR, {quote(UNKNOWN)})" if by else "NULL"
    columns = _casts(connection, made, named)
    return _SOURCE.format(
        columns=f'{columns}, {group} AS "group"', query="FROM given", join=""
    )


def _casts(
    connection: duckdb.DuckDBPyConnection, made: Measure, named: Mapping[str, str]
) -> str:
    """Returns the columns that a measure reads, typed; missing ones are null."""
    return ", ".join(
        f"{_of_row(named.get(field.name))}::{type_} AS {name}"
        for field, (name, type_) in zip(
            made.reads, columns_of(connection, made.reads), strict=True
        )
    )


def _of_row(name: str | None) -> str:
    return "NULL" if name is None else f"q.{quote_name(name)}"


def _or(names: Iterable[str], near: str = "") -> str:
    return listed((name for name in names if name not in lakes.PERSONAL), near)


def _nothing(connection: duckdb.DuckDBPyConnection, uri: str, made: Measure) -> str:
    """Returns why a lake has nothing for a measure to read, and what to do."""
    named = [table for table in TABLES if table in re.findall(r"\w+", made.query)]
    for table in named:
        if connection.sql(f"SELECT count(*) FROM {table}").fetchall() == [(0,)]:
            return (
                f"{uri!r} has no {table}, which {made.kind} reads: first run "
                f"`affectflow {_WRITES.get(table, 'ingest')}`"
            )
    if made.wants:
        return f"{made.kind} finds nothing to compare in {uri!r}; it needs {made.wants}"
    return (
        f"{made.kind} finds nothing to read in {', '.join(named)} of {uri!r}; see "
        f"`affectflow plugins {made.kind}`"
    )


# -- what is said ----------------------------------------------------------------------


def _measured(made: Measure, state: pa.Table) -> Measured:
    groups = pc.count_distinct(state["group"]).as_py()
    if groups > lakes.MAX_PARTS:
        raise UsageError(
            f"--by gives {groups} groups, but at most {lakes.MAX_PARTS} can be "
            "compared; name a coarser column"
        )
    said = [row for row in made.extract(state).to_pylist() if row["unit_type"]]
    rows, left_out = [r for r in said if r["value"] is not None], made.left_out(state)
    if not rows:
        raise UsageError(no_value(made, made.kept(state), left_out, said))
    return Measured(
        kind=made.kind,
        rows=rows,
        observations=made.kept(state),
        left_out=left_out,
        undefined=unsaid(said),
    )


def _kept(
    found: Measured, made: Measure, state: pa.Table, by: str, lake: Lake, run_id: str
) -> Measured:
    """Replaces the values with the same settings, and writes a run."""
    settings = {"measure": made.kind, "options": made.parameters(), "by": by}
    config = {**settings, "draws": made.draws}
    request = new_request(lake, STAGE, config, run_id=run_id)
    try:
        rows = rows_of(found, settings, digest_of(_rounded(state)))
        name = f"{made.kind}-{config_digest(STAGE, settings)}"
        replace_measures(lake, name, rows)
        run = write_run(lake, request, _receipt(found))
    except UsageError:
        raise
    except Exception as error:
        note_failure(lake, request, error)
        raise
    return Measured(**{**found.__dict__, "run": run})


def rows_of(found: Measured, settings: Mapping[str, Any], fitted_on: str) -> list[Row]:
    """Returns values as rows of `measures`."""
    parameters = json.dumps(settings, sort_keys=True)
    return [
        measure(
            found.kind,
            row["unit_type"],
            row["unit_id"],
            row["label"],
            Interval(row["value"], _or_nan(row["low"]), _or_nan(row["high"])),
            row["n"],
            fitted_on,
            group=row["group"],
            parameters=parameters,
        )
        for row in found.rows
    ]


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _rounded(state: pa.Table) -> pa.Table:
    """Returns a state whose sums do not depend on the order of addition."""
    for place, field in enumerate(state.schema):
        if pa.types.is_floating(field.type):
            digits = pa.array([f"{x:.9g}" for x in state[field.name].to_pylist()])
            state = state.set_column(place, field.name, digits)
    return state


def _receipt(found: Measured) -> Receipt:
    counters = {"observations": found.observations, "values": len(found.rows)}
    counters |= dict(found.left_out)
    if found.undefined:
        counters["undefined"] = len(found.undefined)
    return Receipt(counters=counters, peak_rss_bytes=peak_rss_bytes())
