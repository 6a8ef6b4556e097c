"""From scores to the column `annotations`, without a loop over rows.

A classifier gives a matrix of scores, one row an utterance and one column a label. What
is stored of it are the labels that are chosen, of rank 1, or with a score of at least
`STORED_FROM`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import with_column
from affectflow.batches.texts import Collapsed, Mask
from affectflow.errors import RowError
from affectflow.schemas import ANNOTATIONS_COLUMN, ANNOTATORS_COLUMN, Status

Scores = npt.NDArray[np.float32]
Statuses = npt.NDArray[np.int8]

STORED_FROM = 0.05
"""Labels with at least this score are stored, chosen or not."""


_STATUS_NAMES = pa.array([status.word for status in Status], pa.string())


# -- which labels are the answer ---------------------------------------------------


def choose_passing(
    scores: Scores, thresholds: npt.NDArray[np.float32], *, fallback: str = "none"
) -> Mask:
    """Returns which labels reach their own threshold: several, one or none.

    Args:
      scores: shape (rows, labels).
      thresholds: shape (labels,); a score that equals its threshold reaches it.
      fallback: `top` chooses the highest score of a row in which no label reaches
        its threshold; `none` leaves such a row without an answer.
    """
    chosen: Mask = scores >= thresholds
    if fallback == "top":
        empty = np.flatnonzero(~chosen.any(axis=1))
        chosen[empty, scores[empty].argmax(axis=1)] = True
    return chosen


def choose_top(scores: Scores, threshold: float = 0.0) -> Mask:
    """Returns the highest label of each row, if it reaches `threshold`.

    For labels that exclude one another. With equal scores the first label wins.
    """
    chosen: Mask = np.zeros(scores.shape, np.bool_)
    rows = np.arange(len(scores))
    top = scores.argmax(axis=1)
    chosen[rows, top] = scores[rows, top] >= threshold
    return chosen


# -- the column --------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What an annotator says of texts, or of rows, for one task.

    Args:
      task: the question: emotion, frustration, valence, ...
      vocabulary: the label set.
      labels: the names of the columns of what follows.
      chosen: shape (texts, labels): the answer; of values, those that are given.
      scores: shape (texts, labels), 0..1; None if the answer is values alone.
      values: shape (texts, labels): strengths on the vocabulary's scale.
      scale: lowest and highest value; None for the vocabulary's own, if it is known.
      given: shape (texts, labels): the values as the model gave them, if `values` were
        brought onto another scale.
      perspective: whose emotion it is: writer, reader or self_report.
    """

    task: str
    vocabulary: str
    labels: tuple[str, ...]
    chosen: Mask
    scores: Scores | None = None
    values: Scores | None = None
    scale: tuple[float, float] | None = None
    given: Scores | None = None
    perspective: str = "writer"

    def spread(self, texts: Collapsed) -> Self:
        """Returns what each row gets of the answers to the texts."""
        return replace(
            self,
            chosen=texts.spread(self.chosen),
            scores=None if self.scores is None else texts.spread(self.scores),
            values=None if self.values is None else texts.spread(self.values),
            given=None if self.given is None else texts.spread(self.given),
        )


