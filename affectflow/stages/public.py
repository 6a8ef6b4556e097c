"""Which sources of a lake the user declared public, where the source does not say."""

from collections.abc import Sequence

from affectflow.errors import UsageError
from affectflow.lake import Lake, open_tables
from affectflow.lake.public import STAGE, said_public, silent_sources
from affectflow.stages.runs.receipts import Receipt
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import write_run

NONE = "none"


def call_public(lake_uri: str, sources: Sequence[str], run_id: str = "") -> list[str]:
    """Declares messages of unknown visibility public, by source; returns all of these.

    Earlier choices stay; `none` takes them all back.

    Args:
      lake_uri: folder or URL.
      sources: as in the column `source`, or `none`.
      run_id: of the command.

    Raises:
      UsageError: a source has no message of unknown visibility here.
    """
    with open_tables(lake_uri) as connection:
        silent, before = silent_sources(connection), said_public(connection)
    for source in sources:
        if source not in (*silent, NONE):
            there = ", ".join(silent) or "none"
            raise UsageError(
                f"no message of source {source!r} has unknown visibility here; "
                f"sources with such messages: {there}"
            )
    named = {*sources, *(() if NONE in sources else before)} - {NONE}
    if named != set(before):
        lake = Lake.open(lake_uri)
        config = {"sources": sorted(named)}
        write_run(lake, new_request(lake, STAGE, config, run_id=run_id), Receipt())
    return sorted(named)
