"""How a user names an annotator: by its id, or the start of it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from affectflow.options import meant

if TYPE_CHECKING:
    import duckdb

_READING = "SELECT annotator_id FROM annotators WHERE over IS NOT NULL"
HERE = "has answered in this lake"


def annotator_meant(
    connection: "duckdb.DuckDBPyConnection",
    word: str,
    there: Iterable[str],
    where: str = HERE,
) -> str:
    """Returns the annotator that a word means, the same way for every command.

    A cascade, or any annotator that reads another's answers, is named like the model in
    it: a start shared by both means the one that reads nobody's.

    Args:
      connection: has the tables of a lake.
      word: an id, or a beginning that no other has.
      there: the ids that it may mean.
      where: they are, as a predicate, for the error.

    Raises:
      UsageError: it is none of them, or begins several; the message lists them.
    """
    ids = list(dict.fromkeys(there))
    if word in ids:
        return word
    begun = {each for each in ids if each.startswith(word)}
    alone = begun - {name for (name,) in connection.sql(_READING).fetchall()}
    left_out = begun - alone if alone else set()
    return meant(word, [n for n in ids if n not in left_out], "annotator", where)
