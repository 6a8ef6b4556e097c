"""`annotate`: the texts of a table in memory, labelled as the stage labels a lake's."""

import warnings
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import defaults, people, registry
from affectflow.batches.batch import MAX_ROWS, is_dead
from affectflow.errors import SaidOnceWarning, UsageError
from affectflow.frames.answers import (
    Answers,
    Question,
    answers_in,
    columns_of,
    names_of,
)
from affectflow.frames.asked import handlers_of
from affectflow.frames.frame import Frame, Rows, decoded, frame_of
from affectflow.frames.texts import check_texts, slices, texts_of
from affectflow.nouns import count
from affectflow.options import as_given
from affectflow.schemas import UTTERANCES

if TYPE_CHECKING:
    from affectflow.kinds.model import BatchModelHandler

FrameT = TypeVar("FrameT")
_MADE = ("text", "segments", "cues", "annotations", "vectors")
"""Columns made from the text here; other columns of an utterance are the caller's."""
_CONVERSATION = ("conversation_id", "timestamp")


class RefusedWarning(SaidOnceWarning):
    """Rows of a table could not be labelled; says how many, and why the first."""


def annotate(
    frame: FrameT,
    text: Hashable = "text",
    *,
    model: str = defaults.MODEL,
    revision: str = "",
    prompt: str = "",
    options: Mapping[str, Any] | None = None,
    over: str = "",
    only_below: float | None = None,
    send_to: str = "",
    send_private: bool = False,
    purpose: str = "",
    context: str = "",
    allow_person_level: bool = False,
    columns: Mapping[str, Hashable] | None = None,
    prefix: str = "",
) -> FrameT:
    """Returns a table with the labels of its texts in new columns, row for row.

    Needs no lake and runs no pipeline; a text gets the labels that `affectflow
    analyze` gives it. Index, order, types and all other columns stay as they are, and
    `frame` is not changed. Of a task such as `emotion` there are `emotion` (the first
    chosen label; null if none applies), `emotion_score` and `emotion_labels` (all
    chosen ones, the best first); of `frustration`, true or false, and
    `frustration_score`; of a scale, its values. `label_status` is `ok`, or says why
    there is no label: a missing or empty text is `no_author_text`.

    >>> affectflow.annotate(pandas.read_csv("posts.csv"), text="body")

    Args:
      frame: a pandas or Polars DataFrame, or an Arrow Table or RecordBatch.
      text: the column that holds the texts.
      model: name of an installed model, a folder, a hub id or a URL, as `--model`
        takes it.
      revision: the commit that a hub id is pinned to.
      prompt: for a language model: a name or a file; short for `options`.
      options: the model's other arguments, such as `{"max_new_tokens": 16}`.
      over: for a model that reads other annotators' answers, the name of that model,
        which is asked first; of a model that reads several, names with commas.
      only_below: asks the model only where that of `over` gives no label such a score.
      send_to: the host that masked texts may be sent to, if the model runs on another
        machine.
      send_private: also send texts that the table calls private there.
      purpose: why you do this. Models that concern individuals need it.
      context: where the results will be used, as `research` or `workplace`.
      allow_person_level: results about individuals are wanted; needs `purpose`.
      columns: for a model that reads more than texts, which column is which:
        `{"conversation_id": "thread", "timestamp": "at"}`.
      prefix: put before the names of the new columns.

    Raises:
      UsageError: `frame` is not such a table, `text` is not a column of texts, a new
        column has the name of an existing one, or the model refuses its arguments.

    Warns:
      RefusedWarning: the model failed on some rows; their labels are null.
    """
    table, named = frame_of(frame), dict(columns or {})
    check_texts(table, text)
    for name, column in named.items():
        _check_column(table, name, column)
    asked = as_given(prompt=prompt, send_to=send_to, send_private=send_private)
    given = {**(options or {}), **asked}
    said = people.using(
        purpose=purpose, context=context, allow_person_level=allow_person_level
    )
    with said:
        handlers = handlers_of(model, revision, given, over, only_below)
        labeller = _Labeller(handlers, model, named)
        _check_free(table, names_of(labeller.questions), prefix)
        found = labeller.label(table, text, named)
    _check_free(table, found, prefix)
    added: FrameT = table.with_columns({prefix + n: c for n, c in found.items()})
    return added


def _check_column(table: Frame, name: str, column: Hashable) -> None:
    table.check_has(column, f"`columns[{name!r}]`")
    if name in _MADE or name not in UTTERANCES.names:
        hint = registry.nearest(name, set(UTTERANCES.names) - set(_MADE))
        raise UsageError(f"`columns` names {name!r}, which no model reads; {hint}")


def _check_free(table: Frame, names: Any, prefix: str) -> None:
    there = set(table.names)
    if taken := [prefix + name for name in names if prefix + name in there]:
        said = ", ".join(map(repr, taken))
        raise UsageError(
            f"the table already has {said}: drop or rename it, or give another `prefix`"
        )


