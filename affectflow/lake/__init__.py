"""The lake: layout, commits, and `open_lake`, a DuckDB connection with views.

Never imports Beam: analysts need no pipeline.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from affectflow.lake.layout import Lake

if TYPE_CHECKING:
    import duckdb

__all__ = ["Lake", "open_lake", "open_tables"]


def open_lake(uri: str, queries: Iterable[str] = ()) -> "duckdb.DuckDBPyConnection":
    """Returns a DuckDB connection that has the lake's tables and views.

    >>> open_lake("lake").sql("SELECT label, sum(chosen) FROM emotion_daily GROUP BY 1")

    Args:
      uri: of the lake.
      queries: what will be asked; of the views it has only those that these mention.

    Raises:
      LakeError: `uri` is not a lake.
    """
    from affectflow.lake.views import connect

    return connect(Lake.open(uri), queries=queries)


def open_tables(uri: str, only: Collection[str] = ()) -> "duckdb.DuckDBPyConnection":
    """Returns a DuckDB connection that has the tables of a lake, and no views.

    It opens in half the time that `open_lake` takes.

    Args:
      uri: of the lake.
      only: tables that have their rows; the others are empty. All if left out.

    Raises:
      LakeError: `uri` is not a lake.
    """
    from affectflow.lake.views import connect

    return connect(Lake.open(uri), views=False, only=only)
