"""Running the command line as a user does: in this process, or as one of its own.

A start costs a second and more, most of it for imports; so a process of its own is for
what needs one: signals, an engine's processes, another environment.
"""

import contextlib
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from affectflow import cli, logs


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

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows on stdout, of `--format json`: one object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def affectflow(*arguments: str | Path, **environment: str) -> Outcome:
    """Runs `affectflow` with arguments in this process and returns its outcome."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environment),
        _logging_restored(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = cli.run([str(each) for each in arguments])
    return Outcome(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _logging_restored() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in (None, logs.NAMESPACE)]
    before = [(each.level, each.handlers[:], each.propagate) for each in loggers]
    try:
        yield
    finally:
        for logger, (level, handlers, propagate) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.handlers[:], logger.propagate = handlers, propagate


def affectflow_process(
    *arguments: str | Path, timeout_s: float = 300, **environment: str
) -> Outcome:
    """Runs `affectflow` with arguments as a process and returns its outcome."""
    done = subprocess.run(
        [sys.executable, "-m", "affectflow", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env={**os.environ, **environment},
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
