"""Decompressed bytes, piece by piece, up to the size that an export may have."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from affectflow.sources.damage import DamagedFileError, TruncatedFileError

CHUNK_BYTES = 1 << 20
# Text compresses to a tenth or so, logs to a hundredth; a bomb to a thousandth.
_MOST_RATIO = 500
_ANY_RATIO_BYTES = 256 << 20
# One zstd block of 4 bytes may stand for 128 KB: a small bite bounds what comes out.
_ZSTD_BITE = 4 << 10
_ZSTD_WINDOW = 1 << 31

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
}


def compression(head: bytes) -> str:
    """Returns the compression by first bytes: gzip, zstd, bzip2, xz, or empty."""
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    return ""


def unpacked(name: str, raw: Iterator[bytes], uri: str) -> Iterator[bytes]:
    """Yields what `decompressed` does, as far as it may be an export.

    Args:
      name: what `compression` says.
      raw: the bytes of the file.
      uri: of the file, for the message.

    Raises:
      TruncatedFileError, DamagedFileError: after all bytes that could be read.
    """
    taken = 0

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for chunk in raw:
            taken += len(chunk)
            yield chunk

    yield from bounded(decompressed(name, counted(), uri), uri, lambda: taken)


def bounded(
    chunks: Iterable[bytes], uri: str, taken: Callable[[], int]
) -> Iterator[bytes]:
    """Yields decompressed chunks, as far as they may be of an export.

    Args:
      chunks: of a file or of a member of an archive, decompressed.
      uri: of the file, for the message.
      taken: returns how many compressed bytes they came from, so far or in all.

    Raises:
      DamagedFileError: the bytes grow as only those of a bomb do.
    """
    given = 0
    for chunk in chunks:
        given += len(chunk)
        if given > max(_ANY_RATIO_BYTES, _MOST_RATIO * taken()):
            raise DamagedFileError(
                f"{uri!r} grows from {taken():,} to more than {given:,} bytes; the "
                "rest is not read; if you trust the file, decompress it and give the "
                "result"
            )
        yield chunk


def decompressed(name: str, raw: Iterator[bytes], uri: str) -> Iterator[bytes]:
    """Yields decompressed chunks of about `CHUNK_BYTES` of all members of a file."""
    new, failures = _decoder(name)
    decoder: Any = None
    try:
        for chunk in _bites(raw) if name == "zstd" else raw:
            while chunk:
                if decoder is None:
                    # Writers on tape and some tools pad members with zeros.
                    chunk = chunk.lstrip(b"\0")
                    decoder = new() if chunk else None
                if decoder is None:
                    break
                yield from _fed(name, decoder, chunk)
                chunk = decoder.unused_data if decoder.eof else b""
                decoder = None if decoder.eof else decoder
    except failures as error:
        raise DamagedFileError(
            f"{uri!r} is damaged: {error}; the rows before the damage were read; "
            "fetch the file again"
        ) from error
    if decoder is not None:
        raise TruncatedFileError(
            f"{uri!r} ends in the middle of its {name} stream; the rows before the end "
            "were read; fetch the file again"
        )


def _decoder(name: str) -> tuple[Callable[[], Any], tuple[type[Exception], ...]]:
    if name == "gzip":
        return (lambda: zlib.decompressobj(31)), (zlib.error,)
    if name == "bzip2":
        return bz2.BZ2Decompressor, (OSError, ValueError)
    if name == "xz":
        return lzma.LZMADecompressor, (lzma.LZMAError,)
    import zstandard

    factory = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    return factory.decompressobj, (zstandard.ZstdError,)


def _bites(raw: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in raw:
        for start in range(0, len(chunk), _ZSTD_BITE):
            yield chunk[start : start + _ZSTD_BITE]


def _fed(name: str, decoder: Any, chunk: bytes) -> Iterator[bytes]:
    """Yields what comes out of `decoder` for `chunk`, in bounded pieces."""
    if name == "zstd":
        yield decoder.decompress(chunk)
        return
    out = decoder.decompress(chunk, CHUNK_BYTES)
    while out or _has_more(name, decoder):
        if out:
            yield out
        if decoder.eof:
            return
        rest = decoder.unconsumed_tail if name == "gzip" else b""
        out = decoder.decompress(rest, CHUNK_BYTES)
        if not out and not (name == "gzip" and decoder.unconsumed_tail):
            return


def _has_more(name: str, decoder: Any) -> bool:
    if decoder.eof:
        return False
    return bool(decoder.unconsumed_tail) if name == "gzip" else not decoder.needs_input
