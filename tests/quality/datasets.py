"""Labelled texts of the shared data sets, read as they are."""

import csv
import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affectflow.vocabularies import get
from affectflow_transforms.models.frustration import train

GOEMOTIONS, SHAVER = get("goemotions").labels, get("shaver").labels

Mask = npt.NDArray[np.bool_]

BUG_WORDS = ("bug", "error", "crash", "fail", "broken", "exception", "issue")


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Texts that people labelled.

    Args:
      units: what a bootstrap draws: the conversation, or the text where none is known.
      truth: for each label, which texts have it.
      groups: for each way to slice, the slice of each text.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    units: Sequence[str]
    truth: Mapping[str, Mask]
    groups: Mapping[str, Sequence[str]]


def goemotions_dev(data: Path) -> Labelled:
    """Returns the development set of GoEmotions; the test set is never read."""
    with (data / "goemotions" / "dev.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    texts = [text for text, _, _ in rows]
    held = [set(map(int, labels.split(","))) for _, labels, _ in rows]
    names = (data / "goemotions" / "emotions.txt").read_text(encoding="utf-8").split()
    assert tuple(names) == GOEMOTIONS
    ids = [name for _, _, name in rows]
    return Labelled(
        ids=ids,
        texts=texts,
        units=ids,
        truth={name: _mask(n in has for has in held) for n, name in enumerate(names)},
        groups={
            "length": [length_band(text) for text in texts],
            "labels given": [f"{min(len(has), 3)}" for has in held],
        },
    )


def sentiment(data: Path) -> dict[str, list[str]]:
    """Returns GoEmotions' own grouping to positive, negative and ambiguous."""
    source = data / "goemotions" / "sentiment_mapping.json"
    grouping: dict[str, list[str]] = json.loads(source.read_text(encoding="utf-8"))
    return grouping


def github_emotion(data: Path) -> Labelled:
    """Returns comments of issues and pull requests (Imran et al. 2022).

    `truth` has Shaver's families, `irritation` (irritation or exasperation), and which
    comments were `weighed`: the half on which the weight of annoyance in the score of
    frustration was chosen.
    """
    rows = _csv(data / "se_github_emotion" / "train.csv")
    finer = [row["Emotion 2"].strip().lower() for row in rows]
    truth = {
        label: _mask(row[label.capitalize()] == "1" for row in rows) for label in SHAVER
    }
    # Some are spelt "irritaion".
    truth["irritation"] = _mask(
        each.startswith("irrita") or each == "exasperation" for each in finer
    )
    truth["weighed"] = _mask(
        hashlib.blake2b(row["id"].encode()).digest()[0] % 2 == 0 for row in rows
    )
    return Labelled(
        ids=[row["id"] for row in rows],
        texts=[row["comment"] for row in rows],
        units=[row["id"] for row in rows],
        truth=truth,
        groups={
            "kind": [row["type"] for row in rows],
            "container": [row["repo"] for row in rows],
            "length": [length_band(row["comment"]) for row in rows],
        },
    )


def stack_overflow_emotion(data: Path) -> Labelled:
    """Returns posts of Stack Overflow, majority of three raters (Novielli et al.)."""
    rows = _csv(data / "so_emotion" / "ratings.csv.gz")
    ids = [f"{row['group']}{row['set']}{row['no']}" for row in rows]
    return Labelled(
        ids=ids,
        texts=[row["text"] for row in rows],
        units=[str(number) for number in range(len(rows))],
        truth={
            label: _mask(row[f"{label}_gold"] == "1" for row in rows)
            for label in SHAVER
        },
        groups={"length": [length_band(row["text"]) for row in rows]},
    )


def jira_emotion(data: Path, label: str) -> Labelled:
    """Returns sentences of an issue tracker, labelled for one emotion (Ortu et al.)."""
    rows = _csv(data / "jira_emotion" / f"{label}.csv")
    ids = [str(number) for number in range(len(rows))]
    return Labelled(
        ids=ids,
        texts=[row["text"] for row in rows],
        units=ids,
        truth={label: _mask(row["label"] == "1" for row in rows)},
        groups={},
    )


def heated_threads(data: Path) -> Labelled:
    """Returns comments of heated threads (Ehsani et al. 2024), by tone.

    `truth` has `frustration` (bitter frustration or impatience) and `uncivil`.
    """
    rows = _csv(data / "gh_incivility" / "comments.csv.gz")
    tones = [row["tbdf"] for row in rows]
    texts = [row["comment_body"] for row in rows]
    opens = [row["comment_id"] == row["issue_id"] for row in rows]
    bugs = [any(word in text.lower() for word in BUG_WORDS) for text in texts]
    return Labelled(
        ids=[row["comment_id"] for row in rows],
        texts=texts,
        units=[row["issue_id"] for row in rows],
        truth={
            "frustration": _mask(tone in train.FRUSTRATED for tone in tones),
            "uncivil": _mask(bool(tone) for tone in tones),
            "reserved": _mask(train.is_reserved(row["issue_id"]) for row in rows),
        },
        groups={
            "role": ["opens the issue" if first else "answers" for first in opens],
            "bug words": ["with" if said else "without" for said in bugs],
            "length": [length_band(text) for text in texts],
        },
    )


def length_band(text: str) -> str:
    """Returns the band of a text's length, in characters."""
    for name, below in (("under 50", 50), ("50 to 199", 200), ("200 to 999", 1000)):
        if len(text) < below:
            return name
    return "1,000 and more"


LENGTHS = ("under 50", "50 to 199", "200 to 999", "1,000 and more")


def _csv(path: Path) -> list[dict[str, str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _mask(values: Iterable[bool]) -> Mask:
    return np.array(list(values), np.bool_)