def annotations(answer: Answer, statuses: Statuses, annotator_id: str) -> pa.ListArray:
    """Returns one list of annotations for each row, by falling score.

    A row whose status is `ok` or `truncated` holds its stored labels; ties keep the
    order of the labels. A row of another status holds one annotation that has neither
    label nor score nor value; if that is `out_of_range`, `raw` has the values as the
    model gave them.

    Args:
      answer: one entry for each row; those of rows that are neither `ok` nor
        `truncated` are not looked at.
      statuses: shape (rows,), values of `Status`.
      annotator_id: whose they are.

    Raises:
      RowError: a score or a value is not a number.
    """
    answered = statuses <= Status.TRUNCATED
    rows, columns, ranks = _stored(answer, answered)
    unlabelled = np.flatnonzero(~answered & (statuses != Status.REFUSED))
    order = np.argsort(np.concatenate([rows, unlabelled]), kind="stable")

    def laid(values: npt.NDArray[Any] | None, type_: pa.DataType) -> pa.Array:
        if values is None:
            return pa.nulls(len(order), type_)
        return _with_nulls(values, len(unlabelled), order, type_)

    def at(matrix: Scores | None) -> npt.NDArray[Any] | None:
        return None if matrix is None else _numbers(matrix[rows, columns])

    flat = _Flat(
        label=laid(columns, pa.int32()),
        score=laid(at(answer.scores), pa.float32()),
        value=laid(at(answer.values), pa.float32()),
        rank=laid(ranks, pa.int16()),
        chosen=_padded(answer.chosen[rows, columns], len(unlabelled))[order],
        row=np.concatenate([rows, unlabelled])[order],
    )
    structs = _structs(flat, statuses, answer, annotator_id)
    return _lists(structs, flat.row, len(statuses))


