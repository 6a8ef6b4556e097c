"""Suites: many tasks in one file, each scored by the figures that `eval` gives."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from affectflow.data_tables import (
    TABLE,
    TABLES,
    TEXT,
    WORDS,
    Kind,
    checked,
    file_of,
)
from affectflow.errors import AffectflowError, StorageError, UsageError
from affectflow.lake.layout import is_lake
from affectflow.nouns import count
from affectflow.registry import nearest
from affectflow.trials.suite_data import PER_TEXT, Answered, answered_file

VALUES = ("pearson", "ccc", "rmse", "bias")
LABELS = ("f1", "precision", "recall")
METRICS = (
    *VALUES,
    *(f"{name}_{over}" for name in LABELS for over in ("macro", "micro")),
    "accuracy",
    "jaccard",
)
"""`accuracy` is the micro recall: with one label each, the share that is right.

`jaccard` is the mean over texts of the labels that answer and truth have in common, of
those that either has.
"""
_TEXTS: Kind = (
    "a text or a list of texts",
    lambda value: TEXT[1](value) or WORDS[1](value),
)
_SUITE = MappingProxyType(
    {
        **dict.fromkeys(("summary", "version", "source", "licence"), TEXT),
        "tasks": TABLES,
    }
)
_TASK = MappingProxyType(
    {
        **dict.fromkeys(
            ("name", "data", "model", "revision", "prompt", "step", "answer"), TEXT
        ),
        **dict.fromkeys(("text", "unit", "annotator", "task"), TEXT),
        "gold": _TEXTS,
        "metrics": WORDS,
        **dict.fromkeys(("options", "columns"), TABLE),
    }
)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of a suite.

    Args:
      name: as the table shows it.
      data: a file of texts with answers, or a lake that people labelled in; under the
        folder of `--data`, if it is not a whole path.
      metrics: some of `METRICS`.
      model: with `revision` and `options`, as `annotate` takes it; empty for that of
        the command.
      revision: of a hub id.
      prompt: of a model that is asked.
      step: of the prompt, whose answer counts; empty for its first.
      answer: of a model without a prompt: the task that it answers.
      text: of a file: the column of the text.
      gold: of a file: the column of the right answer, as the prompt's parser reads it;
        or one column for each label, of 0 and 1.
      unit: of a file: the column of what intervals draw; empty for each row.
      annotator: of a lake: whose labels, which are there; empty to ask the model.
      task: of a lake: what is compared, as `eval TASK` takes it.
      options: of the model.
      columns: of a file, for a model that reads more than texts: which are which.
    """

    name: str
    data: str
    metrics: tuple[str, ...]
    model: str = ""
    revision: str = ""
    prompt: str = ""
    step: str = ""
    answer: str = ""
    text: str = "text"
    gold: str | tuple[str, ...] = "label"
    unit: str = ""
    annotator: str = ""
    task: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One figure of a task, or why there is none.

    Args:
      task: its name.
      data: what it is about.
      by: the annotator.
      metric: of `METRICS`; empty for a task that failed.
      value: with `low` and `high`, its 95 % interval; None if undefined.
      low: see `value`.
      high: see `value`.
      n: texts that were compared.
      unanswered: texts that got no answer: they count as wrong, or of a number are left
        out.
      note: what a reader should know; of a failed task, why.
      failed: it is the line of a task that failed.
    """

    task: str
    data: str
    by: str = ""
    metric: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    unanswered: int | None = None
    note: str = ""
    failed: bool = False


COLUMNS = tuple(name for name in Line.__dataclass_fields__ if name != "failed")


def tasks_of(name_or_path: str) -> list[Task]:
    """Returns the tasks of a suite: of a name, or of a file that ends in `.toml`.

    Raises:
      UsageError: there is no such file, or something is wrong with it; names the line.
    """
    file = file_of("suites", name_or_path)
    said = checked(file, file.table(), _SUITE, ("tasks",))
    found = []
    for each in said["tasks"]:
        table = checked(file, each, _TASK, ("name", "data", "metrics"))
        for metric in table["metrics"]:
            if metric not in METRICS:
                why = f"no metric {metric!r}; {nearest(metric, METRICS)}"
                raise file.fault(why, file.line_of(f'"{metric}"'))
        lists = {name: tuple(v) for name, v in table.items() if isinstance(v, list)}
        found.append(Task(**{**table, **lists}))
    names = [task.name for task in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise file.fault(f"two tasks are named {twice!r}", file.line_of(f'"{twice}"'))
    return found


def run_suite(
    tasks: Sequence[Task],
    folder: Path | None,
    *,
    model: str = "",
    revision: str = "",
    options: Mapping[str, Any] | None = None,
    draws: int = 1_000,
    keep: Path | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Iterator[list[Line]]:
    """Yields the lines of each task; one that fails is a line, and the rest goes on.

    Args:
      tasks: as `tasks_of` gives them.
      folder: of the data; None for the working directory.
      model: for the tasks that name none.
      revision: of that model.
      options: of the models, besides those of the tasks.
      draws: of the bootstrap; 0 for no intervals.
      keep: a file of JSON Lines with the tasks that are done: they are not done again.
      tell: is handed a line before each task.

    Raises:
      StorageError: `keep` cannot be read or written.
    """
    done = _kept(keep)
    for number, each in enumerate(tasks):
        task = _completed(each, folder, model, revision, options or {})
        tell(f"task {number + 1} of {len(tasks)}: {task.name}")
        try:
            mark = _mark(task, draws)
            lines = done.get(mark) or list(_lines(task, draws))
        except AffectflowError as error:
            yield [Line(task=task.name, data=each.data, note=str(error), failed=True)]
            continue
        except Exception as error:  # a model of a plugin may fail in any way
            why = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            yield [Line(task=task.name, data=each.data, note=why, failed=True)]
            continue
        if keep is not None and mark not in done and not is_lake(task.data):
            _keep(keep, mark, lines)
        yield lines


def _completed(
    task: Task,
    folder: Path | None,
    model: str,
    revision: str,
    options: Mapping[str, Any],
) -> Task:
    """Returns a task with what the command says of it."""
    said = {n: getattr(task, n) for n in Task.__dataclass_fields__}
    said["data"] = str((folder or Path()) / task.data)
    if not task.model:
        said |= {"model": model, "revision": revision}
    said["options"] = {**options, **task.options}
    return Task(**said)


def _lines(task: Task, draws: int) -> Iterator[Line]:
    if is_lake(task.data):
        yield from _of_lake(task, draws)
        return
    found = answered_file(task)
    rows = found.figures(draws, values=task.metrics[0] in VALUES)
    for metric in task.metrics:
        yield _line(task, metric, rows, found)


def _line(
    task: Task, metric: str, rows: Sequence[Mapping[str, Any]], found: Answered
) -> Line:
    figure, label = _figure_of(metric)
    row = _row_of(rows, label)
    notes = [str(row.get("why") or "")]
    return Line(
        task=task.name,
        data=Path(task.data).name,
        by=found.annotator,
        metric=metric,
        value=row.get(figure),
        low=row.get(f"{figure}_low"),
        high=row.get(f"{figure}_high"),
        n=found.n,
        unanswered=found.unanswered,
        note="; ".join(filter(None, notes)),
    )


def _figure_of(metric: str) -> tuple[str, str]:
    """Returns a figure, and the label of the row that it is in; empty for any.

    >>> _figure_of("f1_macro"), _figure_of("accuracy"), _figure_of("pearson")
    (('f1', '(macro)'), ('recall', '(micro)'), ('pearson', ''))
    """
    if metric == "accuracy":
        return "recall", "(micro)"
    if metric == "jaccard":
        return metric, PER_TEXT
    name, _, over = metric.rpartition("_")
    return (name, f"({over})") if name in LABELS else (metric, "")


def _row_of(rows: Sequence[Mapping[str, Any]], label: str) -> Mapping[str, Any]:
    own = [row for row in rows if row["group"] is None]
    named = [row for row in own if not label or row["label"] == label]
    # Of one label alone there is no mean.
    return (named or own or [{}])[0]


def _of_lake(task: Task, draws: int) -> Iterator[Line]:
    from affectflow.gold.evaluation.evaluate import evaluate_lake

    if not task.task:
        raise UsageError(
            f"{task.data!r} is a lake: say in the suite what is compared, as task = "
            '"emotion"'
        )
    who = task.annotator or _annotated(task)
    found = evaluate_lake(task.data, task.task, annotator=who, draws=draws)
    mine = [row for row in found.rows if str(row["annotator_id"]).startswith(who)]
    if not mine:
        raise UsageError(
            f"no utterance of {task.data!r} was labelled by both people and {who!r}"
        )
    for metric in task.metrics:
        figure, label = _figure_of(metric)
        row = _row_of(mine, label)
        if figure not in row:
            raise UsageError(f"{task.task!r} has no {metric}: see `affectflow eval`")
        yield Line(
            task=task.name,
            data=Path(task.data).name,
            by=str(row["annotator_id"]),
            metric=metric,
            value=row[figure],
            low=row.get(f"{figure}_low"),
            high=row.get(f"{figure}_high"),
            n=row["n"],
            note=str(row["why"] or ""),
        )


def _annotated(task: Task) -> str:
    """Returns the id of the model, after it has labelled what it had not."""
    from affectflow.lake import Lake
    from affectflow.stages.annotate import annotate_lake, handler_in

    given = options_of(task)
    annotate_lake(task.data, model=task.model, revision=task.revision, options=given)
    handler = handler_in(Lake.open(task.data), task.model, task.revision, given)
    return str(handler.annotator()["annotator_id"])


def options_of(task: Task) -> dict[str, Any]:
    """Returns the options of a task's model, the prompt among them.

    Raises:
      UsageError: neither the task nor the command names a model.
    """
    if not task.model:
        raise UsageError(
            f"task {task.name!r} names no model: give one with --model, or in the suite"
        )
    prompt = {"prompt": task.prompt} if task.prompt else {}
    return {**task.options, **prompt}


# -- what is done ----------------------------------------------------------------------


def _mark(task: Task, draws: int) -> str:
    """Returns a digest of a task, of its file, and of the model that is asked.

    A lake changes, so its tasks are always done.
    """
    said = {n: getattr(task, n) for n in Task.__dataclass_fields__ if n != "model"}
    if not is_lake(task.data) and Path(task.data).is_file():
        from affectflow.steps.annotate import handler_for

        handler = handler_for(task.model, task.revision, options_of(task))
        said["by"] = handler.annotator()["annotator_id"]
        said["sha"] = hashlib.sha256(Path(task.data).read_bytes()).hexdigest()
    else:
        said["by"] = ""
    written = json.dumps({**said, "draws": draws}, sort_keys=True, default=str)
    return hashlib.blake2b(written.encode(), digest_size=16).hexdigest()


def _kept(file: Path | None) -> dict[str, list[Line]]:
    if file is None or not file.exists():
        return {}
    try:
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        return {row["mark"]: [Line(**each) for each in row["lines"]] for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"cannot read {str(file)!r} as what `eval --suite` has kept: name another "
            "--keep, or remove it"
        ) from error


def _keep(file: Path, mark: str, lines: Sequence[Line]) -> None:
    row = {
        "mark": mark,
        "lines": [vars(line) for line in lines],
    }
    try:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(json.dumps(row) + "\n")
    except OSError as error:
        raise StorageError(
            f"cannot write {str(file)!r} ({error.strerror}): name another --keep"
        ) from error


def said_of_failures(lines: Sequence[Line]) -> str:
    """Returns what the command ends with if tasks failed; empty if none did."""
    failed = [line.task for line in lines if line.failed]
    if not failed:
        return ""
    return f"{count(len(failed), 'task')} failed: {', '.join(failed)}; see their notes"
