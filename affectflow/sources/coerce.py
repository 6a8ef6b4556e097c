"""Converts values as sources spell them to the types of our columns; lenient."""

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.schemas import UTTERANCES
from affectflow.sources.times import parse_time as parse_time
from affectflow.sources.times import times as times

_SURROGATES = re.compile("[\ud800-\udfff]")
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)(?:[.,](\d{1,3}))?", re.ASCII)
_WORDS = {
    **dict.fromkeys(("true", "1", "yes", "y", "t", "1.0"), True),
    **dict.fromkeys(("false", "0", "no", "n", "f", "0.0"), False),
}


def text_of(value: Any) -> str | None:
    """Returns a JSON value as the text that a column holds.

    Whole numbers lose their fraction (`12.0` is an id that a data frame wrote);
    lists and objects become JSON; half a surrogate pair becomes U+FFFD.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATES.sub("\ufffd", value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    compact = json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), default=text_of
    )
    return _SURROGATES.sub("\ufffd", compact)


def _float_text(value: float) -> str | None:
    if math.isnan(value) or math.isinf(value):
        return None
    return format(Decimal(repr(value)).normalize(), "f")


def strings(values: list[Any]) -> pa.Array:
    """Returns a list of JSON values as one column of text."""
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
        return pa.array([text_of(value) for value in values], pa.string())


def as_type(column: pa.Array, name: str) -> pa.Array:
    """Returns a column of text as the type of the utterances column `name`.

    What does not read as that type is null. Times have a function of their own.
    """
    type_ = UTTERANCES.field(name).type
    if column.type == type_:
        return column
    if pa.types.is_boolean(type_):
        return _mapped(column, lambda text: _WORDS.get(text.strip().lower()), type_)
    if name in ("start_s", "end_s"):
        return _mapped(column, seconds_of, type_)
    if pa.types.is_floating(type_):
        return _mapped(column, _number, type_)
    if pa.types.is_integer(type_):
        return _mapped(column, _small_integer, type_)
    return column.cast(type_)


def _mapped(column: pa.Array, function: Callable[[str], Any], type_: Any) -> pa.Array:
    known = {text: function(text) for text in pc.unique(column.drop_null()).to_pylist()}
    return pa.array([known.get(text) for text in column.to_pylist()], type_)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def seconds_of(text: str) -> float | None:
    """Returns seconds, also of a time as subtitles write it: `00:20:57,256`."""
    clock = _CLOCK.fullmatch(text.strip())
    if not clock:
        return _number(text)
    hours, minutes, seconds, fraction = clock.groups("0")
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return float(f"{whole}.{fraction}")


def _small_integer(text: str) -> int | None:
    value = _number(text)
    return round(value) if value is not None and abs(value) < 1 << 15 else None
