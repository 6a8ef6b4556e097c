"""What changed between two runs: settings, rows of tables, labels.

A row of `runs` names the Delta version of each table when it was written; both states
are read as of then. Versions that gc has removed cannot be compared.
"""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import duckdb
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from affectflow.errors import LakeError, StorageError, UsageError
from affectflow.lake import Lake, views
from affectflow.lake.agreement import LabelChanges, label_changes
from affectflow.lake.digest import DIGESTED, said_of
from affectflow.lake.tables import FileEntry, entries_of
from affectflow.schemas import RULES, TABLES
from affectflow.storage import storage_errors


class Setting(NamedTuple):
    """A setting, or the version of a library, that differs between two runs."""

    name: str
    a: str | None
    b: str | None


class TableChange(NamedTuple):
    """A table after two runs: its rows, as far as the digest counts them."""

    table: str
    rows_a: int
    rows_b: int
    added: int
    removed: int


@dataclass(frozen=True, kw_only=True)
class Run:
    """A row of `runs`.

    Args:
      run_id: of the command.
      stage: of the run.
      ended: when it ended.
      config: settings.
      annotator_id: whose answers it gave, mined or calibrated.
      libraries: name to version.
      tables: name to Delta version.
    """

    run_id: str
    stage: str
    ended: datetime
    config: dict[str, Any]
    annotator_id: str | None
    libraries: dict[str, str]
    tables: dict[str, int]

    @property
    def name(self) -> str:
        """Run and stage, as `diff` takes them."""
        return f"{self.run_id}/{self.stage}"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What changed from run `a` to run `b`; `labels` if both annotated."""

    a: Run
    b: Run
    settings: list[Setting]
    tables: list[TableChange]
    labels: LabelChanges | None


def diff(lake_uri: str, run_a: str, run_b: str) -> Changes:
    """Returns what changed in a lake from the end of one run to that of another.

    Args:
      lake_uri: folder or URL.
      run_a: `run_id`, or `run_id/stage`; the last stage of a run if none is named.
      run_b: likewise.

    Raises:
      LakeError: it is not a lake, or gc has removed a state.
      UsageError: there is no such run; the message names the nearest.
    """
    lake = Lake.open(lake_uri)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        # Who is a person is taken from the current lake.
        _create(connection, "annotators", "annotators", lake.files("annotators"))
        known = _runs(lake, connection)
        a, b = (_find(known, name, lake_uri) for name in (run_a, run_b))
        return Changes(
            a=a,
            b=b,
            settings=list(_settings(a, b)),
            tables=[_table_change(lake, connection, a, b, name) for name in DIGESTED],
            labels=_labels(lake, connection, a, b),
        )


# -- runs --------------------------------------------------------------------------


def _runs(lake: Lake, connection: duckdb.DuckDBPyConnection) -> list[Run]:
    """Returns the runs of a lake, the oldest first."""
    _create(connection, "runs", "runs", lake.files("runs"))
    rows = connection.execute(
        "SELECT run_id, stage, ended, config, annotator_id, versions, table_versions "
        "FROM runs ORDER BY ended, run_id, stage, config_digest"
    ).fetchall()
    return [
        Run(
            run_id=run_id,
            stage=stage,
            ended=ended,
            config=json.loads(config),
            annotator_id=annotator_id,
            libraries=libraries,
            tables=tables,
        )
        for run_id, stage, ended, config, annotator_id, libraries, tables in rows
    ]


def _find(known: Sequence[Run], name: str, uri: str) -> Run:
    """Returns the last of the runs that `name` stands for."""
    fits = [run for run in known if name in (run.run_id, run.name)]
    if not fits:
        raise UsageError(_no_run(known, name, uri))
    return fits[-1]


def _no_run(known: Sequence[Run], name: str, uri: str) -> str:
    names = list(dict.fromkeys(run.name for run in known))
    if not names:
        return f"{uri!r} has no runs yet; first run `affectflow ingest`"
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names[-3:]
    return f"{uri!r} has no run {name!r}; the nearest are {', '.join(near)}"


def _settings(a: Run, b: Run) -> Iterator[Setting]:
    sides = [{"stage": r.stage, **_flat(r.config), **r.libraries} for r in (a, b)]
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        values = [side.get(name) for side in sides]
        if values[0] != values[1]:
            yield Setting(name, *values)


_NOT_GIVEN = ("", "null", "[]")


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Returns the settings that are given, as one level: `arguments.batch_rows`."""
    flat: dict[str, str] = {}
    for name, value in sorted(config.items()):
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            if text not in _NOT_GIVEN:
                flat[f"{prefix}{name}"] = text
    return flat


