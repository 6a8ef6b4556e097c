"""From the column `annotations` to readable columns of a table.

A task such as `emotion` gives the first chosen label, its score and all chosen labels.
One with a single label of its own name, such as `frustration`, gives true or false, and
its score. A scale gives its values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import vocabularies
from affectflow.schemas import Status

STATUS = "label_status"
_ANSWERED = pa.array([s.word for s in Status if s.is_answer])
_Column = pa.Array | pa.ChunkedArray


class Question(NamedTuple):
    """What an annotator answers: a task in a vocabulary."""

    task: str
    vocabulary: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What an annotator says about some rows for one question.

    Args:
      labels: the chosen labels of each row, best first; null where it gave no answer.
      scores: of the first chosen label, or of a single label that was not chosen.
      status: null for a refused row.
      values: by label, on the vocabulary's scale.
    """

    labels: pa.ListArray
    scores: pa.FloatArray
    status: pa.StringArray
    values: Mapping[str, pa.FloatArray] = field(default_factory=dict)


def answers_in(batch: pa.RecordBatch, annotator_id: str) -> dict[Question, Answers]:
    """Returns what one annotator says about the rows of a batch, by question."""
    column = batch.column("annotations")
    flat = pa.RecordBatch.from_struct_array(column.flatten())
    parents = np.asarray(pc.list_parent_indices(column), np.int64)
    own = np.flatnonzero(np.asarray(pc.equal(flat["annotator_id"], annotator_id)))
    flat, parents = flat.take(pa.array(own)), parents[own]
    found: dict[Question, Answers] = {}
    for question in _questions(flat):
        rows = _rows_of(flat, question)
        said = flat.take(pa.array(rows))
        found[question] = _answers(said, parents[rows], batch.num_rows)
    return found


def _questions(flat: pa.RecordBatch) -> list[Question]:
    pairs = zip(flat["task"].to_pylist(), flat["vocabulary"].to_pylist(), strict=True)
    return [
        Question(task, vocabulary or "") for task, vocabulary in dict.fromkeys(pairs)
    ]


def _rows_of(flat: pa.RecordBatch, question: Question) -> npt.NDArray[np.int64]:
    same = pc.and_(
        pc.equal(flat["task"], question.task),
        pc.equal(pc.fill_null(flat["vocabulary"], ""), question.vocabulary),
    )
    return np.flatnonzero(np.asarray(same))


def _answers(said: pa.RecordBatch, rows: npt.NDArray[np.int64], n_rows: int) -> Answers:
    """Returns entries, sorted by row and rank, as one answer for each row."""
    status = _first(said["status"], rows, n_rows)
    answered = pc.fill_null(pc.is_in(status, _ANSWERED), False)
    chosen = np.asarray(pc.fill_null(said["chosen"], False)) & np.asarray(
        pc.is_valid(said["label"])
    )
    first = np.flatnonzero(chosen)
    labels = _lists(said["label"].take(pa.array(first)), rows[first], answered)
    # The score of a label that was not chosen still says how close it came.
    of_chosen = _first(said["score"].take(pa.array(first)), rows[first], n_rows)
    scores = pc.if_else(
        answered, pc.coalesce(of_chosen, _alone(said, rows, n_rows)), None
    )
    return Answers(
        labels=labels,
        scores=scores.cast(pa.float32()),
        status=status,
        values=_values(said, rows, n_rows),
    )


def _alone(
    said: pa.RecordBatch, rows: npt.NDArray[np.int64], n_rows: int
) -> pa.FloatArray:
    """Returns the score of the label of rows, if all rows have the same one."""
    labels = pc.unique(said["label"].drop_null())
    if len(labels) != 1:
        return pa.nulls(n_rows, pa.float32())
    return _first(said["score"], rows, n_rows)


def _first(column: pa.Array, rows: npt.NDArray[np.int64], n_rows: int) -> pa.Array:
    """Returns the first entry of each row, or null."""
    has, place = np.unique(rows, return_index=True)
    places = np.full(n_rows, -1)
    places[has] = place
    return column.take(pa.array(places, mask=places < 0))


