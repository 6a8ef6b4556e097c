"""How results look."""

import csv
import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TextIO

from affectflow.cli.hints import hints
from affectflow.cli.state import STATE
from affectflow.nouns import count

if TYPE_CHECKING:
    from affectflow.kinds.asker import Request

_WIDEST = 1 << 30
_EXAMPLE = 40
_BREAKABLE = 20
"""Longer words, such as ids or URLs, may be broken to make a table fit."""
_PLURAL = re.compile(r"\b(\w+[^s])s\b")
_SAID = {
    "files_unchanged": ("file", "{} unchanged, not read"),
    "labels_far_below_neutral": (
        "label",
        "{} passed over (the message is likelier to be neutral)",
    ),
    "labels_of_neutral_messages": ("label", "{} of neutral messages passed over"),
    "labels_far_below_the_surest": (
        "label",
        "{} passed over (another emotion is far likelier)",
    ),
    "labels_of_low_scores": ("label", "{} passed over (their scores are low)"),
}
"""Noun and wording of counters whose names do not explain themselves, by name."""
FIRST = "parts_before"
"""The counter shown first; the others follow in the order of their names."""


def shaped(shape: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Prints rows as `--format` says: table, vertical, csv, json or markdown."""
    known = {"csv": as_csv, "json": as_json, "vertical": vertical}
    prints = {**known, "markdown": as_markdown}.get(shape, table)
    prints(columns, rows)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Prints rows as a table on stdout; nothing is cut unless stdout is a terminal.

    On a terminal too narrow for the columns each row is printed as `vertical` does.
    """
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    heads = [Column(Text(name)) for name in columns]
    shown = Table(*heads, show_edge=False, header_style="bold")
    for row in rows:
        shown.add_row(*(Text(_cell(value)) for value in row))
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console = Console(width=Console(width=_WIDEST).measure(shown).maximum)
    elif _least_width(columns, rows) > console.width:
        vertical(columns, rows)
        return
    console.print(shown)


def _least_width(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    """Returns the width a table needs if no word is broken, in characters."""
    cells = ([_cell(value) for value in row] for row in rows)
    texts = zip(columns, *cells, strict=True)
    longest = [
        max(len(word) for t in texts_of for word in t.split() or [""])
        for texts_of in texts
    ]
    return sum(min(n, _BREAKABLE) + 3 for n in longest)


def vertical(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Prints each row on stdout as lines of column and value."""
    width = max(map(len, columns), default=0)
    for number, row in enumerate(rows, 1):
        sys.stdout.write(f"-- row {number}\n")
        for name, value in zip(columns, row, strict=True):
            text = _cell(value).replace("\n", "\n" + " " * (width + 2))
            sys.stdout.write(f"{name:<{width}}  {text}\n")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return str(value)


def as_csv(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], file: TextIO | None = None
) -> None:
    """Prints rows as CSV on stdout, or to a file."""
    writer = csv.writer(file or sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def as_markdown(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Prints rows as a table of Markdown on stdout."""
    lines = [list(columns), ["---"] * len(columns)]
    lines += [[_cell(value) for value in row] for row in rows]
    for line in lines:
        escaped = (" ".join(cell.replace("|", "\\|").split()) for cell in line)
        sys.stdout.write(f"| {' | '.join(escaped)} |\n")


def as_json(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], file: TextIO | None = None
) -> None:
    """Prints rows as JSON Lines on stdout, or to a file: one object per row."""
    for row in rows:
        said = dict(zip(columns, row, strict=True))
        (file or sys.stdout).write(
            json.dumps(said, default=_plain, ensure_ascii=False) + "\n"
        )


def as_document(
    tables: Mapping[str, tuple[Sequence[str], Sequence[Sequence[Any]]]],
) -> None:
    """Prints several tables on stdout as one JSON object: rows by table name."""
    as_object(
        {
            name: [dict(zip(columns, row, strict=True)) for row in rows]
            for name, (columns, rows) in tables.items()
        }
    )


def as_object(said: Mapping[str, Any]) -> None:
    """Prints one JSON object on stdout, in one line."""
    sys.stdout.write(json.dumps(said, default=_plain, ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def request(utterance_id: str, asked: "Request") -> None:
    """Prints what a model would be asked about an utterance."""
    lines = [f"== {utterance_id}"]
    for message in asked.messages:
        lines += [f"-- {message.role}", message.content]
    if asked.choices:
        lines += ["-- choices", ", ".join(asked.choices)]
    if asked.media:
        shown = "".join(c if c.isprintable() else " " for c in asked.media)
        lines += ["-- shown", " ".join(shown.split())]
    sys.stdout.write("\n".join([*lines, "", ""]))


def say(line: str) -> None:
    """Prints a line on stderr."""
    sys.stderr.write(STATE.in_words(line) + "\n")


def said_of(row: dict[str, Any], lake: str) -> None:
    """Prints what an ingest did, and what to look at before using the result."""
    for line in (stage_line(row), *hints(row, lake)):
        say(line)


def not_run(place: str) -> str:
    """Returns what became of a pipeline that was built but not run.

    >>> not_run("job.jar"), not_run("a dry run")
    ('pipeline written to job.jar; not run', 'dry run; nothing was sent')

    Args:
      place: as `runners.only_written` returns it.
    """
    if place == "a dry run":
        return "dry run; nothing was sent"
    return f"pipeline written to {place}; not run"


def stage_line(row: dict[str, Any]) -> str:
    """Returns what a stage did, in one line."""
    if row["state"] == "written":
        return f"{row['stage']}: {not_run(row['error'])}"
    seconds = (row["ended"] - row["started"]).total_seconds()
    took = [f"{seconds:.1f} s"]
    if row["rows_in"] and _counts_rows(row):
        took.append(f"{row['rows_in'] / max(seconds, 1e-3):,.0f} rows/s")
    return f"{counts_line(row)} ({', '.join(took)})"


def counts_line(row: dict[str, Any]) -> str:
    """Returns what a stage counted, in one line."""
    from affectflow.stages.ingest.buckets import ERASED
    from affectflow.stages.runs.statuses import SHOWN

    parts = []
    counted_by = dict(row["counters"])
    counters = {n: counted_by[n] for n in sorted(counted_by, key=lambda n: n != FIRST)}
    if row["rows_in"] and _counts_rows(row):
        answered = [n for n in SHOWN if counters.get(n)]
        said = [_counted(row, name, counters.pop(name)) for name in answered]
        parts += [f"{row['rows_in']:,} in", *(said or [f"{row['rows_out']:,} out"])]
    erased = counters.get(ERASED, 0)
    for name in ("dead", "duplicate", "unchanged"):
        rows = row[f"rows_{name}"] - (erased if name == "unchanged" else 0)
        if rows and _counts_rows(row):
            parts.append(f"{rows:,} {name}")
    parts += [_counted(row, name, n) for name, n in counters.items() if n]
    nothing = "no rows in this input" if row["stage"] == "ingest" else "nothing new"
    return f"{row['stage']}: {', '.join(parts) or nothing}"


def _counts_rows(row: dict[str, Any]) -> bool:
    # The rows of the stage themes are causes, which its counters name.
    return bool(row["stage"] != "themes")


def learned(row: dict[str, Any]) -> list[str]:
    """Returns one line about the threshold that the run learned, or nothing."""
    if row.get("learned_from") is None:
        return []
    return [
        f"{row['stage']}: asked below {row['only_below']:.3f}, learned from "
        f"{count(row['learned_from'], 'utterance')}; in the trial, it asks about "
        f"{row['learned_asked']:.0%} and agrees with the model alone on "
        f"{row['learned_agreement']:.1%}"
    ]


def asked_line(row: dict[str, Any]) -> str:
    """Returns what a stage asked a language model, in one line; empty if nothing."""
    if not row.get("questions"):
        return ""
    parts = [
        count(row["questions"], "question"),
        f"{row['duplicate_share']:.0%} of them repeated",
        f"{row['kept_answers']:,} answered before",
        count(row["calls"], "call"),
        f"{count(row['tokens_in'], 'token')} in, {row['tokens_out']:,} out",
    ]
    if row["cost"]:
        parts.append(f"cost {row['cost']:,.4g}")
    if row["sent_to"]:
        sent = ", ".join(
            (count(row["rows_sent"], "row"), count(row["characters_sent"], "character"))
        )
        parts.append(f"{sent} sent to {row['sent_to']}")
    return f"{row['stage']}: {', '.join(parts)}"


def useless(row: dict[str, Any]) -> str:
    """Returns a warning if no answer of a model could be used, else nothing."""
    from affectflow.schemas import Status
    from affectflow.stages.runs.statuses import NO_LABEL, USELESS, WORDS

    counters = dict(row["counters"])
    used = [WORDS[each] for each in (Status.OK, Status.TRUNCATED, Status.ABSTAINED)]
    used.append(NO_LABEL)
    count = sum(counters.get(name, 0) for name in USELESS)
    if not count or any(counters.get(name) for name in used):
        return ""
    return (
        f"{row['stage']}: none of {count:,} answers could be used; `SELECT raw FROM "
        "annotations` shows them: does the prompt suit this model?"
    )


def unnamed(row: dict[str, Any]) -> str:
    """Returns what is counted where speakers are unknown; nothing if all are known."""
    unknown = dict(row["counters"]).get("without_speaker", 0)
    if row["stage"] != "themes" or not unknown:
        return ""
    return (
        f"themes: {count(unknown, 'cause')} by unknown speakers, where conversations "
        "are counted instead of people; to count people, ingest with "
        "--map speaker_id=COLUMN"
    )


def _counted(row: dict[str, Any], name: str, n: int) -> str:
    if name in _SAID:
        noun, words = _SAID[name]
        return words.format(count(n, noun))
    column, not_, done = name.partition("_not_")
    words = f"{column} not {done}" if not_ else name.replace("_", " ")
    # The name of a column, such as `end_s`, is not a plural.
    words = _PLURAL.sub(r"\1", words, count=1) if n == 1 and not not_ else words
    said = f"{n:,} {words}"
    example = row.get("examples", {}).get(name)
    return said if example is None else f"{said} (such as {example[:_EXAMPLE]!r})"
