"""The command `affectflow train`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from affectflow.cli import completing
from affectflow.cli.options import Set, Shape, options_of

CARD = "MODEL_CARD.md"


def train(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="The trainer; `affectflow plugins --kind trainers` lists them.",
            autocompletion=completing.trainers,
        ),
    ],
    data: Annotated[
        Path, typer.Option(help="Folder with the labelled data; see docs/train.md.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for the weights and the model card; created if missing."
        ),
    ],
    licence: Annotated[
        str,
        typer.Option(
            help="Licence of the data; recorded with every label that the model gives."
        ),
    ] = "",
    settings: Set = None,
    shape: Shape = "table",
) -> int:
    """Train one of the package's models on your own data."""
    from affectflow import registry

    _check_folders(data, out)
    trainer = registry.make("trainers", name, options_of("trainers", name, settings))
    _check_place(out, trainer.file)
    found = trainer.train(data, licence=licence)
    _write(out / trainer.file, found.weights)
    _write(out / CARD, found.card.encode())
    _report(found, out, shape)
    return 0


def _check_folders(data: Path, out: Path) -> None:
    from affectflow.errors import UsageError

    if not data.is_dir():
        raise UsageError(
            f"no folder {str(data)!r}: --data must be the folder of the data set"
        )
    if out.exists() and not out.is_dir():
        raise UsageError(
            f"{str(out)!r} is a file: --out must be a folder; it is created if missing"
        )


def _check_place(out: Path, file: str) -> None:
    """Raises UsageError if other weights lie in `out`: a folder holds one model."""
    from affectflow.errors import UsageError

    others = sorted(p.name for p in out.glob("*.safetensors") if p.name != file)
    if others:
        raise UsageError(
            f"{str(out)!r} holds other weights ({others[0]}): name an empty folder"
        )


def _write(target: Path, written: bytes) -> None:
    """Writes a file whole or not at all."""
    from affectflow.errors import StorageError

    partial = target.with_name(f".{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(written)
        partial.replace(target)
    except OSError as error:
        raise StorageError(
            f"cannot write {str(target)!r} ({error.strerror}): name another --out"
        ) from error


def _report(found: Any, out: Path, shape: str) -> None:
    from affectflow.cli import show

    show.say(f"held out: {found.held_out}")
    show.shaped(
        shape,
        ["figure", "label", "value", "low", "high"],
        [list(figure) for figure in found.figures],
    )
    show.say(f"weights and card: {out}")
    if how := _used(found.annotator, out):
        show.say(how)


def _used(annotator: str, out: Path) -> str:
    """Returns how weights are used; empty if their reader finds them by itself."""
    from dataclasses import fields

    from affectflow import registry

    mines = annotator in registry.names("miners")
    reader = registry.load("miners" if mines else "models", annotator)
    if "weights" not in {field.name for field in fields(reader)}:
        return ""
    if mines:
        return (
            f"mine with them:  affectflow mine LAKE --miner {annotator} "
            f"--set weights={out}"
        )
    return f"label with them:  affectflow annotate LAKE --model {out}"
