"""Lakes that people label, and raters that follow a stated rule."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.files import write_file
from affectflow.schemas import ANNOTATIONS, ANNOTATORS
from tests.given.factories import utterances
from tests.given.stage_runs import store

MODEL = "small-model@1"
CONVERSATIONS = 240


def size_of(thread: int) -> int:
    """Returns how many messages conversation `thread` has: 1, 2 or 3."""
    return thread % 3 + 1


def text_of(thread: int, turn: int) -> str:
    """Returns a message; every fifth is broken again, one of 25 says so politely."""
    number = 3 * thread + turn
    if number % 25 == 0:
        return f"please see number {number}, it stopped once more"
    return f"number {number} is {'broken AGAIN' if number % 5 == 1 else 'merged'}"


def rows() -> Iterator[dict[str, Any]]:
    """Yields 480 messages in 240 conversations; those of conversation 7 are a bot's."""
    for thread in range(CONVERSATIONS):
        for turn in range(size_of(thread)):
            yield {
                "utterance_id": f"test:{thread}/{turn}",
                "conversation_id": f"test:thread-{thread}",
                "is_bot": thread == 7,
                "text": text_of(thread, turn),
            }


def made(folder: Path) -> str:
    """Returns the URI of a lake with those messages, not labelled yet."""
    given = list(rows())
    columns = {name: [row[name] for row in given] for name in given[0]}
    texts = columns.pop("text")
    store(str(folder), utterances(*texts, **columns))
    return str(folder)


def label(
    uri: str, rule: Callable[[str], bool], *, task: str, name: str, of: str = MODEL
) -> None:
    """Labels all messages as an annotator that follows a rule."""
    labelled = [
        {
            **dict.fromkeys(ANNOTATIONS.names),
            "utterance_id": row["utterance_id"],
            "conversation_id": row["conversation_id"],
            "annotator_id": of,
            "task": task,
            "vocabulary": task if task == "frustration" else "goemotions",
            "label": name if rule(row["text"]) else "neutral",
            "score": 0.9,
            "rank": 1,
            "chosen": True,
            "status": "ok",
        }
        for row in rows()
    ]
    lake = Lake.open(uri)
    add(lake, "annotations", f"{of}-{task}/all.parquet", labelled)
    row = {**dict.fromkeys(ANNOTATORS.names), "annotator_id": of, "kind": "model"}
    add(lake, "annotators", f"{of}/row.parquet", [row])


def add(lake: Lake, table: str, path: str, given: list[dict[str, Any]]) -> None:
    """Adds a file of rows to a table."""
    schema = {"annotations": ANNOTATIONS, "annotators": ANNOTATORS}[table]
    rows_ = pa.Table.from_pylist(given, schema=schema)
    commit(lake.storage, table, [write_file(lake.storage, table, path, rows_)])


# -- raters --------------------------------------------------------------------------

Rule = Callable[[str], str]


def yes_if(*words: str) -> Rule:
    """Returns a rater who says yes to a text with one of the words, else no."""
    return lambda text: "yes" if any(word in text for word in words) else "no"


def fill(sheet: Path, rule: Rule, rater: str = "", *, skip: int = 0) -> Path:
    """Returns a copy of a sheet, filled by a rater who follows a rule.

    The first `skip` rows stay empty.
    """
    told = list(csv.reader(io.StringIO(sheet.read_text("utf-8-sig"), newline="")))
    heads, lines = told[0], told[1:]
    for number, line in enumerate(lines):
        line[heads.index("rater")] = rater
        for column in range(heads.index("text") + 1, len(heads)):
            said = "" if number < skip else rule(line[heads.index("text")])
            line[column] = said
    out = sheet.with_name(f"{sheet.stem}-{rater}-{skip}.csv")
    write(out, [heads, *lines])
    return out


def write(path: Path, lines: list[list[str]], **options: Any) -> Path:
    """Writes rows as CSV."""
    encoding = options.pop("encoding", "utf-8")
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, **options).writerows(lines)
    return path
