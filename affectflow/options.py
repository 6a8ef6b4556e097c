"""Options of a plugin: the fields of its dataclass, checked and parsed from text.

A command line gives text, YAML and Python give values: both become what the field's
type says, or an error that names the option, the value and what was expected.
"""

import dataclasses
import difflib
import json
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from affectflow.errors import UsageError

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


class _WrongTypeError(ValueError):
    """A value has the wrong type; the message says what was expected."""


def as_given(**options: Any) -> dict[str, Any]:
    """Returns the options that were given: of the others, empty here, defaults hold.

    >>> as_given(prompt="mine", send_to="")
    {'prompt': 'mine'}
    """
    return {name: value for name, value in options.items() if value}


def names_of(cls: Any) -> list[str]:
    """Returns the names of a plugin's options; none if it is not a dataclass."""
    return [field.name for field in _fields(cls)]


def defaults_of(cls: Any) -> dict[str, Any]:
    """Returns a plugin's options with their defaults; a needed one is empty."""
    return {field.name: _default(field) for field in _fields(cls)}


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return "" if field.default is dataclasses.MISSING else field.default


def construct(cls: Any, given: Mapping[str, Any], what: str) -> Any:
    """Returns a plugin made with options.

    Args:
      cls: its class; a dataclass, if it takes any.
      given: options by name; text is read as the type of the field.
      what: the plugin, as `model 'EmbeddedEmotions'`, for the error.

    Raises:
      UsageError: an option is unknown, missing, or of another type.
    """
    fields = {field.name: field for field in _fields(cls)}
    check_known(given, fields, what)
    if missing := missing_of(cls, given):
        said = " ".join(f"--set {name}={_shown(name)}" for name in missing)
        them = "it" if len(missing) == 1 else "them"
        raise UsageError(f"{what} needs {quoted(missing)}; give {them} as {said}")
    hints = typing.get_type_hints(cls) if given else {}
    return cls(**{n: _converted(v, hints[n], n, what) for n, v in given.items()})


def _shown(name: str) -> str:
    """Returns what stands for the value of an option in a message."""
    return {"model": "FOLDER", "url": "URL"}.get(name, "VALUE")


def missing_of(cls: Any, given: Iterable[str]) -> list[str]:
    """Returns the names of the options that a plugin needs and is not given."""
    given = set(given)
    needed = [field.name for field in _fields(cls) if _is_needed(field)]
    return [name for name in needed if name not in given]


def check_known(given: Iterable[str], known: Iterable[str], what: str) -> None:
    """Raises UsageError if a name is not known; answers with the nearest."""
    known = list(known)
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean `{near[0]}`?" if near else _there_are(known)
            raise UsageError(f"unknown option `{name}` of {what}; {hint}")


def meant(word: str, names: Iterable[str], what: str, where: str) -> str:
    """Returns the one of some names that a word means: itself, or as its beginning.

    >>> meant("Emb", ["EmbeddedEmotions@1", "mine@1"], "annotator", "is here")
    'EmbeddedEmotions@1'

    Args:
      word: a name, or a beginning that no other name has.
      names: that there are.
      what: they name, in a word, for the error.
      where: they are, as a predicate, for the error.

    Raises:
      UsageError: it is not one of them, or begins several; says which exist.
    """
    names = list(dict.fromkeys(names))
    if word in names:
        return word
    begun = [name for name in names if name.startswith(word)]
    if len(begun) == 1:
        return begun[0]
    if begun:
        listed = ", ".join(map(repr, sorted(begun)))
        raise UsageError(
            f"{what} {word!r} is ambiguous, it may be {listed}; give more letters of "
            "the name"
        )
    listed = ", ".join(map(repr, names)) or "none"
    raise UsageError(f"no {what} {word!r} {where}; known: {listed}")


def _there_are(known: Sequence[str]) -> str:
    return f"its options are {quoted(known)}" if known else "it takes none"


def quoted(names: Iterable[str]) -> str:
    """Returns names in backticks, with commas."""
    return ", ".join(f"`{name}`" for name in names)


def _fields(cls: Any) -> list["dataclasses.Field[Any]"]:
    if not dataclasses.is_dataclass(cls):
        return []
    return [field for field in dataclasses.fields(cls) if field.init]


def _is_needed(field: "dataclasses.Field[Any]") -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _converted(value: Any, hint: Any, name: str, what: str) -> Any:
    try:
        return convert(value, hint)
    except _WrongTypeError as error:
        raise UsageError(
            f"option `{name}` of {what} must be {error}, got {value!r}"
        ) from error


# -- types -------------------------------------------------------------------------


