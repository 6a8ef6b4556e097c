"""States by SQL: typed counts that DuckDB makes of a table, a file or a batch."""

import functools
from collections.abc import Sequence

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import conform
from affectflow.errors import UsageError

# Refused rows never reach `state`: it may fail on them.
_GIVEN = """
WITH _given AS (
  SELECT *, CASE {reasons} ELSE '' END AS left_out FROM {source}
)
"""
_COUNTS = """
UNION ALL BY NAME
SELECT "group"::VARCHAR AS "group", left_out, count(*) AS "rows"
FROM _given GROUP BY ALL
"""
WHOLE = (
    _GIVEN
    + """,
observations AS (SELECT {columns} FROM _given WHERE left_out = '')
SELECT NULL::VARCHAR AS "group", NULL::VARCHAR AS left_out, _counted.*
FROM ({state}) AS _counted
"""
    + _COUNTS
)
BY_GROUP = (
    _GIVEN
    + """,
_groups AS (SELECT DISTINCT "group" FROM _given)
SELECT _groups."group"::VARCHAR AS "group", NULL::VARCHAR AS left_out, _counted.*
FROM _groups, LATERAL (
  WITH observations AS (
    SELECT {columns} FROM _given
    WHERE _given."group" IS NOT DISTINCT FROM _groups."group" AND left_out = ''
  )
  SELECT * FROM ({state})
) AS _counted
"""
    + _COUNTS
)


def in_order(query: str, keys: Sequence[str]) -> str:
    """Returns a query whose rows are sorted by `keys` as states are."""
    order = ", ".join(f'"{key}" NULLS LAST' for key in keys)
    return f"SELECT * FROM ({query}) ORDER BY {order}"


@functools.cache
def database() -> duckdb.DuckDBPyConnection:
    """Returns this process's database; a new one would take 15 ms a batch."""
    return duckdb.connect(config={"threads": 1})


def sum_of(field: pa.Field) -> pa.Field:
    """Returns the column of a state that holds a sum: whole, or not."""
    # DuckDB sums whole numbers to 128 bits.
    whole = pa.types.is_integer(field.type) or pa.types.is_decimal(field.type)
    return pa.field(field.name, pa.int64() if whole else pa.float64())


def typed_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Returns the columns of `schema` of a batch.

    Raises:
      UsageError: one has another type.
    """
    try:
        return conform(batch, schema).select(schema.names)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise UsageError(f"an observation has the wrong type: {error}") from error


def typed(found: pa.Table, schema: pa.Schema, keys: Sequence[str]) -> pa.Table:
    """Returns a state with the types of `schema`; a sum of nothing is 0."""
    columns = {
        field.name: found[field.name].cast(field.type)
        if field.name in found.schema.names
        else pa.nulls(found.num_rows, field.type)
        for field in schema
    }
    sums = {n: pc.fill_null(c, 0) for n, c in columns.items() if n not in keys}
    return pa.table({**columns, **sums}, schema=schema)
