"""Figures of annotators against people, by group, with intervals."""

from dataclasses import dataclass, field

import pyarrow as pa

from affectflow.batches import states
from affectflow.batches.batch import one_batch
from affectflow.batches.bootstrap import DRAWS
from affectflow.gold.evaluation import files, lakes
from affectflow.gold.figures import LabelMetrics, ValueMetrics
from affectflow.gold.figures.rows import label_rows, value_rows
from affectflow.gold.targets.tasks import Task, task_of
from affectflow.gold.truth.answers import answers, by_annotator, ratings
from affectflow.gold.truth.decisions import say_unsampled, unsampled_of
from affectflow.gold.truth.outdated import leave_out_outdated, say_changed
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
    """Returns how a lake's annotators compare with its human labels.

    Args:
      uri: of the lake.
      name: see `tasks.task_of`.
      by: a column of `utterances` to slice by, or `length`.
      annotator: only this one, by its id or a beginning; all if empty.
      draws: of the bootstrap over conversations; 0 for no intervals.

    Raises:
      LakeError: there is no lake, no answer by people, or no answer by an annotator.
      UsageError: no such task, column or annotator.
    """
    task = task_of(name)
    lake = Lake.open(uri)
    with open_lake(uri) as connection:
        annotator = lakes.compared_one(connection, annotator)
        changed, _ = leave_out_outdated(lake, connection)
        notes = say_changed(changed)
        if task.scale:
            covered = lakes.prepare_values(
                connection, task.name, by=by, annotator=annotator
            )
            notes += say_unsampled(unsampled_of(connection, task.name))
            rows = _rows(task, "vad", ratings(connection), draws)
            notes += [_coverage(each) for each in covered]
            return Evaluation(task=task, rows=rows, notes=notes)
        contests = lakes.contests(connection, task, annotator)
        rows = []
        notes += lakes.left_out(connection, task, contests)
        for contest in contests:
            covered = lakes.prepare_labels(
                connection,
                lake,
                contest,
                labels=task.labels,
                by=by,
                annotator=annotator,
            )
            told = answers(connection, **contest._asdict(), labels=task.labels)
            rows += _rows(task, contest.target, told, draws)
            notes += [_coverage(each) for each in covered]
    return Evaluation(task=task, rows=rows, notes=notes)


def evaluate_file(
    path: str, name: str, *, by: str = "", annotator: str = "", draws: int = DRAWS
) -> Evaluation:
    """Returns how the answers of a file compare with the truth in it.

    Raises:
      UsageError: the file, the task, a column or a value is wrong.
    """
    task = task_of(name)
    with files.open_file(path) as connection, files.naming(path):
        if annotator:
            files.keep_annotator(connection, annotator)
        if task.scale:
            notes = files.prepare_values(connection, task, by)
            vocabulary, told = "vad", ratings(connection)
        else:
            own, notes = files.prepare_labels(connection, task, by)
            vocabulary = task.vocabulary or own
            told = answers(
                connection, true=own, told=own, target=vocabulary, labels=task.labels
            )
        rows = _rows(task, vocabulary, told, draws)
    return Evaluation(task=task, rows=rows, notes=notes)


def _coverage(covered: lakes.Coverage) -> str:
    said = (
        f"{covered.annotator_id} answered {covered.answered:,} of the "
        f"{covered.people:,} utterances that people labelled"
    )
    return f"{said}; {covered.scores}" if covered.scores else said


def _rows(
    task: Task, vocabulary: str, told: pa.Table, draws: int
) -> list[dict[str, object]]:
    metrics = ValueMetrics(units=True) if task.scale else LabelMetrics(units=True)
    rows_of = value_rows if task.scale else label_rows
    rows: list[dict[str, object]] = []
    for annotator_id, own in by_annotator(told):
        head = {"annotator_id": annotator_id, "vocabulary": vocabulary}
        state = metrics.merge([metrics.add(metrics.create(), one_batch(own))])
        rows += [head | row for row in rows_of(states.with_all(state), draws)]
    return rows
