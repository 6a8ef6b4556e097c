"""The first answer of a bucket: it is not waited for without end.

Without credentials Google's libraries ask servers for some that only Google's own
machines have, again and again, and then the bucket itself.
"""

import contextlib
import os
import re
import threading
from typing import Any

import fsspec.core

from affectflow.errors import StorageError

PATIENCE_S = 45.0
"""Longer than the retries of a bucket that is there take, and its credentials."""
_BUCKET = re.compile(r"(gs|gcs)://([^/]+)")
_answered: dict[tuple[int, str], Any] = {}
"""The file system of each bucket that answered, by process: none survives a fork."""
_asking: dict[tuple[int, str], threading.Thread] = {}


def open_url(uri: str) -> tuple[Any, str]:
    """Returns the fsspec file system of a URL, and the path in it.

    Without credentials Google's libraries ask servers for some that only their own
    machines have, again and again: the first answer of a bucket is waited for so long.

    Raises:
      ImportError: the library of the protocol is not installed.
      ValueError: nobody knows the protocol.
      StorageError: the bucket does not answer.
    """
    bucket = _BUCKET.match(uri.rpartition("::")[2])
    if bucket and (key := (os.getpid(), bucket[0])) not in _answered:
        _answered[key] = _first_answer(key)
    if bucket and "::" not in uri:
        fs = _answered[key]
        return fs, str(fs._strip_protocol(uri))
    fs, path = fsspec.core.url_to_fs(uri)
    return fs, path


def _first_answer(key: tuple[int, str]) -> Any:
    """Returns the file system of a bucket, once it has answered anything at all."""
    bucket = key[1]
    found: list[Any] = []
    failed: list[Exception] = []

    def ask() -> None:
        try:
            fs, path = fsspec.core.url_to_fs(bucket)
        except Exception as error:
            failed.append(error)
            return
        with contextlib.suppress(Exception):  # a refusal is an answer
            fs.exists(path)
        found.append(fs)

    # Who was not answered once does not wait again as long as nothing has changed.
    if key not in _asking or not _asking[key].is_alive():
        # A pool would wait for it at the end of the process.
        _asking[key] = threading.Thread(target=ask, daemon=True)
        _asking[key].start()
        _asking[key].join(PATIENCE_S)
    if failed:
        raise failed[0]
    if not found:
        raise StorageError(
            f"no answer from {bucket!r} within {PATIENCE_S:.0f} s: set credentials "
            "with GOOGLE_APPLICATION_CREDENTIALS, or `gcloud auth application-default "
            "login`, and see that this machine reaches storage.googleapis.com"
        )
    return found[0]
