"""Fitted values as rows of `measures`; each fit replaces the previous one."""

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from affectflow.batches.bootstrap import Interval
from affectflow.lake import Lake
from affectflow.lake.commits import commit, retry
from affectflow.lake.files import write_file
from affectflow.schemas import MEASURES

Row = dict[str, Any]


def measure(
    kind: str,
    unit_type: str,
    unit_id: str,
    label: str | None,
    value: Interval | float,
    n: int,
    fitted_on: str,
    *,
    group: str | None = None,
    parameters: str | None = None,
) -> Row:
    """Returns a row of `measures`, with null for NaN."""
    known = (
        value if isinstance(value, Interval) else Interval(value, math.nan, math.nan)
    )
    said = [kind, unit_type, unit_id, label or "", fitted_on]
    said += [each for each in (group, parameters) if each is not None]
    identity = "\0".join(said)
    return {
        "measure_id": hashlib.blake2b(identity.encode(), digest_size=8).hexdigest(),
        "kind": kind,
        "unit_type": unit_type,
        "unit_id": unit_id,
        "label": label,
        "group": group,
        "parameters": parameters,
        "value": or_null(known.value),
        "low": or_null(known.low),
        "high": or_null(known.high),
        "n": n,
        "fitted_on": fitted_on,
    }


def or_null(value: float) -> float | None:
    """Returns a number, with None for NaN."""
    return None if math.isnan(value) else float(value)


def replace_measures(lake: Lake, name: str, rows: Sequence[Row] | pa.Table) -> str:
    """Writes measures in place of those of the same name; returns their path.

    The file is named after its content, so writing the same values changes nothing.

    Args:
      lake: to write to.
      name: of the fit: letters, digits, hyphens.
      rows: rows of `measures`; if empty, only removes the old ones.
    """
    table = _table(rows)
    path = f"{name}-{digest_of(table)}.parquet"
    adds = []
    if table.num_rows and path not in lake.committed("measures"):
        adds.append(write_file(lake.storage, "measures", path, table))

    def replace() -> None:
        present = lake.committed("measures")
        older = [p for p in present if _is_of(p, name) and p != path]
        serial = f"affectflow-measures-{name}"
        commit(lake.storage, "measures", adds, older, serial=serial, expected=present)

    retry(replace)
    return path


def _table(rows: Sequence[Row] | pa.Table) -> pa.Table:
    if isinstance(rows, pa.Table):
        return rows.cast(MEASURES)
    return pa.Table.from_pylist(list(rows), schema=MEASURES)


def _is_of(path: str, name: str) -> bool:
    return path.rpartition("-")[0] == name


def digest_of(table: pa.Table) -> str:
    """Returns 16 hexadecimal digits that tell tables apart."""
    sink = pa.BufferOutputStream()
    plain = table.combine_chunks().replace_schema_metadata()
    with pa.ipc.new_stream(sink, plain.schema) as writer:
        writer.write_table(plain)
    return hashlib.blake2b(sink.getvalue().to_pybytes(), digest_size=8).hexdigest()
