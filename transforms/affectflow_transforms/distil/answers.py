"""What somebody answered in a lake, labels with scores or values, as targets."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import vocabularies
from affectflow.batches.distributions import UNSTORED, filled
from affectflow.errors import UsageError

Matrix = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_OVER_ONE = 1.02
"""Scores of labels that exclude one another sum to 1 at most; sums are rounded."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What somebody answered about utterances.

    Args:
      head: what a student has for it: `one`, `several` or `value`.
      task: empty where each value is a task of its own.
      vocabulary: the label set.
      perspective: whose emotion it is; `reader` where labels are shares of readers.
      labels: the columns of what follows.
      ids: of the utterances, one a row.
      stored: shape (rows, labels): scores or values; NaN where none is stored.
      chosen: shape (rows, labels).
    """

    head: str
    task: str
    vocabulary: str
    perspective: str
    labels: tuple[str, ...]
    ids: list[str]
    stored: Matrix
    chosen: Mask

    def only(self, rows: Mask) -> "Answers":
        """Returns the answers of some rows."""
        return replace(
            self,
            ids=[name for name, kept in zip(self.ids, rows, strict=True) if kept],
            stored=self.stored[rows],
            chosen=self.chosen[rows],
        )

    @property
    def soft(self) -> Matrix:
        """What a student is shown, shape (rows, labels).

        Of `one`, logarithms of probabilities, what is not stored filled as
        `affectflow.batches.distributions` does; of `several`, scores; of `value`,
        values, NaN where one is missing.
        """
        if self.head == "one":
            return np.log(np.maximum(filled(self.stored), 1e-6)).astype(np.float32)
        if self.head == "several":
            return np.where(np.isnan(self.stored), np.float32(UNSTORED), self.stored)
        return self.stored

    @property
    def hard(self) -> npt.NDArray[Any]:
        """What agreement is measured with: places, flags or values."""
        if self.head == "one":
            first = np.where(self.chosen, 2.0, np.nan_to_num(self.stored, nan=-1.0))
            return np.asarray(first.argmax(axis=1))
        return self.chosen.astype(np.float32) if self.head == "several" else self.stored

    @property
    def usable(self) -> Mask:
        """Rows from which a student can learn."""
        if self.head == "value":
            return np.asarray(np.isfinite(self.stored).all(axis=1))
        if self.head == "several":
            return np.ones(len(self.ids), np.bool_)
        return np.asarray(self.chosen.any(axis=1) | (self.stored > 0).any(axis=1))


def answers_of(said: pa.Table, who: str, task: str, vocabulary: str = "") -> Answers:
    """Returns labels or values that somebody gave in a lake, as matrices.

    Args:
      said: as `affectflow.opened.labelled.answers_of` gives it.
      who: whose answers they are.
      task: which ones; empty if it has one, or values of one vocabulary.
      vocabulary: of the labels; empty if there is one.

    Raises:
      UsageError: there are none, or answers to several questions.
    """
    labels = said.filter(pc.is_valid(said["label"]))
    given = {"task": task, "vocabulary": vocabulary}
    rows = labels
    for name, wanted in given.items():
        rows = rows.filter(pc.equal(rows[name], wanted)) if wanted else rows
    if not len(rows):
        asked = "".join(f" in the {n} {w!r}" for n, w in given.items() if w)
        there = ", ".join(map(repr, _distinct(labels, "task"))) or "none"
        raise UsageError(
            f"{who} gave no label and no value{asked}, so there is nothing to learn "
            f"from it; its tasks are {there}"
        )
    rows = rows.combine_chunks()
    tasks = _distinct(rows, "task")
    values = rows.column("score").null_count == len(rows) and not (
        rows.column("value").null_count
    )
    _check_one(rows, who, tasks, values)
    return _answers(rows, tasks, values)


def _distinct(rows: pa.Table, name: str) -> list[str]:
    return sorted(str(each) for each in rows.column(name).unique().to_pylist())


def _check_one(rows: pa.Table, who: str, tasks: list[str], values: bool) -> None:
    if len(tasks) > 1 and (not values or len(_distinct(rows, "vocabulary")) > 1):
        raise UsageError(
            f"{who} answers several tasks, {', '.join(map(repr, tasks))}: say which "
            "one is learned with --set task=NAME"
        )
    names = _distinct(rows, "vocabulary")
    if len(names) > 1:
        raise UsageError(
            f"{who} answers in several vocabularies, {', '.join(map(repr, names))}: "
            "learn from an annotator with one, or from files"
        )


def _answers(rows: pa.Table, tasks: list[str], values: bool) -> Answers:
    vocabulary = _distinct(rows, "vocabulary")[0]
    labels = _in_order(_distinct(rows, "label"), vocabulary)
    ids = rows.column("utterance_id").combine_chunks().dictionary_encode()
    at = np.asarray(ids.indices)
    columns = np.array(
        [labels.index(label) for label in rows.column("label").to_pylist()], np.int64
    )
    shape = (len(ids.dictionary), len(labels))
    chosen = np.zeros(shape, np.bool_)
    chosen[at, columns] = np.asarray(rows.column("chosen"))
    stored = np.full(shape, np.nan, np.float32)
    number = "value" if values else "score"
    stored[at, columns] = rows.column(number).to_numpy()
    # Of a scale whose steps are labels, a row has one of them, and a place for it.
    values = values and bool(np.median(np.isfinite(stored).sum(axis=1)) == len(labels))
    if not values:
        said = np.isfinite(stored) if number == "score" else np.zeros(shape, np.bool_)
        certain = chosen & ~said
        stored = np.where(said, stored, np.where(certain, 1.0, np.nan))
    head = "value" if values else _head(stored, chosen)
    # A label that is never chosen has no threshold that could be learned.
    kept = np.ones(len(labels), np.bool_)
    if head == "several":
        kept = np.asarray(chosen.any(axis=0))
    return Answers(
        head=head,
        task=tasks[0] if len(tasks) == 1 else "",
        vocabulary=vocabulary,
        perspective=_distinct(rows, "perspective")[0],
        labels=tuple(x for x, is_kept in zip(labels, kept, strict=True) if is_kept),
        ids=ids.dictionary.to_pylist(),
        stored=stored[:, kept].astype(np.float32),
        chosen=chosen[:, kept],
    )


def _in_order(labels: list[str], vocabulary: str) -> list[str]:
    known = vocabularies.known().get(vocabulary)
    if known is None:
        return labels
    # What the vocabulary does not have is said later, where a student is asked for it.
    return sorted(
        labels, key=lambda x: (x not in known.labels, _place(known.labels, x))
    )


def _place(labels: tuple[str, ...], label: str) -> int:
    return labels.index(label) if label in labels else len(labels)


def _head(stored: Matrix, chosen: Mask) -> str:
    """Returns whether labels exclude one another: `one`, else `several`."""
    sums = np.nansum(stored, axis=1)
    several = (chosen.sum(axis=1) > 1).any() or (sums > _OVER_ONE).any()
    # One label that may be there, or not, has nothing that it excludes.
    return "several" if several or chosen.shape[1] == 1 else "one"
