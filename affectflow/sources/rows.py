"""Rows of a source as batches: living ones typed, refused ones with the reason."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import (
    MAX_ROW_BYTES,
    MAX_ROWS,
    TARGET_BYTES,
    Rows,
    split,
    with_column,
)
from affectflow.errors import RowError
from affectflow.schemas import ATTRS, ERRORS_COLUMN, SOURCE_BATCH, raw_name
from affectflow.sources.auto_ids import with_auto_ids
from affectflow.sources.blanks import without_placeholders
from affectflow.sources.bots import are_bots
from affectflow.sources.bots import is_bot_name as is_bot_name
from affectflow.sources.coerce import as_type, strings, text_of, times
from affectflow.sources.keys import KEYS, keys_of, taken_ids, without_roots
from affectflow.sources.lines import Block
from affectflow.sources.mapping import ATTRS_PREFIX
from affectflow.sources.streams import DamagedFileError
from affectflow.sources.whole_columns import Columns

Item = TypeVar("Item")
Row = dict[str, Any]
"""Values by column, of the columns' types."""

PAYLOAD_CHARS = 300
TIMES = ("timestamp", "edited_at")
# No attribute has the empty name: a mapping is not allowed to give it.
_WHOLE = ""

LISTENED_TO = (*KEYS, "text", *TIMES)
"""Columns that are read to learn what only a whole file shows."""
_SOURCE_WORD = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"


class RefusedError(RowError):
    """A row that is not an utterance, with the word that reports group by.

    `row` holds what is known of it anyway, such as its id.
    """

    def __init__(
        self,
        message: str,
        error_type: str = "unknown_shape",
        row: Row | None = None,
    ):
        super().__init__(message)
        self.error_type = error_type
        self.row = row or {}

    def __reduce__(self) -> Any:
        return RefusedError, (str(self), self.error_type, self.row)


def cut(line: bytes | str | None) -> str | None:
    """Returns the start of a raw line, as the payload of a dead letter."""
    if line is None:
        return None
    text = line[: PAYLOAD_CHARS * 4]
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return text_of(text[:PAYLOAD_CHARS])


def errors_of(
    step: str, error_type: str, message: str, payload: bytes | str | None = None
) -> Rows:
    """Returns the `errors` of one row that cannot be read."""
    return [
        {
            "step": step,
            "error_type": error_type,
            "message": message,
            "payload": cut(payload),
        }
    ]


@dataclass
class RawColumns:
    """Rows as a source spells them.

    Args:
      columns: text (or typed times) by target, `attrs.NAME` among them.
      origin: file and place of each row.
      errors: for each row, why it could not be read; None if it could.
      payload: returns the raw line of a row, for dead letters.
    """

    columns: dict[str, pa.Array]
    origin: pa.Array
    errors: list[Rows | None]
    payload: Callable[[int], bytes | str | None]


@dataclass(frozen=True)
class Defaults:
    """What a source says of every row that does not say it itself.

    `columns` says what only whole columns show.
    """

    step: str
    source: str
    visibility: str = "unknown"
    kind: str = "message"
    columns: Columns = field(default_factory=Columns)


def utterances(raw: RawColumns, defaults: Defaults) -> Iterator[pa.RecordBatch]:
    """Yields the rows as batches of `SOURCE_BATCH`, in order, row for row.

    Ids get the prefix `<source>:`, unless they have it. Rows without an id, without
    text, or above `MAX_ROW_BYTES` are dead.
    """
    count = len(raw.origin)
    if not count:
        return
    columns = dict(raw.columns)
    attrs = _taken_attrs(columns)
    for name in [name for name in KEYS if name in columns]:
        columns[name], no_keys = keys_of(name, columns[name], defaults.columns)
        attrs |= no_keys
    for name, words in without_roots(columns, defaults.columns).items():
        attrs[name] = pc.coalesce(words, attrs.get(name, words))
    source = _sources(columns.pop("source", None), defaults.source, count)
    typed = {**taken_ids(columns, source), "source": source, "origin": raw.origin}
    for name, column in columns.items():
        if name in typed:
            continue
        if name in TIMES:
            typed[name], offsets = times(column, partial(defaults.columns.dates, name))
        else:
            typed[name] = as_type(column, name)
        if name == "timestamp" and "utc_offset_min" not in columns:
            typed["utc_offset_min"] = offsets
        attrs |= _unread(name, column, typed[name])
    typed["attrs"] = _attrs(attrs, count)
    if "text" in typed:
        typed["text"] = without_placeholders(typed["text"])
    _fill(typed, defaults, count)
    typed = with_auto_ids(typed)
    yield from _checked(typed, raw, defaults.step, count)


