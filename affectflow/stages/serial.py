"""Commits of what hangs on parts: one after another, each on the parts of its time."""

from collections.abc import Callable, Mapping

from affectflow.lake import Lake
from affectflow.lake.tables import ConflictError, FileEntry, commit

SERIAL = "affectflow-parts"
MAX_ATTEMPTS = 20

Change = tuple[list[FileEntry], list[str]]
"""Files to add, and paths to remove."""


def commit_serially(
    lake: Lake,
    table: str,
    change: Callable[[Mapping[str, FileEntry], set[str]], Change],
) -> None:
    """Commits a change that depends on which parts are live.

    Args:
      lake: to commit to.
      table: whose files hang on parts.
      change: gives the change for the files of the table and the names of the parts;
        called again if another run came first.

    Raises:
      ConflictError: other runs committed all the while.
    """
    for attempt in range(MAX_ATTEMPTS):
        present = lake.committed(table)
        # After `present`: if parts are merged from here on, their results change hands
        # in a commit that this one then conflicts with.
        live = set(lake.parts())
        adds, removes = change(present, live)
        try:
            commit(lake.storage, table, adds, removes, serial=SERIAL, expected=present)
            return
        except ConflictError:
            if attempt == MAX_ATTEMPTS - 1:
                raise
