"""The commands `plugins`, `models` and `doctor`."""

import json
import shutil
import sys
from dataclasses import asdict
from importlib.util import find_spec
from typing import Any

from affectflow import registry
from affectflow.cli import show
from affectflow.errors import AffectflowError, PluginImportError, UsageError


def plugins(name: str, as_json: bool) -> int:
    """Runs `affectflow plugins`."""
    rows = [_one(name)] if name else catalogue()
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    elif name:
        show.table(["", ""], [[key, _text(value)] for key, value in rows[0].items()])
    else:
        columns = ["kind", "name", "summary", "licence", "commercial_use", "extra"]
        show.table(columns, [[_text(row.get(c)) for c in columns] for row in rows])
    return 0


def models(as_json: bool) -> int:
    """Runs `affectflow models`."""
    rows = [row for row in catalogue() if row["kind"] == "models"]
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
        return 0
    columns = ["name", "summary", "weights_licence", "commercial_use", "extra"]
    show.table(columns, [[_text(row.get(c)) for c in columns] for row in rows])
    return 0


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def catalogue() -> list[dict[str, Any]]:
    """Returns every plugin with its card; one that does not import, with the reason."""
    return [_described(kind, name) for kind in registry.KINDS for name in _names(kind)]


def _names(kind: str) -> list[str]:
    return registry.names(kind)


def _described(kind: str, name: str) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": kind, "name": name}
    try:
        plugin = registry.load(kind, name)
    except AffectflowError as error:
        return {**row, "summary": f"BROKEN: {error}", "broken": True}
    row["command_line"] = registry.kebab(name)
    card = getattr(plugin, "card", None)
    row |= asdict(card) if card else {"summary": (plugin.__doc__ or "").split("\n")[0]}
    for side in ("requires", "provides"):
        schema = getattr(plugin, side, None)
        if schema is not None and hasattr(schema, "names"):
            row[side] = list(schema.names)
    return row


def _one(name: str) -> dict[str, Any]:
    for kind in registry.KINDS:
        for full in registry.names(kind):
            if name in (full, registry.kebab(full)):
                return _described(kind, full)
    there = ", ".join(n for kind in registry.KINDS for n in registry.names(kind))
    raise UsageError(f"no plugin is named {name!r}; there are {there}")


# -- doctor ------------------------------------------------------------------------

_LIBRARIES = (
    ("apache_beam", "pip install affectflow"),
    ("pyarrow", "pip install affectflow"),
    ("duckdb", "pip install affectflow"),
    ("deltalake", "pip install affectflow"),
    ("torch", "pip install 'affectflow[torch]', only for --model HUB_ID or FOLDER"),
    ("transformers", "pip install 'affectflow[torch]', only for --model HUB_ID"),
    ("s3fs", "pip install 'affectflow[s3]', only for s3:// paths"),
    ("gcsfs", "pip install 'affectflow[gcp]', only for gs:// paths"),
)
_PROGRAMS = (("java", "a JDK 17, only for Spark"),)


def doctor() -> int:
    """Runs `affectflow doctor`: 0 if nothing that every job needs is missing."""
    rows = [["python", "ok", sys.version.split()[0]]]
    rows += [_library(name, cure) for name, cure in _LIBRARIES]
    rows += [_program(name, cure) for name, cure in _PROGRAMS]
    rows += [_plugin(row) for row in catalogue()]
    show.table(["what", "state", "version, or what to type"], rows)
    broken = [row for row in rows if row[1] == "BROKEN"]
    if broken:
        raise PluginImportError(f"{broken[0][0]}: {broken[0][2]}")
    return 0


def _library(name: str, cure: str) -> list[str]:
    if find_spec(name) is None:
        return [name, "missing", cure]
    from importlib.metadata import version

    return [name, "ok", version(name.replace("_", "-"))]


def _program(name: str, cure: str) -> list[str]:
    found = shutil.which(name)
    return [name, "ok", found] if found else [name, "missing", cure]


def _plugin(row: dict[str, Any]) -> list[str]:
    state = "BROKEN" if row.get("broken") else "ok"
    return [f"plugin {row['name']}", state, row["summary"]]
