"""A pandas, Polars or Arrow table: its columns as Arrow, and new columns beside them.

This module imports none of the three libraries unless the caller already has.
"""

import abc
import sys
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import UsageError
from affectflow.registry import nearest

Rows = slice | npt.NDArray[np.int64]
_CURES = {
    "LazyFrame": "call .collect() first",
    "Series": "give the table that the column is in: series.to_frame()",
    "GroupBy": "give the table that is grouped",
    "DataFrameGroupBy": "give the table that is grouped",
    "SeriesGroupBy": "give the table that is grouped",
    "ChunkedArray": "give the table that the column is in",
    "RecordBatchReader": "call .read_all() first",
    "DuckDBPyRelation": "call .df(), .pl() or .to_arrow_table() first",
    **dict.fromkeys(
        ("FileSystemDataset", "InMemoryDataset", "Scanner", "UnionDataset"),
        "call .to_table() first",
    ),
    **dict.fromkeys(
        ("list", "tuple", "ndarray", "Array", "StringArray"),
        'for texts: polars.DataFrame({"text": texts})',
    ),
    "generator": 'for texts: polars.DataFrame({"text": list(texts)})',
    "dict": "for columns: polars.DataFrame(columns)",
    **dict.fromkeys(
        ("str", "PosixPath", "WindowsPath"),
        "read the file first, or use affectflow.analyze(path, to=LAKE)",
    ),
}


class Frame(abc.ABC):
    """A table in memory, which is read but never changed."""

    @property
    @abc.abstractmethod
    def n_rows(self) -> int:
        """How many rows it has."""

    @property
    @abc.abstractmethod
    def names(self) -> list[Hashable]:
        """The names of its columns, in order."""

    @abc.abstractmethod
    def column(self, name: Hashable, rows: Rows) -> pa.Array:
        """Returns some rows of a column; missing values are null."""

    def objects(self, name: Hashable, rows: Rows) -> list[Any]:
        """Returns some rows of a column as Python objects."""
        return list(self.column(name, rows).to_pylist())

    @abc.abstractmethod
    def with_columns(self, columns: Mapping[str, pa.ChunkedArray]) -> Any:
        """Returns a table of the caller's kind with columns appended."""

    def check_has(self, name: Hashable, argument: str) -> None:
        """Checks that there is exactly one column of a name.

        Raises:
          UsageError: there is none, or several; `argument` says who named it.
        """
        names = self.names
        if names.count(name) > 1:
            raise UsageError(
                f"{argument} is {name!r}, but {names.count(name)} columns have that "
                "name; rename all but one"
            )
        if name not in names:
            hint = nearest(str(name), map(str, names))
            raise UsageError(f"{argument} is {name!r}, which is not a column; {hint}")


class _Pandas(Frame):
    def __init__(self, frame: Any):
        self._frame = frame

    @property
    def n_rows(self) -> int:
        return len(self._frame)

    @property
    def names(self) -> list[Hashable]:
        return list(self._frame.columns)

    def column(self, name: Hashable, rows: Rows) -> pa.Array:
        # Of a column that Arrow holds for pandas it returns the chunks.
        return _one(pa.array(self._frame[name].iloc[rows], from_pandas=True))

    def objects(self, name: Hashable, rows: Rows) -> list[Any]:
        is_missing = sys.modules["pandas"].isna
        values = self._frame[name].iloc[rows].tolist()
        return [
            None if value is None or is_missing(value) is True else value
            for value in values
        ]

    def with_columns(self, columns: Mapping[str, pa.ChunkedArray]) -> Any:
        added = self._frame.copy(deep=False)
        for name, column in columns.items():
            # Bare arrays, because a Series would be aligned by an index that may
            # repeat.
            added[name] = _for_pandas(column)
        return added


