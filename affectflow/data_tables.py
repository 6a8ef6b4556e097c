"""Files of data, read as tables whose keys and types are checked."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from affectflow import data
from affectflow.data import DataFile
from affectflow.errors import UnknownPluginError, UsageError
from affectflow.registry import nearest

Kind = tuple[str, Callable[[Any], bool]]
"""What a key must be, in words, and whether a value is it."""


_EXAMPLES = {
    "suites": "; a suite names tasks and the files of their data, as [[tasks]] name = "
    '"mine", data = "labelled.csv", text = "text", gold = "label", model = "FOLDER", '
    'metrics = ["f1_macro"]; docs/eval.md has one, and so has each of'
}
"""How files of a kind are begun, where a command reads other files, too."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


TEXT: Kind = ("a text", _is_text)
WORDS: Kind = ("a list of texts", _is_words)
NUMBER: Kind = ("a whole number", lambda value: type(value) is int)
FLAG: Kind = ("true or false", lambda value: isinstance(value, bool))
TABLE: Kind = ("a table", lambda value: isinstance(value, dict))
TABLES: Kind = (
    "a list of tables",
    lambda value: isinstance(value, list) and all(isinstance(v, dict) for v in value),
)


def table_of(kind: Kind) -> Callable[[Any], bool]:
    """Returns whether a value is a table whose values are of a kind."""
    return lambda value: isinstance(value, dict) and all(map(kind[1], value.values()))


def file_of(kind: str, name_or_path: str) -> DataFile:
    """Returns the file of a name, or of a path, which ends in `.toml`.

    Raises:
      UsageError: there is no such file.
    """
    path = Path(name_or_path).expanduser()
    if path.suffix != ".toml":
        return _named(kind, name_or_path, path)
    if not path.is_file():
        raise UsageError(
            f"no file {name_or_path!r}; name a file, or one of "
            f"`affectflow plugins --kind {kind}`"
        )
    return DataFile(kind, path.stem, path.resolve(), "")


def _named(kind: str, name: str, path: Path) -> DataFile:
    """Returns the file of a name; says so if a path may have been meant.

    Raises:
      UsageError: no file has the name.
    """
    try:
        return data.find(kind, name)
    except UnknownPluginError as unknown:
        if path.is_file():
            raise UsageError(
                f"a file of {kind} is TOML, and its name ends in `.toml`, got {name!r}"
                f"{_EXAMPLES.get(kind, '; copy one of')} "
                f"`affectflow plugins --kind {kind}`"
            ) from unknown
        if name and (near := Path(f"{path}.toml")).is_file():
            raise UsageError(
                f"none of the {kind} is named {name!r}; did you mean {str(near)!r}?"
            ) from unknown
        raise


def checked(
    file: DataFile,
    said: Mapping[str, Any],
    keys: Mapping[str, Kind],
    needed: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Returns a table of a file whose keys are known and of their kinds.

    Raises:
      UsageError: they are not, or one that is needed is missing; names the line.
    """
    for key, value in said.items():
        if key not in keys:
            hint = nearest(key, keys)
            raise file.fault(f"unknown key {key!r}; {hint}", file.line_of(key))
        wanted, right = keys[key]
        if not right(value):
            raise file.fault(f"`{key}` must be {wanted}", file.line_of(key))
    for key in needed:
        if key not in said:
            raise file.fault(f"no `{key}`")
    return dict(said)


def frozen(said: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a file says, its lists as tuples."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in said.items()}
