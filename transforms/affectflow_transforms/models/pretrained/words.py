"""What is known of a text's words: their numbers in lexica, their word vectors.

A folder that `affectflow train finetune` wrote with `lexica` or `affect_embeddings` has
`lexicon.txt` and `vector_words.txt`, and its config.json says how they are read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from affectflow_transforms.models.pretrained.tokens import Text

LEXICON, VECTOR_WORDS = "lexicon.txt", "vector_words.txt"
# Words with what joins them inside; marks, such as a face, stand alone.
_WORD = re.compile(r"\w+(?:['’\-]\w+)*|[^\w\s]+")

Matrix = npt.NDArray[np.float32]


def words_of(text: str) -> Iterator[tuple[str, int, int]]:
    """Yields each word in lower case, with where it begins and ends.

    >>> [word for word, _, _ in words_of("Don't cry :(")]
    ["don't", 'cry', ':(']
    """
    for found in _WORD.finditer(text):
        yield found[0].lower().replace("’", "'"), found.start(), found.end()


def joined(text: Text) -> str:
    """Returns a text, or both of two."""
    return text if isinstance(text, str) else " ".join(text)


@dataclass(frozen=True, kw_only=True, eq=False)
class Lexicon:
    """Numbers of words, of one lexicon or several.

    Args:
      places: the row of each word in `values`.
      values: shape (words, columns); NaN where a word has none.
      sizes: number of columns of each lexicon.
    """

    places: Mapping[str, int]
    values: Matrix
    sizes: tuple[int, ...]

    def means(self, texts: Sequence[Text]) -> Matrix:
        """Returns the mean over the words that have a number, shape (texts, columns).

        Other words do not change it. A text without such words gets NaN.
        """
        sums, known, _ = self._counts(texts)
        with np.errstate(invalid="ignore"):
            found: Matrix = (sums / np.where(known, known, np.nan)).astype(np.float32)
        return found

    def coverage(self, texts: Sequence[Text]) -> Matrix:
        """Returns the share of words that each lexicon has, shape (texts, lexica)."""
        _, known, total = self._counts(texts)
        first = np.cumsum([0, *self.sizes[:-1]])
        found: Matrix = (known[:, first] / np.maximum(total, 1)[:, None]).astype(
            np.float32
        )
        return found

    def features(self, texts: Sequence[Text]) -> Matrix:
        """Returns means and coverage side by side, shape (texts, columns + lexica)."""
        return np.concatenate([self.means(texts), self.coverage(texts)], axis=1)

    def _counts(
        self, texts: Sequence[Text]
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
        """Returns sums of numbers, how many words have one, and how many there are."""
        shape = (len(texts), self.values.shape[1])
        sums, known, total = np.zeros(shape), np.zeros(shape), np.zeros(len(texts))
        for row, text in enumerate(texts):
            words = [word for word, _, _ in words_of(joined(text))]
            total[row] = len(words)
            at = [self.places[word] for word in words if word in self.places]
            sums[row] = np.nansum(self.values[at], axis=0)
            known[row] = (~np.isnan(self.values[at])).sum(axis=0)
        return sums, known, total


@dataclass(frozen=True, kw_only=True, eq=False)
class Beside:
    """What a network is told of texts beside their tokens.

    Args:
      lexicon: the lexicon; None if it reads none.
      centre: what is subtracted from `Lexicon.features`.
      spread: what they are divided by; a text without a number then has 0.
      places: the vector of each word, from 1; 0 is for all others.
      n_words: how many words with a vector are read per text.
    """

    lexicon: Lexicon | None = None
    centre: Matrix = field(default_factory=lambda: np.zeros(0, np.float32))
    spread: Matrix = field(default_factory=lambda: np.ones(0, np.float32))
    places: Mapping[str, int] = field(default_factory=dict)
    n_words: int = 0

    def arrays(self, texts: Sequence[Text]) -> dict[str, npt.NDArray[Any]]:
        """Returns `lexica`, shape (texts, features), and `words`, (texts, n_words)."""
        found: dict[str, npt.NDArray[Any]] = {}
        if self.lexicon is not None:
            given = (self.lexicon.features(texts) - self.centre) / self.spread
            found["lexica"] = np.nan_to_num(given).astype(np.float32)
        if self.places:
            found["words"] = np.stack([self._row(joined(text)) for text in texts])
        return found

    def known(self, text: str) -> list[tuple[int, int]]:
        """Returns where the words lie in a text that `words` has, in their order."""
        found = [(s, e) for word, s, e in words_of(text) if word in self.places]
        return found[: self.n_words]

    def _row(self, text: str) -> npt.NDArray[np.int64]:
        there = [self.places[w] for w, _, _ in words_of(text) if w in self.places]
        row = np.zeros(self.n_words, np.int64)
        row[: len(there)] = there[: self.n_words]
        return row

    # -- in a folder -------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Writes the words that a network is told of."""
        if self.lexicon is not None:
            values = self.lexicon.values
            lines = (
                "\t".join([word, *(_cell(v) for v in values[at])])
                for word, at in self.lexicon.places.items()
            )
            (folder / LEXICON).write_text("\n".join(lines) + "\n", encoding="utf-8")
        if self.places:
            words = "\n".join(self.places) + "\n"
            (folder / VECTOR_WORDS).write_text(words, encoding="utf-8")

    @property
    def settings(self) -> dict[str, Any]:
        """What `load` takes beside the folder."""
        return {
            "sizes": list(self.lexicon.sizes) if self.lexicon else [],
            "centre": [float(each) for each in self.centre],
            "spread": [float(each) for each in self.spread],
            "n_words": self.n_words,
        }

    @classmethod
    def load(cls, folder: Path, settings: Mapping[str, Any]) -> Self:
        """Returns what `save` wrote."""
        lexicon, places = None, {}
        if settings["sizes"]:
            lines = (folder / LEXICON).read_text(encoding="utf-8").splitlines()
            rows = [line.split("\t") for line in lines]
            lexicon = Lexicon(
                places={row[0]: at for at, row in enumerate(rows)},
                values=np.array([[_number(c) for c in row[1:]] for row in rows], "f4"),
                sizes=tuple(settings["sizes"]),
            )
        if settings["n_words"]:
            words = (folder / VECTOR_WORDS).read_text(encoding="utf-8").splitlines()
            places = {word: at for at, word in enumerate(words, 1)}
        return cls(
            lexicon=lexicon,
            centre=np.array(settings["centre"], np.float32),
            spread=np.array(settings["spread"], np.float32),
            places=places,
            n_words=settings["n_words"],
        )


def _cell(value: np.float32) -> str:
    # Nine digits restore a float32 exactly.
    return "" if np.isnan(value) else f"{value:.9g}"


def _number(cell: str) -> float:
    return float(cell) if cell else np.nan
