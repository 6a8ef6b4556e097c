"""A file of answers as the tables that are joined."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from affectflow.batches.states import UNKNOWN
from affectflow.column_names import listed, shown
from affectflow.errors import UsageError
from affectflow.gold.targets import tasks
from affectflow.gold.targets.labels import unknown_label
from affectflow.gold.targets.tasks import Task
from affectflow.lake.views import quote, quote_name
from affectflow.nouns import count
from affectflow.unreadable import why_unreadable
from affectflow.vocabularies import known

READERS = {
    ".parquet": "read_parquet({})",
    ".csv": "read_csv({}, sample_size = -1)",
    ".tsv": "read_csv({}, sample_size = -1)",
    ".jsonl": "read_json({}, format = 'newline_delimited')",
    ".ndjson": "read_json({}, format = 'newline_delimited')",
    ".json": "read_json({})",
}
_AS_TEXT = "read_csv({}, sample_size = -1, header = true, all_varchar = true)"
CHOSEN_FROM = 0.5
"""Without `chosen`, a label is chosen from this score on."""
NO_ANNOTATOR = "file"
"""Name of the annotator for files or rows that name none."""
_ANNOTATOR = f"coalesce(nullif({{}}::VARCHAR, ''), {quote(NO_ANNOTATOR)})"
WEIGHTS = {
    "weight": (
        "weight IS NULL OR NOT isfinite(weight) OR weight < 0",
        "a number of at least 0",
    ),
    # The inverse of a probability: at least 1, and finite.
    "inclusion_probability": (
        "weight IS NULL OR NOT isfinite(weight) OR weight < 1",
        "a number above 0 and at most 1",
    ),
}
"""Columns that weights come from: when a value is wrong, and what it must be."""


def open_file(path: str, *, as_text: bool = False) -> duckdb.DuckDBPyConnection:
    """Returns a connection with the rows of a file as `given`.

    Args:
      path: of the file.
      as_text: whether the cells of a CSV file stay what was written: no `yes` turns
        into true, and no 1 into 1.0. Then `given` is a view of a Parquet file, whose
        rows are not kept in memory: reading them may fail (`unreadable`).

    Raises:
      UsageError: there is no such file, its type is not supported, or it is empty.
    """
    if not Path(path).is_file():
        raise UsageError(f"no lake and no file at {path!r}; give LAKE or FILE")
    name = path.removesuffix(".gz")
    kind = next((end for end in READERS if name.endswith(end)), None)
    if kind is None:
        raise UsageError(
            f"{path!r} is not a file of {', '.join(READERS)}; convert it to one of them"
        )
    _check_encoding(path)
    connection = duckdb.connect()
    try:
        plain = as_text and kind in (".csv", ".tsv")
        reader = (_AS_TEXT if plain else READERS[kind]).format(quote(path))
        made = "VIEW" if as_text and kind == ".parquet" else "TABLE"
        connection.execute(f"CREATE {made} given AS SELECT * FROM {reader}")
    except duckdb.Error as error:
        raise unreadable(path, error) from error
    if not _one(connection, "SELECT count(*) FROM given"):
        raise UsageError(f"{path!r} has no rows; give one row for each answer")
    return connection


def unreadable(path: str, error: duckdb.Error) -> UsageError:
    """Returns the error for a file that DuckDB cannot read."""
    return UsageError(why_unreadable(path, error))


def is_unreadable(error: duckdb.Error) -> bool:
    """Returns whether DuckDB failed because of a file's bytes, not a query."""
    # For a broken page header it only says Error.
    of_bytes = (duckdb.IOException, duckdb.InvalidInputException)
    return type(error) is duckdb.Error or isinstance(error, of_bytes)


