"""Lexica and word vectors from files, for what a head reads beside an encoder."""

import csv
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from affectflow.errors import UsageError
from affectflow_transforms.finetune.splits import Rows
from affectflow_transforms.models.pretrained.tokens import Text
from affectflow_transforms.models.pretrained.words import Beside, Lexicon, Matrix


def beside_of(
    lexica: Sequence[str],
    embeddings: str,
    n_words: int,
    texts: Sequence[Text],
    learned: Rows,
) -> tuple[Beside | None, Matrix | None]:
    """Returns what a head is told beside an encoder, and the word vectors.

    Args:
      lexica: files of words with numbers.
      embeddings: file of word vectors; empty for none.
      n_words: of a text, so many words with a vector are read.
      texts: of all rows.
      learned: rows that are trained on: lexica are brought to their mean and spread.

    Returns:
      None and None without files. Vectors have shape (words + 1, width); the first one
      is of padding.

    Raises:
      UsageError: a file is not as it should be.
    """
    if not lexica and not embeddings:
        return None, None
    lexicon = read_lexica([Path(file) for file in lexica]) if lexica else None
    words, vectors = read_vectors(Path(embeddings)) if embeddings else ([], None)
    centre, spread = np.zeros(0, np.float32), np.ones(0, np.float32)
    if lexicon is not None:
        centre, spread = _scale(lexicon, [texts[row] for row in learned], lexica)
    beside = Beside(
        lexicon=lexicon,
        centre=centre,
        spread=spread,
        places={word: at for at, word in enumerate(words, 1)},
        n_words=n_words if words else 0,
    )
    return beside, vectors


def _scale(
    lexicon: Lexicon, texts: Sequence[Text], files: Sequence[str]
) -> tuple[Matrix, Matrix]:
    found = lexicon.features(texts)
    if np.isnan(found).all(axis=0).any():
        raise UsageError(
            f"a column of {', '.join(files)} has no word of the texts: give a lexicon "
            "in their language, or leave it out"
        )
    spread = np.nanstd(found, axis=0)
    centre: Matrix = np.nanmean(found, axis=0)
    return centre, np.where(spread > 0, spread, 1).astype(np.float32)


# -- lexica ----------------------------------------------------------------------------


def read_lexica(files: Sequence[Path]) -> Lexicon:
    """Returns the numbers of all words in files.

    A file has a word and its numbers in each line, with tabs (`.tsv`, `.txt`) or commas
    (`.csv`) between them, and names of columns above or not. Columns with anything but
    numbers are left out, as are entries of several words; of a word that is there
    twice, the first one counts.

    Raises:
      UsageError: a file cannot be read, or has no numbers.
    """
    tables = [_numbers(file) for file in files]
    words = list(dict.fromkeys(word for table in tables for word in table))
    widths = [len(next(iter(table.values()))) for table in tables]
    blank = [[np.nan] * width for width in widths]
    each = list(zip(tables, blank, strict=True))
    rows = [list(chain(*(table.get(w, b) for table, b in each))) for w in words]
    return Lexicon(
        places={word: at for at, word in enumerate(words)},
        values=np.array(rows, np.float32),
        sizes=tuple(widths),
    )


def _numbers(file: Path) -> dict[str, list[float]]:
    rows = [row for row in _cells(file) if len(row) > 1 and row[0].strip()]
    headed = bool(rows) and not any(map(_is_number, rows[0][1:]))
    rows = rows[headed:]
    columns = [
        at
        for at in range(1, max(map(len, rows), default=0))
        if all(len(row) > at and _is_number(row[at]) for row in rows)
    ]
    if not columns:
        raise UsageError(
            f"{str(file)!r} has no column of numbers behind its words: a lexicon has a "
            "word and its numbers in each line, with tabs (.tsv, .txt) or commas "
            "(.csv) between them"
        )
    found: dict[str, list[float]] = {}
    for row in rows:
        word = row[0].strip().lower()
        if not any(map(str.isspace, word)):
            found.setdefault(word, [float(row[at]) for at in columns])
    return found


def _cells(file: Path) -> list[list[str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            if file.suffix == ".csv":
                return list(csv.reader(lines))
            return [line.rstrip("\r\n").split("\t") for line in lines]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unread(file, error) from error


def _is_number(cell: str) -> bool:
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False


# -- word vectors ----------------------------------------------------------------------


def read_vectors(file: Path) -> tuple[list[str], Matrix]:
    """Returns words and their vectors from a file as GloVe writes it.

    A line has a word and its numbers, with blanks between them; a first line with two
    whole numbers alone, as word2vec writes it, is passed over.

    Returns:
      The words, and shape (words + 1, width) with zeros in front, for padding.

    Raises:
      UsageError: the file cannot be read, or a line has another length.
    """
    vectors: dict[str, list[float]] = {}
    width = 0
    for at, (word, numbers) in enumerate(_lines(file), 1):
        width = width or len(numbers)
        if len(numbers) != width or not width:
            raise UsageError(
                f"line {at} of {str(file)!r} has {len(numbers)} numbers, but the first "
                f"word has {width}: give word vectors in the format of GloVe"
            )
        vectors.setdefault(word, numbers)
    if not vectors:
        raise UsageError(f"{str(file)!r} has no word vectors")
    found = np.zeros((len(vectors) + 1, width), np.float32)
    found[1:] = list(vectors.values())
    return list(vectors), found


def _lines(file: Path) -> Iterator[tuple[str, list[float]]]:
    at = 0
    try:
        with file.open(encoding="utf-8") as lines:
            for at, line in enumerate(lines, 1):
                word, *numbers = line.rstrip().split(" ")
                if at == 1 and len(numbers) == 1 and word.isdigit():
                    continue
                yield word, [float(number) for number in numbers]
    except ValueError as error:  # UnicodeDecodeError is one
        raise UsageError(
            f"line {max(at, 1)} of {str(file)!r} is not a word with numbers ({error}): "
            "give word vectors in the format of GloVe, in UTF-8"
        ) from error
    except OSError as error:
        raise _unread(file, error) from error


def _unread(file: Path, error: Exception) -> UsageError:
    why = getattr(error, "strerror", None) or str(error)
    return UsageError(f"cannot read {str(file)!r} ({why}): give a file in UTF-8")
