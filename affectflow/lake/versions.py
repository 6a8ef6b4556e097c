"""Delta versions of tables, as a row of `runs` keeps them beside those of libraries."""

from collections.abc import Mapping

from affectflow.lake import Lake
from affectflow.lake.tables import table
from affectflow.schemas import TABLES

_PREFIX = "table:"


def of(table: str) -> str:
    """Returns the name of a table's version beside those of libraries."""
    return f"{_PREFIX}{table}"


def table_versions(lake: Lake) -> dict[str, str]:
    """Returns `table:<name>` to the newest Delta version, for each table."""
    return {
        of(name): str(table(lake.storage, name).version()) for name in sorted(TABLES)
    }


def of_tables(versions: Mapping[str, str]) -> dict[str, int]:
    """Returns the Delta versions in `runs.versions`, by the name of the table."""
    named = (item for item in versions.items() if item[0].startswith(_PREFIX))
    return {name.removeprefix(_PREFIX): int(version) for name, version in named}


def of_libraries(versions: Mapping[str, str]) -> dict[str, str]:
    """Returns the rest of `runs.versions`: those of Python and of libraries."""
    return {k: v for k, v in versions.items() if not k.startswith(_PREFIX)}
