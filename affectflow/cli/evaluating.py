"""The command `eval`: scores annotators against people."""

import math
import sys
from typing import Annotated, Literal

import typer

from affectflow.cli import completing, show
from affectflow.cli.options import Draws, Set, is_lake
from affectflow.errors import UsageError
from affectflow.nouns import count

_LABEL_FIGURES = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "auc": "AUC",
    "average_precision": "AP",
    "brier_skill": "Brier skill",
}
_VALUE_FIGURES = {"pearson": "Pearson r", "ccc": "CCC", "rmse": "RMSE", "bias": "bias"}

Task = Annotated[
    str,
    typer.Argument(
        metavar="TASK",
        help="emotion, frustration, valence; or a vocabulary or label, such as "
        "irritation; or causes.",
        autocompletion=completing.tasks,
    ),
]
Target = Annotated[
    str,
    typer.Argument(
        metavar="LAKE|FILE",
        help="A lake with people's answers, or a file of answers; for causes, a folder "
        "of marked messages: without, those of the source distribution.",
    ),
]


Shapes = Annotated[
    Literal["table", "csv", "json", "markdown"],
    typer.Option("--format", help="Shape."),
]


def evaluate(
    task: Task = "",
    target: Target = "",
    by: Annotated[
        str,
        typer.Option(
            "--by",
            help="Also group by this column, or attrs.NAME; `length` groups by length "
            "of text.",
        ),
    ] = "",
    annotator: Annotated[str, typer.Option(help="Only this annotator.")] = "",
    draws: Draws = 1000,
    shape: Shapes = "table",
    data: Annotated[
        str,
        typer.Option(
            help="For causes: also use the public data sets in a folder. For a suite: "
            "the folder of its data."
        ),
    ] = "",
    miner: Annotated[
        list[str] | None, typer.Option(help="For causes: only this miner; repeatable.")
    ] = None,
    mode: Annotated[
        Literal["fixed", "paper"],
        typer.Option(
            help="For causes in dialogues: `paper` also scores spans as the published "
            "scorer of RECCON does, flaws included."
        ),
    ] = "fixed",
    suite: Annotated[
        str,
        typer.Option(
            help="A file of tasks, or the name of one that comes along, as aaeb: one "
            "table of all."
        ),
    ] = "",
    model: Annotated[
        str, typer.Option(help="Of a suite: the model of tasks that name none.")
    ] = "",
    revision: Annotated[
        str, typer.Option(help="Of a suite: the pinned commit of a hub id.")
    ] = "",
    settings: Set = None,
    keep: Annotated[
        str,
        typer.Option(
            help="Of a suite: a file that keeps the tasks that are done, so that the "
            "same command goes on after an interruption."
        ),
    ] = "",
) -> int:
    """Score annotators, or miners of causes, against people."""
    if suite:
        if task or target:
            raise UsageError(
                f"--suite names the tasks itself: leave out {task or target!r}"
            )
        from affectflow.cli import suites

        named = suites.Asked(
            suite=suite, data=data, model=model, revision=revision, keep=keep
        )
        return suites.run(named, settings, draws, shape)
    if not task:
        raise UsageError("name a TASK, such as emotion, or a file with --suite")
    if task == "causes":
        return _causes(target, data, miner or [], mode, shape)
    if not target:
        raise UsageError(
            f"`eval {task}` needs a lake or a file of answers: name it after {task!r}"
        )
    from affectflow.gold.evaluation.evaluate import evaluate_file, evaluate_lake

    run = evaluate_lake if is_lake(target) else evaluate_file
    found = run(target, task, by=by, annotator=annotator, draws=draws)
    for note in found.notes:
        show.say(note)
    if not found.rows:
        raise UsageError(
            "no utterance was labelled by both people and an annotator; label "
            "utterances that `affectflow annotate` has labelled"
        )
    names = _VALUE_FIGURES if found.task.scale else _LABEL_FIGURES
    if shape == "table":
        _show(found.rows, names)
        show.say(_explain(draws, found.task.scale))
    else:
        columns = _columns(found.rows)
        rows = [[row.get(name) for name in columns] for row in found.rows]
        show.shaped(shape, columns, rows)
    return 0


def _causes(
    target: str,
    data: str,
    miners: list[str],
    mode: Literal["fixed", "paper"],
    shape: str,
) -> int:
    from pathlib import Path

    from affectflow import defaults
    from affectflow.trials import causes
    from affectflow.trials.sets import AUTHORED

    folder = Path(target) if target else AUTHORED
    if not folder.is_dir():
        raise UsageError(
            f"no folder {str(folder)!r}: name one of marked messages, as tests/quality/"
            "authored of the source distribution is"
        )
    tried = miners or defaults.TRIED_MINERS
    found = causes.lines(folder, Path(data) if data else None, tried, mode)
    columns = ["data", "by", "n", "figure", "value", "low", "high", "length", "none"]
    rows = [
        [
            each.data,
            each.by,
            each.n,
            each.figure,
            *each.value,
            each.length,
            each.without,
        ]
        for each in found
    ]
    if shape == "table":
        show.table(columns, [[_short(cell) for cell in row] for row in rows])
        show.say(
            "length: of spans, divided by that of the marked ones; none: share without "
            "a span"
        )
    else:
        show.shaped(shape, columns, rows)
    return 0


def _short(cell: object) -> object:
    if isinstance(cell, float):
        return "-" if math.isnan(cell) else f"{cell:.3f}"
    return "-" if cell is None else cell


def _columns(rows: list[dict[str, object]]) -> list[str]:
    """Returns all columns, each interval after its figure."""
    longest = max(rows, key=len)
    names = list(longest)
    for row in rows:
        names += [name for name in row if name not in names]
    return names


def _show(rows: list[dict[str, object]], figures: dict[str, str]) -> None:
    """Prints one table for each annotator and vocabulary."""
    heads = [(row["annotator_id"], row["vocabulary"]) for row in rows]
    grouped = len({row["group"] for row in rows}) > 1
    for annotator, vocabulary in dict.fromkeys(heads):
        sys.stdout.write(f"{annotator}, vocabulary {vocabulary}\n")
        chosen = [
            _line(row, figures, grouped)
            for row in rows
            if (row["annotator_id"], row["vocabulary"]) == (annotator, vocabulary)
        ]
        counts = ["n", "positives"] if "positives" in rows[0] else ["n"]
        lead = ["group"] if grouped else []
        show.table([*lead, "label", *counts, *figures.values(), "note"], chosen)


def _line(
    row: dict[str, object], figures: dict[str, str], grouped: bool
) -> list[object]:
    lead = [row["group"]] if grouped else []
    counts = [row["n"], row["positives"]] if "positives" in row else [row["n"]]
    note = row["why"]
    if isinstance(labels := row.get("labels"), int):
        over = f"over {count(labels, 'label')}"
        note = f"{over}; {note}" if note else over
    return [*lead, row["label"], *counts, *(_cell(row, f) for f in figures), note]


def _cell(row: dict[str, object], name: str) -> str:
    value = row[name]
    if not isinstance(value, float):
        return "-"
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    if isinstance(low, float) and isinstance(high, float):
        return f"{value:.3f} [{low:.2f}, {high:.2f}]"
    return f"{value:.3f}"


def _explain(draws: int, scale: bool) -> str:
    macro = "" if scale else "; (macro) is a mean over labels with 10 positives or more"
    if not draws:
        return f"no intervals asked for{macro}"
    return f"[95 % interval, {count(draws, 'bootstrap draw')} of conversations]{macro}"
