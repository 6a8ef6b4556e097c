"""The processes that a process started, read from /proc."""

import contextlib
from pathlib import Path


def children(pid: int) -> list[int]:
    """Returns the processes that a process started and that still run."""
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return [each for each in found if runs(each)]


def runs(pid: int) -> bool:
    """Returns whether a process is there and has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
