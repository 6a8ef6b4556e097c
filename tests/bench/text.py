"""The text rules of ingest, in rows a second of CPU: `python -m tests.bench.text`.

Four kinds of text out of the shared data sets: short posts (GoEmotions), comments of
developers, mail, and the comments that hold logs. Each goes through what ingest does to
text: `NormalizeText` (cleaning, personal data, segments) and `Textualize` (cues). The
kinds are run in turn, in one process; figures are medians. The parts of the first step
are timed apart, so that they do not add up to it exactly.
"""

import argparse
import csv
import functools
import gzip
import mailbox
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from affectflow import registry
from affectflow.defaults import INGEST_STEPS
from affectflow_transforms.text import normalize
from affectflow_transforms.text.entities import unescape_column
from affectflow_transforms.text.segments import detectors, may_have_segments

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SHORT_ROWS = 30_000
LONG_ROWS = 2_000
_LOG = re.compile(r"Traceback|Exception|[0-9]:[0-9]{2}:[0-9]{2}|\n\s+at ")


def short_posts() -> list[str]:
    """Returns posts of 68 characters on average."""
    with gzip.open(DATA / "goemotions" / "train.tsv.gz", "rt") as file:
        return [line.split("\t")[0] for line in file][:SHORT_ROWS]


@functools.cache
def comments() -> list[str]:
    """Returns comments on issues of GitHub, 511 characters on average."""
    csv.field_size_limit(sys.maxsize)
    path = DATA / "gh_incivility" / "comments.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [row["comment_body"] for row in csv.DictReader(file)]


def mails() -> list[str]:
    """Returns the plain bodies of two mailboxes, again and again."""
    bodies = [
        bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")
        for path in sorted((DATA / "raw_mail").glob("*.mbox"))
        for mail in mailbox.mbox(path, create=False)
        for part in mail.walk()
        if part.get_content_type() == "text/plain"
    ]
    return _repeated(bodies)


def logs() -> list[str]:
    """Returns the comments that hold logs or traces, again and again."""
    return _repeated([text for text in comments() if _LOG.search(text)])


def _repeated(texts: list[str]) -> list[str]:
    return (texts * (1 + LONG_ROWS // len(texts)))[:LONG_ROWS]


KINDS: dict[str, Callable[[], list[str]]] = {
    "short posts": short_posts,
    "comments": comments,
    "mail": mails,
    "logs": logs,
}


def tasks(texts: list[str]) -> dict[str, Callable[[], Any]]:
    """Returns what is timed of one kind of text, by its name."""
    first, second = (registry.make("transforms", name) for name in INGEST_STEPS)
    batch = pa.record_batch({"text": pa.array(texts, pa.string())})
    normalized = first.process_batch(batch)
    second.process_batch(normalized)
    column, cleaned = batch.column("text"), normalized.column("text")
    return {
        "unescape": lambda: unescape_column(column),
        "clean": lambda: normalize._clean_column(column),
        "which may have data": lambda: detectors(cleaned),
        "which may have segments": lambda: may_have_segments(cleaned),
        INGEST_STEPS[0]: lambda: first.process_batch(batch),
        INGEST_STEPS[1]: lambda: second.process_batch(normalized),
        "both": lambda: second.process_batch(first.process_batch(batch)),
    }


def main(runs: int) -> None:
    """Prints the rates of all steps and kinds."""
    texts = {name: read() for name, read in KINDS.items()}
    timed = {name: tasks(read) for name, read in texts.items()}
    seconds: dict[tuple[str, str], list[float]] = {}
    for _ in range(runs):
        for kind, steps in timed.items():
            for step, run in steps.items():
                begun = time.process_time()
                run()
                seconds.setdefault((kind, step), []).append(time.process_time() - begun)
    for kind, steps in timed.items():
        rows = len(texts[kind])
        mean = sum(map(len, texts[kind])) / rows
        print(f"\n{kind}: {rows:,} rows of {mean:.0f} characters")
        whole = statistics.median(seconds[kind, "both"])
        for step in steps:
            median = statistics.median(seconds[kind, step])
            print(f"  {step:<26}{rows / median:>12,.0f} rows/s{median / whole:>7.0%}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    main(parser.parse_args().runs)
