"""A read-only lake, opened again whenever one of its tables has changed."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from functools import cached_property
from typing import Any

import duckdb

from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.lake.questions import check_reads, why_it_fails
from affectflow.lake.tables import table_versions
from affectflow.lake.views import connect, literal_path
from affectflow.report.asked import Asked
from affectflow.report.queries import Facts, collect
from affectflow.schemas import TABLES

Row = dict[str, Any]
Answer = tuple[list[str], list[tuple[Any, ...]]]
"""Names of columns, and rows."""

GRACE_S = 1.0
"""DuckDB looks for an interrupt between batches of 2,048 rows, and long strings make
such a batch take minutes: an answer waits this long for it, and no longer."""

# In this order: once the last one holds, none of them can be undone.
_LOCKS = (
    "SET GLOBAL TimeZone = 'UTC'",
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


def lock(connection: duckdb.DuckDBPyConnection, files: list[str]) -> None:
    """Denies a connection all other files, the network, and any change.

    This cannot be undone. Cursors of the connection are locked too.

    Args:
      connection: one that already has its views.
      files: paths or URLs of the Parquet files that its views read.
    """
    spelt = sorted({*files, *map(literal_path, files)})
    connection.execute("SET allowed_paths = $files", {"files": spelt})
    for setting in _LOCKS:
        connection.execute(setting)


class Snapshot:
    """A lake as it was when it was opened; several threads may query it.

    Args:
      lake: the opened lake.
      annotator: the one that its report rests on; if empty, the lake's basis.
    """

    def __init__(self, lake: Lake, annotator: str = ""):
        self.uri, self._annotator = lake.uri, annotator
        # Before the files are listed: a commit in between is seen at the next check.
        self.versions = table_versions(lake.storage)
        self._connection = connect(lake)
        lock(self._connection, [f for table in TABLES for f in lake.files(table)])
        self._making = threading.Lock()
        self._asking: set[duckdb.DuckDBPyConnection] = set()
        self._overdue: threading.Thread | None = None

    def ask(self, query: str, **parameters: Any) -> list[Row]:
        """Returns the rows of one of our own queries."""
        with self._connection.cursor() as cursor:
            cursor.execute(query, parameters)
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @property
    def facts(self) -> Facts:
        """What the report shows; computed once."""
        with self._making:  # it replaces views, which two threads cannot do at once
            return self._facts

    @cached_property
    def _facts(self) -> Facts:
        with self._connection.cursor() as cursor:
            found = collect(cursor, self._annotator or None, Asked(reader="owner"))
        name = self.uri.rstrip("/").rsplit("/", 1)[-1]
        found.lake, found.title = self.uri, f"What people expressed in {name}"
        found.is_served = True
        return found

    def answer(self, query: str, *, rows: int, seconds: float) -> Answer:
        """Returns the columns and the first rows of a query that a user typed.

        Raises:
          UsageError: it is not a single read-only statement, or an earlier query that
            took too long has not ended yet.
          duckdb.Error: it fails; `duckdb.InterruptException`: it takes too long.
        """
        if self._overdue and self._overdue.is_alive():
            raise UsageError(
                "an earlier query that took too long is still being stopped; try again "
                "in a minute"
            )
        outcome: Future[Answer] = Future()

        def work() -> None:
            try:
                outcome.set_result(self._answer(query, rows, seconds))
            except BaseException as error:  # raised again by the waiting caller
                outcome.set_exception(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            return outcome.result(seconds + GRACE_S)
        except TimeoutError:
            self._overdue = thread
            raise duckdb.InterruptException(
                "the query is still being stopped"
            ) from None

    def _answer(self, query: str, rows: int, seconds: float) -> Answer:
        with self._connection.cursor() as cursor, self._at_most(cursor, seconds):
            check_reads(cursor, query)
            relation = cursor.sql(query)
            return relation.columns, relation.limit(rows).fetchall()

    def interrupt(self) -> None:
        """Ends the queries of users that are under way."""
        for cursor in list(self._asking):
            cursor.interrupt()

    @contextlib.contextmanager
    def _at_most(
        self, cursor: duckdb.DuckDBPyConnection, seconds: float
    ) -> Iterator[None]:
        timer = threading.Timer(seconds, cursor.interrupt)
        timer.daemon = True
        self._asking.add(cursor)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._asking.discard(cursor)

    def why(self, query: str, error: duckdb.Error) -> str:
        """Returns why a query failed, in one line."""
        with self._connection.cursor() as cursor:
            return why_it_fails(cursor, query, error)


class ServedLake:
    """A lake that others may write to while it is served.

    Args:
      uri: folder or URL of the lake.
      annotator: as for `Snapshot`.
    """

    def __init__(self, uri: str, annotator: str = ""):
        self.uri, self._annotator = uri, annotator
        self._opening = threading.Lock()
        self._snapshot: Snapshot | None = None

    def now(self, *, again: bool = False) -> Snapshot:
        """Returns the lake as it is now.

        Args:
          again: open it even if its tables seem unchanged, because a file was missing.

        Raises:
          LakeError: it no longer exists.
        """
        with self._opening:
            lake = Lake.open(self.uri)
            found = self._snapshot
            if again or found is None or found.versions != table_versions(lake.storage):
                # Others may still read the old one; it closes with its last reader.
                self._snapshot = found = Snapshot(lake, self._annotator)
            return found

    def interrupt(self) -> None:
        """Ends the queries of users that are under way."""
        if self._snapshot is not None:
            self._snapshot.interrupt()
