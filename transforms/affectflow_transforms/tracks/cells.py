"""Cells of columns of numbers that hold something else, as `-` or `error`."""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.kinds.account import account

FAULTY = "no_cue_value_missing"
_A_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
MOSTLY = 0.9
"""Share of the cells that make a column one of numbers."""


def numbers(
    column: pa.ChunkedArray, decimal_point: str = ".", faulty: str | None = None
) -> pa.ChunkedArray:
    """Returns a column of strings as numbers, `faulty` where there is something else.

    >>> numbers(pa.chunked_array([["1.5", " 2", "-", None]])).to_pylist()
    [1.5, 2.0, None, None]
    """
    plain = pc.utf8_trim_whitespace(column)
    if decimal_point != ".":
        plain = pc.replace_substring(plain, decimal_point, ".")
    right = pc.match_substring_regex(plain, _A_NUMBER)
    return pc.if_else(right, plain, faulty).cast(pa.float64())


def mostly_numbers(
    table: pa.Table,
    words: Collection[str],
    decimal_point: str = ".",
    *,
    share: float = MOSTLY,
    faulty: str | None = None,
) -> pa.Table:
    """Returns a table whose columns that are nearly all numbers are columns of numbers.

    Cells of theirs that are none are counted, and missing, or `faulty`.

    Args:
      table: as a CSV file is read.
      words: names of columns, in lower case, that may look like numbers.
      decimal_point: of its numbers.
      share: of the cells that makes a column one of numbers.
      faulty: what stands for a cell that is not a number: `nan`, or None for null.
    """
    for place, field in enumerate(table.schema):
        if not pa.types.is_string(field.type) or field.name.strip().lower() in words:
            continue
        given = table.num_rows - table[place].null_count
        found = numbers(table[field.name], decimal_point, faulty)
        known = pc.sum(pc.is_finite(found)).as_py() or 0
        if known and known >= share * given:
            account().tally(FAULTY, given - known)
            table = table.set_column(place, field.name, found)
    return table
