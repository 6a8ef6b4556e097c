"""The commands of `plugins`: which there are, and what each is."""

import json
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from affectflow.cli import show
from affectflow.errors import AffectflowError, UsageError


class _ShowUnlessNamed(TyperGroup):
    """`plugins NAME` means `plugins show NAME`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, "--help", "-h"):
            args = ["show", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="plugins",
    cls=_ShowUnlessNamed,
    help="List the installed plugins, or show one plugin's card.",
    subcommand_metavar="[NAME] [--kind KIND] [--json] | COMMAND [ARGS]...",
)


@app.command("show")
def cards(
    name: Annotated[str, typer.Argument(help="One plugin; all if empty.")] = "",
    kind: Annotated[str, typer.Option(help="Only this kind, as `models`.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> int:
    """List the installed plugins, or show one plugin's card; needs not be typed."""
    rows = [_one(name, kind)] if name else catalogue(kind)
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    elif name:
        show.table(["", ""], [[key, _text(value)] for key, value in rows[0].items()])
    else:
        weights = ["weights_licence"] if kind == "models" else []
        columns = ["name", "summary", "licence", *weights, "commercial_use", "extra"]
        columns = columns if kind else ["kind", *columns]
        show.table(columns, [[_text(row.get(c)) for c in columns] for row in rows])
    return 0


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def catalogue(kind: str = "") -> list[dict[str, Any]]:
    """Returns every plugin, or every one of a kind, with its card.

    One that does not import is there with the reason.
    """
    return [_described(*each) for each in _names(kind)]


def _names(kind: str) -> list[tuple[str, str]]:
    """Returns kind and name of the plugins of a kind; of all kinds if it is empty."""
    from affectflow import registry

    kinds = [kind] if kind else registry.KINDS
    return [(each, name) for each in kinds for name in registry.names(each)]


def _described(kind: str, name: str) -> dict[str, Any]:
    from affectflow import registry
    from affectflow.options import defaults_of

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


def _one(name: str, kind: str) -> dict[str, Any]:
    from affectflow import registry

    there = _names(kind)
    for its_kind, full in there:
        if name in (full, registry.kebab(full)):
            return _described(its_kind, full)
    everything = ", ".join(full for _, full in there)
    raise UsageError(f"no plugin is named {name!r}; there are {everything}")
