"""A small lake, its sheet, and changes of the filled sheet."""

import csv
import io

from affectflow.gold.asking.sampling import draw
from affectflow.gold.asking.sheets import as_csv, sheet_of
from affectflow.gold.targets.labels import targets_of
from affectflow.lake import Lake
from tests.given.factories import utterances
from tests.given.stage_runs import store

TEXTS = (
    "so slow; again",
    'it said "no"',
    "line one\nline two",
    "=1+1",
    "thanks, works",
)


def asked(where):
    """Makes a lake of five messages in five conversations, and its sheet."""
    ids = [f"test:{number}" for number in range(5)]
    store(str(where / "lake"), utterances(*TEXTS, conversation_id=ids))
    lake = Lake.open(str(where / "lake"))
    sample, drawn = draw(lake, targets_of("emotion", ["anger", "joy"]), n=5)
    (where / "sheet.csv").write_bytes(as_csv(sheet_of(lake, sample, drawn)))
    return where


def filled(folder):
    """Returns the rows of the sheet, filled by ann: yes to anger, no to joy."""
    text = (folder / "sheet.csv").read_text("utf-8-sig")
    found = list(csv.reader(io.StringIO(text, newline="")))
    for line in found[1:]:
        line[2], line[5], line[6] = "ann", "yes", "no"
    return found


def every(column, value):
    def change(lines):
        for line in lines[1:]:
            line[column] = value

    return change
