"""Where files lie: on a disk, in an object store, on a web server."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from affectflow.buckets import open_url
from affectflow.errors import MissingExtraError, StorageError, UsageError

_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcp", "gcs": "gcp"}


def file_system(uri: str) -> tuple[Any, str]:
    """Returns the fsspec file system of a URI, and the path in it.

    Raises:
      UsageError: no such protocol, or the chained archive does not open.
      MissingExtraError: the protocol needs a library that is not installed.
      StorageError: the bucket does not answer.
    """
    try:
        fs, path = open_url(uri)
    except StorageError:
        raise
    except ImportError as error:
        protocol = uri.partition("://")[0]
        extra = _EXTRAS.get(protocol)
        cure = f"pip install 'affectflow[{extra}]'" if extra else str(error)
        raise MissingExtraError(f"{uri!r} needs a library: {cure}") from error
    except FileNotFoundError as error:
        raise UsageError(no_such_file(uri)) from error
    except ValueError as error:
        protocol = uri.partition("://")[0]
        raise UsageError(
            f"unknown protocol {protocol!r} in {uri!r}; give a path, or an fsspec URL "
            "such as 's3://bucket/key', 'gs://bucket/key' or 'https://host/file'"
        ) from error
    return fs, path


@contextmanager
def open_stored(uri: str) -> Iterator[BinaryIO]:
    """Opens the file at `uri` for reading bytes, as they are stored.

    Raises:
      StorageError: it does not open, or what opened cannot be read.
    """
    fs, path = file_system(uri)
    try:
        # `fs` lives as long as the file: an archive closes with its file system.
        with fs.open(path, "rb") as file:
            yield file
    except StorageError:
        raise
    except OSError as error:
        raise unreadable(uri, error) from error


def unreadable(uri: str, error: OSError) -> StorageError:
    """Returns the error of a file that may not be read."""
    why = error.strerror or " ".join(str(error).split())
    return StorageError(
        f"cannot read {uri!r}: {why}; make it readable, or leave it out"
    )


def no_such_file(pattern: str) -> str:
    """Returns the error of a pattern that matches nothing."""
    return f"no such file: {pattern!r}; give a path, a glob or an fsspec URL"