# -- tables ------------------------------------------------------------------------


def _table_change(
    lake: Lake, connection: duckdb.DuckDBPyConnection, a: Run, b: Run, table: str
) -> TableChange:
    files_a, files_b = _files_then(lake, a, table), _files_then(lake, b, table)
    # Rows of a file that is in both states are the same.
    both = [files_a[path] for path in files_a.keys() & files_b]
    only_a = [files_a[path] for path in files_a.keys() - files_b]
    only_b = [files_b[path] for path in files_b.keys() - files_a]
    rows = [_count(lake, connection, a, table, f) for f in (both, only_a, only_b)]
    _show(lake, connection, "rows_a", a, table, only_a)
    _show(lake, connection, "rows_b", b, table, only_b)
    added, removed = connection.execute(_difference(table)).fetchall()[0]
    return TableChange(table, rows[0] + rows[1], rows[0] + rows[2], added, removed)


def _count(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    run: Run,
    table: str,
    files: Sequence[FileEntry],
) -> int:
    """Returns how many rows of some files count; read where not all of them do."""
    if RULES[table].counted == "true":
        return sum(file.rows for file in files)
    _show(lake, connection, "counted", run, table, files)
    query = f"SELECT count(*) FROM counted WHERE {RULES[table].counted}"
    return int(connection.execute(query).fetchall()[0][0])


def _difference(table: str) -> str:
    said, counted = said_of(table), RULES[table].counted
    sides = ", ".join(
        f"{side} AS (SELECT md5_number({said}) AS said, count(*) AS n "
        f"FROM rows_{side} AS t WHERE {counted} GROUP BY said)"
        for side in ("a", "b")
    )
    more = "coalesce(sum(greatest(coalesce({0}.n, 0) - coalesce({1}.n, 0), 0)), 0)"
    return (
        f"WITH {sides} SELECT {more.format('b', 'a')}::BIGINT, "
        f"{more.format('a', 'b')}::BIGINT FROM a FULL JOIN b USING (said)"
    )


def _files_then(lake: Lake, run: Run, table: str) -> dict[str, FileEntry]:
    """Returns the files that a table had after a run, by path."""
    if table not in run.tables:
        return {}  # an older version of affectflow had no such table
    url = lake.storage.url(table)
    try:
        with storage_errors(lake.uri):
            return entries_of(DeltaTable(url, version=run.tables[table]), table)
    except (DeltaError, StorageError) as error:
        raise LakeError(_removed(run, table)) from error


def _show(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    view: str,
    run: Run,
    table: str,
    files: Sequence[FileEntry],
) -> None:
    """Makes a view of files of a table, as they were after a run."""
    urls = [lake.storage.url(table, *file.path.split("/")) for file in files]
    try:
        _create(connection, view, table, urls)
    except LakeError as error:
        raise LakeError(_removed(run, table)) from error


def _create(
    connection: duckdb.DuckDBPyConnection, view: str, table: str, urls: Sequence[str]
) -> None:
    columns = views.columns_of(connection, TABLES[table])
    views.create_view(connection, view, views.empty_select(columns))
    views.fill_table_view(connection, view, columns, list(urls))


def _removed(run: Run, table: str) -> str:
    return (
        f"the state of {table!r} after run {run.name!r} is gone: "
        "`affectflow gc` removed it; compare later runs, and keep states longer with "
        "`affectflow gc --older-than DAYS`"
    )


# -- labels ------------------------------------------------------------------------


def _labels(
    lake: Lake, connection: duckdb.DuckDBPyConnection, a: Run, b: Run
) -> LabelChanges | None:
    """Compares two annotators as they are now, or one at two times."""
    ids = [run.annotator_id for run in (a, b)]
    if {a.stage, b.stage} != {"annotate"} or None in ids:
        return None
    for side, run in (("a", a), ("b", b)):
        now = lake.committed("annotations")
        files = now if ids[0] != ids[1] else _files_then(lake, run, "annotations")
        _show(
            lake,
            connection,
            f"annotations_{side}",
            run,
            "annotations",
            [*files.values()],
        )
    return label_changes(connection, str(ids[0]), str(ids[1]))
