"""Which field of a source goes into which column of `utterances`."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from affectflow.column_names import listed, shown
from affectflow.errors import UsageError
from affectflow.schemas import UTTERANCES
from affectflow.sources.auto_ids import AUTO
from affectflow.sources.suggestion import suggestion

_ATTRS = "attrs"
ATTRS_PREFIX = f"{_ATTRS}."
_AUTO_WORD = "auto"
_NOT_MAPPABLE = frozenset({"segments", "origin", "content_hash", "bucket"})

TARGETS = tuple(name for name in UTTERANCES.names if name not in _NOT_MAPPABLE)
"""Columns that a mapping may name; also `attrs.NAME`."""


@dataclass(frozen=True)
class Field:
    """Where the values of one column come from: a constant, or a path of names."""

    target: str
    path: str = ""
    constant: str | None = None

    @property
    def parts(self) -> list[str]:
        return self.path.split(".")


def parse_mapping(mapping: Mapping[str, str]) -> list[Field]:
    """Returns the fields of a mapping, and those taken because of their name.

    Raises:
      UsageError: a target is not a column that can be mapped, or its source is empty.
    """
    for target, source in mapping.items():
        _check_target(target, source)
        if not source:
            raise UsageError(
                f"{target!r} is mapped to nothing; name a field, such as "
                f"{target}=FIELD, or a constant, such as {target}='VALUE'"
            )
    named = [_field(target, source) for target, source in mapping.items()]
    rest = [Field(name, name) for name in TARGETS if name not in mapping]
    return [*named, *rest]


def _field(target: str, source: str) -> Field:
    if target == "utterance_id" and source == _AUTO_WORD:
        return Field(target, constant=AUTO)
    if len(source) >= 2 and source[0] == source[-1] == "'":
        return Field(target, constant=source[1:-1])
    return Field(target, source)


def _check_target(target: str, source: str) -> None:
    if target == _ATTRS:
        raise UsageError(
            f"{target!r} has many fields: name each, such as attrs.{source or 'NAME'}="
            f"{source or 'FIELD'}; other columns that a field can be mapped to: "
            f"{', '.join(name for name in TARGETS if name != _ATTRS)}"
        )
    if target in TARGETS or (
        target.startswith(ATTRS_PREFIX) and len(target) > len(ATTRS_PREFIX)
    ):
        return
    if source in TARGETS:
        raise UsageError(
            f"{target!r} is not a column of utterances, but {source!r} is: the column "
            f"comes first: {source}={target}"
        )
    near = difflib.get_close_matches(target, TARGETS, n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(map(repr, near))}?" if near else _all_targets()
    raise UsageError(
        f"{target!r} is not a column that a field can be mapped to; {hint} "
        f"(anything else: attrs.{target}=FIELD)"
    )


def _all_targets() -> str:
    return "columns are " + ", ".join(TARGETS)


def check_fields(
    fields: Iterable[Field], mapping: Mapping[str, str], present: list[str], uri: str
) -> None:
    """Checks that the fields of a file give every utterance an id and a text.

    `present` are the names of all fields of the file at `uri`.

    Raises:
      UsageError: a mapped field is not there, or nothing gives the id or the text.
    """
    given = [f for f in fields if f.constant is not None or _there(f, present)]
    for target, source in mapping.items():
        if target not in [f.target for f in given]:
            near = difflib.get_close_matches(source, present, n=3, cutoff=0.4)
            meant = ", ".join(repr(shown(name)) for name in near)
            hint = f"did you mean {meant}? " if near else ""
            raise UsageError(
                f"{uri!r} has no field {shown(source)!r} for {target}; {hint}"
                f"fields here: {listed(present)}"
            )
    check_named(given, present, uri)


def check_named(given: Iterable[Field], present: list[str], uri: str) -> None:
    """Checks that `utterance_id` and `text` are among the fields given.

    Raises:
      UsageError: they are not; says what to type, and which fields are there.
    """
    typed = {field.target: _typed(field) for field in given}
    for needed in ("utterance_id", "text"):
        if needed not in typed:
            raise UsageError(
                f"no field of {uri!r} gives {needed}; type "
                f"{suggestion(typed.items(), present)}; "
                f"fields here: {listed(present)}"
            )


def _typed(field: Field) -> str:
    """Returns a field as `--map` takes it; empty if it has the name of its column."""
    if field.constant is not None:
        return _AUTO_WORD if field.constant == AUTO else f"'{field.constant}'"
    return "" if field.path == field.target else field.path


def _there(field: Field, present: list[str]) -> bool:
    return field.path in present or field.parts[0] in present


def value_at(record: Mapping[str, Any], field: Field) -> Any:
    """Returns the value of a field in one JSON object; None if it is not there.

    A key that is the whole path goes before the nested way.
    """
    if field.constant is not None:
        return field.constant
    value: Any = record.get(field.path)
    if value is not None or "." not in field.path:
        return value
    value = record
    for part in field.parts:
        value = _step(value, part)
    return value


def _step(value: Any, part: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    return None
