"""What trainers of folders share: marks of checkpoints, units."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from affectflow_transforms.finetune.splits import Source
from affectflow_transforms.models import trained
from affectflow_transforms.models.pretrained import source as bases


def mark_of(
    trainer: Any, base: Path | None, files: Iterable[Path] = (), *rest: Any
) -> str:
    """Returns a digest of all that decides the weights of a training.

    Args:
      trainer: with its options; where the base lies and the device decide nothing.
      base: folder of the model that is trained, if there is one.
      files: of the data.
      rest: what else there is, as JSON takes it.
    """
    import torch

    said = {
        "options": {**vars(trainer), "base": "", "device": ""},
        "base": bases.folder_digest(base) if base else "",
        "data": [trained.sha256(file) for file in files],
        "rest": rest,
        "torch": torch.__version__,
    }
    written = json.dumps(said, sort_keys=True, default=str).encode()
    return hashlib.blake2b(written, digest_size=16).hexdigest()


def name_of(base: str, folder: Path) -> str:
    """Returns what a base is called: the name of its folder, or its hub id.

    Args:
      base: as a user says it.
      folder: where it lies.
    """
    return folder.resolve().name if Path(base).is_dir() else base


def units_of(source: Source, key: str) -> list[str]:
    """Returns the key of each row: what a bootstrap draws. A row without one is alone.

    Args:
      source: the rows.
      key: the column; `text` if there is none.
    """
    rows = len(source.table)
    if key == "text":
        return [str(row) for row in range(rows)]
    values = source.table.column(key).to_pylist()
    return [str(value or f"row {row}") for row, value in enumerate(values)]
