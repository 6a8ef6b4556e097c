"""Progress through side files: the same on every engine and in every local mode."""

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator

from affectflow.lake import Lake

FOLDER = "_work/progress"
_EVERY_S = 0.5


_LOCK = threading.Lock()
_ROWS: Counter[tuple[str, ...]] = Counter()
_WRITTEN: dict[tuple[str, ...], float] = {}


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

    def add(self, rows: int) -> None:
        """Counts rows that are done; all threads of a process count together."""
        with _LOCK:
            _ROWS[self._name] += rows
            if time.monotonic() - _WRITTEN.get(self._name, 0.0) < _EVERY_S:
                return
            _WRITTEN[self._name] = time.monotonic()
            content = json.dumps({"rows": _ROWS[self._name]}).encode()
            self._lake.storage.write(content, *self._name)


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
