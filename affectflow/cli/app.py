"""The commands and their options. The bodies import what they need when they run."""

from pathlib import Path
from typing import Annotated

import typer

from affectflow import defaults
from affectflow.cli import evaluating, lake_commands, training, validation_commands
from affectflow.cli.calibrating import calibrate
from affectflow.cli.options import (
    BUDGET,
    Accelerator,
    Budget,
    KeyUri,
    LakeUri,
    Map,
    Miner,
    MinRam,
    Model,
    Paths,
    Revision,
    Set,
    Source,
    To,
)
from affectflow.cli.state import STATE

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
    help="Who felt what, how strongly, because of what: tables from conversations. "
    "Options of Apache Beam follow a `--`.",
    epilog="Exit codes: 0 done; 1 done, but more rows were refused than --budget "
    "allows; 2 your mistake, one line names the cure; 3 a fault of ours; "
    "130 interrupted.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from affectflow import __version__

        typer.echo(f"affectflow {__version__}")
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks instead of one line.")
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
    """Sets what all commands share."""
    from affectflow import logs

    STATE.debug = debug
    if log_format or log_level:
        logs.configure(log_format, log_level)


@app.command()
def demo(
    to: Annotated[str, typer.Option("--to", help="Folder.")] = "affectflow-demo",
) -> int:
    """Run the bundled conversations, end to end."""
    from affectflow.cli import pipelines

    return pipelines.demo(to)


@app.command()
def ingest(
    paths: Paths,
    to: To,
    source: Source = "auto",
    mapping: Map = None,
    budget: Budget = BUDGET,
    speaker_key_uri: KeyUri = "",
) -> int:
    """Read dumps and exports into a lake."""
    from affectflow.cli import pipelines

    return pipelines.ingest(paths, source, to, mapping or [], budget, speaker_key_uri)


@app.command()
def annotate(
    lake: LakeUri,
    model: Model = defaults.MODEL,
    revision: Revision = "",
    settings: Set = None,
    budget: Budget = BUDGET,
    accelerator: Accelerator = "",
    min_ram: MinRam = "",
) -> int:
    """Label the utterances of a lake with a model."""
    from affectflow.cli import pipelines

    hints = {"accelerator": accelerator, "min_ram": min_ram}
    return pipelines.annotate(lake, model, revision, settings or [], budget, hints)


@app.command()
def mine(
    lake: LakeUri,
    miner: Miner = defaults.MINER,
    annotator: Annotated[
        str, typer.Option(help="Mine the emotions of this annotator only.")
    ] = "",
    settings: Set = None,
) -> int:
    """Mine causes of emotions, and cluster them to themes."""
    from affectflow.cli import pipelines

    return pipelines.mine(lake, miner, annotator, settings or [])


@app.command()
def analyze(
    paths: Paths,
    to: To,
    source: Source = "auto",
    mapping: Map = None,
    model: Model = defaults.MODEL,
    revision: Revision = "",
    miner: Miner = defaults.MINER,
    settings: Set = None,
    budget: Budget = BUDGET,
    speaker_key_uri: KeyUri = "",
    out: Annotated[
        str, typer.Option(help="The report; LAKE/report.html if empty.")
    ] = "",
    accelerator: Accelerator = "",
    min_ram: MinRam = "",
) -> int:
    """Ingest, annotate, mine and report."""
    from affectflow.cli import pipelines

    return pipelines.analyze(
        paths,
        source,
        to,
        mapping or [],
        model=model,
        revision=revision,
        miner=miner,
        settings=settings or [],
        budget=budget,
        speaker_key_uri=speaker_key_uri,
        out=out,
        hints={"accelerator": accelerator, "min_ram": min_ram},
    )


@app.command()
def plan(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="LAKE | PATH...",
            help="A lake; or, with --to, files, globs or URLs.",
        ),
    ],
    to: Annotated[
        str, typer.Option("--to", help="The lake that PATH... would go to.")
    ] = "",
    source: Source = "auto",
    mapping: Map = None,
    model: Model = defaults.MODEL,
    revision: Revision = "",
    miner: Miner = defaults.MINER,
    workers: Annotated[
        int, typer.Option(min=0, help="Workers; those of a local run if 0.")
    ] = 0,
    price_per_hour: Annotated[
        float, typer.Option(min=0, help="Price of one worker for an hour.")
    ] = 0.0,
    sample: Annotated[int, typer.Option(min=1, help="Rows to measure, about.")] = 2000,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> int:
    """Say what a run would cost, from a sample, before it runs."""
    from affectflow.cli import planning

    return planning.plan(
        targets,
        to,
        source,
        mapping or [],
        model=model,
        revision=revision,
        miner=miner,
        workers=workers,
        price_per_hour=price_per_hour,
        sample=sample,
        as_json=as_json,
    )


@app.command()
def run(
    pipeline: Annotated[Path, typer.Argument(metavar="PIPELINE.yaml")],
) -> int:
    """Run a Beam YAML pipeline that may name our plugins as types."""
    from affectflow.cli import yaml_pipelines

    return yaml_pipelines.run(pipeline)


@app.command()
def check(
    pipeline: Annotated[Path, typer.Argument(metavar="PIPELINE.yaml")],
) -> int:
    """Build a Beam YAML pipeline without running it."""
    from affectflow.cli import yaml_pipelines

    return yaml_pipelines.check(pipeline)


@app.command()
def plugins(
    name: Annotated[str, typer.Argument(help="One plugin; all if empty.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> int:
    """List the installed plugins, or show one plugin's card."""
    from affectflow.cli import catalogue

    return catalogue.plugins(name, as_json)


@app.command()
def models(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> int:
    """List the installed models, with their licences."""
    from affectflow.cli import catalogue

    return catalogue.models(as_json)


@app.command()
def doctor(
    lake: Annotated[
        str, typer.Option("--lake", help="A lake that the engine's workers must see.")
    ] = "",
) -> int:
    """Say what is missing, here and, with Beam's options, on an engine."""
    from affectflow.cli import doctor as body

    return body.doctor(lake)


app.command("eval")(evaluating.evaluate)
app.command()(training.train)
for _command in (*lake_commands.COMMANDS, *validation_commands.COMMANDS, calibrate):
    app.command()(_command)