class _Labeller:
    """The steps and models that a batch goes through, loaded."""

    def __init__(
        self,
        handlers: Sequence["BatchModelHandler[Any]"],
        model: str,
        named: Mapping[str, Hashable],
    ):
        self.answering = handlers[-1]
        self.extra = _extra(handlers, named, model)
        self.steps = [
            registry.make("transforms", name) for name in defaults.INGEST_STEPS
        ]
        for step in self.steps:
            step.setup()
        self.models = [(handler, handler.load_model()) for handler in handlers]
        self.annotator_id: str = self.answering.annotator()["annotator_id"]
        # An empty text is sent to no model, but shows which columns there are.
        self.questions = list(answers_in(self.apply(self._silent()), self.annotator_id))

    def _silent(self) -> pa.RecordBatch:
        fields = [UTTERANCES.field(name) for name in self.extra]
        columns = [pa.nulls(1, field.type) for field in fields]
        schema = pa.schema([UTTERANCES.field("text"), *fields])
        return pa.RecordBatch.from_arrays([pa.array([""]), *columns], schema=schema)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns utterances with their annotations."""
        for step in self.steps:
            batch = step.apply(batch)
        for handler, model in self.models:
            batch = handler.apply(batch, model)
        return batch

    def label(
        self, table: Frame, text: Hashable, named: Mapping[str, Hashable]
    ) -> dict[str, pa.ChunkedArray]:
        """Returns the new columns of a table."""
        order, pieces = _pieces(table, self.answering.unit, named)
        answers: list[dict[Question, Answers]] = []
        refused = _Refused()
        for rows in pieces:
            batch = self.apply(self._read(table, text, rows, named))
            refused.note(batch, rows)
            answers.append(answers_in(batch, self.annotator_id))
        refused.warn(table.n_rows)
        questions = dict.fromkeys([*self.questions, *(q for a in answers for q in a)])
        by_question = {q: [a.get(q) for a in answers] for q in questions}
        found = columns_of(by_question, [_size(rows) for rows in pieces])
        if order is None:
            return found
        back = pa.array(np.argsort(order))
        return {name: column.take(back) for name, column in found.items()}

    def _read(
        self, table: Frame, text: Hashable, rows: Rows, named: Mapping[str, Hashable]
    ) -> pa.RecordBatch:
        columns = {"text": texts_of(table, text, rows)}
        for name in self.extra:
            columns[name] = _extra_column(table, name, rows, named)
        schema = pa.schema([UTTERANCES.field(name) for name in columns])
        return pa.RecordBatch.from_arrays(list(columns.values()), schema=schema)


def _extra(
    handlers: Sequence["BatchModelHandler[Any]"],
    named: Mapping[str, Hashable],
    model: str,
) -> list[str]:
    """Returns the columns of utterances that are read beside the text."""
    required = [n for h in handlers for n in h.columns_required.names if n not in _MADE]
    if any(handler.unit == "conversation" for handler in handlers):
        required += _CONVERSATION
    wanted = dict.fromkeys([*required, *named])
    # Rows get numbers; the caller says what a message is about and for whom.
    if missing := [n for n in wanted if n not in named and n != "utterance_id"]:
        example = ", ".join(f'"{name}": ...' for name in missing)
        raise UsageError(
            f"model {model!r} also reads {', '.join(missing)}: say which columns they "
            f"are with `columns={{{example}}}`"
        )
    return list(wanted)


def _extra_column(
    table: Frame, name: str, rows: Rows, named: Mapping[str, Hashable]
) -> pa.Array:
    type_ = UTTERANCES.field(name).type
    if name not in named:
        places = np.arange(table.n_rows)[rows]
        return pa.array([f"row:{place}" for place in places.tolist()], type_)
    try:
        return decoded(table.column(named[name], rows)).cast(type_)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        why = " ".join(str(error).split())[:200]
        raise UsageError(
            f"column {named[name]!r} cannot be the {name} ({type_}): {why}"
        ) from error


# -- conversations ---------------------------------------------------------------------


def _pieces(
    table: Frame, unit: str, named: Mapping[str, Hashable]
) -> tuple[npt.NDArray[np.int64] | None, list[Rows]]:
    """Returns the order in which rows are read (None: as they are), and the pieces."""
    if unit == "utterance":
        return None, list(slices(table.n_rows))
    everything = slice(0, table.n_rows)
    keys = [_extra_column(table, name, everything, named) for name in _CONVERSATION]
    sorted_by = pa.table(keys, list(_CONVERSATION))
    keys_of_sort = [(name, "ascending") for name in _CONVERSATION]
    order = np.asarray(pc.sort_indices(sorted_by, sort_keys=keys_of_sort), np.int64)
    conversations = keys[0].take(pa.array(order)).dictionary_encode().indices
    changes = np.flatnonzero(np.diff(np.asarray(pc.fill_null(conversations, -1))))
    return order, list(_cut(order, changes + 1))


def _cut(
    order: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]
) -> Iterator[npt.NDArray[np.int64]]:
    """Yields rows in pieces of whole conversations, about a batch's size."""
    begin = 0
    while begin < len(order):
        reachable = starts[(starts > begin) & (starts <= begin + MAX_ROWS)]
        later = starts[starts > begin]
        end = len(order)
        if end - begin > MAX_ROWS and len(later):
            end = int(reachable[-1] if len(reachable) else later[0])
        yield order[begin:end]
        begin = end


def _size(rows: Rows) -> int:
    return rows.stop - rows.start if isinstance(rows, slice) else len(rows)


class _Refused:
    """Counts the rows that a model failed on, and keeps why the first one did."""

    def __init__(self) -> None:
        self._rows, self._first = 0, ""

    def note(self, batch: pa.RecordBatch, rows: Rows) -> None:
        dead = np.flatnonzero(np.asarray(is_dead(batch)))
        if len(dead) and not self._rows:
            place = (
                range(rows.start, rows.stop)[dead[0]]
                if isinstance(rows, slice)
                else rows[dead[0]]
            )
            error = batch.column("errors")[int(dead[0])].as_py()[0]
            self._first = (
                f"row {int(place):,}: {error['error_type']}: {error['message']}"
            )
        self._rows += len(dead)

    def warn(self, n_rows: int) -> None:
        if self._rows:
            said = count(self._rows, "row")
            warnings.warn(
                f"annotate: {said} of {n_rows:,} could not be labelled; the first is "
                f"{self._first}",
                RefusedWarning,
                stacklevel=4,
            )
