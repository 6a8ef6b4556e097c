"""Tables with a column per channel and a row per frame: means of each recording."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import duckdb
import pyarrow as pa

from affectflow.column_names import listed, no_column
from affectflow.errors import UsageError
from affectflow.sources.listing import list_files
from affectflow.unreadable import why_unreadable
from affectflow_transforms.tracks.tables import (
    CONFIDENCES,
    COUNTERS,
    ENDS,
    MILLISECONDS,
    RECORDINGS,
    SPEAKERS,
    STARTS,
    TIMES,
)

UNITS = (*RECORDINGS, "conversation_id", "conversation", "clip", "unit")
PEOPLE = (*SPEAKERS, "speaker_id", "child", "person")
_READERS: Mapping[str, str] = {
    ".csv": "read_csv(?, union_by_name = true, filename = false)",
    ".tsv": "read_csv(?, union_by_name = true, filename = false)",
    ".parquet": "read_parquet(?, union_by_name = true)",
}
_NUMBERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "DECIMAL", "BOOLEAN"),
)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which columns of a table are which.

    Args:
      group: the column whose values are the groups.
      unit: the column of the recording; empty to find it by its name.
      channels: the columns that are compared, or patterns of them; empty for all
        columns of numbers.
      speaker: the column of the person; empty to find it by its name, if there is one.
    """

    group: str
    unit: str = ""
    channels: tuple[str, ...] = ()
    speaker: str = ""


def means_of(path: str, layout: Layout, above: float | None) -> pa.Table:
    """Returns the mean of each channel in each recording, one row each.

    Cells that are no finite number are left out of a mean.

    Args:
      path: of CSV or Parquet files, maybe a glob.
      layout: which columns are which.
      above: of values, the share above it is taken; None for their mean.

    Returns:
      Columns `part`, `unit`, `speaker`, `channel`, `value` and `frames`.

    Raises:
      UsageError: there is no such file or column, or no column of numbers.
    """
    ending = next(s for s in _READERS if path.removesuffix(".gz").endswith(s))
    uris = [file.uri for file in list_files(path, (ending, f"{ending}.gz"))]
    with duckdb.connect() as connection:
        try:
            given = connection.sql(f"FROM {_READERS[ending]}", params=[uris])
            types = dict(zip(given.columns, map(str, given.types), strict=True))
            named = _named(path, layout, types)
            query = _query(named, above)
            given.create_view("given")
            return connection.sql(query).to_arrow_table()
        except duckdb.Error as error:
            raise UsageError(why_unreadable(uris[0], error)) from error


def is_read(path: str) -> bool:
    """Returns whether a path is of a table that `means_of` reads."""
    return path.removesuffix(".gz").endswith(tuple(_READERS))


def _named(path: str, layout: Layout, types: Mapping[str, str]) -> Layout:
    """Returns a layout with all columns named."""
    unit = layout.unit or _found(UNITS, types)
    if not unit:
        raise UsageError(
            f"{path!r} has no column that names the recording of a frame: name it with "
            f"--set unit=COLUMN; it has {listed(types)}"
        )
    speaker = layout.speaker or _found(PEOPLE, types)
    options = {layout.group: "group", unit: "unit", speaker: "speaker"}
    about = [name for name in options if name or layout.group == name]
    wanted = [n for each in layout.channels for n in _meant(each, types, about)]
    for name in (*about, *wanted):
        if name not in types:
            cure = f"name it with --set {options.get(name, 'channels')}=COLUMN"
            raise UsageError(no_column(path, name, types, cure))
    channels = tuple(dict.fromkeys(wanted)) or _measured(types, about)
    for name in channels:
        if not types[name].startswith(_NUMBERS):
            raise UsageError(
                f"the column {name!r} of {path!r} has words: name columns of numbers "
                "with --set channels=A,B"
            )
    if not channels:
        raise UsageError(f"{path!r} has no column of numbers to compare")
    return Layout(group=layout.group, unit=unit, channels=channels, speaker=speaker)


def _meant(name: str, types: Mapping[str, str], about: Sequence[str]) -> list[str]:
    """Returns the columns that a name or a pattern means; the name if none are."""
    found = [n for n in _measured(types, about) if fnmatchcase(n, name)]
    return [name] if name in types else found or [name]


def _found(names: Sequence[str], types: Mapping[str, str]) -> str:
    there = {name.lower(): name for name in reversed(list(types))}
    return next((there[name] for name in names if name in there), "")


def _measured(types: Mapping[str, str], about: Sequence[str]) -> tuple[str, ...]:
    known = {*TIMES, *MILLISECONDS, *STARTS, *ENDS, *CONFIDENCES, *COUNTERS}
    return tuple(
        name
        for name, type_ in types.items()
        if type_.startswith(_NUMBERS)
        and name not in about
        and name.strip().lower() not in known
    )


def _query(named: Layout, above: float | None) -> str:
    """Returns SQL that aggregates once, and then gives a row for each channel."""
    threshold = "" if above is None else f" > {above!r}"
    sums, rows = [], []
    for place, name in enumerate(named.channels):
        number = f"{_quoted(name)}::DOUBLE"
        cell = f"({number}{threshold})::INTEGER::DOUBLE" if threshold else number
        sums.append(
            f"avg({cell}) FILTER (isfinite({number})) AS m{place}, "
            f"count(*) FILTER (isfinite({number})) AS n{place}"
        )
        text = name.strip().replace("'", "''")
        rows.append(
            f"SELECT part, unit, speaker, '{text}' AS channel, m{place} AS value, "
            f"n{place}::DOUBLE AS frames FROM means WHERE n{place} > 0 OR part IS NULL"
        )
    speaker = f"{_quoted(named.speaker)}::VARCHAR" if named.speaker else "NULL::VARCHAR"
    return (
        f"WITH means AS MATERIALIZED (SELECT {_quoted(named.group)}::VARCHAR AS part, "
        f"{_quoted(named.unit)}::VARCHAR AS unit, {speaker} AS speaker, "
        f"{', '.join(sums)} FROM given GROUP BY ALL) {' UNION ALL '.join(rows)}"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