@contextlib.contextmanager
def naming(path: str) -> Iterator[None]:
    """Puts the name of the file before what is wrong with its rows."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{path!r}: {error}") from error


def open_rows(rows: pa.Table) -> duckdb.DuckDBPyConnection:
    """Returns a connection with a table as the view `given`."""
    connection = duckdb.connect()
    connection.register("given", rows)
    return connection


def _check_encoding(path: str) -> None:
    try:
        with open(path, "rb") as file:
            head = file.read(2)
    except OSError as error:
        raise UsageError(f"cannot read {path!r}: {error.strerror}") from error
    if head in (b"\xff\xfe", b"\xfe\xff"):
        raise UsageError(
            f"{path!r} is UTF-16; convert it: iconv -f UTF-16 -t UTF-8 IN > OUT"
        )


def keep_annotator(connection: duckdb.DuckDBPyConnection, annotator: str) -> None:
    """Removes the rows of all other annotators from `given`.

    Raises:
      UsageError: the file names no annotators, or not this one.
    """
    if "annotator_id" not in _names(connection):
        raise UsageError("--annotator needs a column annotator_id")
    named = _ANNOTATOR.format("annotator_id")
    rows = connection.sql(f"SELECT DISTINCT {named} FROM given ORDER BY 1")
    known = [row[0] for row in rows.fetchall()]
    if annotator not in known:
        raise UsageError(f"no annotator {annotator!r}; it has {', '.join(known[:8])}")
    connection.execute(f"DELETE FROM given WHERE {named} <> ?", [annotator])


def prepare_labels(
    connection: duckdb.DuckDBPyConnection, task: Task, by: str
) -> tuple[str, list[str]]:
    """Makes `truths`, `told` and `answered` of `given`.

    Returns:
      The vocabulary of the file, and notes on how it was read.

    Raises:
      UsageError: a column is missing, or has an invalid value.
    """
    names = _names(connection)
    _check_columns(names, ["utterance_id", "truth"], by)
    if "chosen" not in names and "score" not in names:
        raise UsageError("neither `score` nor `chosen` is a column; add one of them")
    if "label" not in names and len(task.labels) != 1:
        raise UsageError(
            f"no column `label`, and task {task.name!r} has several labels; add the "
            "column, with the label that each row is about"
        )
    label = "label" if "label" in names else quote(task.labels[0])
    passes = f"try_cast(score AS DOUBLE) >= {CHOSEN_FROM}"
    chosen = "chosen" if "chosen" in names else passes
    score = "score" if "score" in names else "NULL"
    common = _common(names, by)
    _create(connection, "cast_rows", _CASTS.format(common, label, chosen, score))
    _check_rows(connection, _weight_column(names))
    notes = _notes(connection, names)
    vocabulary = _vocabulary(connection, task)
    _create(connection, "truths", _TRUTHS.format("truth = 1"))
    _create(connection, "told", _TOLD.format("chosen = 1 AS chosen, score"))
    connection.execute(_ANSWERED)
    return vocabulary, notes


def prepare_values(
    connection: duckdb.DuckDBPyConnection, task: Task, by: str
) -> list[str]:
    """Makes `truths` and `told` of `given`; returns notes on how it was read.

    Raises:
      UsageError: a column is missing, or a value is not a number.
    """
    names = _names(connection)
    _check_columns(names, ["utterance_id", "truth_value", "value"], by)
    common, label = _common(names, by), quote(task.name)
    _create(connection, "cast_rows", _VALUE_CASTS.format(common, label))
    for name, column in (("truth", "truth_value"), ("value", "value")):
        _refuse(
            connection,
            f"{name} IS NULL OR NOT isfinite({name})",
            f"`{column}` must be a number, got",
            f"given_{name}",
        )
    _refuse_common(connection, _weight_column(names))
    _create(connection, "truths", _TRUTHS.format("truth"))
    _create(connection, "told", _TOLD.format("value"))
    return _notes(connection, [*names, "chosen"])


def _names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [row[0] for row in connection.sql("DESCRIBE given").fetchall()]


def _check_columns(names: Sequence[str], wanted: Sequence[str], by: str) -> None:
    for name in [*wanted, *([by] if by else [])]:
        if name not in names:
            cure = "name another with --by" if name == by else "rename a column"
            raise UsageError(
                f"no column {shown(name)!r}; {cure}; its columns: "
                f"{listed(names, near=name)}"
            )


def _notes(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> list[str]:
    notes = []
    if "conversation_id" not in names:
        notes.append(
            "no column conversation_id: each utterance counts as its own "
            "conversation; if conversations are longer, intervals are too narrow"
        )
    elif alone := _one(connection, _ALONE):
        notes.append(
            f"{count(alone, 'utterance')} without conversation_id: each counts as its "
            "own conversation"
        )
    if "chosen" not in names and "score" in names:
        notes.append(
            "no column chosen: a label counts as chosen if its score is at least "
            f"{CHOSEN_FROM}"
        )
    return notes


def _weight_column(names: Sequence[str]) -> str:
    """Returns the column that weights come from; empty if there isn't one."""
    return next((name for name in WEIGHTS if name in names), "")


def _common(names: Sequence[str], by: str) -> str:
    unit = "conversation_id" if "conversation_id" in names else "NULL"
    column = _weight_column(names)
    number = f"try_cast({column} AS DOUBLE)"
    weight = {
        "": "1.0",
        "weight": f"CASE WHEN weight IS NULL THEN 1.0 ELSE {number} END",
        "inclusion_probability": f"1.0 / {number}",
    }[column]
    annotator = "annotator_id" if "annotator_id" in names else "NULL"
    part = f"coalesce({quote_name(by)}::VARCHAR, {quote(UNKNOWN)})" if by else "NULL"
    return (
        f"{_ANNOTATOR.format(annotator)} AS annotator_id, "
        "utterance_id::VARCHAR AS utterance_id, "
        f"nullif({unit}::VARCHAR, '') AS given_unit, "
        f"coalesce(given_unit, '(utterance) ' || utterance_id::VARCHAR) AS unit, "
        f"{part}::VARCHAR AS part, "
        f"{column or 'NULL'}::VARCHAR AS given_weight, {weight} AS weight"
    )


