"""The commands of `plugins`: list the plugins, show, test and create one."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from affectflow import hub
from affectflow.cli import completing, show
from affectflow.cli.declaring import declaring
from affectflow.cli.examples import example_of
from affectflow.cli.meanings import columns_of, meanings_of
from affectflow.cli.options import LinesOrTable, Set
from affectflow.errors import AffectflowError, PluginImportError, UsageError

if TYPE_CHECKING:
    from affectflow.data import DataFile
    from affectflow.kinds.prompt import Step

Kind = Annotated[
    str,
    typer.Option(
        "--kind",
        help="Only this kind, such as `models`.",
        autocompletion=completing.kinds,
    ),
]


class _ShowUnlessNamed(TyperGroup):
    """`plugins NAME` means `plugins show NAME`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, "--help", "-h"):
            args = ["show", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="plugins",
    cls=_ShowUnlessNamed,
    help="List the installed plugins and their files, or show one.",
    epilog=example_of("plugins"),
    subcommand_metavar="[NAME] [--kind KIND] [--format json] | COMMAND [ARGS]...",
)


@app.command("show", epilog=example_of("plugins show"))
def cards(
    name: Annotated[
        str,
        typer.Argument(
            help="One plugin; by default all.",
            autocompletion=completing.after_plugins,
        ),
    ] = "",
    kind: Kind = "",
    shape: LinesOrTable = "table",
) -> int:
    """List the installed plugins, or show one (`show` is optional)."""
    rows = [_described(*n) for n in _named(name, kind)] if name else catalogue(kind)
    if shape == "json":
        for row in rows:
            show.as_object(row)
    elif name:
        for row in rows:
            _show_one(row)
    else:
        known = [row for row in rows if row["kind"] == hub.KIND] if kind else []
        others = [row for row in rows if row not in known]
        weights = ["weights_licence"] if kind == "models" else []
        columns = ["name", "summary", "licence", *weights, "commercial_use", "extra"]
        _show(columns if kind else ["kind", *columns], [*map(_as_typed, others)])
        _show(_OF_HUB, known)
    return 0


