"""Figures of annotators against people, by group, with intervals."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches import states
from affectflow.batches.bootstrap import DRAWS, MIN_UNITS
from affectflow.gold.evaluation import comparing, files, lakes
from affectflow.gold.evaluation.comparing import State
from affectflow.gold.figures import intervals
from affectflow.gold.figures.intervals import Bounds, Key
from affectflow.gold.figures.labels import LabelMetrics
from affectflow.gold.figures.schemas import MACRO, MICRO, MIN_POSITIVES
from affectflow.gold.figures.values import ValueMetrics
from affectflow.gold.targets.tasks import Task, task_of
from affectflow.gold.truth.decisions import say_unsampled, unsampled_of
from affectflow.gold.truth.outdated import leave_out_changed, say_changed
from affectflow.lake import Lake, open_lake


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What an evaluation found.

    Args:
      task: what was compared.
      rows: one for each annotator, group and label: `annotator_id`, `vocabulary`, the
        columns of `FIGURES` or `VALUE_FIGURES`, and `<figure>_low`, `<figure>_high`
        where a figure has an interval.
      notes: what a reader of the figures should know.
    """

    task: Task
    rows: list[dict[str, object]]
    notes: list[str] = field(default_factory=list)


def evaluate_lake(
    uri: str, name: str, *, by: str = "", annotator: str = "", draws: int = DRAWS
) -> Evaluation:
    """Returns how a lake's annotators compare with the people who labelled in it.

    Args:
      uri: of the lake.
      name: see `tasks.task_of`.
      by: a column of `utterances` to slice by, or `length`.
      annotator: only this one, by its id or a beginning; all if empty.
      draws: of the bootstrap over conversations; 0 for no intervals.

    Raises:
      LakeError: no lake, no people's answers, or no annotator's.
      UsageError: no such task, column or annotator.
    """
    task = task_of(name)
    lake = Lake.open(uri)
    with open_lake(uri) as connection:
        annotator = lakes.compared_one(connection, annotator)
        changed = say_changed(leave_out_changed(connection))
        if task.scale:
            covered = lakes.prepare_values(
                connection, task.name, by=by, annotator=annotator
            )
            notes = changed + say_unsampled(unsampled_of(connection, task.name))
            found = comparing.compare_values(connection)
            rows = _rows(task, "vad", found, draws)
            notes += [_coverage(each) for each in covered]
            return Evaluation(task=task, rows=rows, notes=notes)
        contests = lakes.contests(connection, task, annotator)
        rows = []
        notes = changed + lakes.left_out(connection, task, contests)
        for contest in contests:
            covered = lakes.prepare_labels(
                connection,
                lake,
                contest,
                labels=task.labels,
                by=by,
                annotator=annotator,
            )
            found = comparing.compare_labels(
                connection,
                true=contest.true,
                told=contest.told,
                target=contest.target,
                labels=task.labels,
            )
            rows += _rows(task, contest.target, found, draws)
            notes += [_coverage(each) for each in covered]
    return Evaluation(task=task, rows=rows, notes=notes)


def evaluate_file(
    path: str, name: str, *, by: str = "", annotator: str = "", draws: int = DRAWS
) -> Evaluation:
    """Returns how the answers of a file compare with the truth in it.

    Raises:
      UsageError: the file, the task, a column or a value is not what it should be.
    """
    task = task_of(name)
    with files.open_file(path) as connection:
        if annotator:
            files.keep_annotator(connection, annotator)
        if task.scale:
            notes = files.prepare_values(connection, task, by)
            vocabulary, found = "vad", comparing.compare_values(connection)
        else:
            told, notes = files.prepare_labels(connection, task, by)
            vocabulary = task.vocabulary or told
            found = comparing.compare_labels(
                connection, true=told, told=told, target=vocabulary, labels=task.labels
            )
        rows = _rows(task, vocabulary, found, draws)
    return Evaluation(task=task, rows=rows, notes=notes)


def _coverage(covered: lakes.Coverage) -> str:
    said = (
        f"{covered.annotator_id} answered {covered.answered:,} of the "
        f"{covered.people:,} utterances that people labelled"
    )
    return f"{said}; {covered.scores}" if covered.scores else said


def _rows(
    task: Task, vocabulary: str, found: Iterable[State], draws: int
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for state in found:
        head = {"annotator_id": state.annotator_id, "vocabulary": vocabulary}
        of_state = of_values if task.scale else of_labels
        rows += [head | row for row in of_state(states.with_all(state.table), draws)]
    return rows


def of_labels(state: pa.Table, draws: int = DRAWS) -> list[dict[str, object]]:
    """Returns figures of labels with their intervals, one dict for each row."""
    merged = LabelMetrics(units=True).merge([state])
    figures = LabelMetrics().extract(merged).to_pylist()
    bounds = intervals.of_labels(merged, draws=draws)
    few = _few(merged, draws)
    several = pc.count_distinct(merged["label"]).as_py() > 1
    return [
        _noted(_bounded(row, bounds), few)
        for row in figures
        if several or row["label"] not in (MACRO, MICRO)
    ]


def of_values(state: pa.Table, draws: int = DRAWS) -> list[dict[str, object]]:
    """Returns figures of values with their intervals, one dict for each row."""
    merged = ValueMetrics(units=True).merge([state])
    figures = ValueMetrics().extract(merged).to_pylist()
    bounds = intervals.of_values(merged, draws=draws)
    few = _few(merged, draws)
    return [_noted(_bounded(row, bounds), few) for row in figures]


def _bounded(row: dict[str, object], bounds: Bounds) -> dict[str, object]:
    group = row["group"]
    ends = bounds.get((None if group is None else str(group), str(row["label"])), {})
    result: dict[str, object] = {}
    for name, value in row.items():
        result[name] = value
        if name in ends:
            result[f"{name}_low"], result[f"{name}_high"] = ends[name]
    return result


def _few(state: pa.Table, draws: int) -> set[Key]:
    """Returns labels of groups with too few conversations for the intervals asked."""
    units = intervals.units_of(state) if draws else {}
    return {key for key, n in units.items() if n < MIN_UNITS}


def _noted(row: dict[str, object], few: Collection[Key]) -> dict[str, object]:
    notes = [row["why"]]
    positives = row.get("positives")
    means = row["label"] in (MACRO, MICRO)
    if isinstance(positives, int) and not means and positives < MIN_POSITIVES:
        notes.append(f"fewer than {MIN_POSITIVES} positives")
    if (row["group"], row["label"]) in few:
        notes.append(f"no interval: fewer than {MIN_UNITS} conversations")
    return row | {"why": "; ".join(str(note) for note in notes if note) or None}