def _lists(
    values: pa.Array, rows: npt.NDArray[np.int64], answered: pa.BooleanArray
) -> pa.ListArray:
    offsets = np.searchsorted(rows, np.arange(len(answered) + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=pc.invert(answered))


def _values(
    said: pa.RecordBatch, rows: npt.NDArray[np.int64], n_rows: int
) -> dict[str, pa.FloatArray]:
    if said["value"].null_count == len(said):
        return {}
    found = {}
    for label in pc.unique(said["label"].drop_null()).to_pylist():
        own = np.flatnonzero(
            np.asarray(pc.fill_null(pc.equal(said["label"], label), False))
        )
        found[label] = _first(said["value"].take(pa.array(own)), rows[own], n_rows)
    return found


# -- columns ---------------------------------------------------------------------------


def names_of(questions: Iterable[Question]) -> list[str]:
    """Returns the columns that questions produce, as far as vocabularies tell."""
    return list(columns_of({question: [] for question in questions}, []))


def columns_of(
    pieces: Mapping[Question, Sequence[Answers | None]], sizes: Sequence[int]
) -> dict[str, pa.ChunkedArray]:
    """Returns the columns of a table, by name.

    Args:
      pieces: of each question, the answers of each piece of the table; None where a
        piece has none.
      sizes: the rows of each piece.
    """
    found: dict[str, pa.ChunkedArray] = {}
    tasks = [question.task for question in pieces]
    for question, answers in pieces.items():
        name = question.task
        if tasks.count(name) > 1:
            name = f"{name}_{question.vocabulary}"
        found |= _columns(name, question, answers, sizes)
    if pieces:
        found[STATUS] = _statuses(pieces.values(), sizes)
    return found


def _columns(
    name: str,
    question: Question,
    answers: Sequence[Answers | None],
    sizes: Sequence[int],
) -> dict[str, pa.ChunkedArray]:
    if labels := _scale(question, answers):
        return {
            name if label == question.task else f"{name}_{label}": _joined(
                [a and a.values.get(label) for a in answers], sizes, pa.float32()
            )
            for label in labels
        }
    chosen = _joined([a and a.labels for a in answers], sizes, pa.list_(pa.string()))
    scores = _joined([a and a.scores for a in answers], sizes, pa.float32())
    if _is_flag(question, chosen):
        flags = pc.greater(pc.list_value_length(chosen), 0)
        return {name: flags, f"{name}_score": scores}
    first = _joined([a and _heads(a.labels) for a in answers], sizes, pa.string())
    # A score without a label would look like the score of no emotion.
    scores = pc.if_else(pc.is_valid(first), scores, None)
    return {name: first, f"{name}_score": scores, f"{name}_labels": chosen}


def _heads(labels: pa.ListArray) -> pa.StringArray:
    has_some = pc.fill_null(pc.greater(pc.list_value_length(labels), 0), False)
    heads = pc.list_element(labels.filter(has_some), 0)
    return pc.replace_with_mask(pa.nulls(len(labels), pa.string()), has_some, heads)


def _scale(question: Question, answers: Sequence[Answers | None]) -> list[str]:
    """Returns the labels whose values are the answer; none if labels are."""
    seen = {label: None for a in answers if a for label in a.values}
    if question.vocabulary in vocabularies.known():
        known = vocabularies.get(question.vocabulary)
        if known.scale is None and not seen:
            return []
        named = [label for label in known.labels if label in seen]
        # Of a vocabulary for several tasks, only the part for this one.
        own = [question.task] if question.task in known.labels else list(known.labels)
        return named or own
    return list(seen)


def _is_flag(question: Question, chosen: pa.ChunkedArray) -> bool:
    if question.vocabulary in vocabularies.known():
        return tuple(vocabularies.get(question.vocabulary).labels) == (question.task,)
    if question.vocabulary == question.task:
        seen = {label for label in pc.unique(_flat(chosen)).to_pylist()}
        return seen <= {question.task}
    return False


def _flat(lists: pa.ChunkedArray) -> pa.Array:
    flat = [chunk.flatten() for chunk in lists.chunks]
    return pa.concat_arrays(flat) if flat else pa.array([], pa.string())


def _statuses(
    questions: Iterable[Sequence[Answers | None]], sizes: Sequence[int]
) -> pa.ChunkedArray:
    """Returns `ok`, or why the first question without an answer has none."""
    ok, refused = Status.OK.word, Status.REFUSED.word
    columns = [
        _joined([a and a.status for a in answers], sizes, pa.string())
        for answers in questions
    ]
    wrong = [pc.if_else(pc.equal(column, ok), None, column) for column in columns]
    any_answer = pc.coalesce(*columns)
    return pc.coalesce(*wrong, pc.fill_null(any_answer, refused))


def _joined(
    pieces: Sequence[pa.Array | None], sizes: Sequence[int], type_: pa.DataType
) -> pa.ChunkedArray:
    chunks = [
        pa.nulls(size, type_) if piece is None else piece.cast(type_)
        for piece, size in zip(pieces, sizes, strict=False)
    ]
    return pa.chunked_array(chunks, type_)