def _as_typed(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns a row with the name as its command takes it: `train graph-eeg`."""
    typed = row["kind"] == "trainers" and "command_line" in row
    return {**row, "name": row["command_line"]} if typed else row


def _show_one(row: Mapping[str, Any]) -> None:
    """Shows a card, each option and each column of a measure on its own line."""
    columns = row.get("columns", ())
    apart = _APART if "meanings" in row else ()
    apart = (*apart, "columns", "reads") if columns else apart
    show.table(["", ""], [[k, _text(v)] for k, v in row.items() if k not in apart])
    if meanings := row.get("meanings"):
        options = row["options"].items()
        cells = [
            [name, _default(row, name, value), meanings.get(name, "")]
            for name, value in options
        ]
        show.table(["option (--set)", "default", "what it means"], cells)
    if columns:
        cells = [
            [each["name"], "needed" if each["needed"] else "", each["doc"]]
            for each in columns
        ]
        show.table(["column", "", "what it holds"], cells)


def _default(row: Mapping[str, Any], option: str, value: Any) -> str:
    return "(needed)" if option in row["needed"] else _text(value)


_APART = ("options", "meanings", "needed")
_OF_HUB = (
    *("model", "summary", "task", "vocabulary", "size", "languages", "licence"),
    *("commercial_use", "figure", "source"),
)


def _show(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        show.table(columns, [[_text(row.get(c, "")) for c in columns] for row in rows])


@app.command("test", epilog=example_of("plugins test"))
@declaring
def check(
    name: Annotated[
        str,
        typer.Argument(help="An installed plugin.", autocompletion=completing.plugins),
    ],
    kind: Kind = "",
    settings: Set = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder with the data for a trainer.")
    ] = None,
) -> int:
    """Check that a plugin meets the contract of its kind."""
    from affectflow import data as files

    return max(
        _check_file(its_kind, full)
        if its_kind in files.KINDS
        else _check_code(its_kind, full, settings, data)
        for its_kind, full in _named(name, kind)
    )


def _check_file(kind: str, name: str) -> int:
    row = _file(kind, name)
    if row.get("broken"):
        return _fails(row["summary"].removeprefix("BROKEN: "))
    _keeps(f"it is read: {row['file']}")
    return _checked(_check_prompt, name) if kind == "prompts" else 0


def _check_prompt(name: str) -> None:
    from affectflow.kinds.prompt import Prompt
    from affectflow.testing import check_prompt

    check_prompt(Prompt.load(name), tell=_keeps)


def _check_code(kind: str, name: str, settings: Set, data: Path | None) -> int:
    from affectflow import registry
    from affectflow.options import apart, names_of

    try:
        plugin = registry.load(kind, name)
    except PluginImportError as error:
        return _fails(str(error))
    given = apart(settings or (), {name: names_of(plugin)})[name]
    made = registry.make(kind, name, given) if isinstance(plugin, type) else plugin
    from affectflow.testing import check_plugin

    return _checked(partial(check_plugin, kind, data=data, tell=_keeps), made)


def _checked(check: Callable[[Any], None], plugin: Any) -> int:
    """Returns 0 if a check passes; otherwise prints its findings and returns 1."""
    try:
        check(plugin)
    except (AffectflowError, AssertionError) as error:
        return _fails(str(error))
    except Exception as error:  # a plugin may fail in any way
        return _fails(f"{type(error).__name__}: {error}")
    return 0


@app.command(epilog=example_of("plugins new"))
def new(
    kind: Annotated[
        str,
        typer.Argument(
            help="A kind of plugin or of file, such as `renderers` or `prompts`.",
            autocompletion=completing.kinds,
        ),
    ],
    name: Annotated[
        str,
        typer.Argument(
            help="Name of the class, such as `RenderSighs`; of a function or a file, "
            "such as `my_prompt`."
        ),
    ],
    to: Annotated[
        str, typer.Option(help="Where to create it; by default affectflow-NAME.")
    ] = "",
) -> int:
    """Create a plugin: a folder with a small working example and its test."""
    from affectflow.cli import beginnings

    folder = beginnings.write(kind, name, to)
    sys.stdout.write(f"{folder}\n")
    # Sources are tried on files; the example's own test brings some.
    tested = (
        f"pytest {folder}"
        if kind == "connectors"
        else f"affectflow plugins test {name}"
    )
    show.say(f"next:  pip install -e {folder} && {tested}")
    return 0


def _keeps(promise: str) -> None:
    sys.stdout.write(f"ok      {promise}\n")


def _fails(why: str) -> int:
    sys.stdout.write(f"FAILED  {' '.join(why.split())}\n")
    return 1


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_text(each)}" for key, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def catalogue(kind: str = "") -> list[dict[str, Any]]:
    """Returns the card of every plugin and data file, or of every one of a kind.

    A broken one is listed with the reason.
    """
    return [_described(*each) for each in _names(kind)]


def _names(kind: str) -> list[tuple[str, str]]:
    """Returns kind and name of everything of a kind; of all kinds if it is empty."""
    from affectflow import data, registry

    kinds = (*registry.KINDS, *data.KINDS)
    if kind and kind not in kinds:
        raise UsageError(f"unknown kind {kind!r}; {registry.nearest(kind, kinds)}")
    # Known hub models are models too, and need no installation.
    wanted = ["models", hub.KIND] if kind == "models" else [kind]
    return [
        (each, name)
        for each in (wanted if kind else kinds)
        for name in (data if each in data.KINDS else registry).names(each)
    ]


def _described(kind: str, name: str) -> dict[str, Any]:
    from affectflow import data

    return _file(kind, name) if kind in data.KINDS else _plugin(kind, name)


def _file(kind: str, name: str) -> dict[str, Any]:
    from affectflow import data

    row: dict[str, Any] = {"kind": kind, "name": name}
    try:
        file = data.find(kind, name)
        said = _READERS.get(kind, _table)(file)
    except AffectflowError as error:
        return {**row, "summary": f"BROKEN: {error}", "broken": True}
    brought = file.distribution or "the core"
    return {**row, **said, "file": str(file.path), "distribution": brought}


def _table(file: "DataFile") -> dict[str, Any]:
    return file.table()


def _view(file: "DataFile") -> dict[str, Any]:
    from affectflow.lake.views import describe_view

    return {"summary": describe_view(file.text())}


def _vocabulary(file: "DataFile") -> dict[str, Any]:
    from affectflow import vocabularies

    vocabularies.get(file.name)
    return file.table()


def _stimulus(file: "DataFile") -> dict[str, Any]:
    from affectflow.kinds.stimulus import pack_of

    return pack_of(file.name)[1]


def _style(file: "DataFile") -> dict[str, Any]:
    from affectflow.kinds.style import frame_of

    frame_of(file.name)
    return file.table()


def _guard(file: "DataFile") -> dict[str, Any]:
    from affectflow.kinds.guard import Guard

    Guard.load(file.name)
    return file.table()


def _prompt(file: "DataFile") -> dict[str, Any]:
    """Returns the content of a prompt, one row for each step."""
    from affectflow.kinds.prompt import Prompt

    prompt = Prompt.load(file.name)
    said = {key: value for key, value in file.table().items() if key != "steps"}
    steps = {f"step {step.name}": _step(step) for step in prompt.steps}
    return {**said, "digest": prompt.digest, **steps}


def _step(step: "Step") -> str:
    """Returns what a step asks, when, and how it can be answered."""
    told = [f"when {step.when}"] if step.when else []
    labels = f": {', '.join(step.labels)}" if step.labels else ""
    return "\n".join([*told, step.text.strip(), f"-> {step.parser}{labels}"])


def _hub(file: "DataFile") -> dict[str, Any]:
    hub.get(file.name)
    return file.table()


_READERS: Mapping[str, Callable[["DataFile"], dict[str, Any]]] = {
    "views": _view,
    "vocabularies": _vocabulary,
    "prompts": _prompt,
    "guards": _guard,
    "stimuli": _stimulus,
    "styles": _style,
    hub.KIND: _hub,
}


def _plugin(kind: str, name: str) -> dict[str, Any]:
    from affectflow import registry
    from affectflow.options import defaults_of, missing_of

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
        row["needed"] = missing_of(plugin, ())
        row["meanings"] = {
            name: text for name, text in meanings_of(plugin).items() if name in options
        }
    for side in ("requires", "reads", "provides"):
        schema = getattr(plugin, side, None)
        if schema is not None and hasattr(schema, "names"):
            row[side] = list(schema.names)
    if kind == "measures":
        row["columns"] = [
            {"name": name, "needed": needed, "doc": said}
            for name, needed, said in columns_of(plugin)
        ]
    return row


def _named(name: str, kind: str) -> list[tuple[str, str]]:
    """Returns everything with a name: usually one plugin or file."""
    from affectflow import registry

    there = _names(kind)
    named = [each for each in there if name in (each[1], registry.kebab(each[1]))]
    if not named:
        names = [full for _, full in there]
        listing = f"affectflow plugins{f' --kind {kind}' if kind else ''}"
        hint = registry.nearest(
            name, names, map(registry.kebab, names), listed_by=listing
        )
        raise UsageError(f"no plugin is named {name!r}; {hint}")
    return named
