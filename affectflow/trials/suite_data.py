"""A file of texts with right answers, and what a model answers to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa

from affectflow.batches.bootstrap import EQUAL, MIN_UNITS, bootstrap
from affectflow.column_names import no_column
from affectflow.errors import UsageError
from affectflow.gold.evaluation.files import READERS, open_file
from affectflow.gold.figures import LabelMetrics, ValueMetrics
from affectflow.gold.figures.rows import label_rows, value_rows
from affectflow.kinds.parsing import parsed
from affectflow.kinds.prompt import Answer, Prompt, Step, parser_of
from affectflow.options import quoted
from affectflow.registry import nearest
from affectflow.schemas import Status
from affectflow.unreadable import why_unreadable

if TYPE_CHECKING:
    from affectflow.trials.suite import Task

_STATUS = "label_status"
_PREFIX = "said_"
PER_TEXT = "(texts)"
"""What a figure is of that is a mean over texts, not over labels."""
_TSV = ".txt"
"""Published sets of tweets are tables with tabs that end so."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answered:
    """Right answers beside those of a model, a row for each text.

    Args:
      annotator: who answered.
      units: what intervals draw, of each text.
      truth: labels, or a number; None where it could not be read.
      said: labels, or a number; None where there is no answer.
      labels: that count; empty for all that are there.
    """

    annotator: str
    units: Sequence[str]
    truth: Sequence[Any]
    said: Sequence[Any]
    labels: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Texts that are compared."""
        return sum(each is not None for each in self.truth)

    @property
    def unanswered(self) -> int:
        """Texts without an answer."""
        pairs = zip(self.truth, self.said, strict=True)
        return sum(t is not None and s is None for t, s in pairs)

    def figures(self, draws: int, *, values: bool) -> list[dict[str, Any]]:
        """Returns the figures that `eval` gives, with intervals."""
        if values:
            state = _added(ValueMetrics(units=True), self._values())
            return value_rows(state, draws)
        state = _added(LabelMetrics(units=True), self._labels())
        return [*label_rows(state, draws), self._jaccard(draws)]

    def _values(self) -> pa.RecordBatch:
        rows = [
            {"unit": unit, "label": "value", "truth": float(t), "value": float(s)}
            for unit, t, s in zip(self.units, self.truth, self.said, strict=True)
            if t is not None and s is not None
        ]
        return _batch(rows)

    def _jaccard(self, draws: int) -> dict[str, Any]:
        """Returns the mean over texts of the labels in common, of those of either."""
        pairs = zip(self.units, self.truth, self.said, strict=True)
        known = [(unit, self._overlap(t, s)) for unit, t, s in pairs if t is not None]
        units, each = [unit for unit, _ in known], np.array([o for _, o in known])
        found: dict[str, Any] = {"group": None, "label": PER_TEXT, "why": None}
        found["jaccard"] = float(each.mean())
        if draws and len(set(units)) < MIN_UNITS:
            found["why"] = f"no interval: fewer than {MIN_UNITS} conversations"
        elif draws:
            _, low, high = bootstrap(
                units, lambda weights: weights @ each / weights.sum(axis=1), draws=draws
            )
            ends = (low, high) if high - low > EQUAL else (None, None)
            found["jaccard_low"], found["jaccard_high"] = ends
        return found

    def _overlap(self, truth: Sequence[str], said: Sequence[str] | None) -> float:
        """Returns the Jaccard index of a text; 1 if neither has a label."""
        if said is None:
            return 0.0
        ours, theirs = (set(each) for each in (truth, said))
        if self.labels:
            ours, theirs = ours & set(self.labels), theirs & set(self.labels)
        return len(ours & theirs) / len(ours | theirs) if ours | theirs else 1.0

    def _labels(self) -> pa.RecordBatch:
        known = [each for each in self.truth if each is not None]
        said = [each for each in self.said if each is not None]
        there = sorted({label for each in [*known, *said] for label in each})
        labels = self.labels or there
        rows = [
            {"unit": unit, "label": label, "truth": label in t, "chosen": label in s}
            for unit, t, s in zip(
                self.units, self.truth, [s or () for s in self.said], strict=True
            )
            if t is not None
            for label in labels
        ]
        return _batch(rows)


def _batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    if not rows:
        raise UsageError("no text has both a right answer and one of the model")
    return pa.RecordBatch.from_pylist(rows)


def _added(metrics: Any, rows: pa.RecordBatch) -> pa.Table:
    return metrics.merge([metrics.add(metrics.create(), rows)])


def answered_file(task: "Task") -> Answered:
    """Returns the right answers of a file beside those of a model.

    Raises:
      UsageError: the file, a column, the prompt or the model is not there.
    """
    from affectflow.frames import annotate
    from affectflow.steps.annotate import handler_for
    from affectflow.trials.suite import VALUES, options_of

    given = options_of(task)
    table = _table(task.data)
    _check_columns(task, table.column_names)
    prompt = Prompt.load(task.prompt) if task.prompt else None
    step = _step(prompt, task) if prompt else None
    are_values = task.metrics[0] in VALUES
    handler = handler_for(task.model, task.revision, given)
    more = {name: table[column] for name, column in task.columns.items()}
    texts = pa.table({"text": table[task.text], **more})
    found = annotate(
        texts,
        "text",
        model=task.model,
        revision=task.revision,
        options=given,
        columns={name: name for name in more},
        prefix=_PREFIX,
    )
    answer = prompt.task_of(step) if prompt and step else task.answer
    return Answered(
        annotator=str(handler.annotator()["annotator_id"]),
        units=_units(table, task),
        truth=_truth(table, task, step, are_values),
        said=_said(found, answer, step, are_values),
        labels=() if isinstance(task.gold, str) else tuple(task.gold),
    )


def _table(path: str) -> pa.Table:
    """Returns the rows of a file; a `.txt` is a table with tabs and a head."""
    name = path.removesuffix(".gz")
    if not name.endswith(_TSV):
        with open_file(path, as_text=True) as connection:
            return connection.sql("FROM given").to_arrow_table()
    if not Path(path).is_file():
        raise UsageError(
            f"no file {path!r}: give the folder that has it with --data; files of "
            f"{', '.join(READERS)} and {_TSV} are read"
        )
    options = "delim = '\\t', header = true, quote = '', all_varchar = true"
    query = f"FROM read_csv(?, {options})"
    try:
        with duckdb.connect() as connection:
            return connection.sql(query, params=[path]).to_arrow_table()
    except duckdb.Error as error:
        raise UsageError(why_unreadable(path, error)) from error


def _check_columns(task: "Task", names: Sequence[str]) -> None:
    read = [("text", task.text), *(("gold", name) for name in _gold_columns(task))]
    read += [("unit", task.unit)] if task.unit else []
    read += [("columns", name) for name in task.columns.values()]
    for key, name in read:
        if name not in names:
            cure = f"correct `{key}` of the task {task.name!r} in the suite"
            raise UsageError(no_column(task.data, name, names, cure))


def _gold_columns(task: "Task") -> tuple[str, ...]:
    return (task.gold,) if isinstance(task.gold, str) else tuple(task.gold)


def _step(prompt: Prompt, task: "Task") -> Step:
    steps = {step.name: step for step in prompt.steps}
    name = task.step or prompt.steps[0].name
    if name not in steps:
        raise UsageError(
            f"the prompt {prompt.name!r} has no step {name!r}; {nearest(name, steps)}"
        )
    return steps[name]


def _units(table: pa.Table, task: "Task") -> list[str]:
    if not task.unit:
        return [f"row {row}" for row in range(table.num_rows)]
    return [
        str(each or f"row {n}") for n, each in enumerate(table[task.unit].to_pylist())
    ]


# -- what is right ---------------------------------------------------------------------


def _truth(
    table: pa.Table, task: "Task", step: Step | None, are_values: bool
) -> list[Any]:
    columns = [table[name].to_pylist() for name in _gold_columns(task)]
    if not isinstance(task.gold, str):
        rows = zip(*columns, strict=True)
        return [_flagged(dict(zip(task.gold, row, strict=True))) for row in rows]
    return [_right(cell, step, are_values) for cell in columns[0]]


def _flagged(cells: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name, cell in cells.items() if str(cell).strip() in _YES)


_YES = ("1", "1.0", "true", "True")


def _right(cell: Any, step: Step | None, are_values: bool) -> Any:
    """Returns the labels or the number of a cell, as the parser of a step reads it."""
    words = "" if cell is None else str(cell).strip()
    if not words:
        return None
    if step is not None:
        answers = parsed(step, parser_of(step), words, "")
        return _value(answers) if are_values else _labels(answers)
    if not are_values:
        return tuple(each.strip() for each in words.split(","))
    try:
        return float(words)
    except ValueError as error:
        raise UsageError(f"a right answer must be a number, got {words!r}") from error


def _value(answers: Sequence[Answer]) -> float | None:
    return next((each.value for each in answers if each.value is not None), None)


def _labels(answers: Sequence[Answer]) -> tuple[str, ...] | None:
    labels = tuple(each.label for each in answers if each.label)
    nothing = any(each.status is Status.ABSTAINED for each in answers)
    return labels if labels or nothing else None


# -- what a model says -----------------------------------------------------------------


def _said(
    found: pa.Table, answer: str, step: Step | None, are_values: bool
) -> list[Any]:
    names = found.column_names
    if are_values:
        wanted = [
            answer,
            *(f"{answer}_{label}" for label in (step.labels if step else ())),
        ]
        column = _column(found, wanted, answer)
        return [
            None if each is None or np.isnan(each) else each
            for each in column.to_pylist()
        ]
    column = _column(found, [f"{answer}_labels", answer], answer)
    statuses = (
        found[_PREFIX + _STATUS].to_pylist() if _PREFIX + _STATUS in names else []
    )
    rows = column.to_pylist()
    silent = [each == Status.ABSTAINED.word for each in statuses] or [False] * len(rows)
    return [
        () if nothing else _as_labels(each, answer)
        for each, nothing in zip(rows, silent, strict=True)
    ]


def _as_labels(cell: Any, answer: str) -> tuple[str, ...] | None:
    if cell is None:
        return None
    if isinstance(cell, bool):
        return (answer,) if cell else ()
    return (cell,) if isinstance(cell, str) else tuple(cell)


def _column(found: pa.Table, wanted: Sequence[str], answer: str) -> Any:
    names = found.column_names
    for name in wanted:
        if _PREFIX + name in names:
            return found[_PREFIX + name]
    there = [name.removeprefix(_PREFIX) for name in names if name != "text"]
    raise UsageError(
        f"the model gives no {answer!r} of that kind; it gives {quoted(there)}: name "
        "what counts as answer in the suite"
    )
