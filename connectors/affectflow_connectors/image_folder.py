"""ReadImageFolder: pictures of a folder, with their captions, as utterances."""

import csv
import functools
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from affectflow.errors import StorageError, UsageError
from affectflow.kinds.source import File, Source, Split
from affectflow.registry import Card
from affectflow.sources.damage import DamagedFileError
from affectflow.sources.filesystems import file_system
from affectflow.sources.listing import is_hidden, list_files
from affectflow.sources.rows import Row, dead_row, in_batches
from affectflow.sources.streams import read_all
from affectflow.storage import absolute, storage_errors
from affectflow_connectors.picture_files import check_picture

SITE = "image-folder"
_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff")
_TABLES = ("metadata.csv", "metadata.jsonl")
_NOTES = ("readme", "license", "licence")
"""Prefixes of the names of files that describe a whole folder."""
_FILES, _TEXTS = ("file_name", "filename", "file"), ("text", "caption", "description")
_ROW_BYTES = 500
"""Roughly what a picture takes in a lake: its pixels stay where they are."""
_KEPT_FOLDERS = 256
Captions = dict[str, dict[str, str]]


@dataclass(kw_only=True)
class ReadImageFolder(Source):
    """Reads the pictures of a folder: each is an utterance, and its caption the text.

    Captions are those of `metadata.csv` or `metadata.jsonl` beside the pictures, by
    `file_name` and `text`, as in an ImageFolder of Hugging Face; other columns become
    attributes. Otherwise a caption is the text of a file with the picture's name. A
    picture without one has an empty text. The folder that it lies in, which often is a
    label, is the `container`; `media_uri` names the file, and pixels stay where they
    are. A file that is empty, cut off or no picture goes to `dead_letters`.
    `--source auto` treats a folder as a picture folder if there is nothing else in it.

    Args:
      paths: folders, globs, files or fsspec URLs; one, or several.
    """

    paths: Sequence[str] | str

    card: ClassVar[Card] = Card(
        summary="a folder of pictures, with captions",
        example="affectflow ingest pictures --to lake",
        modality="image",
        terms="a picture belongs to its author; the people in it have rights of their "
        "own",
    )

    def __post_init__(self) -> None:
        super().__init__()
        if not all(map(str.strip, self.patterns)) or not self.patterns:
            raise UsageError("no path given; give a folder of pictures")

    @property
    def patterns(self) -> list[str]:
        """The paths, always as a list."""
        paths = [self.paths] if isinstance(self.paths, str) else self.paths
        return [str(path) for path in paths]

    def files(self, pattern: str) -> list[File]:
        """Returns the pictures that one of the paths means.

        Raises:
          UsageError: there is no picture.
        """
        found = list_files(pattern, _SUFFIXES)
        own = [each for each in found if each.uri.lower().endswith(_SUFFIXES)]
        if not own:
            raise UsageError(
                f"no picture in {pattern!r}; endings read: {', '.join(_SUFFIXES)}"
            )
        return [file._replace(plain_size=_ROW_BYTES) for file in own]

    def check(self) -> None:
        for pattern in self.patterns:
            self.files(pattern)

    @classmethod
    def takes_folder(cls, path: str) -> bool:
        # Listing an archive or a web server takes long, and neither is a folder.
        if "::" in path or path.startswith("http"):
            return False
        try:
            with storage_errors(path):
                return _is_of_pictures(path)
        except UsageError:
            return False  # the reader of the path reports what is wrong with it

    def reads_beside(self, name: str) -> bool:
        return name in _TABLES or name.endswith(".txt")

    def read(self, split: Split) -> Iterator[pa.RecordBatch]:
        yield from in_batches([self._row(split.uri)])

    def _row(self, uri: str) -> Row:
        folder, _, name = uri.rpartition("/")
        id_ = f"{SITE}:{self._inner(uri)}"
        try:
            caption = _captions(folder).get(name) or _beside(uri)
        except (StorageError, UnicodeDecodeError, ValueError, csv.Error) as error:
            why = "unreadable_caption", f"cannot read the captions of {uri!r}: {error}"
            return dead_row(type(self).__name__, SITE, uri, why)
        try:
            check_picture(uri)
        except DamagedFileError as error:
            why = error.error_type, str(error)
            return dead_row(type(self).__name__, SITE, uri, why)
        except StorageError as error:
            why = "unreadable_file", str(error)
            return dead_row(type(self).__name__, SITE, uri, why)
        return {
            "utterance_id": id_,
            "conversation_id": id_,
            "source": SITE,
            "container": self._inner(folder) or None,
            "kind": "picture",
            "text": caption.get("", ""),
            "media_uri": uri,
            "visibility": "unknown",
            "attrs": [(name, said) for name, said in caption.items() if name],
            "origin": uri,
        }

    def _inner(self, uri: str) -> str:
        """Returns the name of a file or folder within the path that was given."""
        for base in map(_fixed, self.patterns):
            if uri == base:
                return ""
            if uri.startswith(f"{base}/"):
                return uri[len(base) + 1 :]
        return uri.rpartition("/")[2]


