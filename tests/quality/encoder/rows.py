"""What the encoder learns from: four sets, and the labels that each of them has.

GoEmotions has 28 emotions, the authored corpus and the developers' messages also
`frustration` and `irritation`, and gh_incivility what it calls bitter or impatient, and
uncivil. A row of one set says nothing of the labels of another.
"""

import csv
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affectflow.batches.readings import CUE_BEGINS, CUE_ENDS
from affectflow.kinds.trainer import is_held_out
from affectflow.vocabularies import get
from affectflow_transforms.models import authored
from affectflow_transforms.models.frustration.train import (
    FRUSTRATED,
    SOURCE,
    is_reserved,
    read_comments,
)
from tests.quality.authored import training
from tests.quality.authored.reading import FLAGS, Row
from tests.quality.authored.reading import rows as corpus
from tests.quality.developers.reading import marked
from tests.quality.encoder.upper_layers import Matrix

EMOTIONS = get("goemotions").labels
OF_COMMENTS = ("bitter", "uncivil")
LABELS = (*EMOTIONS, *FLAGS, *OF_COMMENTS)
SETS = ("goemotions", "authored", "comments", "developers")
OF_THREADS = ("comments", "developers")
"""Sets that share threads: what is for choosing in one is so in the other."""
FRUSTRATED_SHARE = 0.13
"""That of gh_incivility's comments: authored messages are weighted to it."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Texts:
    """Texts with the labels that their set has.

    Args:
      texts: as the model reads them.
      of: the set of each text.
      truth: shape (texts, labels), 0..1; 0 for a label that the set does not have.
      chosen: which are for choosing: a tenth of comments, briefs and threads, by hash.
      units: the comment, brief, thread or piece of a chat of each.
    """

    texts: list[str]
    of: npt.NDArray[np.str_]
    truth: Matrix
    chosen: Mask
    units: list[str]

    def rows(self, of: str, *, chosen: bool) -> npt.NDArray[np.int64]:
        """Returns rows of a set: those for choosing, or those that are learned."""
        return np.flatnonzero((self.of == of) & (self.chosen == chosen))


def readings(texts: Sequence[str]) -> list[str]:
    """Returns what an encoder reads of texts, after the package's own ingest."""
    read = authored.readings(texts)
    return [
        text.replace(CUE_BEGINS, "").replace(f" {CUE_ENDS}", "").strip()
        for text in read
    ]


def everything(data: Path) -> Texts:
    """Returns all texts that may be learned from or chosen by.

    Args:
      data: the folder of the shared data sets.
    """
    parts = [
        _goemotions(data / "goemotions"),
        _authored(),
        _comments(data),
        _developers(data),
    ]
    texts, units, truth = (
        [each for part in parts for each in part[number]] for number in range(3)
    )
    of = np.repeat(SETS, [len(part[0]) for part in parts])
    return Texts(
        texts=readings(texts),
        of=of,
        truth=np.array(truth, np.float32),
        chosen=np.array([_is_chosen(*each) for each in zip(of, units, strict=True)]),
        units=units,
    )


def _is_chosen(of: str, unit: str) -> bool:
    """Returns whether a text is for choosing.

    Threads have a hash of their own: by that of briefs, the tenth is in the reserved
    fifth.
    """
    return is_held_out(f"chosen by {unit}" if of in OF_THREADS else unit)


Part = tuple[list[str], list[str], list[list[float]]]


def _goemotions(folder: Path) -> Part:
    with gzip.open(folder / "train.tsv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    said = [{EMOTIONS[int(n)] for n in labels.split(",")} for _, labels, _ in rows]
    return [row[0] for row in rows], [row[2] for row in rows], [
        [float(label in each) for label in LABELS] for each in said
    ]  # fmt: skip


def _authored() -> Part:
    return _soft(corpus("texts"), training.soft_labels())


def _developers(data: Path) -> Part:
    texts, passes = marked(data)
    said = [{row["id"]: row for row in rows} for rows in passes]
    return _soft(texts, training.soft_labels(said))


def _soft(texts: Sequence[Row], soft: Mapping[str, Mapping[str, float]]) -> Part:
    """Returns texts with the share of the passes that give each label."""
    return [row["text"] for row in texts], [row["brief"] for row in texts], [
        [soft[row["id"]].get(label, 0.0) for label in LABELS] for row in texts
    ]  # fmt: skip


def _comments(data: Path) -> Part:
    """Returns comments of the threads that are not reserved."""
    every = read_comments(data / "gh_incivility" / SOURCE)
    rows = [row for row in every if not is_reserved(row["issue_id"])]
    said = [
        {"bitter": row["tbdf"] in FRUSTRATED, "uncivil": bool(row["tbdf"])}
        for row in rows
    ]
    return [row["comment_body"] for row in rows], [row["issue_id"] for row in rows], [
        [float(each.get(label, False)) for label in LABELS] for each in said
    ]  # fmt: skip
