"""Lines of JSON as columns of text: through Polars, else line by line.

Both ways give the same columns for every line that Polars accepts; a test holds them
together. The slow way also says what is wrong with the lines that it refuses.
"""

import json
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import Rows
from affectflow.sources.coerce import strings
from affectflow.sources.lines import Offsets
from affectflow.sources.mapping import Field, value_at
from affectflow.sources.records import not_an_object
from affectflow.sources.rows import RefusedError, errors_of

# Below this many lines Polars costs more than it saves.
_FEW_LINES = 32
_SAMPLE_BYTES = 64 << 10
_HALF_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])")


class Parsed(NamedTuple):
    """Columns of text by target, and for each row why it was refused, or None."""

    columns: dict[str, pa.Array]
    errors: list[Rows | None]


def parse_lines(
    data: bytes, spans: tuple[Offsets, Offsets], fields: Sequence[Field], step: str
) -> Parsed:
    """Returns the lines of `data` that `spans` names, one row each.

    Where Polars fails, the lines are halved until few are left; those are read one
    by one, so that one damaged line does not slow its neighbours down.
    """
    parts = list(_parts(data, spans, fields, step, 0, len(spans[0])))
    if len(parts) == 1:
        return parts[0]
    targets = dict.fromkeys(name for part in parts for name in part.columns)
    return Parsed(
        {name: _joined(parts, name) for name in targets},
        [error for part in parts for error in part.errors],
    )


def _joined(parts: list[Parsed], name: str) -> pa.Array:
    return pa.concat_arrays(
        [p.columns.get(name, pa.nulls(len(p.errors), pa.string())) for p in parts]
    )


def _parts(
    data: bytes,
    spans: tuple[Offsets, Offsets],
    fields: Sequence[Field],
    step: str,
    low: int,
    high: int,
) -> Iterator[Parsed]:
    starts, ends = spans
    if high - low > _FEW_LINES:
        piece = data[int(starts[low]) : int(ends[high - 1])]
        columns = _fast(piece, high - low, fields)
        if columns is not None:
            lines = _Lines(data, starts[low:high], ends[low:high])
            yield Parsed(_reread(columns, lines, fields), [None] * (high - low))
            return
        middle = (low + high) // 2
        yield from _parts(data, spans, fields, step, low, middle)
        yield from _parts(data, spans, fields, step, middle, high)
        return
    yield slow(_Lines(data, starts[low:high], ends[low:high]), fields, step)


class _Lines(Sequence[bytes]):
    """The lines of a block, cut out when asked for."""

    def __init__(self, data: bytes, starts: Offsets, ends: Offsets):
        self._data, self._starts, self._ends = data, starts, ends

    def __len__(self) -> int:
        return len(self._starts)

    @cached_property
    def have_half_pairs(self) -> bool:
        """Whether the first half of a surrogate pair may stand without its second."""
        if b"\\" not in self._data:
            return False  # one character is found a hundred times faster
        return _HALF_PAIR.search(self._data) is not None

    def __getitem__(self, row: Any) -> Any:
        return self._data[int(self._starts[row]) : int(self._ends[row])]


# -- line by line ----------------------------------------------------------------


def slow(lines: Sequence[bytes], fields: Sequence[Field], step: str) -> Parsed:
    """Returns lines as columns; a line that is not a JSON object is refused."""
    records: list[dict[str, Any]] = []
    errors: list[Rows | None] = []
    for number in range(len(lines)):
        line = lines[number]
        try:
            records.append(record_of(line))
            errors.append(None)
        except RefusedError as error:
            records.append({})
            errors.append(errors_of(step, error.error_type, str(error), line))
    refused = [error is not None for error in errors]
    return Parsed(columns_of(records, refused, fields), errors)


def columns_of(
    records: list[dict[str, Any]], refused: list[bool], fields: Sequence[Field]
) -> dict[str, pa.Array]:
    """Returns JSON objects as columns of text; those refused are null."""
    columns = {}
    for field in fields:
        values = [
            None if dead else value_at(record, field)
            for record, dead in zip(records, refused, strict=True)
        ]
        if field.target == "text":
            values = [joined(value) for value in values]
        if any(value is not None for value in values):
            columns[field.target] = strings(values)
    return columns


def joined(value: Any) -> Any:
    """Returns a text that is a list of pieces, as Telegram writes it, as one text.

    >>> joined(["see ", {"type": "link", "text": "x.example"}])
    'see x.example'
    """
    if not isinstance(value, list) or not value:
        return value
    pieces = [each.get("text") if isinstance(each, dict) else each for each in value]
    texts = [piece for piece in pieces if isinstance(piece, str)]
    return "".join(texts) if len(texts) == len(pieces) else value


