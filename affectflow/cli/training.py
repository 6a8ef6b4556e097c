"""The command `affectflow train`."""

import shutil
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
            help="The trainer, such as finetune or graph-eeg; `affectflow plugins "
            "--kind trainers` lists them.",
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
    """Train one of affectflow's models on your own data."""
    from affectflow import registry
    from affectflow.kinds.trainer import FolderTrainer

    _check_folders(data, out)
    trainer = registry.make("trainers", name, options_of("trainers", name, settings))
    _check_place(out, trainer)
    if isinstance(trainer, FolderTrainer):
        found = _in_folder(trainer, data, out, licence)
    else:
        found = trainer.train(data, licence=licence)
        _write(out / trainer.file, found.weights)
        _write(out / CARD, found.card.encode())
    _report(found, out, shape)
    return 0


def _in_folder(trainer: Any, data: Path, out: Path, licence: str) -> Any:
    """Trains in a folder beside `out`, and moves it to `out` when complete."""
    from affectflow.cli import show
    from affectflow.errors import StorageError

    out = out.resolve()
    work = out.with_name(f".{out.name}.training")
    try:
        work.mkdir(parents=True, exist_ok=True)
        found = trainer.train_in(work, data, licence=licence, tell=show.say)
        (found.weights / CARD).write_text(found.card, "utf-8")
        _replace(found.weights, out)
        shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(
            f"cannot write {str(out)!r} ({error.strerror}): free some space, or name "
            "another --out; the same command continues from the last epoch"
        ) from error
    return found


def _replace(made: Path, out: Path) -> None:
    """Replaces a folder by another; the old one is removed only afterwards."""
    earlier = out.with_name(f".{out.name}.earlier")
    shutil.rmtree(earlier, ignore_errors=True)
    if out.exists():
        out.rename(earlier)
    made.rename(out)
    shutil.rmtree(earlier, ignore_errors=True)


def _check_folders(data: Path, out: Path) -> None:
    from affectflow.errors import UsageError

    if data.is_file():
        raise UsageError(
            f"{str(data)!r} is a file: --data must name the folder that holds it, here "
            f"{str(data.parent)!r}"
        )
    if not data.is_dir():
        raise UsageError(
            f"no folder {str(data)!r}: --data must name the folder of the data set"
        )
    if out.exists() and not out.is_dir():
        raise UsageError(
            f"{str(out)!r} is a file: --out must be a folder; it is created if missing"
        )


def _check_place(out: Path, trainer: Any) -> None:
    """Raises UsageError if `out` holds other weights: a folder holds one model.

    A folder that is replaced as a whole must be empty or written by a training.
    """
    from affectflow.errors import UsageError
    from affectflow.kinds.trainer import FolderTrainer

    file = trainer.file
    others = sorted(p.name for p in out.glob("*.safetensors") if p.name != file)
    if others:
        raise UsageError(
            f"{str(out)!r} holds other weights ({others[0]}): name an empty folder"
        )
    replaced = isinstance(trainer, FolderTrainer) and out.exists()
    if replaced and any(out.iterdir()) and not (out / CARD).is_file():
        raise UsageError(
            f"{str(out)!r} holds files not written by a training: name an empty folder"
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
    if any(f.value is not None and f.low is None for f in found.figures):
        show.say(
            "no interval: too few rows, conversations or speakers were held out, or "
            "too few of them have the label; read a figure without one as a trial"
        )
    show.say(f"weights and card: {out}")
    if how := found.use.format(out=out) or _used(found, out):
        show.say(how)


def _used(found: Any, out: Path) -> str:
    """Returns how to use the weights; empty if their reader finds them by itself."""
    from dataclasses import fields

    from affectflow import people, registry

    annotator = found.annotator
    mines = annotator in registry.names("miners")
    reader = registry.load("miners" if mines else "models", annotator)
    if not {"weights", "model"} & {field.name for field in fields(reader)}:
        return ""
    if mines:
        return (
            f"mine with them:  affectflow mine LAKE --miner {annotator} "
            f"--set weights={out}"
        )
    more = [f"--model {out}", found.options, people.options_for(reader.card.touches)]
    return (
        f"label with them:  affectflow annotate LAKE {' '.join(filter(None, more))} "
        "(`affectflow ingest FILE --to LAKE` makes the lake)"
    )
