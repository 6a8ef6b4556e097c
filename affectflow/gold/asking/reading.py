"""Reads label sheets: CSV from a spreadsheet or the page, or one answer per row."""

import csv
import difflib
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from affectflow.column_names import listed
from affectflow.errors import UsageError
from affectflow.gold.asking.raters import raters_of
from affectflow.gold.asking.samples import Sample
from affectflow.gold.asking.sheets import FIXED, NO, UNSURE, YES, headings, restored
from affectflow.gold.targets.labels import (
    EMOTION,
    POINTS,
    Target,
    point_of,
    targets_of,
    tasks,
    unknown_label,
)
from affectflow.lake import Lake

LONG = ("utterance_id", "rater", "label", "answer")
_ANSWERS = {
    **dict.fromkeys(("yes", "y", "1", "1.0", "true", "x"), YES),
    **dict.fromkeys(("no", "n", "0", "0.0", "false"), NO),
    **dict.fromkeys(("unsure", "u", "?", "na", "n/a"), UNSURE),
    "": "",
}
_YES_NO = "yes, no, unsure (1, 0, ?)"
_DELIMITERS = (",", ";", "\t")
_BLANKS = re.compile(r"[ \xa0]+")
# The line that tells Excel the delimiter; it is not a row.
_SEPARATOR = re.compile(r"sep=([,;\t])\r?\n")
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_MAX_NAME = 64
# The text of a message may be long, and is in one cell.
_MAX_CELL = 1 << 27

Row = dict[str, str]
Rows = list[tuple[int, Row]]
"""Rows of a file with their numbers, from 1; the header counts as a row."""


class Answer(NamedTuple):
    """What one rater says about one label of one utterance.

    `said` is `yes`, `no` or a point of the scale, `unsure`, or empty where the cell is;
    `sample_id` is empty where the file names none.
    """

    rater: str
    utterance_id: str
    target: Target
    said: str
    sample_id: str


def read_answers(lake: Lake, path: str | Path, rater: str = "") -> list[Answer]:
    """Returns the answers in a file, each once.

    Args:
      lake: that the sample was drawn from.
      path: CSV with commas, semicolons or tabs, in UTF-8 or UTF-16.
      rater: who answered, where the column `rater` is empty.

    Raises:
      UsageError: the file is not a sheet of this lake, or contradicts itself; says
        where, and what to do.
    """
    rows = list(_rows(path))
    if not rows:
        raise UsageError(
            f"{path}: the sheet is empty; fill it in, then import it again"
        )
    given = rows[0][1].keys()
    read = _from_long if {"label", "answer"} <= given else _from_wide
    lacking = [n for n in ("utterance_id",) if n not in given]
    if lacking:
        raise UsageError(_no_column(path, lacking[0], given))
    asked = ["answer"] if read is _from_long else [n for n in given if n not in FIXED]
    if asked and not any(row[name] for _, row in rows for name in asked):
        raise UsageError(
            f"{path}: no answers yet; fill {', '.join(asked)} with yes, no or unsure "
            f"(a scale: 1 to {POINTS}), then import the sheet again"
        )
    return once(lake, str(path), list(read(lake, path, rows, rater)))


def once(lake: Lake, where: str, answers: Iterable[Answer]) -> list[Answer]:
    """Returns answers without repetitions; an empty one yields to any other.

    A rater's name in another case means the one the lake knows, or else the first.

    Raises:
      UsageError: one rater gives two answers to one question.
    """
    found: dict[tuple[str, str, Target], Answer] = {}
    spelt = {name.casefold(): name for name in raters_of(lake)}
    for given in answers:
        who = spelt.setdefault(given.rater.casefold(), given.rater)
        answer = given._replace(rater=who)
        key = (answer.rater, answer.utterance_id, answer.target)
        before = found.setdefault(key, answer)
        if not before.said:
            found[key] = answer
        elif answer.said not in ("", before.said):
            raise UsageError(
                f"{where}: {answer.rater} answered both {before.said} and "
                f"{answer.said} to {answer.target.label!r} for "
                f"{answer.utterance_id!r}; keep one of the rows, or give the raters "
                "different names in the column rater"
            )
    return list(found.values())


