"""Bytes that are not UTF-8: Windows-1252, found over a whole file, or refused.

Decided once for a file, never for a row: the rows of one file share one encoding, and
reading only those that happen to be ASCII would lose the others.
"""

import codecs
import contextlib
import functools
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from affectflow.encoding_guesses import guesses, in_words
from affectflow.sources.filesystems import file_system
from affectflow.sources.streams import CHUNK_BYTES, DamagedFileError, read_chunks

WESTERN = "cp1252"
_SAMPLE_CHARS = 256 << 10
# A file is searched so far for its first bytes beyond ASCII, before anything is read.
_CHECKED_CHUNKS = 16
_KNOWN_FILES = 64
# Fewer bytes that are not UTF-8 are damage, not another encoding.
_FEW_BYTES = 4
# The pattern of UTF-8; surrogates have it too, which are damage, not another encoding.
_UTF8 = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_CUT = re.compile(rb"[\x80-\xff]{0,3}\Z")
_HIGH = re.compile(r"[^\x00-\x7f]")

# Bytes that Windows-1252 does not define.
_UNDEFINED = frozenset((0x81, 0x8D, 0x8F, 0x90, 0x9D))
_LOWER = "a-zß-öø-ÿšžœƒ"
_UPPER = "À-ÖØ-ÞŠŽŒŸ"
_LETTER = f"A-Za-z{_LOWER[3:]}{_UPPER}"
# What no Western word looks like, but Cyrillic, Greek, Polish, Mac OS or DOS text does
# when read as Windows-1252.
_STRANGE = re.compile(
    f"[{_LOWER}][ÀÂ-ÅÇ-ÏÑ-ÖØ-ÞŠŽŒŸ](?![{_UPPER}A-Z])"  # caféS: a capital in a word
    f"|(?<![A-Z{_UPPER}])[ÒÓÔÕ](?=[A-Z])"
    f"|[{_LOWER[3:]}{_UPPER}]{{4}}"  # four accents in a row
    f"|(?<=[{_LETTER}])[^\\x00-\\x7f{_LETTER}’‘–—…·´\xa0\xad](?=[{_LETTER}])"
    f"|(?<=[{_LETTER}])[‚„]"  # a quote opens before a word, not after it
)
# Letters within words, and quotes at them; not those that are left of a character of
# UTF-8 that was cut (Â, Ã, â, ã, ð), nor those that damage looks like (ÿ, þ).
_ACCENTED = "ÀÁÄ-ÖØ-ßàáä-ïñ-öø-ýŠšŽžŒœŸ"
_IN_WORDS = re.compile(f"(?<=[A-Za-z])[{_ACCENTED}’“”‘…]|[{_ACCENTED}“‘](?=[A-Za-z])")
# Letters that no Western language has together: Czech, Hungarian, Turkish, Baltic.
_APART = (("ø", "ìùòýžší"), ("û", "ö"), ("ðþ", "çü"), ("ð", "àëè"), ("õ", "ìøšž"))

CONVERT = "convert it: iconv -f {} -t UTF-8 IN > OUT"
"""How to read a file whose encoding is known, where no option names it."""


class UnknownEncodingError(DamagedFileError):
    """A file is neither UTF-8 nor Windows-1252; no row of it can be trusted."""


def in_utf8(
    again: Callable[[], Iterator[bytes]], uri: str, encoding: str = ""
) -> Iterator[bytes]:
    """Yields the bytes of a file as UTF-8.

    UTF-8 with some damaged bytes stays as it is. A file is looked at as a whole only if
    its first bytes beyond ASCII are not UTF-8.

    Args:
      again: returns the chunks of the file; called once more to look at all of it.
      uri: of the file, for the message.
      encoding: of the file, if it is known; looked for if empty.

    Raises:
      UnknownEncodingError: the encoding cannot be determined; says how to convert the
        file.
    """
    if encoding:
        yield from transcoded(again(), encoding)
        return
    chunks = again()
    for chunk in chunks:
        if chunk.isascii():
            yield chunk
            continue
        held, is_utf8 = _judged(chunk, chunks)
        rest = itertools.chain(held, chunks)
        found = "" if is_utf8 else encoding_of(again(), uri)
        yield from transcoded(rest, found) if found else rest
        return


def starts_as_utf8(chunks: Iterable[bytes]) -> bool:
    """Returns whether the first bytes beyond ASCII are UTF-8; true for plain ASCII."""
    chunks = iter(chunks)
    first = next((chunk for chunk in chunks if not chunk.isascii()), b"")
    return _judged(first, chunks)[1]


