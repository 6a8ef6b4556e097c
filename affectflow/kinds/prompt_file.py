"""Prompts as files of TOML: `docs/prompts.md` lists what one may say."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from affectflow import data
from affectflow.data import DataFile
from affectflow.errors import UsageError
from affectflow.kinds.prompt import Prompt, PromptError, Step
from affectflow.registry import nearest

PromptT = TypeVar("PromptT", bound=Prompt)
_Kind = tuple[str, Callable[[Any], bool]]


def _of(type_: type) -> Callable[[Any], bool]:
    return lambda value: type(value) is type_


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


_TEXT: _Kind = ("a text", _of(str))
_NUMBER: _Kind = ("a whole number", _of(int))
_WORDS: _Kind = ("a list of texts", _is_words)
_TABLE: _Kind = ("a table", _of(dict))
_PROMPT: Mapping[str, _Kind] = MappingProxyType(
    {
        "summary": _TEXT,
        "version": _TEXT,
        "task": _TEXT,
        "source": _TEXT,
        "licence": _TEXT,
        "system": _TEXT,
        "unit": _TEXT,
        "history": _NUMBER,
        "roles": _WORDS,
        "over": _TEXT,
        "fence": ("true or false", _of(bool)),
        "guard": _TEXT,
        "steps": ("a list of tables", _of(list)),
    }
)
_STEP: Mapping[str, _Kind] = MappingProxyType(
    {
        "name": _TEXT,
        "text": _TEXT,
        "parser": _TEXT,
        "labels": _WORDS,
        "vocabulary": _TEXT,
        "options": _TABLE,
        "when": _TEXT,
        "max_new_tokens": _NUMBER,
        "task": _TEXT,
    }
)


def file_of(kind: str, name_or_path: str) -> DataFile:
    """Returns the file of a name, or of a path, which ends in `.toml`.

    Raises:
      UsageError: there is no such file.
    """
    if not name_or_path.endswith(".toml"):
        return data.find(kind, name_or_path)
    path = Path(name_or_path).expanduser()
    if not path.is_file():
        raise UsageError(f"no file {name_or_path!r}; name a file, or one of {kind}")
    return DataFile(kind, path.stem, path.resolve(), "")


def read(cls: type[PromptT], name_or_path: str) -> PromptT:
    """Returns the prompt of a name or of a file.

    Raises:
      UsageError: there is none, or it cannot be asked; names the line.
    """
    file = file_of("prompts", name_or_path)
    said = checked(file, file.table(), _PROMPT, ("task", "steps"))
    tables = [checked(file, each, _STEP, _NEEDED, "step ") for each in said["steps"]]
    try:
        steps = tuple(Step(**_frozen(each)) for each in tables)
        return cls(name=file.name, **{**_frozen(said), "steps": steps})
    except PromptError as error:
        spelt = error.word in file.text()
        line = file.line_of(error.word, nth=error.nth) if spelt else 0
        raise file.fault(str(error), line) from error


_NEEDED = ("name", "text", "parser")


def checked(
    file: DataFile,
    said: Any,
    keys: Mapping[str, _Kind],
    needed: tuple[str, ...] = (),
    where: str = "",
) -> dict[str, Any]:
    """Returns a table of a file whose keys are known and of their types.

    Raises:
      UsageError: they are not; names the line.
    """
    if not isinstance(said, dict):
        raise file.fault(f"a {where.strip()} must be a table, got {said!r}")
    for key, value in said.items():
        if key not in keys:
            why = f"unknown key {key!r}; {nearest(key, keys)}"
            raise file.fault(why, file.line_of(key))
        wanted, right = keys[key]
        if not right(value):
            raise file.fault(f"`{key}` must be {wanted}", file.line_of(key))
    for key in needed:
        if not said.get(key):
            raise file.fault(f"no `{key}`{' in a ' + where if where else ''}".strip())
    return said


def _frozen(said: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in said.items()}
