"""The digest of a lake: equal digests define "the same answer".

Ids, texts, labels, spans and statuses count, in a fixed order. Run ids, clocks, `runs`,
origins and scores do not, nor do pseudonyms, since each lake has its own key.
"""

import hashlib
from typing import TYPE_CHECKING

from affectflow.lake import open_tables
from affectflow.schemas import RULES

if TYPE_CHECKING:
    import duckdb

DIGESTED = tuple(name for name, rules in RULES.items() if rules.digest)
"""The tables that a digest covers, and a diff."""


def said_of(table: str) -> str:
    """Returns SQL for the content of a row `t` of a table that a digest covers."""
    columns = ", ".join(f"'{c}', t.\"{c}\"" for c in RULES[table].digest)
    return f"json_object({columns})::VARCHAR"


def digest(uri: str) -> dict[str, str]:
    """Returns a digest for each table, and one over all as `lake`.

    The digest of a table is a sum over its rows, so it does not depend on their order
    or on how they are spread over files.

    Raises:
      LakeError: `uri` is not a lake.
    """
    with open_tables(uri) as connection:
        found = {table: digest_in(connection, table) for table in DIGESTED}
    joined = "\n".join(f"{table} {value}" for table, value in sorted(found.items()))
    found["lake"] = hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()
    return found


def digest_in(connection: "duckdb.DuckDBPyConnection", table: str) -> str:
    """Returns the digest of one table of `DIGESTED`, of an open lake."""
    return _hex(connection.execute(_query(table)).fetchall()[0])


def _query(table: str) -> str:
    return (
        "SELECT count(*), coalesce(sum(md5_number_lower(said)::HUGEINT), 0), "
        "coalesce(bit_xor(md5_number_upper(said)), 0) FROM (SELECT "
        f"{said_of(table)} AS said FROM {table} t WHERE {RULES[table].counted})"
    )


def _hex(row: tuple[int, int, int]) -> str:
    rows, low, high = row
    text = f"{rows}/{low}/{high}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