# -- the file ------------------------------------------------------------------------


def _rows(path: str | Path) -> Iterator[tuple[int, Row]]:
    """Yields the filled rows of a file and their numbers, as a spreadsheet counts."""
    table = ((n, cells) for n, cells in _table(path) if any(map(str.strip, cells)))
    heads = [name.strip() for name in next(table, (0, []))[1]]
    _check_distinct(path, heads)
    for number, cells in table:
        pairs = zip_longest(heads, cells, fillvalue="")
        if any(cell.strip() for head, cell in pairs if not head):
            raise UsageError(
                f"{path}, row {number}: a cell has no column heading: it was moved, or "
                "contains an unquoted delimiter; fix the row"
            )
        filled = [*cells, *[""] * (len(heads) - len(cells))]
        yield number, {k: v.strip() for k, v in zip(heads, filled, strict=False) if k}


def _table(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    text = _text(path)
    named = _SEPARATOR.match(text)
    first = text.lstrip().split("\n", 1)[0]
    delimiter = named[1] if named else max(_DELIMITERS, key=first.count)
    csv.field_size_limit(_MAX_CELL)
    number = 0
    try:
        told = csv.reader(
            io.StringIO(text, newline=""), delimiter=delimiter, strict=True
        )
        for number, cells in enumerate(told, start=1):
            if number > 1 or not named:
                yield number, cells
    except csv.Error as error:
        raise UsageError(
            f"{path}, row {number + 1}: not valid CSV from here on ({error}): a quote "
            "is not closed, or is in the middle of a cell; fix the row, or save the "
            "sheet as CSV again"
        ) from error


def _check_distinct(path: str | Path, heads: list[str]) -> None:
    twice = [name for name in heads if name and heads.count(name) > 1]
    if twice:
        raise UsageError(
            f"{path}: the column {twice[0]!r} appears twice; keep one of them"
        )


def _text(path: str | Path) -> str:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {str(path)!r}: {error.strerror}; name the filled-in sheet"
        ) from error
    if content[:2] == b"PK":
        raise UsageError(
            f"{path} is a workbook, not a CSV file: save it as `CSV UTF-8`"
        )
    marked = next((e for m, e in _MARKS.items() if content.startswith(m)), "utf-8")
    try:
        text = content.decode(marked)
    except UnicodeDecodeError as error:
        raise UsageError(_no_text(path, error.start)) from error
    if "\0" in text:  # UTF-16 without a byte order mark, or not text at all
        raise UsageError(_no_text(path, text.index("\0")))
    return text


def _no_text(path: str | Path, byte: int) -> str:
    return (
        f"{path}: neither UTF-8 nor UTF-16 with a byte order mark (byte {byte}); save "
        "it from the spreadsheet as `CSV UTF-8`"
    )


def _no_column(path: str | Path, name: str, given: Iterable[str]) -> str:
    return (
        f"{path}: no column {name!r}; columns: {listed(given, near=name)}; keep the "
        "column headings that `affectflow sample` wrote"
    )


# -- sheets --------------------------------------------------------------------------


