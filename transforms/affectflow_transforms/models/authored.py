"""Messages with soft labels, read by trainers in addition to other data.

They are in the same folder, in the format of `affectflow.sources.marked`. In the
repository, `python -m tests.quality.authored.export FOLDER` writes those that were
authored for this project, and `tests.quality.developers.export` real ones beside them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow import registry
from affectflow.batches.readings import read
from affectflow.schemas import UTTERANCES, fields
from affectflow.sources.marked import TEXTS, Marked, read_marked
from affectflow_transforms.text.normalize import NormalizeText

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Authored:
    """Texts with soft labels.

    Args:
      texts: as a model reads them.
      briefs: the brief or conversation of each text; a split keeps them together.
      real: which were not written for this, shape (texts,).
      labels: for each text, labels with the share of readers who give them.
    """

    texts: list[str]
    briefs: list[str]
    real: npt.NDArray[np.bool_]
    labels: list[dict[str, float]]

    def shares(self, label: str) -> Values:
        """Returns the share of readers who give a label, by text."""
        return np.array([each.get(label, 0.0) for each in self.labels])


def read_authored(data: Path) -> Authored:
    """Returns the messages in a folder except those for choosing; perhaps none.

    A folder without `texts.jsonl` has no messages.

    Raises:
      UsageError: labels are missing, or a line is malformed.
    """
    every = read_marked(data) if (data / TEXTS).is_file() else []
    found = [each for each in every if not each.is_for_choosing]
    return Authored(
        texts=readings([each.text for each in found]),
        briefs=[each.brief for each in found],
        real=np.array([each.real for each in found], np.bool_),
        labels=[_shares(each) for each in found],
    )


def _shares(given: Marked) -> dict[str, float]:
    told = Counter(label for labels in given.labels for label in set(labels))
    return {label: count / len(given.labels) for label, count in told.items()}


def readings(texts: Sequence[str]) -> list[str]:
    """Returns what the package's models read of texts, after its own ingest."""
    columns = {"utterance_id": [str(n) for n in range(len(texts))], "text": texts}
    schema = fields(UTTERANCES, *columns)
    batch = pa.RecordBatch.from_pydict(columns, schema=schema)
    for step in (NormalizeText(), registry.load("transforms", "Textualize")()):
        step.setup()
        batch = step.apply(batch)
    return read(batch, apart=True).texts.to_pylist()
