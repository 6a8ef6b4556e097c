"""The folder of MER-UniBench: `format.csv`, `synonym.xlsx`, `wheel1.xlsx` and so on.

Its files cannot be distributed with affectflow. Each sheet may also be saved as CSV.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from affectflow import column_names as names
from affectflow.errors import UsageError

_SUFFIXES = (".csv", ".xlsx")
_LEVELS = ("level1", "level2", "level3")
Row = Mapping[str, str]


class Folder(NamedTuple):
    """The content of the folder, in lower case.

    Attributes:
      wheels: by name, the word of the first level of each word.
      synonyms: the synonyms of a word of a wheel, from all runs.
      forms: the other spellings of a word.
    """

    wheels: dict[str, dict[str, str]]
    synonyms: dict[str, list[str]]
    forms: dict[str, list[str]]


def read(folder: Path) -> Folder:
    """Returns the content of a folder.

    Raises:
      UsageError: a file or a column is missing or cannot be read; the message names it.
    """
    stems = sorted({p.stem for p in folder.iterdir() if p.suffix in _SUFFIXES})
    wheels = [stem for stem in stems if re.fullmatch(r"wheel\d+", stem)]
    if not wheels:
        raise UsageError(
            f"{str(folder)!r} has no wheel1.xlsx or wheel1.csv; name MER-UniBench's "
            "folder of wheels, or a file of TOML"
        )
    return Folder(
        wheels={name: _clusters(folder, name) for name in wheels},
        synonyms=_synonyms(folder),
        forms=_lists((row["name"], row["format"]) for row in _forms(folder)),
    )


def _forms(folder: Path) -> list[Row]:
    return _rows(folder, "format", ("name", "format"))


def _synonyms(folder: Path) -> dict[str, list[str]]:
    """Returns the synonyms of each word, those of all runs together."""
    rows = _rows(folder, "synonym", ("word_run1", "synonym_run1"))
    runs = [name.removeprefix("word_") for name in rows[0] if name.startswith("word_")]
    pairs = (
        ((row[f"word_{run}"], row.get(f"synonym_{run}", "")) for row in rows)
        for run in runs
    )
    return _lists(chain.from_iterable(pairs))


def _clusters(folder: Path, name: str) -> dict[str, str]:
    """Returns the first level of each word; the last one if a word occurs twice."""
    levels = dict.fromkeys(_LEVELS, "")
    by_first: dict[str, list[str]] = {}
    for row in _rows(folder, name, _LEVELS):
        # Cells are merged downwards: an empty one equals the one above.
        levels |= {level: row[level] for level in _LEVELS if row[level]}
        words = by_first.setdefault(levels["level1"], [levels["level1"]])
        words += [levels["level2"], levels["level3"]]
    return {word: first for first, words in by_first.items() for word in words}


def _lists(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word, listed in pairs:
        if word:
            found.setdefault(word, []).extend(_listed(listed))
    return found


def _listed(cell: str) -> list[str]:
    """Returns the words of a cell such as `['glad', 'happy']`."""
    words = (word.strip(" '\"[]") for word in re.split("[,，]", cell))
    return [word for word in words if word]


# -- sheets ----------------------------------------------------------------------------


def _rows(folder: Path, name: str, needed: Iterable[str]) -> list[Row]:
    """Returns the rows of a sheet: texts in small letters, empty for nothing."""
    there = [p for suffix in _SUFFIXES if (p := folder / f"{name}{suffix}").is_file()]
    if not there:
        raise UsageError(f"{str(folder)!r} has no {name}.csv or {name}.xlsx")
    cells = _of_csv(there[0]) if there[0].suffix == ".csv" else _of_xlsx(there[0])
    head, *rows = (list(map(_text, row)) for row in cells)
    for column in needed:
        if column not in head:
            raise UsageError(
                f"{str(there[0])!r} has no column {column!r}; it has "
                f"{names.listed(head, near=column)}"
            )
    if not rows:
        raise UsageError(f"{str(there[0])!r} has no rows")
    return [dict(zip(head, row, strict=False)) for row in rows]


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip().lower()


def _of_csv(path: Path) -> Iterator[Iterable[Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from list(csv.reader(file)) or [[]]


def _of_xlsx(path: Path) -> Iterator[Iterable[Any]]:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise UsageError(
            f"{str(path)!r} is an Excel sheet: pip install openpyxl, or save it as "
            f"{path.with_suffix('.csv').name}"
        ) from error
    yield from list(load_workbook(path, read_only=True).active.values) or [[]]