def _numbers(found: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if np.isnan(found).any():
        raise RowError("the model gave a score or a value that is not a number")
    return found


@dataclass(frozen=True, kw_only=True)
class _Flat:
    """One entry an annotation, in the order of the column."""

    label: pa.Array
    score: pa.Array
    value: pa.Array
    rank: pa.Array
    chosen: Mask
    row: npt.NDArray[np.int64]


def _stored(
    answer: Answer, answered: Mask
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Returns rows, columns and ranks of the stored labels, by row and rank."""
    if answer.scores is not None:
        return _ranked(answer.scores, answer.chosen, answered)
    rows, columns = np.nonzero(answer.chosen & answered[:, None])
    return rows, columns, np.ones(len(rows), np.int64)


def _ranked(
    scores: Scores, chosen: Mask, answered: Mask
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    _numbers(scores[answered])
    # Everything above the lowest chosen score is ranked, so that the ranks of what
    # is stored are ranks among all labels.
    lowest = scores[chosen].min(initial=STORED_FROM)
    ranked = (scores >= np.float32(lowest)) & answered[:, None]
    tops = np.flatnonzero(answered)
    if scores.shape[1]:
        ranked[tops, scores[tops].argmax(axis=1)] = True
    rows, columns = np.nonzero(ranked)
    order = np.lexsort((-scores[rows, columns], rows))
    rows, columns = rows[order], columns[order]

    ranks = np.arange(len(rows)) - np.searchsorted(rows, rows) + 1
    values = scores[rows, columns]
    kept = (values >= np.float32(STORED_FROM)) | chosen[rows, columns] | (ranks == 1)
    return rows[kept], columns[kept], ranks[kept]


def _padded(values: npt.NDArray[Any], n: int) -> npt.NDArray[Any]:
    return np.concatenate([values, np.zeros(n, values.dtype)])


def _with_nulls(
    values: npt.NDArray[Any], n_null: int, order: npt.NDArray[Any], type_: pa.DataType
) -> pa.Array:
    """Returns `values` and then `n_null` nulls, in `order`."""
    null = None if n_null == 0 else (np.arange(len(order)) >= len(values))[order]
    taken = _padded(values, n_null)[order].astype(type_.to_pandas_dtype(), copy=False)
    return pa.array(taken, type_, mask=null)


def _structs(
    flat: _Flat, statuses: Statuses, answer: Answer, annotator_id: str
) -> pa.StructArray:
    n = len(flat.row)
    columns = {
        "annotator_id": pa.repeat(annotator_id, n),
        "task": pa.repeat(answer.task, n),
        "vocabulary": pa.repeat(answer.vocabulary, n),
        "perspective": pa.repeat(answer.perspective, n),
        "label": pa.array(answer.labels, pa.string()).take(flat.label),
        "score": flat.score,
        "value": flat.value,
        "rank": flat.rank,
        "chosen": pa.array(flat.chosen),
        "status": _STATUS_NAMES.take(pa.array(statuses[flat.row])),
        "raw": _raw(flat, statuses, answer),
    }
    fields = list(ANNOTATIONS_COLUMN.type.value_type)
    return pa.StructArray.from_arrays(
        [columns.get(f.name, pa.nulls(n, f.type)) for f in fields], fields=fields
    )


def _raw(flat: _Flat, statuses: Statuses, answer: Answer) -> pa.Array:
    raw: list[str | None] = [None] * len(flat.row)
    given = answer.values if answer.given is None else answer.given
    if given is None:
        return pa.array(raw, pa.string())
    for place in np.flatnonzero(statuses[flat.row] == Status.OUT_OF_RANGE):
        row = flat.row[place]
        raw[place] = " ".join(f"{v:.6g}" for v in given[row, answer.chosen[row]])
    return pa.array(raw, pa.string())


def _lists(values: pa.StructArray, rows: npt.NDArray[np.int64], n: int) -> pa.ListArray:
    """Returns n lists; `rows`, rising, says which list each value belongs to."""
    offsets = np.searchsorted(rows, np.arange(n + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(
        pa.array(offsets), values, type=ANNOTATIONS_COLUMN.type
    )


# -- several annotators side by side -----------------------------------------------


def annotate(batch: pa.RecordBatch, new: pa.ListArray) -> pa.RecordBatch:
    """Returns `batch` with new annotations after those that its rows have."""
    return appended(batch, ANNOTATIONS_COLUMN, new)


def signed(
    batch: pa.RecordBatch, stage: str, annotator: Mapping[str, Any]
) -> pa.RecordBatch:
    """Returns `batch` with an annotator added to those that have answered its rows.

    Rows carry who answered them, as they carry the answers: so it crosses every runner,
    every shuffle and every custom step, and a sink knows of each message whether it
    was asked. The graph does not say that: branches are joined, and rows arrive that
    no step saw.

    Args:
      batch: whose rows were all answered, with or without a label.
      stage: `annotate` or `mine`: whose work it is in a lake.
      annotator: its row of the table `annotators`.
    """
    one = pa.array([{"stage": stage, **annotator}], ANNOTATORS_COLUMN.type.value_type)
    rows = np.arange(batch.num_rows + 1, dtype=np.int32)
    values = one.take(pa.array(np.zeros(batch.num_rows, np.int32)))
    new = pa.ListArray.from_arrays(pa.array(rows), values, type=ANNOTATORS_COLUMN.type)
    return appended(batch, ANNOTATORS_COLUMN, new)


def appended(
    batch: pa.RecordBatch, field: pa.Field, new: pa.ListArray
) -> pa.RecordBatch:
    """Returns `batch` with new lists after those that its rows have in a column."""
    if field.name in batch.schema.names:
        new = joined(batch.column(field.name).cast(field.type), new)
    return with_column(batch, field, new)


def joined(first: pa.ListArray, second: pa.ListArray) -> pa.ListArray:
    """Returns, for each row, the list of `first` and then that of `second`.

    A null list counts as empty.
    """
    lengths = [_lengths(first), _lengths(second)]
    if not lengths[0].any():
        return second
    rows = [np.repeat(np.arange(len(first)), each) for each in lengths]
    order = np.argsort(np.concatenate(rows), kind="stable")
    values = pa.concat_arrays([first.flatten(), second.flatten()])
    offsets = np.concatenate([[0], np.cumsum(lengths[0] + lengths[1])])
    return pa.ListArray.from_arrays(
        pa.array(offsets.astype(np.int32)), values.take(pa.array(order)), first.type
    )


def _lengths(lists: pa.ListArray) -> npt.NDArray[np.int32]:
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    result: npt.NDArray[np.int32] = lengths.to_numpy(zero_copy_only=False)
    return result
