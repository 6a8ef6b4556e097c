"""Labelled rows: their files, their keys, and which rows are for what."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow.column_names import no_column
from affectflow.errors import UsageError
from affectflow.kinds.trainer import Tell, is_held_out
from affectflow.nouns import count
from affectflow.unreadable import why_unreadable

Rows = npt.NDArray[np.int64]

_READERS = {
    "csv": "read_csv(?, all_varchar = true, header = true)",
    "jsonl": "read_json(?, format = 'newline_delimited', union_by_name = true)",
    "parquet": "read_parquet(?)",
}
_KEYS = ("conversation_id", "speaker_id")
FEW_CHOSEN = 30


@dataclass(frozen=True, kw_only=True)
class Source:
    """Labelled rows.

    Args:
      files: they come from; the one that is trained on first.
      table: all rows.
      given: shape (rows,): the row comes from the second file, for figures only.
      digest: of rows of a lake, BLAKE2b of them; empty for files.
    """

    files: tuple[Path, ...]
    table: pa.Table
    given: npt.NDArray[np.bool_]
    digest: str = ""


@dataclass(frozen=True, kw_only=True)
class Splits:
    """Which rows are for what.

    Args:
      learned: rows that are trained on.
      chosen: rows of the training data by which epoch and thresholds are chosen.
      held_out: rows for the figures.
      key: the column by which they were told apart; `text` if there is none.
    """

    learned: Rows
    chosen: Rows
    held_out: Rows
    key: str


# -- files -----------------------------------------------------------------------------


def read(data: Path) -> Source:
    """Returns the rows of `train.*`, and of `dev.*` if it is there.

    Raises:
      UsageError: there is no such file, there are several, or one cannot be read.
    """
    train, dev = _file(data, "train"), _file(data, "dev")
    if train is None:
        raise UsageError(
            f"no file 'train.csv', 'train.jsonl' or 'train.parquet' in {str(data)!r}: "
            "--data is a folder with one of them"
        )
    files = (train,) if dev is None else (train, dev)
    tables = [_table(file) for file in files]
    given = np.repeat([False, True][: len(files)], [len(table) for table in tables])
    try:
        table = pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise UsageError(
            f"{str(train)!r} and {str(dev)!r} have columns of other types ({error}): "
            "write both in the same way"
        ) from error
    return Source(files=files, table=table.combine_chunks(), given=given)


def _file(data: Path, name: str) -> Path | None:
    found = [
        file
        for suffix in _READERS
        for file in (data / f"{name}.{suffix}", data / f"{name}.{suffix}.gz")
        if file.is_file()
    ]
    if len(found) > 1:
        raise UsageError(
            f"{str(data)!r} has both {found[0].name!r} and {found[1].name!r}: leave one"
        )
    return found[0] if found else None


def _table(file: Path) -> pa.Table:
    table = _rows_of(file)
    if not table.num_rows:
        raise UsageError(
            f"{str(file)!r} has no rows: write a line of column names, such as "
            "text,label, and a row for each example"
        )
    return table


def _rows_of(file: Path) -> pa.Table:
    suffix = file.name.removesuffix(".gz").rpartition(".")[2]
    query = f"SELECT * FROM {_READERS[suffix]}"
    try:
        with duckdb.connect() as connection:
            return connection.sql(query, params=[str(file)]).to_arrow_table()
    except duckdb.Error as error:
        raise UsageError(why_unreadable(str(file), error)) from error


def column(source: Source, name: str, option: str = "") -> list[Any]:
    """Returns the values of a column.

    `option` is that of the trainer that names the column; empty if none does.

    Raises:
      UsageError: the column does not exist; the message says what to type.
    """
    names = source.table.column_names
    if name not in names:
        cure = f"name it with --set {option}=COLUMN" if option else "rename a column"
        raise UsageError(no_column(str(source.files[0]), name, names, cure))
    return source.table.column(name).to_pylist()


# -- splits ----------------------------------------------------------------------------


def split(source: Source, usable: Rows, split_by: str, texts: Sequence[str]) -> Splits:
    """Returns which rows are for what; all rows of one key are for the same.

    Of the training data a tenth is for choosing, by a hash of the key. Without a second
    file, another tenth is held out.

    Args:
      source: the rows.
      usable: those that can be used.
      split_by: the column of the key; empty for a conversation's or a speaker's if
        there is one, else the text.
      texts: of all rows.

    Raises:
      UsageError: there is no such column, a key is in both files, or a part is empty.
    """
    key, keys = _keys(source, split_by, texts)
    given = source.given[usable]
    if key != "text" or split_by:
        check_apart(source, key, [keys[row] for row in usable], given)
    apart = source.given.any() or len(source.files) > 1
    held = np.array([g if apart else is_held_out(keys[r]) for r, g in zip(
        usable, given, strict=True)], np.bool_)  # fmt: skip
    chosen = np.array([is_held_out(f"chosen by {keys[row]}") for row in usable])
    parts = Splits(
        learned=usable[~held & ~chosen],
        chosen=usable[~held & chosen],
        held_out=usable[held],
        key=key,
    )
    _check_filled(source, parts, {keys[row] for row in usable})
    return parts


def say_few(parts: Splits, tell: Tell) -> None:
    """Says that few rows choose the epoch, so that the choice is close to chance."""
    if (rows := len(parts.chosen)) < FEW_CHOSEN:
        tell(
            f"only {count(rows, 'row chooses', 'rows choose')} the epoch, which is "
            f"close to chance: give at least {10 * FEW_CHOSEN} rows of many different "
            f"`{parts.key}`, or read the figures as a trial"
        )


def _keys(source: Source, split_by: str, texts: Sequence[str]) -> tuple[str, list[str]]:
    there = [name for name in _KEYS if name in source.table.column_names]
    key = split_by or next(iter(there), "text")
    if key == "text":
        return key, list(texts)
    # A row without a key is alone.
    return key, [
        f"row {place}" if value in (None, "") else str(value)
        for place, value in enumerate(column(source, key, "split_by"))
    ]


def check_apart(
    source: Source, key: str, keys: Sequence[str], given: npt.NDArray[np.bool_]
) -> None:
    """Raises UsageError if a key is in both files.

    Args:
      source: the rows.
      key: what the keys are.
      keys: of the rows.
      given: of the same rows: it comes from the second file.
    """
    sides = [{k for k, g in zip(keys, given, strict=True) if g == s} for s in (0, 1)]
    both = sorted(sides[0] & sides[1])
    if both:
        more = f" and {len(both) - 1:,} more" if len(both) > 1 else ""
        raise UsageError(
            f"`{key}` {both[0]!r}{more} is in both {source.files[0].name!r} and "
            f"{source.files[1].name!r}, so the figures would be too good: put all rows "
            "of one into the same file"
        )


def check_dev(source: Source, held_out: int) -> None:
    """Raises UsageError if there is a second file, and no row of it can be used."""
    if len(source.files) > 1 and not held_out:
        raise UsageError(
            f"{str(source.files[1])!r} has no row that can be used, so there are no "
            "figures: fill it, or remove it to have some of the training rows held out"
        )


def _check_filled(source: Source, parts: Splits, keys: set[str]) -> None:
    check_dev(source, len(parts.held_out))
    for rows, what in (
        (parts.held_out, "to hold out"),
        (parts.chosen, "to choose the epoch by"),
        (parts.learned, "to train on"),
    ):
        if not len(rows):
            raise UsageError(
                f"{str(source.files[0])!r} has {len(keys):,} different `{parts.key}`, "
                f"and a tenth of them by a hash leaves none {what}: give at least 50"
            )
