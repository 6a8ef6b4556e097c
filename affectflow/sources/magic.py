"""Names a file that is not text, by its first bytes."""

from affectflow.sources.archives import is_archive, members
from affectflow.sources.damage import DamagedFileError

# Of formats that people give by mistake; each mark starts the file.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"%PDF-", "a PDF document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89PNG\r\n\x1a\n", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"ID3", "a recording"),
    (b"OggS", "a recording"),
    (b"RIFF", "a recording"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"ARROW1\x00\x00", "an Arrow file"),
    (b"Obj\x01", "an Avro file"),
    (b"\x80\x04\x95", "a pickle"),
)
_OFFICE = (b"[Content_Types].xml", b"mimetypeapplication/vnd.oasis")
_TAR_AT = 257
_CURES = {
    "a zip archive": "unpack it and give the folder, or name its files as "
    "'zip://*.jsonl::{uri}'",
    "a picture": "give its folder, which must hold only pictures and captions, or type "
    "--source image-folder",
    "a spreadsheet or document": "save it as CSV",
    "an old Office document": "save it as CSV",
    "an SQLite database": "write a query of it to CSV: sqlite3 -header -csv FILE "
    '"SELECT ..." > OUT.csv',
}
_ARCHIVES = ("a 7z archive", "a rar archive")


def binary_kind(head: bytes) -> str:
    r"""Returns what a file is, such as `a zip archive`; empty if it may be text.

    >>> binary_kind(b"PK\x03\x04..."), binary_kind(b"id,text")
    ('a zip archive', '')

    Args:
      head: its first bytes, decompressed.
    """
    found = next((kind for mark, kind in _MARKS if head.startswith(mark)), "")
    if found == "a zip archive" and any(mark in head[:4096] for mark in _OFFICE):
        return "a spreadsheet or document"
    if not found and head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return "a tar archive"
    if not found and head[4:8] == b"ftyp":
        return "a recording"
    return found


def why_not_text(kind: str, uri: str) -> str:
    """Returns why a file of that kind is not read, and what to do with it."""
    other = f"{uri!r} is {kind}, not text; {_cure(kind, uri)}"
    return damage_of_archive(uri) or other


def damage_of_archive(uri: str) -> str:
    """Returns why an archive does not open, and what to do; empty if it does."""
    if is_archive(uri):
        try:
            members(uri, lambda name: True)
        except DamagedFileError as error:
            return str(error)
    return ""


def _cure(kind: str, uri: str) -> str:
    if kind == "a tar archive" and is_archive(uri):
        return "it has no readable file; list it with: tar -tf FILE"
    if kind == "a tar archive":
        return "name it .tar or .tar.gz, or unpack it and give the folder"
    if kind in _ARCHIVES:
        return "unpack it and give the folder"
    return _CURES.get(kind, "give text: JSON Lines, CSV or an export").format(uri=uri)


def why_empty(uri: str) -> str:
    """Returns the message for an empty file."""
    return f"{uri!r} is empty; did the program that wrote it fail?"
