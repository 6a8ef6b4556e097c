"""The commands `plugins` and `models`."""

import json
import sys
from dataclasses import asdict
from typing import Any

from affectflow import registry
from affectflow.cli import show
from affectflow.errors import AffectflowError, UsageError
from affectflow.options import defaults_of


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
    if options := defaults_of(plugin):
        row["options"] = options
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
