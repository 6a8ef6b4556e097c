"""FusedClassifier: one label by the vectors that several annotators gave."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import weights as stored
from affectflow.batches.labelling import Answer, annotate, annotations, choose_top
from affectflow.errors import UsageError
from affectflow.kinds.identity import Origin
from affectflow.kinds.model import BatchModelHandler
from affectflow.registry import Card
from affectflow.schemas import ANNOTATIONS_COLUMN, VECTORS_COLUMN, Status
from affectflow_transforms.fuse import saved
from affectflow_transforms.fuse.saved import ANNOTATOR
from affectflow_transforms.fuse.vectors import Mask, Matrix, matrix_of

_ROWS_AT_ONCE = 4_096


@dataclass(kw_only=True)
class FusedClassifier(BatchModelHandler[Any]):
    """Labels rows by the vectors of text, voice, face or other modalities together.

    A row that some of the annotators gave no vector is labelled by the others'; one
    without any gets the status `abstained`. Of several vectors that an annotator gave a
    row, the mean is read.

    Args:
      over: the annotators of the vectors, those that it was trained on or some of them.
      weights: folder that `affectflow train fuse` wrote.

    Raises:
      UsageError: `weights` is not such a folder, or was trained on other annotators.
    """

    over: str = ""
    weights: str = ""

    # The revision says which weights they are.
    not_in_id: ClassVar[frozenset[str]] = frozenset({"weights"})
    requires: ClassVar[pa.Schema] = pa.schema([VECTORS_COLUMN])
    provides: ClassVar[pa.Schema] = pa.schema([ANNOTATIONS_COLUMN])
    reads_several: ClassVar[bool] = True
    card: ClassVar[Card] = Card(
        summary="labels by the vectors of several annotators, such as text and voice",
        answers="which label do text, voice and face together suggest?",
        weights_licence="that of your annotators and labels; no weights come with the "
        "package",
        extra="torch",
        misleads="it may follow one modality alone: the card of the weights compares "
        "it with each of them; a voice also tells who speaks",
    )

    def __post_init__(self) -> None:
        super().__init__()
        if not self.weights:
            raise UsageError(
                "FusedClassifier comes without weights: train it with `affectflow "
                "train fuse --data LAKE --set over=A@,B@ --out fused`, then give "
                "--model fused"
            )
        self._folder = Path(self.weights).expanduser()
        self._metadata = stored.read_metadata(self._folder, ANNOTATOR)
        self._plan = saved.plan_of(self._metadata, self._folder)
        self._revision = stored.digest(self._folder)
        self._check_over()

    def _check_over(self) -> None:
        """Raises UsageError if it was not trained on the vectors that it would read."""
        given = self.annotators_read if self.over else ()
        others = [each for each in given if each not in self._plan.annotators]
        if others:
            raise UsageError(
                f"{self.weights!r} was trained on the vectors of "
                f"{' and '.join(self._plan.annotators)}, not on those of "
                f"{' and '.join(others)}: name those with --over, or train it again"
            )

    @property
    def cues_read(self) -> str:
        """None, although the annotators of the vectors may have read some."""
        return "none"

    @property
    def touches(self) -> tuple[str, ...]:
        """What the annotators touch of people whose vectors it was trained on."""
        return self._plan.touches

    def origin(self) -> Origin:
        """Returns the user's weights, with the licence of annotators and labels."""
        licence = self._metadata.get("licence", "not stated")
        allowed = False if re.search(r"\bnc\b", licence, re.IGNORECASE) else None
        return Origin(ANNOTATOR, self._revision, licence, allowed)

    def load_model(self) -> Any:
        """Returns the network in `weights`.

        Raises:
          MissingExtraError: the extra `torch` is not installed.
        """
        return saved.load(self._folder)

    def predict(self, batch: pa.RecordBatch, model: Any) -> pa.RecordBatch:
        """Returns `batch` with one list of annotations for each row.

        Raises:
          UsageError: a vector has another width than those it was trained on.
        """
        vectors, there = self._vectors(batch)
        scores = shares_of(model, vectors, there)
        statuses = np.where(there.any(axis=0), Status.OK, Status.ABSTAINED)
        answer = Answer(
            task=self._plan.task,
            vocabulary=self._plan.vocabulary,
            labels=self._plan.labels,
            scores=scores,
            chosen=choose_top(scores),
        )
        own = self.annotator()["annotator_id"]
        return annotate(batch, annotations(answer, statuses.astype(np.int8), own))

    def _vectors(self, batch: pa.RecordBatch) -> tuple[list[Matrix], Mask]:
        """Returns a matrix for each modality, and which rows have it."""
        lists = batch.column(VECTORS_COLUMN.name).cast(VECTORS_COLUMN.type)
        given = lists.flatten()
        rows = np.asarray(pc.list_parent_indices(lists), np.int64)
        found = []
        for who, width in zip(self._plan.annotators, self._plan.widths, strict=True):
            own = pc.fill_null(pc.equal(given.field("annotator_id"), who), False)
            if who not in self.annotators_read:
                own = pa.array(np.zeros(len(given), np.bool_))
            misfit = (
                f"{self.weights!r} reads vectors of {who} that are {width} numbers "
                "wide, but here one is {found}: let the annotator that it was trained "
                "on embed this lake, or train it again"
            )
            mine, at = given.field("vector").filter(own), rows[np.asarray(own)]
            found.append(matrix_of(mine, at, batch.num_rows, width, misfit))
        return [matrix for matrix, _ in found], np.stack([flags for _, flags in found])


def shares_of(module: Any, vectors: list[Matrix], there: Mask) -> Matrix:
    """Returns how likely each label is for each row, shape (rows, labels).

    Args:
      module: the network.
      vectors: of each modality, shape (rows, its width).
      there: shape (modalities, rows).
    """
    import torch

    found = [np.zeros((0, module.classifier[-1].out_features), np.float32)]
    with torch.inference_mode():
        for at in range(0, there.shape[1], _ROWS_AT_ONCE):
            some = slice(at, at + _ROWS_AT_ONCE)
            logits = module(
                [torch.from_numpy(each[some]) for each in vectors],
                torch.from_numpy(there[:, some]),
            )
            found.append(logits.softmax(1).numpy())
    return np.concatenate(found)