def _from_wide(
    lake: Lake, path: str | Path, rows: Rows, rater: str
) -> Iterator[Answer]:
    """Yields the answers of a sheet: a column for each label."""
    if "sample_id" not in rows[0][1]:
        raise UsageError(_no_column(path, "sample_id", rows[0][1]))
    samples: dict[str, Sample] = {}
    for number, row in rows:
        sample_id = restored(row["sample_id"])
        if not sample_id:
            raise UsageError(
                f"{path}, row {number}: the cell sample_id is empty; copy it from "
                "another row, or give answers without a sample in the columns "
                f"{', '.join(LONG)}"
            )
        if sample_id not in samples:
            samples[sample_id] = Sample.read(lake, sample_id)
            _check_heads(path, samples[sample_id], row)
        sample = samples[sample_id]
        who = _name(path, number, row.get("rater", "") or rater)
        for head, target in zip(headings(sample), sample.targets, strict=True):
            said = _said(path, number, row[head], target)
            yield Answer(who, restored(row["utterance_id"]), target, said, sample_id)


def _check_heads(path: str | Path, sample: Sample, row: Row) -> None:
    asked = headings(sample)
    for head in asked:
        if head not in row:
            raise UsageError(_no_column(path, head, row.keys()))
    strange = [head for head in row if head not in (*FIXED, *asked)]
    if strange:
        raise UsageError(
            f"{path}: sample {sample.sample_id} asks {', '.join(asked)}, not "
            f"{strange[0]!r}; remove the column, or draw a sample with --labels"
        )


def _from_long(
    lake: Lake, path: str | Path, rows: Rows, rater: str
) -> Iterator[Answer]:
    """Yields the answers of a file with a row for each answer."""
    for name in LONG:
        if name not in rows[0][1] and not (name == "rater" and rater):
            raise UsageError(_no_column(path, name, rows[0][1]))
    samples: dict[str, Sample] = {}
    for number, row in rows:
        sample_id = restored(row.get("sample_id", ""))
        if sample_id and sample_id not in samples:
            samples[sample_id] = Sample.read(lake, sample_id)
        target = _target(path, number, row["label"], samples.get(sample_id))
        who = _name(path, number, row.get("rater", "") or rater)
        said = _said(path, number, row["answer"], target)
        yield Answer(who, restored(row["utterance_id"]), target, said, sample_id)


def _target(path: str | Path, number: int, label: str, sample: Sample | None) -> Target:
    if sample is not None:
        asked = dict(zip(headings(sample), sample.targets, strict=True))
        if label in asked:
            return asked[label]
        raise UsageError(f"{path}, row {number}: {unknown_label(label, asked)}")
    single = [targets_of(task)[0] for task in tasks() if task != EMOTION]
    for target in single:
        if label in (target.label, f"{target.vocabulary}:{target.label}"):
            return target
    near = difflib.get_close_matches(label.casefold(), [t.label for t in single], n=1)
    try:
        return targets_of(EMOTION, [label])[0]
    except UsageError as error:
        said = unknown_label(label, near) if near else str(error)
        raise UsageError(f"{path}, row {number}: {said}") from error


def _name(path: str | Path, number: int, name: str) -> str:
    """Returns a rater's name as it goes into `annotator_id`."""
    plain = _BLANKS.sub(" ", unicodedata.normalize("NFC", restored(name))).strip()
    if not plain:
        raise UsageError(
            f"{path}, row {number}: no rater; fill in the column rater, or give "
            "--rater NAME"
        )
    if len(plain) > _MAX_NAME or not plain.isprintable():
        raise UsageError(
            f"{path}, row {number}: {plain[:_MAX_NAME]!r} cannot name a rater; give up "
            f"to {_MAX_NAME} printable characters"
        )
    return plain


def _said(path: str | Path, number: int, cell: str, target: Target) -> str:
    said = _ANSWERS.get(cell.casefold())
    if target.is_scale:
        said = said if said in (UNSURE, "") else point_of(cell) or None
    if said is None:
        near = difflib.get_close_matches(cell.casefold(), (YES, NO, UNSURE), n=1)
        hint = f"; did you mean {near[0]}?" if near and not target.is_scale else ""
        there = f"1 to {POINTS}, unsure (?)" if target.is_scale else _YES_NO
        raise UsageError(
            f"{path}, row {number}: the answer {cell!r} is not one of {there}{hint}"
        )
    return said
