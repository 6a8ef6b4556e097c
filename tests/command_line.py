"""Running the command line as a user does: as a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """What a command line left behind."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        """The last line on stderr."""
        return self.err.strip().splitlines()[-1] if self.err.strip() else ""


def affectflow(
    *arguments: str | Path, timeout_s: float = 300, **environment: str
) -> Outcome:
    """Runs `affectflow` with arguments and returns its outcome."""
    done = subprocess.run(
        [sys.executable, "-m", "affectflow", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env={**os.environ, **environment},
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
