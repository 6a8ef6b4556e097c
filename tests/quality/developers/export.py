"""Puts the authored corpus and the developers' messages where trainers read them.

    python -m tests.quality.developers.export DATA FOLDER

writes `texts.jsonl`, `labels_1.jsonl` and `labels_2.jsonl` into FOLDER: the authored
corpus and, with texts read from DATA, the developers' messages. These are texts of
others: keep them out of the repository.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from affectflow.sources.marked import TEXTS
from tests.quality.authored import reading as authored
from tests.quality.developers import reading
from tests.quality.developers.reading import PASSES, Row


def write(data: Path, folder: Path) -> None:
    """Writes both into a folder."""
    texts, passes = reading.marked(data)
    _write(folder / TEXTS, [*authored.rows("texts"), *texts])
    for number, rows in zip(PASSES, passes, strict=True):
        name = f"labels_{number}"
        _write(folder / f"{name}.jsonl", [*authored.rows(name), *rows])


def _write(file: Path, rows: Sequence[Row]) -> None:
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    file.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
