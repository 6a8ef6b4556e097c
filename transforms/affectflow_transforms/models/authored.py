"""Texts that were written and labelled for this project, as trainers read them.

`python -m tests.quality.authored.export FOLDER` writes the file, in the repository.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow import registry
from affectflow.batches.readings import read
from affectflow.errors import UsageError
from affectflow.schemas import UTTERANCES, fields
from affectflow_transforms.text.normalize import NormalizeText

SOURCE = "authored.jsonl"

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Authored:
    """Texts with soft labels.

    Args:
      texts: as a model reads them.
      briefs: what each was written to: texts of one brief stay together in a split.
      labels: for each text, labels with the share of readers who give them.
    """

    texts: list[str]
    briefs: list[str]
    labels: list[dict[str, float]]

    def shares(self, label: str) -> Values:
        """Returns the share of readers who give a label, by text."""
        return np.array([each.get(label, 0.0) for each in self.labels])


def read_authored(data: Path) -> Authored:
    """Returns the texts of `authored.jsonl` in a folder; none where it is not there.

    Raises:
      UsageError: a line is something else.
    """
    file = data / SOURCE
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    try:
        rows = [json.loads(line) for line in lines]
        return Authored(
            texts=readings([row["text"] for row in rows]),
            briefs=[row["brief"] for row in rows],
            labels=[dict(row["labels"]) for row in rows],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{str(file)!r} is not as `tests.quality.authored.export` writes it: "
            f"{error!r}"
        ) from error


def readings(texts: Sequence[str]) -> list[str]:
    """Returns what a model reads of texts, after the package's own ingest."""
    columns = {"utterance_id": [str(n) for n in range(len(texts))], "text": texts}
    schema = fields(UTTERANCES, *columns)
    batch = pa.RecordBatch.from_pydict(columns, schema=schema)
    for step in (NormalizeText(), registry.load("transforms", "Textualize")()):
        step.setup()
        batch = step.apply(batch)
    return read(batch).texts.to_pylist()
