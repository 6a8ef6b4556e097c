"""Words in a row that authored messages share with public text or with one another.

    python -m tests.quality.authored.overlap DATA

prints each run of six words that a file under DATA has too, and the messages.
"""

import gzip
import html
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

from tests.quality.authored.reading import rows

WIDTH = 6
"""So many words in a row are nobody's by chance."""
NEAR = 3
"""Of so many words are the runs by which messages are compared with one another."""
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|[nrt])")
_BINARY = {".enc", ".ogg", ".png", ".wav"}
_MIXER = np.uint64(0x9E3779B97F4A7C15)

Hashes = npt.NDArray[np.uint64]


def words(text: str) -> list[str]:
    """Returns the lower-cased words of a text.

    >>> words("Don’t pin `v2`!")
    ["don't", 'pin', 'v2']
    """
    return _WORD.findall(text.lower().replace("’", "'"))


def hashes(given: list[str], width: int) -> Hashes:
    """Returns a hash of each run of `width` words; another process has others."""
    each = np.fromiter(map(hash, given), np.int64, len(given)).view(np.uint64)
    size = max(len(given) - width + 1, 0)
    runs = np.zeros(size, np.uint64)
    for place in range(width):
        runs = (runs ^ (runs >> np.uint64(31))) * _MIXER + each[place : place + size]
    return runs


def authored() -> dict[str, str]:
    """Returns all texts of the corpus; of pair `p001`, `p001a` and `p001b`."""
    pairs = {row["id"] + side: row[side] for row in rows("pairs") for side in "ab"}
    return {row["id"]: row["text"] for row in rows("texts")} | pairs


def hashed(texts: Mapping[str, str]) -> Hashes:
    """Returns the hashes of all runs of `WIDTH` words, rising."""
    each = [hashes(words(text), WIDTH) for text in texts.values()]
    return np.sort(np.concatenate(each))


def shared(text: str, own: Hashes) -> list[str]:
    """Returns the runs of words of `text` whose hash is in `own`, which is sorted."""
    given = words(text)
    runs = hashes(given, WIDTH)
    nearest = np.minimum(np.searchsorted(own, runs), len(own) - 1)
    (found,) = np.nonzero(own[nearest] == runs)
    return sorted({" ".join(given[place : place + WIDTH]) for place in found})


def plain(content: bytes) -> str:
    r"""Returns a file's text without the escapes of JSON and HTML.

    >>> plain(rb'["I don\u2019t\nknow", "you &amp; me"]')
    '["I don’t know", "you & me"]'
    """
    text = content.decode("utf-8", "replace")
    return html.unescape(_ESCAPED.sub(_unescaped, text))


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else " "


def contents(folder: Path) -> Iterator[tuple[str, str]]:
    """Yields path and text of every file that is neither sound, picture nor sealed."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    yield f"{path}/{name}", plain(archive.read(name))
        elif path.is_file() and path.suffix not in _BINARY:
            packed = path.read_bytes()
            gzipped = path.suffix == ".gz"
            yield str(path), plain(gzip.decompress(packed) if gzipped else packed)


def collisions(folder: Path) -> Iterator[str]:
    """Yields a line for each run of words that a file shares with the corpus."""
    texts = authored()
    own = hashed(texts)
    for path, text in contents(folder):
        for run in shared(text, own):
            who = [key for key, each in texts.items() if run in " ".join(words(each))]
            yield f"{path}: {run!r} in {', '.join(who)}"


def nearest(texts: Mapping[str, str]) -> tuple[float, str, str]:
    """Returns the two texts that are most alike, and Jaccard's index of their runs.

    >>> nearest({"a": "it fails on main today", "b": "it fails on main", "c": "no"})
    (0.6666666666666666, 'a', 'b')
    """
    runs = [np.unique(hashes(words(text), NEAR)) for text in texts.values()]
    sizes = np.array([len(each) for each in runs])
    _, column = np.unique(np.concatenate(runs), return_inverse=True)
    row = np.repeat(np.arange(len(runs)), sizes)
    held = sparse.csr_matrix((np.ones(len(row)), (row, column)))
    both = sparse.triu(held @ held.T, 1).tocoo()
    alike = both.data / (sizes[both.row] + sizes[both.col] - both.data)
    most, keys = int(alike.argmax()), list(texts)
    return float(alike[most]), keys[both.row[most]], keys[both.col[most]]


if __name__ == "__main__":
    for line in collisions(Path(sys.argv[1])):
        print(line)