def _create(connection: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")


def _check_rows(connection: duckdb.DuckDBPyConnection, weights: str) -> None:
    _refuse(
        connection,
        "truth IS NULL OR truth NOT IN (0, 1)",
        "`truth` must be 0 or 1, got",
        "given_truth",
    )
    _refuse(
        connection,
        "given_chosen IS NOT NULL AND (chosen IS NULL OR chosen NOT IN (0, 1))",
        "`chosen` must be 0 or 1, got",
        "given_chosen",
    )
    _refuse(
        connection,
        "given_score IS NOT NULL AND (score IS NULL OR NOT (score BETWEEN 0 AND 1))",
        "`score` must be a number from 0 to 1, got",
        "given_score",
    )
    _refuse_common(connection, weights)


def _refuse(
    connection: duckdb.DuckDBPyConnection, wrong: str, what: str, column: str
) -> None:
    found = connection.sql(
        f"SELECT utterance_id, {column} FROM cast_rows WHERE {wrong} LIMIT 1"
    ).fetchall()
    if found:
        utterance_id, value = found[0]
        shown = "empty" if value is None else repr(value)
        raise UsageError(f"{what} {shown} (utterance {utterance_id!r}); fix that row")


def _refuse_common(connection: duckdb.DuckDBPyConnection, weights: str) -> None:
    _refuse(connection, "utterance_id IS NULL", "`utterance_id` is", "utterance_id")
    if weights:
        wrong, what = WEIGHTS[weights]
        _refuse(connection, wrong, f"`{weights}` must be {what}, got", "given_weight")
    _refuse_any(
        connection,
        "annotator_id, utterance_id, label HAVING count(*) > 1",
        "{!r} has label {!r} twice by one annotator; keep one row",
    )
    _refuse_any(
        connection,
        "utterance_id, label HAVING count(DISTINCT truth) > 1",
        "{!r} has two different truths for label {!r}; keep one of them",
    )


def _refuse_any(
    connection: duckdb.DuckDBPyConnection, grouped: str, message: str
) -> None:
    query = f"SELECT utterance_id, label FROM cast_rows GROUP BY {grouped} LIMIT 1"
    found = connection.sql(query).fetchall()
    if found:
        raise UsageError("utterance " + message.format(*found[0]))


def _vocabulary(connection: duckdb.DuckDBPyConnection, task: Task) -> str:
    """Returns the vocabulary of the labels of a file."""
    rows = connection.sql("SELECT DISTINCT label FROM cast_rows ORDER BY 1").fetchall()
    labels = [row[0] for row in rows]
    # The finest first: all of Ekman's labels are also GoEmotions'.
    finest = sorted(known().values(), key=lambda v: -len(v.labels))
    if task.vocabulary:
        able = [v.name for v in finest if tasks.members(v.name, task.vocabulary)]
        # The task's own vocabulary takes precedence, because it needs no fold.
        names = list(dict.fromkeys([task.vocabulary, *able]))
    else:
        names = [v.name for v in finest if v.scale is None]
    labels_of = {n: [fine for fine, _ in tasks.members(n, n)] for n in names}
    for name in names:
        if set(labels) <= set(labels_of[name]):
            return name
    there = [label for name in names for label in labels_of[name]]
    strange = [label for label in labels if label not in there] or labels
    raise UsageError(
        f"task {task.name!r}: {unknown_label(str(strange[0]), there)} (all labels of a "
        "file must be from one vocabulary)"
    )


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.sql(query).fetchall()[0][0])


_ALONE = """
SELECT count(DISTINCT utterance_id) FROM cast_rows WHERE given_unit IS NULL
"""
_CASTS = """
SELECT
  {0},
  {1}::VARCHAR AS label,
  truth::VARCHAR AS given_truth,
  coalesce(try_cast(truth AS DOUBLE), try_cast(truth AS BOOLEAN)::DOUBLE) AS truth,
  {2} AS given_chosen,
  coalesce(
    try_cast(given_chosen AS DOUBLE), try_cast(given_chosen AS BOOLEAN)::DOUBLE
  ) AS chosen,
  {3} AS given_score,
  try_cast(given_score AS DOUBLE) AS score
FROM given
"""
_VALUE_CASTS = """
SELECT
  {0},
  {1} AS label,
  truth_value::VARCHAR AS given_truth,
  try_cast(truth_value AS DOUBLE) AS truth,
  value::VARCHAR AS given_value,
  try_cast(value AS DOUBLE) AS value
FROM given
"""
_TRUTHS = """
SELECT
  utterance_id,
  label,
  any_value(unit) AS unit,
  any_value(part) AS part,
  avg(weight) AS weight,
  false AS sampled,
  any_value({0}) AS truth
FROM cast_rows
GROUP BY utterance_id, label
"""
_TOLD = "SELECT annotator_id, utterance_id, label, {0} FROM cast_rows"
_ANSWERED = """
CREATE OR REPLACE TEMP TABLE answered AS
SELECT DISTINCT annotator_id, utterance_id FROM told
"""
