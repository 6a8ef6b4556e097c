"""Puts the corpus where trainers read it, beside the other data.

    python -m tests.quality.authored.export FOLDER

links its texts and labels into FOLDER.
"""

import sys
from pathlib import Path

from affectflow.sources.marked import LABELS, TEXTS
from tests.quality.authored.reading import FOLDER


def write(folder: Path) -> None:
    """Links the files into a folder."""
    for file in (FOLDER / TEXTS, *FOLDER.glob(LABELS)):
        (folder / file.name).symlink_to(file)


def beside(source: Path, folder: Path) -> Path:
    """Returns a link to training data in a folder that holds the corpus as well."""
    write(folder)
    link = folder / source.name
    link.symlink_to(source.resolve())
    return link


if __name__ == "__main__":
    write(Path(sys.argv[1]))
