"""Files as streams of bytes, decompressed as they are read."""

import codecs
import itertools
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from affectflow.errors import StorageError
from affectflow.sources.damage import DamagedFileError as DamagedFileError
from affectflow.sources.damage import TruncatedFileError as TruncatedFileError
from affectflow.sources.decompress import CHUNK_BYTES as CHUNK_BYTES
from affectflow.sources.decompress import compression, decompressed, unpacked
from affectflow.sources.listing import open_binary
from affectflow.sources.magic import binary_kind, why_not_text

HEAD_BYTES = 64 << 10
# A compressed head may stand for a thousand times its bytes.
_MOST_HEAD_BYTES = 4 << 20
_MOST_LOOKED_AT = 512
# Half the bytes of UTF-16 are zeros if it is English, few if it is Chinese.
_ZERO_SHARE = 50
_BEFORE_JSON = b"\xef\xbb\xbf \t\r\n"

# The longer marks first: that of UTF-32 starts with that of UTF-16.
_WIDE = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def wide_encoding(head: bytes) -> str:
    """Returns the encoding that a byte order mark names: utf-16, utf-32, or empty."""
    return next((name for mark, name in _WIDE.items() if head.startswith(mark)), "")


def unmarked_encoding(head: bytes) -> str:
    r"""Returns UTF-16LE or UTF-16BE for text in it without a mark; else empty.

    Text in another encoding has no zeros; in UTF-16, blanks and line feeds have one.

    >>> unmarked_encoding("id,text\n".encode("utf-16-le")), unmarked_encoding(b"id")
    ('UTF-16LE', '')

    Args:
      head: the first bytes of a file.
    """
    start = head[: min(len(head), _MOST_LOOKED_AT) & ~1]
    for at, name in ((1, "UTF-16LE"), (0, "UTF-16BE")):
        zeros, others = start[at::2].count(0), start[1 - at :: 2].count(0)
        if zeros * _ZERO_SHARE > len(start) and not others and _is_text(start, name):
            return name
    return ""


def why_unmarked(encoding: str, uri: str) -> str:
    """Returns why a file in UTF-16 without a mark is not read, and what to do."""
    return (
        f"{uri!r} is UTF-16 without a byte order mark; convert it: iconv -f {encoding} "
        f"-t UTF-8 IN > OUT, or, if it is a table, read it with --source csv --set "
        f"encoding={encoding}"
    )


def _is_text(start: bytes, encoding: str) -> bool:
    text = start.decode(encoding, "ignore")
    return all(char.isprintable() or char.isspace() for char in text)


def read_chunks(
    uri: str, start: int = 0, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """Yields the bytes of a file from `start`.

    From 0 they are decompressed, and UTF-16 or UTF-32 with its byte order mark becomes
    UTF-8.

    Raises:
      TruncatedFileError, DamagedFileError: after all bytes that could be read.
    """
    with open_binary(uri) as file:
        file.seek(start)
        head = file.read(chunk_bytes)
        name = compression(head) if start == 0 else ""
        raw = _raw_chunks(head, file, chunk_bytes)
        plain = unpacked(name, raw, uri) if name else raw
        yield from _as_utf8(plain, uri) if start == 0 else plain


def read_all(uri: str) -> bytes:
    """Returns the bytes of a whole file, as `read_chunks` gives them.

    Raises:
      StorageError: it cannot be opened, or is compressed and damaged.
    """
    try:
        return b"".join(read_chunks(uri))
    except DamagedFileError as error:
        raise StorageError(str(error)) from error


def text_chunks(
    uri: str, start: int = 0, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """Yields what `read_chunks` does, of a file that holds text.

    Raises:
      DamagedFileError: it is an archive, a picture or the like, not text.
    """
    chunks = read_chunks(uri, start, chunk_bytes)
    first = next(chunks, b"")
    if kind := binary_kind(first) if start == 0 else "":
        raise DamagedFileError(why_not_text(kind, uri))
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
    plain = decompressed(name, iter([head]), "head") if name else iter([head])
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