def _is_of_pictures(path: str) -> bool:
    """Returns whether a folder has pictures in it, and nothing but their captions.

    Among a thousand pictures there may be one chat: the first other file decides.
    """
    fs, root = file_system(path)
    pictures = False
    for folder, _, names in fs.walk(root):
        within = folder[len(root) :]
        seen = [name for name in names if not is_hidden(f"{within}/{name}")]
        own = {_stem(name) for name in seen if name.lower().endswith(_SUFFIXES)}
        if not all(_is_beside(name, own) for name in seen):
            return False
        pictures = pictures or bool(own)
    return pictures


def _is_beside(name: str, pictures: Iterable[str]) -> bool:
    """Returns whether a file is a picture, or has captions of pictures."""
    if name in _TABLES or name.lower().startswith(_NOTES):
        return True
    return name.lower().endswith((*_SUFFIXES, ".txt")) and _stem(name) in pictures


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _fixed(pattern: str) -> str:
    """Returns the folder of a path, up to where a glob or the name of a file begins."""
    parts = absolute(pattern).rstrip("/").split("/")
    named = next((n for n, part in enumerate(parts) if set(part) & set("*?[")), None)
    if named is None and parts[-1].lower().endswith(_SUFFIXES):
        named = len(parts) - 1
    return "/".join(parts[:named])


@functools.lru_cache(maxsize=_KEPT_FOLDERS)
def _captions(folder: str) -> Captions:
    """Returns the content of the table of a folder, by file name."""
    for table in _TABLES:
        content = _content(f"{folder}/{table}")
        if content is not None:
            rows = _of_json(content) if table.endswith("l") else _of_csv(content)
            return dict(map(_named, rows))
    return {}


def _of_csv(content: str) -> Iterator[dict[str, Any]]:
    yield from csv.DictReader(io.StringIO(content), strict=True)


def _of_json(content: str) -> Iterator[dict[str, Any]]:
    for line in content.splitlines():
        if line.strip():
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError(f"a line is not a JSON object: {line[:80]!r}")
            yield row


def _named(row: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Returns the name of a file, and its fields; the text has no field name."""
    said = {
        str(key): value if isinstance(value, str) else json.dumps(value)
        for key, value in row.items()
        if value is not None
    }
    file = next((said.pop(each) for each in _FILES if each in said), None)
    if file is None:
        raise ValueError(f"its table has no column {_FILES[0]!r}")
    text = next((said.pop(each) for each in _TEXTS if each in said), "")
    return file, {"": text, **said}


def _beside(uri: str) -> dict[str, str]:
    content = _content(f"{_stem(uri)}.txt")
    return {} if content is None else {"": content.strip()}


def _content(uri: str) -> str | None:
    """Returns a text file; None if there is none."""
    try:
        return read_all(uri).decode("utf-8-sig")
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise
