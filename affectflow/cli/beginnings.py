"""A plugin to begin with: the example of its kind, under a name of one's own.

A kind of code gives a module with one class or function; a kind of files a package with
one file of data. Both get a project file, and the example's test.
"""

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import affectflow
from affectflow import data, registry
from affectflow.errors import StorageError, UsageError

_DISTRIBUTION, _PACKAGE = "affectflow-examples", "affectflow_examples"
_FUNCTIONS = tuple(kind for kind in registry.KINDS if kind not in registry.BASES)
"""Kinds whose plugins are functions."""


class Example(NamedTuple):
    """One plugin of `examples/plugins`, or one of its files of data.

    Args:
      kind: a kind of plugin or of files.
      name: of the class, the function or the file.
      file: below the folder of the examples.
      test: its test, likewise.
    """

    kind: str
    name: str
    file: str
    test: str


def write(kind: str, name: str, to: str) -> Path:
    """Writes a distribution with one plugin, and returns its folder.

    Args:
      kind: of plugins or of files.
      name: of the class, the function or the file.
      to: the folder; beside this one, named after the plugin, if empty.

    Raises:
      UsageError: the kind is unknown, the name is not one of its kind, or the folder
        exists already.
    """
    example = example_of(kind)
    _check_name(kind, name)
    module = f"affectflow_{_snake(name)}"
    folder = Path(to or module.replace("_", "-"))
    if folder.exists():
        raise UsageError(f"{str(folder)!r} already exists: name another with --to")
    files = {
        "pyproject.toml": _project(example, name, module),
        f"test_{module}.py": _test(example, name, module),
        **_own(example, name, module),
    }
    try:
        for file, text in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"cannot write {str(folder)!r} ({error.strerror}): name another with --to"
        ) from error
    return folder


def example_of(kind: str) -> Example:
    """Returns the example of a kind.

    Raises:
      UsageError: there is no such kind.
    """
    if kind in data.KINDS:
        # The first by its name is the usual one.
        path = min((_examples() / _PACKAGE / "data" / kind).iterdir())
        file = path.relative_to(_examples()).as_posix()
        return Example(kind, path.stem, file, f"tests/test_{path.stem}.py")
    if kind not in registry.KINDS:
        kinds = (*registry.KINDS, *data.KINDS)
        raise UsageError(f"unknown kind {kind!r}; {registry.nearest(kind, kinds)}")
    groups = tomllib.loads(_text("pyproject.toml"))["project"]["entry-points"]
    # The first of a kind is the usual one.
    name, value = next(iter(groups[f"affectflow.{kind}"].items()))
    module = value.partition(":")[0].rpartition(".")[2]
    return Example(kind, name, f"{_PACKAGE}/{module}.py", f"tests/test_{module}.py")


def _examples() -> Path:
    package = Path(affectflow.__file__).parent
    # In a wheel they are inside the package; in a checkout, in their own folder.
    installed = package / "examples"
    return installed if installed.is_dir() else package.parent / "examples" / "plugins"


def _text(file: str) -> str:
    return (_examples() / file).read_text("utf-8")


def _check_name(kind: str, name: str) -> None:
    if kind in registry.BASES:
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]+", name):
            raise UsageError(f"{name!r} is not a class name: write it like `MyPlugin`")
        if kind == "connectors" and not re.match(r"Read[A-Z]", name):
            raise UsageError(
                f"the name of a source starts with `Read`: say `Read{name}`"
            )
    elif not re.fullmatch(r"[a-z][a-z0-9_]+", name):
        what = "a function" if kind in _FUNCTIONS else "a file"
        raise UsageError(f"{name!r} is not a name of {what}: write it like `my_plugin`")


def _snake(name: str) -> str:
    return registry.kebab(name).replace("-", "_")


def _own(example: Example, name: str, module: str) -> dict[str, str]:
    """Returns the files of the plugin itself, by their paths."""
    text = _text(example.file)
    if example.kind not in data.KINDS:
        return {f"{module}.py": _renamed(example, text, name)}
    ending = Path(example.file).suffix
    said = f'"""Files for affectflow: {example.kind}."""\n'
    return {
        f"{module}/__init__.py": said,
        f"{module}/data/{example.kind}/{name}{ending}": text,
    }


def _test(example: Example, name: str, module: str) -> str:
    text = _renamed(example, _text(example.test), name)
    return text.replace(f"{_PACKAGE}.{Path(example.file).stem}", module)


def _renamed(example: Example, text: str, name: str) -> str:
    # The module of a function is called like it; both names change below.
    return re.sub(rf"(?<!{_PACKAGE}\.)\b{example.name}\b", name, text)


def _project(example: Example, name: str, module: str) -> str:
    """Returns the examples' project file, with one entry point."""
    text = _text("pyproject.toml")
    head = text[: text.index("\n[project.entry-points")]
    head = re.sub(r'description = ".*"', f'description = "{name} for affectflow"', head)
    head = head.replace(_DISTRIBUTION, module.replace("_", "-"))
    group, point = example.kind, f'{name} = "{module}:{name}"'
    if example.kind in data.KINDS:
        group, point = "data", f'{module} = "{module}.data"'
    return f'{head}\n[project.entry-points."affectflow.{group}"]\n{point}\n'
