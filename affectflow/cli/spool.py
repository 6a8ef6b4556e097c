"""Standard input as a file, because input that is split or read twice must be one."""

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence

from affectflow.cli.state import STATE
from affectflow.errors import UsageError

STDIN = "-"
_CHUNK_BYTES = 1 << 20


@contextlib.contextmanager
def spooled(paths: Sequence[str], beam_options: Sequence[str]) -> Iterator[list[str]]:
    """Yields the paths with a file name in place of `-`.

    The file is temporary, readable only by its owner, and named after its content
    (`stdin-<digest>`), so that equal input has an equal name; it is removed at the end.

    Raises:
      UsageError: nothing is piped in, `-` is given twice, or the workers run elsewhere.
    """
    if STDIN not in paths:
        yield list(paths)
        return
    _check(paths, beam_options)
    folder = tempfile.mkdtemp(prefix="affectflow-")
    try:
        path = STATE.spooled = _written(folder)
        yield [path if each == STDIN else each for each in paths]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check(paths: Sequence[str], beam_options: Sequence[str]) -> None:
    from affectflow import runners

    if paths.count(STDIN) > 1:
        raise UsageError("standard input can be read only once: give `-` once")
    if not runners.shares_this_host(runners.options(beam_options)):
        raise UsageError(
            "workers on other machines cannot read standard input: write it to a file "
            "that they can read, and give its name instead"
        )


def _written(folder: str) -> str:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            "nothing is piped to standard input; for example: affectflow ingest - --to "
            "LAKE < FILE"
        )
    digest = hashlib.blake2b(digest_size=8)
    path = os.path.join(folder, "stdin")
    with open(path, "wb") as file:
        while chunk := sys.stdin.buffer.read(_CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
    if not os.path.getsize(path):
        raise UsageError("standard input is empty; did the command before it fail?")
    named = f"{path}-{digest.hexdigest()}"
    os.rename(path, named)
    return named
