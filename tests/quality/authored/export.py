"""Writes the corpus as trainers read it, without the briefs kept for choosing.

    python -m tests.quality.authored.export FOLDER

writes `authored.jsonl` beside the other training data of `affectflow train`.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from affectflow_transforms.models.authored import SOURCE
from tests.quality.authored.reading import rows
from tests.quality.authored.training import is_development, soft_labels


def lines() -> Iterator[str]:
    """Yields a line a text: its brief, itself, and labels with their shares."""
    shares = soft_labels()
    for row in rows("texts"):
        if not is_development(row["brief"]):
            said = {"labels": shares[row["id"]]}
            yield json.dumps({"brief": row["brief"], "text": row["text"], **said})


def write(folder: Path) -> None:
    """Writes the file into a folder."""
    text = "".join(f"{line}\n" for line in lines())
    (folder / SOURCE).write_text(text, encoding="utf-8")


def beside(source: Path, folder: Path) -> Path:
    """Returns a link to training data in a folder that holds the corpus as well."""
    write(folder)
    link = folder / source.name
    link.symlink_to(source.resolve())
    return link


if __name__ == "__main__":
    write(Path(sys.argv[1]))
