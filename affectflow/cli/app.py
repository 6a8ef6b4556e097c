"""The command line as a whole: its commands, and the options they all share."""

from collections.abc import Callable
from typing import Annotated

import typer

from affectflow.cli import (
    calibrating,
    comparing,
    demo,
    doctor,
    evaluating,
    exporting,
    lakes,
    measuring,
    pipelines,
    planning,
    plugins,
    replaying,
    serving,
    textualizing,
    training,
    upkeep,
    validation,
    yaml_pipelines,
)
from affectflow.cli.declaring import declaring
from affectflow.cli.examples import example_of
from affectflow.cli.state import STATE
from affectflow.errors import UsageError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
    help="Turn conversations into tables: who felt what, how strongly, because of "
    "what. Options of Apache Beam go after a `--`.",
    epilog="Exit codes: 0 done; 1 done, but more rows were refused than --budget "
    "allows; 2 usage error, with one line on how to fix it; 3 internal error; "
    "130 interrupted.",
)

# In the order of `--help`: from the first run to upkeep.
COMMANDS: tuple[Callable[..., int], ...] = (
    demo.demo,
    pipelines.ingest,
    textualizing.textualize,
    pipelines.annotate,
    pipelines.mine,
    pipelines.analyze,
    planning.plan,
    yaml_pipelines.run,
    doctor.doctor,
    training.train,
    lakes.report,
    serving.serve,
    lakes.sql,
    lakes.digest,
    lakes.status,
    lakes.cite,
    exporting.export,
    replaying.replay,
    upkeep.compact,
    upkeep.gc,
    upkeep.erase,
    upkeep.diff,
    validation.sample,
    validation.gold,
    calibrating.calibrate,
    measuring.measure,
    comparing.compare,
)
MAKE_PLUGINS: tuple[Callable[..., int], ...] = (
    pipelines.ingest,
    textualizing.textualize,
    pipelines.annotate,
    pipelines.mine,
    pipelines.analyze,
    replaying.replay,
    planning.plan,
    yaml_pipelines.run,
    training.train,
    measuring.measure,
)
"""Commands that create plugins, which receive the purpose and context of use."""
RENAMED = {"models": "plugins --kind models", "check": "run --check"}

NO_COMMANDS = {
    "themes": "`affectflow mine LAKE` groups causes into themes, and `affectflow sql "
    'LAKE "FROM emotion_causes"` shows them',
}
"""What newcomers type for something that another command does along the way."""


def _version(wanted: bool) -> None:
    if wanted:
        from affectflow import __version__

        typer.echo(f"affectflow {__version__}")
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show a traceback instead of one line.")
    ] = False,
    log_format: Annotated[
        str, typer.Option(help="Logs on stderr as `json`, or as `text`.")
    ] = "",
    log_level: Annotated[str, typer.Option(help="`debug`, `info` or `warning`.")] = "",
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Version."),
    ] = False,
) -> None:
    """Sets the options that all commands share."""
    from affectflow import logs

    STATE.debug = debug
    if log_format or log_level:
        logs.configure(log_format, log_level)


def _answers(old: str, new: str) -> Callable[[], int]:
    def say() -> int:
        raise UsageError(f"`affectflow {old}` is now `affectflow {new}`")

    return say


def _no_command(name: str, instead: str) -> Callable[[], int]:
    def say() -> int:
        raise UsageError(f"there is no `affectflow {name}`; {instead}")

    return say


for _command in COMMANDS:
    _shown = app.command(epilog=example_of(_command.__name__))
    _shown(declaring(_command) if _command in MAKE_PLUGINS else _command)
app.command("eval", epilog=example_of("eval"))(evaluating.evaluate)
app.add_typer(plugins.app)
_instead = {old: _answers(old, new) for old, new in RENAMED.items()}
_instead |= {name: _no_command(name, said) for name, said in NO_COMMANDS.items()}
for _name, _say in _instead.items():
    anything = {"ignore_unknown_options": True, "allow_extra_args": True}
    app.command(_name, hidden=True, context_settings=anything)(_say)
