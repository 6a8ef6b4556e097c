"""Texts from a column of any kind, as Arrow; other values are refused by row number."""

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import MAX_ROWS
from affectflow.errors import UsageError
from affectflow.frames.frame import Frame, Rows, decoded

_STRINGS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)


def check_texts(frame: Frame, name: Hashable) -> None:
    """Checks that a column holds texts and missing values, and nothing else.

    A wrong value at the end is thus found before anything is labelled.

    Raises:
      UsageError: names the first row that is something else.
    """
    frame.check_has(name, "`text`")
    for rows in slices(frame.n_rows):
        texts_of(frame, name, rows)


def slices(n_rows: int) -> Iterator[slice]:
    """Yields the rows of a table in pieces of the size of a batch."""
    for start in range(0, n_rows, MAX_ROWS):
        yield slice(start, min(start + MAX_ROWS, n_rows))


def texts_of(frame: Frame, name: Hashable, rows: Rows) -> pa.StringArray:
    """Returns some rows of a column of texts; a missing text is empty.

    Letters that UTF-8 cannot write (halves of a surrogate pair) become `?`.

    Raises:
      UsageError: a value is not a text; names its row.
    """
    try:
        column = frame.column(name, rows)
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
        # Only a column of Python objects gets here.
        column = pa.array(_checked(frame, name, rows), pa.string())
    column = decoded(column)
    if pa.types.is_null(column.type):
        column = column.cast(pa.string())
    if not any(is_string(column.type) for is_string in _STRINGS):
        column = pa.array(_checked(frame, name, rows, column), pa.string())
    return pc.fill_null(column.cast(pa.string()), "")


def _checked(
    frame: Frame, name: Hashable, rows: Rows, column: pa.Array | None = None
) -> list[str | None]:
    """Returns values one by one, and raises at the first that is not a text."""
    values = frame.objects(name, rows) if column is None else column.to_pylist()
    places = range(frame.n_rows)[rows] if isinstance(rows, slice) else rows
    texts: list[str | None] = []
    for place, value in zip(places, values, strict=True):
        if value is None or (
            isinstance(value, float | np.floating) and np.isnan(value)
        ):
            texts.append(None)
        elif isinstance(value, str):
            texts.append(value.encode("utf-8", "replace").decode("utf-8"))
        else:
            raise UsageError(
                f"column {name!r} must hold texts, got {_short(value)} "
                f"({type(value).__name__}) in row {int(place):,} (the first is 0); "
                "convert the column to text, or drop such rows"
            )
    return texts


def _short(value: Any) -> str:
    said = " ".join(repr(value).split())
    return said if len(said) <= 40 else f"{said[:37]}..."