def convert(value: Any, hint: Any) -> Any:
    """Returns a value as a type; text is read as it.

    Types are str, bool, int, float, Path, Literal, sequences and mappings of these, and
    unions. In text, items of a sequence are separated by commas, a mapping is JSON, and
    `none` is None where the type allows it.

    Raises:
      ValueError: it is not of the type; says what was wanted.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin is typing.Literal:
        return _one_of(value, arguments)
    if origin in (typing.Union, types.UnionType):
        return _first_that_fits(value, arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(value)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return _sequence(value, origin, arguments)
    return _SCALARS.get(hint, lambda given: given)(value)


def _one_of(value: Any, words: Sequence[Any]) -> Any:
    if value not in words:
        raise _WrongTypeError(f"one of {', '.join(map(repr, words))}")
    return value


def _first_that_fits(value: Any, hints: Sequence[Any]) -> Any:
    none = type(None)
    if none in hints and (value is None or value == "none"):
        return None
    wanted = []
    # Text last: everything that is typed is text.
    for hint in sorted((h for h in hints if h is not none), key=lambda h: h is str):
        try:
            return convert(value, hint)
        except _WrongTypeError as error:
            wanted.append(str(error))
    raise _WrongTypeError(" or ".join(wanted) + (" or none" if none in hints else ""))


def _mapping(value: Any) -> dict[Any, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise _WrongTypeError("a JSON object") from error
    if not isinstance(value, Mapping):
        raise _WrongTypeError("a JSON object")
    return dict(value)


def _sequence(value: Any, origin: type, arguments: Sequence[Any]) -> Any:
    if isinstance(value, str):
        value = [each.strip() for each in value.split(",")] if value else []
    if not isinstance(value, Sequence):
        raise _WrongTypeError("a list")
    one_type = origin is not tuple or arguments[-1:] == (...,)
    if not one_type and len(value) != len(arguments):
        raise _WrongTypeError(f"{len(arguments)} values")
    hints = [arguments[0]] * len(value) if one_type else arguments
    found = [convert(each, hint) for each, hint in zip(value, hints, strict=True)]
    return found if origin is list else tuple(found)


def _bool(value: Any) -> bool:
    if isinstance(value, str) and value.lower() in (*_TRUE, *_FALSE):
        return value.lower() in _TRUE
    if not isinstance(value, bool):
        raise _WrongTypeError("true or false")
    return value


def _number(kind: type, wanted: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if isinstance(value, str):
            try:
                return kind(value)
            except ValueError as error:
                raise _WrongTypeError(wanted) from error
        if isinstance(value, bool) or not isinstance(value, int | kind):
            raise _WrongTypeError(wanted)
        return kind(value)

    return read


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _WrongTypeError("text")
    return value


def _path(value: Any) -> Path:
    if not isinstance(value, str | Path):
        raise _WrongTypeError("a path")
    return Path(value).expanduser()


_SCALARS: Mapping[Any, Callable[[Any], Any]] = types.MappingProxyType(
    {
        bool: _bool,
        int: _number(int, "a whole number"),
        float: _number(float, "a number"),
        str: _text,
        Path: _path,
    }
)


# -- the command line ---------------------------------------------------------------


def apart(
    pairs: Iterable[str], plugins: Mapping[str, Iterable[str]]
) -> dict[str, dict[str, str]]:
    """Returns what `--set name=value` says to each plugin of a command.

    `PLUGIN.name=value` names the plugin; a bare name goes to the one that knows it.

    Args:
      pairs: as typed.
      plugins: of each plugin's name, the names of its options.

    Raises:
      UsageError: a pair has no `=`, an option is known to none or to several.
    """
    found: dict[str, dict[str, str]] = {name: {} for name in plugins}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--set takes NAME=VALUE, got {pair!r}")
        plugin, option = _owner(name.strip(), plugins)
        found[plugin][option] = value
    return found


def said(pairs: Iterable[str], option: str) -> str:
    """Returns what `--set` says of one option, before its plugin is known; or ""."""
    values = [pair.partition("=")[2] for pair in pairs if _names(pair) == option]
    return values[-1] if values else ""


def _names(pair: str) -> str:
    return pair.partition("=")[0].strip()


def _owner(name: str, plugins: Mapping[str, Iterable[str]]) -> tuple[str, str]:
    plugin, dot, option = name.partition(".")
    if dot and plugin in plugins:
        check_known([option], plugins[plugin], f"plugin {plugin!r}")
        return plugin, option
    owners = [each for each, options in plugins.items() if name in options]
    if len(owners) > 1:
        said = " or ".join(f"--set {each}.{name}=..." for each in owners)
        raise UsageError(f"both {' and '.join(owners)} take `{name}`: use {said}")
    if not owners:
        everything = dict.fromkeys(o for options in plugins.values() for o in options)
        check_known([name], everything, " or ".join(plugins))
    return owners[0], name
