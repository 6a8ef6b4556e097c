"""A plugin to start from: the example of its kind, under a name of your own."""

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import affectflow
from affectflow import registry
from affectflow.errors import StorageError, UsageError

_DISTRIBUTION, _PACKAGE = "affectflow-examples", "affectflow_examples"


class Example(NamedTuple):
    """One plugin of `examples/plugins`."""

    folder: Path
    kind: str
    name: str
    module: str


def write(kind: str, name: str, to: str) -> Path:
    """Writes a distribution with one plugin, and returns its folder.

    Args:
      kind: one that has an example.
      name: the class name.
      to: the folder; if empty, a new one here, named after the plugin.

    Raises:
      UsageError: the kind has no example, the name is not a class name, or the folder
        exists already.
    """
    _check_name(kind, name)
    example, module = example_of(kind), f"affectflow_{_snake(name)}"
    folder = Path(to or module.replace("_", "-"))
    if folder.exists():
        raise UsageError(f"{str(folder)!r} already exists: name another with --to")
    files = {
        "pyproject.toml": _project(example, name, module),
        f"{module}.py": _renamed(example, f"{_PACKAGE}/{example.module}.py", name),
        f"test_{module}.py": _renamed(
            example, f"tests/test_{example.module}.py", name
        ).replace(f"{_PACKAGE}.{example.module}", module),
    }
    try:
        folder.mkdir(parents=True)
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"cannot write {str(folder)!r} ({error.strerror}): name another with --to"
        ) from error
    return folder


def example_of(kind: str) -> Example:
    """Returns the example of a kind.

    Raises:
      UsageError: the kind has none.
    """
    folder = _examples()
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    groups = project["entry-points"]
    if kind not in registry.BASES:
        there = registry.nearest(kind, registry.BASES)
        raise UsageError(f"no example of the kind {kind!r} to start from; {there}")
    # The first of a kind is the typical one.
    name, value = next(iter(groups[f"affectflow.{kind}"].items()))
    return Example(folder, kind, name, value.partition(":")[0].rpartition(".")[2])


def _examples() -> Path:
    package = Path(affectflow.__file__).parent
    # In a wheel they are inside the package; in a checkout, in their own folder.
    installed = package / "examples"
    return installed if installed.is_dir() else package.parent / "examples" / "plugins"


def _check_name(kind: str, name: str) -> None:
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]+", name):
        raise UsageError(f"{name!r} is not a class name: write it like `MyPlugin`")
    if kind == "connectors" and not re.match(r"Read[A-Z]", name):
        raise UsageError(f"the name of a source starts with `Read`: say `Read{name}`")


def _snake(name: str) -> str:
    return registry.kebab(name).replace("-", "_")


def _renamed(example: Example, file: str, name: str) -> str:
    text = (example.folder / file).read_text("utf-8")
    return re.sub(rf"\b{example.name}\b", name, text)


def _project(example: Example, name: str, module: str) -> str:
    """Returns the examples' project file, with one entry point."""
    text = (example.folder / "pyproject.toml").read_text("utf-8")
    head = text[: text.index("\n[project.entry-points")]
    head = re.sub(r'description = ".*"', f'description = "{name} for affectflow"', head)
    head = head.replace(_DISTRIBUTION, module.replace("_", "-"))
    return (
        f'{head}\n[project.entry-points."affectflow.{example.kind}"]\n'
        f'{name} = "{module}:{name}"\n'
    )