class _Polars(Frame):
    def __init__(self, frame: Any):
        self._frame = frame

    @property
    def n_rows(self) -> int:
        return int(self._frame.height)

    @property
    def names(self) -> list[Hashable]:
        return list(self._frame.columns)

    def column(self, name: Hashable, rows: Rows) -> pa.Array:
        series = self._frame.get_column(name)[rows]
        if series.dtype == sys.modules["polars"].Object:
            return pa.array(series.to_list(), from_pandas=True)
        return series.to_arrow()

    def objects(self, name: Hashable, rows: Rows) -> list[Any]:
        return list(self._frame.get_column(name)[rows].to_list())

    def with_columns(self, columns: Mapping[str, pa.ChunkedArray]) -> Any:
        series = sys.modules["polars"].Series
        return self._frame.with_columns(
            [series(name, column) for name, column in columns.items()]
        )


class _Arrow(Frame):
    def __init__(self, frame: pa.Table | pa.RecordBatch):
        self._frame = frame

    @property
    def n_rows(self) -> int:
        return int(self._frame.num_rows)

    @property
    def names(self) -> list[Hashable]:
        return list(self._frame.schema.names)

    def column(self, name: Hashable, rows: Rows) -> pa.Array:
        column = self._frame.column(name)
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(len(column))
            return _one(column.slice(start, stop - start))
        return _one(_without_views(column).take(pa.array(rows)))

    def with_columns(self, columns: Mapping[str, pa.ChunkedArray]) -> Any:
        added, is_batch = self._frame, isinstance(self._frame, pa.RecordBatch)
        for name, column in columns.items():
            values = _one(column) if is_batch else column
            added = added.append_column(pa.field(name, column.type), values)
        return added


def frame_of(given: Any) -> Frame:
    """Returns the caller's table as a `Frame`.

    Raises:
      UsageError: it is not a table of one of the three kinds; says how to make one.
    """
    if isinstance(given, pa.Table | pa.RecordBatch):
        return _Arrow(given)
    for library, kind in (("pandas", _Pandas), ("polars", _Polars)):
        # A caller with such a table has imported its library.
        module = sys.modules.get(library)
        if module is not None and isinstance(given, module.DataFrame):
            return kind(given)
    name = type(given).__name__
    cure = _CURES.get(name, "convert it to one of these first")
    raise UsageError(
        "annotate takes a pandas or Polars DataFrame, or an Arrow Table or "
        f"RecordBatch, got {type(given).__module__}.{name}; {cure}"
    )


def decoded(column: pa.Array) -> pa.Array:
    """Returns the values of an array of dictionary type; others stay as they are."""
    if not pa.types.is_dictionary(column.type):
        return column
    return _without_views(column.dictionary).take(column.indices)


def _without_views(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Returns string views, as `pa.table(polars_frame)` has them, as strings."""
    # Arrow cannot take rows of string views.
    if pa.types.is_string_view(column.type):
        return column.cast(pa.large_string())
    return column


def _one(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        combined = column.combine_chunks()
        return (
            combined
            if isinstance(combined, pa.Array)
            else pa.concat_arrays(combined.chunks)
        )
    return column


def _for_pandas(column: pa.ChunkedArray) -> Any:
    if pa.types.is_list(column.type):
        words: dict[str, str] = {}
        chunks = [_lists(chunk, words) for chunk in column.chunks]
        return np.concatenate([np.empty(0, object), *chunks])
    if pa.types.is_boolean(column.type):
        # With missing values it would become a column of objects.
        return column.to_pandas(types_mapper={pa.bool_(): _boolean()}.get).array
    return column.to_pandas().array


def _lists(chunk: pa.ListArray, words: dict[str, str]) -> npt.NDArray[np.object_]:
    """Returns lists of labels, each label one object in all of them.

    Lists, not arrays: `"joy" in labels` and `labels == []` mean what they say. With a
    text for each label of each row they would take twice the memory.
    """
    flat = chunk.flatten().dictionary_encode()
    known = [words.setdefault(word, word) for word in flat.dictionary.to_pylist()]
    labels = [known[place] for place in flat.indices.to_pylist()]
    values, begin = np.empty(len(chunk), object), 0
    for row, length in enumerate(pc.list_value_length(chunk).to_pylist()):
        if length is not None:
            values[row] = labels[begin : begin + length]
            begin += length
    return values


def _boolean() -> Any:
    return sys.modules["pandas"].BooleanDtype()