def _sources(column: pa.Array | None, default: str, count: int) -> pa.Array:
    if column is None:
        return pa.repeat(pa.scalar(default, pa.string()), count)
    # A field of this name may hold anything, as Twitter's does: an anchor tag.
    plain = pc.fill_null(pc.match_substring_regex(column, _SOURCE_WORD), False)
    return pc.if_else(plain, column, pa.scalar(default, pa.string()))


def _taken_attrs(columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Takes all attributes out of `columns`; returns them, `attrs` whole as it is."""
    named = {
        name.removeprefix(ATTRS_PREFIX): columns.pop(name)
        for name in list(columns)
        if name.startswith(ATTRS_PREFIX)
    }
    whole = columns.pop("attrs", None)
    return named if whole is None else {**named, _WHOLE: whole}


def _unread(name: str, column: pa.Array, read: pa.Array) -> dict[str, pa.Array]:
    """Returns the values that were there and could not be read, as an attribute."""
    if read.null_count == column.null_count:
        return {}
    text = column.cast(pa.string())
    blank = pc.equal(pc.utf8_trim_whitespace(text), "")
    lost = pc.and_(pc.is_null(read), pc.invert(pc.fill_null(blank, True)))
    if not pc.any(lost).as_py():
        return {}
    return {raw_name(name): pc.if_else(lost, text, pa.scalar(None, pa.string()))}


def _attrs(named: dict[str, pa.Array], count: int) -> pa.Array:
    """Returns attributes as one column of maps."""
    whole = named.pop(_WHOLE, None)
    if not named and whole is None:
        return pa.nulls(count, ATTRS)
    return _maps(named, whole)


def _maps(named: dict[str, pa.Array], whole: pa.Array | None) -> pa.Array:
    values = [column.to_pylist() for column in named.values()]
    count = len(values[0]) if values else len(whole or [])
    rows: list[list[tuple[str, str]]] = [[] for _ in range(count)]
    if whole is not None:
        rows = [_entries(text) for text in whole.to_pylist()]
    for name, texts in zip(named, values, strict=True):
        for row, text in zip(rows, texts, strict=True):
            if text is not None:
                row.append((name, text))
    return pa.array([row or None for row in rows], ATTRS)


def _entries(text: str | None) -> list[tuple[str, str]]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return [("attrs_raw", text or "")]
    if isinstance(found, list):  # how Arrow spells a map
        pairs = [pair for pair in found if isinstance(pair, list) and len(pair) == 2]
        found = {str(key): value for key, value in pairs}
    if not isinstance(found, dict):
        return [("attrs_raw", text or "")]
    return [(k, t) for k, v in found.items() if (t := text_of(v)) is not None]


def _fill(typed: dict[str, pa.Array], defaults: Defaults, count: int) -> None:
    for name, word in (("kind", defaults.kind), ("visibility", defaults.visibility)):
        given = typed.get(name, pa.nulls(count, pa.string()))
        typed[name] = pc.fill_null(given, word)
    if "speaker_id" in typed:
        given = typed.get("is_bot", pa.nulls(count, pa.bool_()))
        typed["is_bot"] = pc.coalesce(given, are_bots(typed["speaker_id"]))


def _checked(
    typed: dict[str, pa.Array], raw: RawColumns, step: str, count: int
) -> Iterator[pa.RecordBatch]:
    errors: list[Rows | None] = list(raw.errors) or [None] * count
    for error_type, message, mask in _complaints(typed, count):
        for row in pc.indices_nonzero(mask).to_pylist():
            if errors[row] is None:
                errors[row] = errors_of(step, error_type, message, raw.payload(row))
    batch = batch_of_columns(typed, count)
    if errors.count(None) < count:
        batch = with_column(
            batch, ERRORS_COLUMN, pa.array(errors, type=ERRORS_COLUMN.type)
        )
    yield from split(batch)


def _complaints(
    typed: dict[str, pa.Array], count: int
) -> Iterator[tuple[str, str, pa.Array]]:
    absent = pa.nulls(count, pa.string())
    ids = typed.get("utterance_id", absent)
    yield (
        "no_id",
        "no utterance_id; map it to a field that every row has",
        ids.is_null(),
    )
    text = typed.get("text", absent)
    large = pc.greater(pc.fill_null(pc.binary_length(text), 0), MAX_ROW_BYTES)
    if pc.any(large, min_count=0).as_py():
        typed["text"] = pc.if_else(large, pa.scalar(None, pa.string()), text)
        message = (
            f"a text larger than {MAX_ROW_BYTES >> 20} MB; cut it, or leave it out"
        )
        yield "too_large", message, large
    yield "no_text", "no text; map it to a field that every row has", text.is_null()


def batch_of_columns(typed: dict[str, pa.Array], count: int) -> pa.RecordBatch:
    """Returns typed columns as a batch of `SOURCE_BATCH`; missing values are null."""
    columns = [
        typed[field.name] if field.name in typed else pa.nulls(count, field.type)
        for field in SOURCE_BATCH
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SOURCE_BATCH)


# -- rows of sources that know their own shape --------------------------------------


def batch_of_rows(rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
    """Returns rows with values of the columns' types as a batch of `SOURCE_BATCH`."""
    used = {name for row in rows for name in row}
    typed = {
        field.name: _column([row.get(field.name) for row in rows], field)
        for field in SOURCE_BATCH
        if field.name in used
    }
    return batch_of_columns(typed, len(rows))


def _column(values: list[Any], field: pa.Field) -> pa.Array:
    if pa.types.is_string(field.type):
        return strings(values)
    try:
        return pa.array(values, field.type)
    except UnicodeEncodeError:
        return pa.array([_scrubbed(value) for value in values], field.type)


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, dict):
        return {text_of(key): _scrubbed(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_scrubbed(each) for each in value]
    return value


def dead_row(
    step: str,
    source: str,
    origin: str,
    error: tuple[str, str],
    payload: bytes | str | None = None,
) -> dict[str, Any]:
    """Returns one refused row; `error` is its type and message."""
    return {
        "source": source,
        "origin": origin,
        "errors": errors_of(step, *error, payload),
    }


def too_large_row(block: Block, uri: str, step: str, source: str) -> Row:
    """Returns the dead row of a line that is too large to be held."""
    error = ("too_large", "a line longer than 64 MB; split it, or leave it out")
    return dead_row(step, source, f"{uri}#{block.offset}", error, block.data)


def in_batches(rows: Iterable[dict[str, Any]]) -> Iterator[pa.RecordBatch]:
    """Yields rows as batches of at most `MAX_ROWS` rows and about `TARGET_BYTES`."""
    for group in grouped(rows, lambda row: 4 * len(row.get("text") or "") + 500):
        yield batch_of_rows(group)


def grouped(
    items: Iterable[Item], size_of: Callable[[Item], int]
) -> Iterator[list[Item]]:
    """Yields items in groups of at most `MAX_ROWS` and about `TARGET_BYTES`.

    If `items` fails, what came before is yielded first.
    """
    pending: list[Item] = []
    size = 0
    try:
        for item in items:
            pending.append(item)
            size += size_of(item)
            if len(pending) >= MAX_ROWS or size >= TARGET_BYTES:
                yield pending
                pending, size = [], 0
    except DamagedFileError:
        if pending:
            yield pending
        raise
    if pending:
        yield pending
