"""Files as streams of bytes, decompressed as they are read."""

import bz2
import codecs
import itertools
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from affectflow.sources.damage import DamagedFileError as DamagedFileError
from affectflow.sources.damage import TruncatedFileError as TruncatedFileError
from affectflow.sources.listing import open_binary
from affectflow.sources.magic import binary_kind, cure

CHUNK_BYTES = 1 << 20
HEAD_BYTES = 64 << 10
# Text compresses to a tenth or so, logs to a hundredth; a bomb to a thousandth.
_MOST_RATIO = 500
_ANY_RATIO_BYTES = 256 << 20
# A compressed head may stand for a thousand times its bytes.
_MOST_HEAD_BYTES = 4 << 20
# One zstd block of 4 bytes may stand for 128 KB: a small bite bounds what comes out.
_ZSTD_BITE = 4 << 10
_ZSTD_WINDOW = 1 << 31
_BEFORE_JSON = b"\xef\xbb\xbf \t\r\n"

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
}


# The longer marks first: that of UTF-32 starts with that of UTF-16.
_WIDE = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def compression(head: bytes) -> str:
    """Returns what the first bytes of a file say: gzip, zstd, bzip2, xz, or empty."""
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    return ""


def wide_encoding(head: bytes) -> str:
    """Returns the encoding that a byte order mark names: utf-16, utf-32, or empty."""
    return next((name for mark, name in _WIDE.items() if head.startswith(mark)), "")


def read_chunks(
    uri: str, start: int = 0, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """Yields the bytes of a file from `start`.

    From 0 they are decompressed, and UTF-16 or UTF-32 with its byte order mark becomes
    UTF-8.

    Raises:
      TruncatedFileError, DamagedFileError: after all bytes that could be had.
    """
    with open_binary(uri) as file:
        file.seek(start)
        head = file.read(chunk_bytes)
        name = compression(head) if start == 0 else ""
        raw = _raw_chunks(head, file, chunk_bytes)
        plain = _unpacked(name, raw, uri) if name else raw
        yield from _as_utf8(plain, uri) if start == 0 else plain


def text_chunks(
    uri: str, start: int = 0, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """Yields what `read_chunks` does, of a file that holds text.

    Raises:
      DamagedFileError: it is an archive, a picture or the like; what comes of that is
        not text, in any number of lines.
    """
    chunks = read_chunks(uri, start, chunk_bytes)
    first = next(chunks, b"")
    if kind := binary_kind(first) if start == 0 else "":
        raise DamagedFileError(f"{uri!r} is {kind}; {cure(kind, uri)}")
    yield first
    yield from chunks


def plain_head(uri: str, size: int = HEAD_BYTES) -> bytes:
    """Returns the first bytes of a file, decompressed."""
    head = b""
    try:
        for chunk in read_chunks(uri, chunk_bytes=size):
            head += chunk
            if len(head) >= size:
                break
    except DamagedFileError:
        return head[:size]
    return head[:size]


def decompressed_head(head: bytes) -> bytes:
    """Returns what the first bytes of a file hold, if they are compressed."""
    name = compression(head)
    plain = _decompressed(name, iter([head]), "head") if name else iter([head])
    out = b""
    try:
        for chunk in _as_utf8(plain, "head"):
            out += chunk
            if len(out) >= _MOST_HEAD_BYTES:
                break
    except DamagedFileError:
        return out
    return out


def json_head(head: bytes) -> bytes:
    """Returns what the first bytes of a file hold, if that may be JSON; else nothing.

    JSON means an object or a list here: what begins with `{` or `[`.
    """
    plain = decompressed_head(head)
    starts_as_json = plain.lstrip(_BEFORE_JSON)[:1] in (b"{", b"[")
    return plain if starts_as_json else b""


def _as_utf8(chunks: Iterator[bytes], uri: str) -> Iterator[bytes]:
    first = next(chunks, b"")
    chunks = itertools.chain([first], chunks)
    encoding = wide_encoding(first)
    yield from _transcoded(chunks, encoding, uri) if encoding else chunks


def _transcoded(chunks: Iterable[bytes], encoding: str, uri: str) -> Iterator[bytes]:
    # Half a pair becomes bytes that are not UTF-8: its row is refused, not the file.
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise DamagedFileError(
            f"{uri!r} is damaged: {error}; the rows before the damage were read; "
            "fetch the file again"
        ) from error


def _raw_chunks(head: bytes, file: BinaryIO, size: int) -> Iterator[bytes]:
    while head:
        yield head
        head = file.read(size)


def _unpacked(name: str, raw: Iterator[bytes], uri: str) -> Iterator[bytes]:
    """Yields what `_decompressed` does, as far as it may be an export."""
    taken = 0

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for chunk in raw:
            taken += len(chunk)
            yield chunk

    yield from bounded(_decompressed(name, counted(), uri), uri, lambda: taken)


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
                "rest is not read; if it is not a bomb, decompress it, and give the "
                "result"
            )
        yield chunk


def _decompressed(name: str, raw: Iterator[bytes], uri: str) -> Iterator[bytes]:
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
