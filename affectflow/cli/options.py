"""The options that several commands share."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from affectflow.cli import completing

Paths = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH...",
        help="Files, globs, URLs, or folders (read recursively); `-` is standard "
        "input.",
    ),
]


def _is_lake(uri: str) -> str:
    """Fails if there is no lake, before a command imports what it needs."""
    from affectflow.lake import Lake

    Lake.open(uri)
    return uri


LakeUri = Annotated[
    str,
    typer.Argument(
        metavar="LAKE",
        help="Folder or URL of the lake.",
        callback=_is_lake,
        autocompletion=completing.lakes,
    ),
]
Source = Annotated[
    str,
    typer.Option(
        "--source",
        help="Kind of source; `auto` recognises it from the files.",
        autocompletion=completing.sources,
    ),
]
To = Annotated[
    str,
    typer.Option(
        "--to",
        help="The lake; created if it does not exist.",
        autocompletion=completing.lakes,
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        help="Which of your columns is which, such as text=body,utterance_id=id,...; a "
        "number is a position, a quoted 'word' a constant; see docs/map.md.",
    ),
]
IncludePrivate = Annotated[
    bool,
    typer.Option(
        "--include-private",
        help="Also read private and direct messages; by default they are only counted.",
    ),
]
KeepDeleted = Annotated[
    bool,
    typer.Option(
        "--keep-deleted",
        help="Keep the text of deleted messages, if the source has it.",
    ),
]
Records = Annotated[
    str,
    typer.Option(
        "--records",
        metavar="PATH",
        help="Where in a JSON object the list of messages is, for example messages, "
        "data.items or posts.*.",
    ),
]
KeyUri = Annotated[
    str,
    typer.Option(
        "--speaker-key-uri",
        help="File or URL of the pseudonym key, if not in your configuration folder.",
    ),
]
Budget = Annotated[
    float,
    typer.Option(
        min=0, max=1, help="Share of rows that may be refused before the command fails."
    ),
]
Reread = Annotated[
    bool,
    typer.Option(
        "--reread",
        help="Read all files again, also those that have not changed since the lake "
        "read them.",
    ),
]
Model = Annotated[
    str,
    typer.Option(
        help="Name of a plugin, model id on the Hugging Face hub, model folder, or "
        "server URL.",
        autocompletion=completing.models,
    ),
]
SendTo = Annotated[
    str,
    typer.Option(
        "--send-to",
        help="The host that masked texts may be sent to, if the model runs on another"
        " machine.",
    ),
]
SendPrivate = Annotated[
    bool,
    typer.Option(
        "--send-private", help="Also send private and direct messages to that host."
    ),
]
Revision = Annotated[str, typer.Option(help="Revision of a hub model, to pin it.")]
Annotator = Annotated[
    str,
    typer.Option(
        "--annotator",
        help="Use this annotator from now on, by its id or the start of it.",
    ),
]
Public = Annotated[
    list[str] | None,
    typer.Option(
        "--public",
        metavar="SOURCE",
        help="Quote messages of this source that do not say whether they are public; "
        "repeatable. Remembered by the lake; `none` undoes it.",
    ),
]
Prompt = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="The prompt for a language model; short for --set prompt=NAME.",
        autocompletion=completing.prompts,
    ),
]
Over = Annotated[
    str,
    typer.Option(
        help="The annotator whose answers the model reads, by its id or the start of "
        "it, or several with commas; see docs/over.md."
    ),
]
OnlyBelow = Annotated[
    str,
    typer.Option(
        metavar="S|learn",
        help="Ask the model only where no label of --over has a score of at least S "
        "(above 0, at most 1); `learn` finds S on a sample that both label.",
    ),
]
AnnotatorOrAll = Annotated[
    str,
    typer.Option(
        "--annotator",
        help="Use this annotator from now on, by its id or the start of it. "
        "`all` mines the emotions of every annotator, for this run only.",
    ),
]
Miner = Annotated[
    str,
    typer.Option(
        help="The miner; `affectflow plugins --kind miners` lists them.",
        autocompletion=completing.miners,
    ),
]
Clusterer = Annotated[
    str,
    typer.Option(
        help="The clusterer that groups causes into themes.",
        autocompletion=completing.clusterers,
    ),
]
Format = Annotated[
    Literal["table", "csv", "json", "parquet"],
    typer.Option(
        "--format", help="Output format; `json` is JSON Lines, one object per row."
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Plugin option, as NAME=VALUE, or PLUGIN.NAME=VALUE if two plugins "
        "share the name; repeatable. `affectflow plugins PLUGIN` lists the "
        "options.",
    ),
]
BUDGET = 0.05


def in_full(
    settings: Sequence[str] | None,
    prompt: str = "",
    send_to: str = "",
    send_private: bool = False,
) -> list[str]:
    """Returns the settings of `--set`, and of options that are short for them."""
    said = {"prompt": prompt, "send_to": send_to}
    short = [f"{name}={value}" for name, value in said.items() if value]
    return [*(settings or ()), *short, *(["send_private=true"] * send_private)]


def options_of(kind: str, name: str, settings: Sequence[str] | None) -> dict[str, str]:
    """Returns the settings of `--set` for the only plugin of a command.

    Raises:
      UnknownPluginError: no plugin has this name; names the nearest.
      UsageError: the plugin takes no such option.
    """
    from affectflow import registry
    from affectflow.options import apart, names_of

    full = registry.find(kind, name).name
    known = {full: names_of(registry.load(kind, full))}
    return apart(settings or [], known)[full]


Conversations = Annotated[
    str,
    typer.Option(
        "--conversations",
        metavar="pause=30m|replies",
        help="For chats without replies: start a new conversation after a pause of "
        "this length in a channel; `replies` turns this off. Applies to messages"
        " already in the lake, too.",
    ),
]

MaskNames = Annotated[
    str,
    typer.Option(
        "--mask-names",
        metavar="MODEL",
        help="Also replace the names of persons and places that this spaCy model "
        "(name or folder) finds. Needs the extra `pii`; see docs/people.md.",
    ),
]

MIN_DRAWS = 20


def _enough(draws: int) -> int:
    from affectflow.errors import UsageError

    if 0 < draws < MIN_DRAWS:
        raise UsageError(
            f"--draws must be at least {MIN_DRAWS}, or 0 for no intervals, got "
            f"{draws}; "
            "1,000 is usual"
        )
    return draws


Draws = Annotated[
    int,
    typer.Option(min=0, callback=_enough, help="Bootstrap draws; 0 for no intervals."),
]
Shape = Annotated[
    Literal["table", "csv", "json"], typer.Option("--format", help="Shape.")
]

JsonOrTable = Annotated[
    Literal["table", "json"],
    typer.Option("--format", help="`json` is one object, with the rows of each table."),
]
LinesOrTable = Annotated[
    Literal["table", "json"],
    typer.Option("--format", help="`json` is JSON Lines, one object per row."),
]


def is_lake(target: str) -> bool:
    """Returns whether LAKE|FILE is taken for a lake: its name is not a file's."""
    from affectflow.gold.evaluation.files import READERS

    name = target.removesuffix(".gz")
    return Path(target).is_dir() or not name.endswith(tuple(READERS))


Accelerator = Annotated[
    str,
    typer.Option(
        "--accelerator",
        help="Accelerator of the model's workers on Dataflow, such as "
        "type:nvidia-l4;count:1;install-nvidia-driver.",
    ),
]
MinRam = Annotated[
    str,
    typer.Option(
        "--min-ram", help="Memory of the model's workers on Dataflow, such as 30GB."
    ),
]


def threshold_of(said: str) -> float | Literal["learn"] | None:
    """Returns the value of `--only-below`; None if it is not given.

    Raises:
      UsageError: it is neither such a number nor `learn`.
    """
    if said == "learn":
        return "learn"
    if not said:
        return None
    from affectflow.errors import UsageError
    from affectflow.kinds.cascade import THRESHOLD, is_threshold

    try:
        value = float(said)
    except ValueError:
        value = math.nan
    if is_threshold(value):
        return value
    raise UsageError(f"--only-below must be {THRESHOLD}, or `learn`, got {said!r}")
