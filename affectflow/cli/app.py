"""The commands and their options. The bodies import what they need when they run."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from affectflow.cli.state import STATE

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
    help="Who felt what, how strongly, because of what: tables from conversations. "
    "Options of Apache Beam follow a `--`.",
)

Paths = Annotated[
    list[str], typer.Argument(metavar="PATH...", help="Files, globs or URLs.")
]
LakeUri = Annotated[str, typer.Argument(metavar="LAKE", help="Folder or URL.")]
Source = Annotated[
    str,
    typer.Option("--source", help="Kind of source; `auto` looks at the file."),
]
To = Annotated[str, typer.Option("--to", help="The lake; made if it is not there.")]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", help="Columns, as text=body,utterance_id=id,..."),
]
KeyUri = Annotated[
    str,
    typer.Option(
        "--speaker-key-uri",
        help="Key of the pseudonyms, if not in your configuration folder.",
    ),
]
Budget = Annotated[
    float,
    typer.Option(min=0, max=1, help="Share of rows that may be refused."),
]
Model = Annotated[
    str, typer.Option(help="Name of a plugin, hub id, or folder of a model.")
]
Revision = Annotated[str, typer.Option(help="Pinned revision of a hub id.")]
Miner = Annotated[str, typer.Option(help="Name of a miner.")]
Format = Annotated[
    Literal["table", "csv", "json", "parquet"], typer.Option("--format", help="Shape.")
]
BUDGET = 0.05


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
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Version."),
    ] = False,
) -> None:
    """Sets what all commands share."""
    STATE.debug = debug


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
    model: Model = "EmbeddedEmotions",
    revision: Revision = "",
    budget: Budget = BUDGET,
) -> int:
    """Label the utterances of a lake with a model."""
    from affectflow.cli import pipelines

    return pipelines.annotate(lake, model, revision, budget)


@app.command()
def mine(
    lake: LakeUri,
    miner: Miner = "RuleMiner",
    annotator: Annotated[
        str, typer.Option(help="Mine the emotions of this annotator only.")
    ] = "",
) -> int:
    """Mine causes of emotions, and cluster them to themes."""
    from affectflow.cli import pipelines

    return pipelines.mine(lake, miner, annotator)


@app.command()
def analyze(
    paths: Paths,
    to: To,
    source: Source = "auto",
    mapping: Map = None,
    model: Model = "EmbeddedEmotions",
    revision: Revision = "",
    budget: Budget = BUDGET,
    speaker_key_uri: KeyUri = "",
    out: Annotated[
        str, typer.Option(help="The report; LAKE/report.html if empty.")
    ] = "",
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
        budget=budget,
        speaker_key_uri=speaker_key_uri,
        out=out,
    )


@app.command()
def report(
    lake: LakeUri,
    out: Annotated[str, typer.Option(help="HTML file to write.")] = "report.html",
    title: Annotated[str, typer.Option(help="Title of the report.")] = "",
) -> int:
    """Write one HTML file that opens offline."""
    from affectflow.cli import lakes

    return lakes.report(lake, out, title)


@app.command()
def sql(
    lake: LakeUri,
    query: Annotated[str, typer.Argument(help="SQL; tables and views are there.")],
    shape: Format = "table",
    out: Annotated[
        Path | None, typer.Option(help="File to write; needed for parquet.")
    ] = None,
) -> int:
    """Ask a lake in SQL."""
    from affectflow.cli import lakes

    return lakes.sql(lake, query, shape, out)


@app.command()
def digest(lake: LakeUri) -> int:
    """Print a digest for each table: equal digests are the same answer."""
    from affectflow.cli import lakes

    return lakes.digest(lake)


@app.command()
def status(lake: LakeUri) -> int:
    """Show what a lake holds, and its runs."""
    from affectflow.cli import lakes

    return lakes.status(lake)


@app.command()
def cite(lake: LakeUri) -> int:
    """Print models, licences, thresholds and exclusions, as Markdown."""
    from affectflow.cli import lakes

    return lakes.cite(lake)


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
def doctor() -> int:
    """Say what is installed, what is missing, and what to type."""
    from affectflow.cli import catalogue

    return catalogue.doctor()
