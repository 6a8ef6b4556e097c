"""Progress through side files: the same on every engine and in every local mode."""

import json
import os
import time
from collections.abc import Iterator

from affectflow.lake import Lake

FOLDER = "_work/progress"
_EVERY_S = 0.5


class Progress:
    """Counts rows in this process, and writes the count at most twice a second.

    Args:
      lake: that holds the side files.
      run_id: of the command.
      stage: of the run.
    """

    def __init__(self, lake: Lake, run_id: str, stage: str):
        self._lake = lake
        self._name = (*FOLDER.split("/"), run_id, f"{stage}-{os.getpid()}.json")
        self._rows = 0
        self._written = 0.0

    def add(self, rows: int) -> None:
        """Counts rows that are done."""
        self._rows += rows
        if time.monotonic() - self._written >= _EVERY_S:
            self._written = time.monotonic()
            self._lake.storage.write(
                json.dumps({"rows": self._rows}).encode(), *self._name
            )


def rows_done(lake: Lake, run_id: str, stage: str) -> int:
    """Returns how many rows all workers of a stage have reported so far."""
    return sum(_read(lake, run_id, stage))


def _read(lake: Lake, run_id: str, stage: str) -> Iterator[int]:
    folder = (*FOLDER.split("/"), run_id)
    for name in lake.storage.names(*folder):
        if name.startswith(f"{stage}-") and name.endswith(".json"):
            yield int(json.loads(lake.storage.read(*folder, name))["rows"])


def clear(lake: Lake, run_id: str) -> None:
    """Removes the side files of a run."""
    lake.storage.remove_tree(*FOLDER.split("/"), run_id)
