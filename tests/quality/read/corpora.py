"""Makes the lakes that are read blind: four corpora, labelled and mined.

    python -m tests.quality.read.corpora DATA FOLDER [--model EmbeddedEncoder] \\
        [--miner RankMiner]

DATA is the folder of the public sets; FOLDER gets one lake for each corpus.
"""

import argparse
import csv
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from affectflow_transforms.models.frustration.train import (
    SOURCE,
    is_reserved,
    read_comments,
)
from tests.quality.read.join import rows
from tests.quality.real.sampling import opened

_LINE = re.compile(r"^(?:\d+\s+)?\[(\d{4}-\d\d-\d\d)[T ]([\d:]{8})\] <([^>]+)> (.*)$")
COLUMNS = {
    "utterance_id": "id",
    "conversation_id": "conversation",
    "speaker_id": "speaker",
    "timestamp": "at",
    "text": "text",
}


class Said(NamedTuple):
    """A message, as a row of a CSV file; `at` is when, empty if not known."""

    id: str
    conversation: str
    speaker: str
    at: str
    text: str


def chat(data: Path) -> Iterator[Said]:
    """Yields the messages of six rooms; a dashed rule ends a conversation."""
    for file in sorted((data / "livechat_gitter").glob("*.txt*")):
        room, rules = file.name.partition(".")[0], 0
        for number, line in enumerate(opened(file)):
            rules += line.startswith("-----")
            if match := _LINE.match(line.rstrip("\n")):
                day, time, speaker, text = match.groups()
                at = f"{day}T{time}Z"
                yield Said(f"{room}-{number}", f"{room}-{rules}", speaker, at, text)


def issues(data: Path) -> Iterator[Said]:
    """Yields the comments of threads that no model was fitted on."""
    for number, row in enumerate(read_comments(data / "gh_incivility" / SOURCE)):
        if is_reserved(row["issue_id"]):
            yield Said(str(number), row["issue_id"], "", "", row["comment_body"])


def jira(data: Path) -> Iterator[Said]:
    """Yields the sentences of a tracker, equal ones once, each on its own."""
    files = sorted((data / "jira_emotion").glob("*.csv"))
    texts = dict.fromkeys(row["text"] for file in files for row in rows(file))
    for number, text in enumerate(texts):
        yield Said(str(number), str(number), "", "", text)


def so(data: Path) -> Iterator[Said]:
    """Yields posts of Stack Overflow, each on its own."""
    for row in rows(data / "senti4sd" / "train.csv"):
        yield Said(row["id"], row["id"], "", "", row["text"])


CORPORA: dict[str, Callable[[Path], Iterator[Said]]] = {
    "chat": chat,
    "issues": issues,
    "jira": jira,
    "so": so,
}


def make(said: list[Said], lake: Path, model: str, miner: str) -> None:
    """Makes a lake of messages, with labels and causes."""
    kept = [each for each in said if each.text.strip()]
    known = {
        column: name
        for column, name in COLUMNS.items()
        if all(getattr(each, name) for each in kept)
    }
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "messages.csv"
        with source.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(Said._fields)
            writer.writerows(kept)
        given = ",".join(f"{column}={name}" for column, name in known.items())
        _run("ingest", source, "--source", "csv", "--map", given, "--to", lake)
    _run("annotate", lake, "--model", model)
    _run("mine", lake, "--miner", miner)


def _run(*command: object) -> None:
    subprocess.run([sys.executable, "-m", "affectflow", *map(str, command)], check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="EmbeddedEmotions")
    parser.add_argument("--miner", default="RuleMiner")
    asked = parser.parse_args()
    for name, corpus in CORPORA.items():
        messages = list(corpus(asked.data))
        make(messages, asked.folder / name, asked.model, asked.miner)
        print(f"{name}: {len(messages):,} messages", flush=True)
