"""Six words in a row that the authored corpus shares with somebody else's text.

    python -m tests.quality.authored.overlap DATA

prints each of them, with the file it is in and the authored messages.
"""

import gzip
import html
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.quality.authored.reading import rows

WIDTH = 6
WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|[nrt])")
_BINARY = {".enc", ".ogg", ".png", ".wav"}
_MIXER = np.uint64(0x9E3779B97F4A7C15)

Hashes = npt.NDArray[np.uint64]


def words(text: str) -> list[str]:
    """Returns the lower-cased words of a text; `don't` and `v2` are one each."""
    return WORD.findall(text.lower().replace("’", "'"))


def hashes(given: list[str], width: int = WIDTH) -> Hashes:
    """Returns a hash of each run of `width` words, good within this process."""
    each = np.fromiter(map(hash, given), np.int64, len(given)).view(np.uint64)
    size = max(len(given) - width + 1, 0)
    runs = np.zeros(size, np.uint64)
    for place in range(width):
        runs = (runs ^ (runs >> np.uint64(31))) * _MIXER + each[place : place + size]
    return runs


def authored() -> dict[str, str]:
    """Returns all texts of the corpus, those of pairs as `p001a` and `p001b`."""
    pairs = {row["id"] + side: row[side] for row in rows("pairs") for side in "ab"}
    return {row["id"]: row["text"] for row in rows("texts")} | pairs


def contents(folder: Path) -> Iterator[tuple[str, str]]:
    """Yields path and text of every file that is not sound, picture or sealed."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    yield f"{path}/{name}", plain(archive.read(name))
        elif path.is_file() and path.suffix not in _BINARY:
            packed = path.read_bytes()
            yield (
                str(path),
                plain(gzip.decompress(packed) if path.suffix == ".gz" else packed),
            )


def plain(content: bytes) -> str:
    """Returns a file's text without escapes of JSON and HTML.

    >>> plain(rb'{"a": "I don\\u2019t\\nknow &amp; care"}')
    '{"a": "I don’t know & care"}'
    """
    text = content.decode("utf-8", "replace")
    return html.unescape(_ESCAPED.sub(_unescaped, text))


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else " "


def shared(text: str, own: Hashes) -> set[str]:
    """Returns the runs of words of `text` whose hash is in `own`, which is sorted."""
    given = words(text)
    runs = hashes(given)
    nearest = np.minimum(np.searchsorted(own, runs), len(own) - 1)
    (found,) = np.nonzero(own[nearest] == runs)
    return {" ".join(given[place : place + WIDTH]) for place in found}


def own_hashes(texts: dict[str, str]) -> Hashes:
    """Returns the hashes of all runs of words of the corpus, rising."""
    return np.sort(np.concatenate([hashes(words(text)) for text in texts.values()]))


def collisions(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yields file, run of words and the messages that have it."""
    texts = authored()
    own = own_hashes(texts)
    spaced = {key: f" {' '.join(words(text))} " for key, text in texts.items()}
    for path, text in contents(folder):
        for run in sorted(shared(text, own)):
            who = [key for key, line in spaced.items() if f" {run} " in line]
            yield path, run, who


if __name__ == "__main__":
    for path, run, who in collisions(Path(sys.argv[1])):
        print(f"{path}: {run!r} in {', '.join(who)}")