def record_of(line: bytes) -> dict[str, Any]:
    """Returns one line as a JSON object; of a key written twice, the first.

    Raises:
      RefusedError: it is not UTF-8, not JSON, or not an object.
    """
    try:
        value = json.loads(
            line.decode(), object_pairs_hook=_first_of_each, strict=False
        )
    except UnicodeDecodeError as error:
        raise RefusedError(
            f"not UTF-8 at byte {error.start} of the line; convert the file with iconv",
            "invalid_utf8",
        ) from error
    except RecursionError as error:
        raise RefusedError("not JSON: nested too deeply", "invalid_json") from error
    except ValueError as error:
        raise RefusedError(f"not JSON: {error}", "invalid_json") from error
    if not isinstance(value, dict):
        raise not_an_object(value)
    return value


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        record.update(reversed(pairs))
    return record


# -- many lines at once ----------------------------------------------------------


def _fast(
    data: bytes, count: int, fields: Sequence[Field]
) -> dict[str, pa.Array] | None:
    """Returns columns, or None where Polars cannot be trusted with these lines."""
    import polars as pl

    names = _named(data, fields)
    present = [f for f in fields if names.issuperset(f.parts) and f.constant is None]
    if any("." in f.path and f.path in names for f in fields):
        return None  # a key with a dot in it: `value_at` knows what goes first
    schema = _schema(present)
    if not schema:
        return None
    try:
        frame = pl.read_ndjson(data, schema=schema)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    if frame.height != count:
        return None
    columns = {f.target: _text(frame.select(_expression(f))) for f in present}
    constants = {f.target: f.constant for f in fields if f.constant is not None}
    return columns | {
        target: pa.repeat(pa.scalar(constant, pa.string()), count)
        for target, constant in constants.items()
    }


def _named(data: bytes, fields: Sequence[Field]) -> set[str]:
    """Returns the names in the fields' paths that may be keys somewhere in `data`.

    Columns that are not there would cost Polars as much as those that are, and one
    search for all names costs less than one for each.
    """
    names = {name for f in fields if f.path for name in (*f.parts, f.path)}
    quoted = {n: json.dumps(n, ensure_ascii=False).encode() for n in names}
    sample = data[:_SAMPLE_BYTES]
    found = {name for name, key in quoted.items() if key in sample}
    absent = sorted(names - found)
    if not absent:
        return found
    pattern = "|".join(re.escape(quoted[name].decode()) for name in absent)
    whole = pa.array([data], pa.large_binary())
    if not pc.match_substring_regex(whole, pattern)[0].as_py():
        return found
    return found | {name for name in absent if quoted[name] in data}


def _schema(fields: Sequence[Field]) -> dict[str, Any] | None:
    """Returns the Polars schema of the fields; None if they are not plain."""
    import polars as pl

    tree: dict[str, Any] = {}
    for field in fields:
        node = tree
        for part in field.parts[:-1]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                return None
        if isinstance(node.get(field.parts[-1]), dict):
            return None
        node[field.parts[-1]] = pl.String
        if any(part.isdigit() for part in field.parts):
            return None
    return {name: _type(node) for name, node in tree.items()}


def _type(node: Any) -> Any:
    import polars as pl

    if isinstance(node, dict):
        return pl.Struct({name: _type(child) for name, child in node.items()})
    return node


def _expression(field: Field) -> Any:
    import polars as pl

    expression = pl.col(field.parts[0])
    for part in field.parts[1:]:
        expression = expression.struct.field(part)
    return expression


def _text(frame: Any) -> pa.Array:
    column = frame.to_series().to_arrow()
    return column.cast(pa.string())


def _reread(
    columns: dict[str, pa.Array], lines: _Lines, fields: Sequence[Field]
) -> dict[str, pa.Array]:
    """Returns `columns` with the values set right that Polars may spell otherwise.

    Polars writes lists and objects its own way, and half a surrogate pair as NUL.
    """
    by_target = {field.target: field for field in fields}
    for target, column in columns.items():
        if by_target[target].constant is not None:
            continue
        doubtful = pc.or_(
            pc.starts_with(column, pattern="["), pc.starts_with(column, pattern="{")
        )
        if lines.have_half_pairs:
            doubtful = pc.or_(doubtful, pc.match_substring(column, "\0"))
        doubtful = pc.fill_null(doubtful, False)
        if not pc.any(doubtful, min_count=0).as_py():
            continue
        rows = pc.indices_nonzero(doubtful).to_pylist()
        values = [value_at(record_of(lines[r]), by_target[target]) for r in rows]
        if target == "text":
            values = [joined(value) for value in values]
        columns[target] = pc.replace_with_mask(column, doubtful, strings(values))
    return columns
