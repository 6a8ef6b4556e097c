"""`open_lake` and its result: a DuckDB connection that also plots and reports."""

import os
from collections.abc import Callable
from html import escape
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from affectflow.lake import Lake
from affectflow.nouns import count
from affectflow.schemas import PEOPLE

if TYPE_CHECKING:
    import altair
    import duckdb

    from affectflow.opened.page import Page

_COUNTS = """
    SELECT count(*) AS messages, count(DISTINCT conversation_id) AS conversations,
      count(DISTINCT speaker_id) AS people,
      list_sort(list(DISTINCT source)) AS sources,
      min(timestamp) AS first_at, max(timestamp) AS last_at
    FROM placed_utterances
"""
_ANNOTATORS = f"""
    SELECT DISTINCT annotator_id FROM rollups WHERE annotator_id NOT IN {PEOPLE}
    ORDER BY annotator_id
"""


def open_lake(path: str | os.PathLike[str]) -> "OpenLake":
    """Returns the lake at a path or URL, opened for reading.

    >>> with open_lake("lake") as lake:
    ...     lake.sql("FROM emotions").pl()
    ...     lake.plot("emotions")

    Raises:
      LakeError: there is no lake; says what is there.
    """
    return OpenLake(os.fspath(path))


class OpenLake:
    """An open lake: what was committed when it was opened.

    It is also a DuckDB connection: `execute`, `table`, `register`, `close` and so on
    are the connection's own. Use it in a `with` statement, or close it with `close()`.

    Args:
      path: folder or URL.

    Raises:
      LakeError: there is no lake; says what is there.
    """

    def __init__(self, path: str):
        from affectflow.lake.views import connect

        self._lake = Lake.open(path)
        self.path = path
        self.connection: duckdb.DuckDBPyConnection = connect(self._lake)

    # A property, not a method: DuckDB finds the caller's own tables (`FROM frame`) in
    # the frame that calls it.
    @property
    def sql(self) -> "Callable[..., duckdb.DuckDBPyRelation]":
        """Runs a query over tables and views, like DuckDB's `sql`.

        `lake.sql("FROM emotions")` gives a relation: `.df()` makes it a pandas table,
        `.pl()` a Polars one, `.to_arrow_table()` an Arrow one. Parameters go in
        `params`.
        """
        return self.connection.sql

    def tables(self) -> "duckdb.DuckDBPyRelation":
        """Returns the tables and views: `name`, `kind`, `n_rows`, `one_row_is`.

        The rows of views are not counted: their `n_rows` is null.
        """
        import pyarrow as pa

        from affectflow.opened.tables import rows_of

        listed = pa.Table.from_pylist(rows_of(self._lake, self.connection))
        return self.connection.from_arrow(listed)

    def plot(self, name: str, *, annotator: str = "") -> "altair.TopLevelMixin":
        """Returns a plot as an Altair chart, to change, show or `.save`.

        Args:
          name: `emotions` over time; messages with `frustration` over time; the
            `containers` that they are in; the `themes` of causes.
          annotator: whose labels, by id or the start of it; by default the basis of
            the lake, as in a report.

        Raises:
          UsageError: there is no plot of that name, or nothing to plot yet; says which
            command to run.
        """
        from affectflow.opened.plots import plot

        return plot(self.connection, name, annotator)

    def report(
        self, out: str | os.PathLike[str] = "", *, title: str = "", annotator: str = ""
    ) -> "Page":
        """Returns the report as a page for a notebook; with `out`, also writes it.

        Args:
          out: HTML file to write.
          title: of the page.
          annotator: that it rests on, by id or the start of it.

        Raises:
          UsageError: `out` is a file that is not a report.
        """
        from affectflow.opened.page import page_of

        return page_of(self.path, out, title, annotator)

    def close(self) -> None:
        """Closes the connection."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        # Without this guard, a half-made copy would look itself up without end.
        if name.startswith("_") or name == "connection":
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        return getattr(self.connection, name)

    def __dir__(self) -> list[str]:
        own = [name for name in dir(self.connection) if not name.startswith("_")]
        return sorted({*super().__dir__(), *own})

    def __repr__(self) -> str:
        return f"<lake {self.path!r}: {', '.join(self._summary().values())}>"

    def _repr_html_(self) -> str:
        rows = [
            f"<tr><th style='text-align:left'>{escape(name)}</th>"
            f"<td style='text-align:left'>{escape(said)}</td></tr>"
            for name, said in self._summary().items()
        ]
        ask = (
            "<code>.tables()</code> lists what <code>.sql(...)</code> can ask; "
            "<code>.plot(...)</code> draws <code>emotions</code>, "
            "<code>frustration</code>, <code>containers</code> or "
            "<code>themes</code>; <code>.report()</code> shows the report."
        )
        heading = f"<b>Lake</b> <code>{escape(self.path)}</code>"
        return f"<div>{heading}<table>{''.join(rows)}</table>{ask}</div>"

    def _summary(self) -> dict[str, str]:
        """Returns the content of the lake, as short texts by name."""
        relation = self.connection.execute(_COUNTS)
        messages, conversations, people, sources, first, last = relation.fetchall()[0]
        annotators = [row[0] for row in self.connection.execute(_ANNOTATORS).fetchall()]
        by = count(people, "person", "people") if people else "unknown authors"
        said = {
            "holds": f"{count(messages, 'message')} by {by} in "
            f"{count(conversations, 'conversation')}",
            "from": ", ".join(each for each in sources or [] if each) or "no source",
        }
        if first is not None:
            said["time"] = f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
        said["labelled by"] = ", ".join(annotators) or "nobody yet"
        return said