def _judged(chunk: bytes, more: Iterator[bytes]) -> tuple[list[bytes], bool]:
    """Returns the chunks that were looked at, and whether they are UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    held = [chunk]
    try:
        decoder.decode(chunk)
        while decoder.getstate()[0]:  # a character goes on in the next chunk
            held.append(next(more, b""))
            decoder.decode(held[-1], final=not held[-1])
    except UnicodeDecodeError:
        return held, False
    return held, True


def transcoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yields bytes of an encoding as UTF-8; what it does not define is U+FFFD."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def encoding_of(chunks: Iterable[bytes], uri: str, cure: str = CONVERT) -> str:
    """Returns `cp1252`, or empty for UTF-8, damaged UTF-8 too.

    `cure` says how to read another encoding, which takes the place of its braces.

    Raises:
      UnknownEncodingError: it is neither.
    """
    seen = _seen(chunks)
    if seen.good >= seen.bad:
        return ""
    if seen.undefined or not looks_western(seen.sample.decode(WESTERN, "replace")):
        raise UnknownEncodingError(_cure(bytes(seen.sample), uri, cure))
    return WESTERN


def encoding_of_file(uri: str, cure: str = CONVERT) -> str:
    """Returns the encoding of a file, as `encoding_of`; empty for UTF-8.

    Raises:
      UnknownEncodingError: it cannot be determined.
    """
    chunks = itertools.islice(_whole_chunks(uri), _CHECKED_CHUNKS)
    return "" if starts_as_utf8(chunks) else encoding_of(_whole_chunks(uri), uri, cure)


def _whole_chunks(uri: str) -> Iterator[bytes]:
    """Yields a file up to where it is damaged; reading its rows will report that."""
    with contextlib.suppress(DamagedFileError):
        yield from read_chunks(uri)


def encoding_of_json(uri: str) -> str:
    """Returns `cp1252` for a file of JSON that holds Western words; else nothing.

    A line of JSON is refused by itself if it is damaged, so a byte here or there is
    damage, not an encoding. Looked for once; asked where a line is not UTF-8.
    """
    fs, path = file_system(uri) if "::" not in uri else (None, "")
    return _encoding_of_json(uri, str(fs.ukey(path)) if fs else "")


@functools.lru_cache(maxsize=_KNOWN_FILES)
def _encoding_of_json(uri: str, version: str) -> str:
    seen = _seen(_whole_chunks(uri))
    text = seen.sample.decode(WESTERN, "replace")
    if seen.good or seen.undefined or not looks_western(text):
        return ""
    words, high = (len(each.findall(text)) for each in (_IN_WORDS, _HIGH))
    return WESTERN if words and 2 * words >= high else ""


def json_in_utf8(chunks: Iterable[bytes], uri: str) -> Iterator[bytes]:
    """Yields the bytes of a file of JSON as UTF-8; see `encoding_of_json`."""
    chunks = iter(chunks)
    for chunk in chunks:
        if chunk.isascii():
            yield chunk
            continue
        held, is_utf8 = _judged(chunk, chunks)
        rest = itertools.chain(held, chunks)
        encoding = "" if is_utf8 else encoding_of_json(uri)
        yield from transcoded(rest, encoding) if encoding else rest
        return


def json_notices(uris: Iterable[str]) -> list[str]:
    """Returns which of some JSON files are not UTF-8, one line per file."""
    others = (
        uri
        for uri in uris
        if not starts_as_utf8(itertools.islice(_whole_chunks(uri), _CHECKED_CHUNKS))
    )
    said = (
        read_as(uri) if encoding_of_json(uri) else _other_of_json(uri) for uri in others
    )
    return list(filter(None, said))


def _other_of_json(uri: str) -> str:
    """Returns what a file of JSON may be in; empty if some bytes of it are damaged."""
    seen = _seen(_whole_chunks(uri))
    if seen.good or seen.bad < _FEW_BYTES or not guesses(bytes(seen.sample)):
        return ""
    return _cure(bytes(seen.sample), uri, CONVERT)


def read_as(uri: str) -> str:
    """Returns the note about a file that is not UTF-8."""
    return f"{uri!r} is not UTF-8; it is read as Windows-1252"


def looks_western(text: str) -> bool:
    """Returns whether text that was read as Windows-1252 is likely to be that.

    >>> looks_western("caf\u00e9, don\u2019t"), looks_western("to nie dzia\u00b3a")
    (True, False)
    """
    high = len(_HIGH.findall(text))
    strange = len(_STRANGE.findall(text))
    lower = text.lower()
    apart = any(
        any(a in lower for a in some) and any(b in lower for b in others)
        for some, others in _APART
    )
    return strange * 20 <= high and not apart


@dataclass
class _Seen:
    """What a file holds beyond ASCII: characters of UTF-8, other bytes, some lines."""

    good: int = 0
    bad: int = 0
    undefined: bool = False
    sample: bytearray = field(default_factory=bytearray)


def _seen(chunks: Iterable[bytes]) -> _Seen:
    seen = _Seen()
    pending = b""
    for chunk in itertools.chain(chunks, [b""]):
        # A character that the chunk cuts in two is counted with the next.
        whole = pending + chunk
        cut = _CUT.search(whole) if chunk else None
        pending = cut[0] if cut else b""
        whole = whole[: len(whole) - len(pending)]
        others = [byte for byte in _UTF8.sub(b"", whole) if byte >= 0x80]
        seen.bad += len(others)
        seen.good += len(_UTF8.findall(whole))
        seen.undefined = seen.undefined or not _UNDEFINED.isdisjoint(others)
        _add_sample(seen, whole)
    return seen


def _add_sample(seen: _Seen, chunk: bytes) -> None:
    if chunk.isascii():
        return
    for line in chunk.split(b"\n"):
        if len(seen.sample) >= _SAMPLE_CHARS:
            return
        if not line.isascii():
            seen.sample += line[:CHUNK_BYTES] + b"\n"


def _cure(sample: bytes, uri: str, cure: str) -> str:
    likely = [each for each in guesses(sample) if each.encoding != "CP1252"]
    looks = f"; {in_words(likely, sample)}" if likely else ""
    choice = ", or with the name of what reads right" if len(likely) > 1 else ""
    typed = cure.format(likely[0].encoding if likely else "ENCODING")
    return f"{uri!r} is neither UTF-8 nor Windows-1252{looks}; {typed}{choice}"
