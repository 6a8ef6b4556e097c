"""Toy sets that tiny language models learn: which word tells the mood of a text."""

import random
from pathlib import Path
from typing import Any

from affectflow.lake import Lake
from affectflow.schemas import ANNOTATIONS, ANNOTATORS
from tests.given.factories import utterances
from tests.given.stage_runs import store
from tests.given.validation_lakes import add

WORDS = {"joy": "good", "anger": "broken"}
FILLERS = ("this", "is", "again", "why", "not", "1", "0", "thanks")
MOOD = """
summary = "tells a mood"
task = "mood"
licence = "Apache-2.0"
fence = false

[[steps]]
name = "mood"
text = "{text} told"
parser = "label"
labels = ["joy", "anger"]
max_new_tokens = 4
"""
REPLY = """
summary = "answers a message"
task = "reply"
licence = "Apache-2.0"
fence = false

[[steps]]
name = "reply"
text = "{text}"
parser = "text"
max_new_tokens = 8
"""
TEACHER = "teacher@1"


def write_prompt(folder: Path, text: str = MOOD, name: str = "mood") -> str:
    """Writes a prompt; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def rows_of(n: int = 120) -> list[dict[str, Any]]:
    """Returns texts with a word that tells their mood, of two texts a speaker."""
    chance = random.Random(0)
    found = []
    for i in range(n):
        mood = chance.choice(list(WORDS))
        words = [*chance.sample(FILLERS, 3), WORDS[mood]]
        chance.shuffle(words)
        text = " ".join(words)
        found.append({"text": text, "label": mood, "speaker_id": f"s{i // 2}"})
    return found


def pairs_of(n: int = 80) -> list[dict[str, Any]]:
    """Returns messages with two replies, of which the thankful one is preferred."""
    chance = random.Random(0)
    return [
        {
            "text": " ".join(chance.sample(FILLERS, 3)),
            "chosen": f"thanks {chance.choice(FILLERS[:3])}",
            "rejected": f"poison {chance.choice(FILLERS[:3])}",
            "conversation_id": f"c{i}",
        }
        for i in range(n)
    ]


def labelled_lake(folder: Path, rows: list[dict[str, Any]]) -> str:
    """Returns the URI of a lake whose texts a teacher, and a person, has labelled."""
    uri = str(folder)
    ids = [f"test:{i}" for i in range(len(rows))]
    threads = [f"test:thread-{i // 2}" for i in range(len(rows))]
    texts = [row["text"] for row in rows]
    store(uri, utterances(*texts, utterance_id=ids, conversation_id=threads))
    labelled_by(uri, TEACHER, "model", ids, threads, rows, licence="cc-by-nc-4.0")
    labelled_by(uri, "person:ann", "person", ids, threads, rows)
    return uri


def rated_lake(folder: Path) -> str:
    """Returns the URI of a lake of messages with two replies each, which are rated."""
    uri, replies = str(folder), ("thanks again", "poison")
    ids = [f"test:{n}{part}" for n in range(4) for part in ("q", "a", "b")]
    columns = {
        "utterance_id": ids,
        "conversation_id": [f"test:thread-{id_[5]}" for id_ in ids],
        "reply_to": [None if id_[-1] == "q" else f"{id_[:-1]}q" for id_ in ids],
    }
    texts = [f"why {id_[5]}" if id_[-1] == "q" else replies[id_[-1] == "b"]
             for id_ in ids]  # fmt: skip
    store(uri, utterances(*texts, **columns))
    rated = [
        {
            **dict.fromkeys(ANNOTATIONS.names),
            "utterance_id": id_,
            "annotator_id": "rater@1",
            "task": "follow_up_reward",
            "vocabulary": "follow_up_reward",
            "label": "reward",
            "value": 1.0 if id_[-1] == "a" else -1.0,
            "rank": 1,
            "chosen": True,
            "status": "ok",
        }
        for id_ in ids
        if id_[-1] != "q"
    ]
    add(Lake.open(uri), "annotations", "rater/all.parquet", rated)
    row = {**dict.fromkeys(ANNOTATORS.names), "annotator_id": "rater@1"}
    add(Lake.open(uri), "annotators", "rater/row.parquet", [row | {"kind": "model"}])
    return uri


def labelled_by(
    uri: str,
    annotator: str,
    kind: str,
    ids: list[str],
    threads: list[str],
    rows: list[dict[str, Any]],
    licence: str = "",
) -> None:
    """Adds an annotator's labels; a person answers each label with yes or no."""
    lake = Lake.open(uri)
    labelled = [
        {
            **dict.fromkeys(ANNOTATIONS.names),
            "utterance_id": id_,
            "conversation_id": thread,
            "annotator_id": annotator,
            "task": "mood",
            "vocabulary": "mood.mood",
            "label": label,
            "rank": 1,
            "chosen": label == row["label"],
            "status": "ok",
        }
        for id_, thread, row in zip(ids, threads, rows, strict=True)
        for label in WORDS
    ]
    name = annotator.replace(":", "-")
    add(lake, "annotations", f"{name}/all.parquet", labelled)
    row = {**dict.fromkeys(ANNOTATORS.names), "annotator_id": annotator, "kind": kind}
    add(lake, "annotators", f"{name}/row.parquet", [row | {"licence": licence}])
