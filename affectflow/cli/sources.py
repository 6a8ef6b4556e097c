"""From `--source` and `--map` to a source."""

import dataclasses
import difflib
from collections.abc import Sequence
from typing import Any

from affectflow import registry
from affectflow.errors import UsageError
from affectflow.lake.storage import Storage

HEAD_BYTES = 65_536
AUTO = "auto"


def source_for(paths: Sequence[str], name: str, pairs: Sequence[str]) -> Any:
    """Returns the source that a command line names.

    Raises:
      UsageError: no such source, a bad mapping, or `auto` recognises nothing.
    """
    plugin = _recognised(paths) if name == AUTO else _named(name)
    mapping = parse_map(pairs)
    fields = {field.name for field in dataclasses.fields(plugin)}
    arguments: dict[str, Any] = {"paths": list(paths)}
    if mapping:
        if "mapping" not in fields:
            raise UsageError(
                f"--source {registry.kebab(plugin.__name__)} knows its columns and "
                "takes no --map"
            )
        arguments["mapping"] = mapping
    return plugin(**arguments)


def _named(name: str) -> Any:
    sources = [n for n in registry.names("connectors") if n.startswith("Read")]
    spellings = {registry.kebab(n): n for n in sources} | {n: n for n in sources}
    if name not in spellings:
        near = difflib.get_close_matches(name, spellings, n=2)
        there = ", ".join(registry.kebab(n) for n in sources)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {there}"
        raise UsageError(f"no source is named {name!r}; {hint}")
    return registry.load("connectors", spellings[name])


def parse_map(pairs: Sequence[str]) -> dict[str, str]:
    """Returns `text=body,utterance_id=id` as a mapping from column to field.

    Raises:
      UsageError: a pair has no `=`.
    """
    mapping = {}
    for pair in (p.strip() for text in pairs for p in text.split(",") if p.strip()):
        column, equals, field = pair.partition("=")
        if not equals or not column or not field:
            raise UsageError(f"--map {pair!r} is not column=field")
        mapping[column.strip()] = field.strip()
    return mapping


def _recognised(paths: Sequence[str]) -> Any:
    """Returns the source that is surest of the first file."""
    path, head = _head(paths)
    source, confidence = registry.surest_source(path, head)
    if confidence <= 0:
        raise UsageError(f"cannot tell what {path!r} is; name it with --source NAME")
    return source


def _head(paths: Sequence[str]) -> tuple[str, bytes]:
    storage = Storage(paths[0])
    found = [p for p in sorted(storage.fs.glob(storage.root)) if storage.fs.isfile(p)]
    if not found and storage.fs.isdir(storage.root):
        found = sorted(storage.fs.find(storage.root))
    if not found:
        raise UsageError(f"no such file: {paths[0]!r}; give a path, a glob or a URL")
    with storage.fs.open(found[0], "rb", compression="infer") as file:
        return found[0], file.read(HEAD_BYTES)
