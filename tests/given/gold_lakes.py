"""Lakes from which samples were drawn, and the sheets that raters have filled."""

import csv
import io

from affectflow.cli import validation as commands
from affectflow.gold.asking.answers import import_answers
from affectflow.gold.asking.reading import read_answers
from affectflow.schemas import ANNOTATIONS
from tests.given.factories import utterances
from tests.given.stage_runs import store
from tests.given.validation_lakes import MODEL, add, label, made, yes_if

# Raters' rules: `CAREFUL` finds all that is broken; `FAST` misses the polite ones.
CAREFUL = yes_if("broken", "stopped")
FAST = yes_if("broken")


def sampled(folder):
    """Makes a lake with an annotator of both tasks, and draws three sheets."""
    uri = made(folder / "lake")
    rule = lambda text: "AGAIN" in text  # noqa: E731
    label(uri, rule, task="frustration", name="frustration")
    label(uri, rule, task="emotion", name="annoyance")
    sample(uri, folder / "sheet.csv", n=200)
    three = "annoyance,anger,disappointment"
    sample(uri, folder / "three.csv", n=120, task="emotion", labels=three)
    sample(uri, folder / "other.csv", n=50, seed=9)
    return folder


def sample(uri, out, **options):
    assert commands.sample(uri, str(out), **{"n": 100, "seed": 1} | options) == 0


def imported(lake, *files, rater=""):
    return [import_answers(lake, read_answers(lake, f, rater)) for f in files]


def csv_sample(sheet):
    return next(csv.DictReader(io.StringIO(sheet.read_text("utf-8-sig"))))["sample_id"]


def sheet_rows(folder, name="sheet.csv"):
    text = (folder / name).read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def grow(lake, count, *, text="ok then", name="late"):
    """Adds messages that the annotator found nothing in, each a conversation."""
    ids = [f"test:{name}-{number}" for number in range(count)]
    store(
        lake.uri,
        utterances(*[text] * count, utterance_id=ids, conversation_id=ids),
    )
    answers = [
        {
            **dict.fromkeys(ANNOTATIONS.names),
            "utterance_id": each,
            "conversation_id": each,
            "annotator_id": MODEL,
            "task": "frustration",
            "vocabulary": "frustration",
            "label": "neutral",
            "chosen": True,
            "status": "ok",
        }
        for each in ids
    ]
    add(lake, "annotations", f"{MODEL}-frustration/{name}.parquet", answers)
