"""The message sets on which miners are tried, read as published."""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

from affectflow.errors import UsageError
from affectflow.sources.marked import read_marked
from affectflow.trials.messages import Message

AUTHORED = Path(__file__).resolve().parents[2] / "tests" / "quality" / "authored"
"""Folder of the authored messages in the source distribution."""
_SHAVER = ("Anger", "Love", "Fear", "Joy", "Sadness", "Surprise")
_OTHERS = {"llm_gpt4": "GPT-4, as published", "llm_chatgpt": "ChatGPT, as published"}


def authored(folder: Path) -> list[Message]:
    """Returns the authored messages meant for choosing, including calm ones.

    Raises:
      UsageError: the folder has none.
    """
    held = [each for each in read_marked(folder) if each.is_for_choosing]
    found = []
    for each in held:
        labels = [label for label in each.emotions if label != "irritation"]
        if bool(labels) == bool(each.spans):
            marked = tuple(each.text[start:end] for start, end in each.spans)
            label = labels[0] if labels else ""
            said = Message(unit=each.brief, text=each.text, label=label, marked=marked)
            found.append(said)
    return found


def developers(data: Path) -> list[Message]:
    """Returns comments of GitHub with one marked cause (Imran et al. 2024).

    The set is read only for figures: nothing was chosen or trained on it.
    """
    found = []
    for row in _rows(data / "se_emotion_cause" / "causes.csv"):
        labels = [name.lower() for name in _SHAVER if row[name] == "1"]
        if row["cause_span"].strip() and labels:
            others = tuple((_OTHERS[name], row[name]) for name in _OTHERS)
            said = Message(
                unit=row["id"],
                text=row["modified_comment"],
                label=labels[0],
                marked=(row["cause_span"],),
                others=others,
            )
            found.append(said)
    return found


def neutral_reddit(data: Path) -> list[str]:
    """Returns the comments of GoEmotions dev that people label only neutral."""
    folder = data / "goemotions"
    names = (folder / "emotions.txt").read_text("utf-8").split()
    neutral = str(names.index("neutral"))
    with (folder / "dev.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    return [text for text, labels, _ in rows if labels == neutral]


def threads(data: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yields heated threads (Ehsani et al. 2024): id, trigger, comments."""
    folder = data / "gh_incivility"
    comments: dict[str, list[str]] = {}
    for row in _rows(folder / "comments.csv.gz"):
        comments.setdefault(row["issue_id"], []).append(row["comment_body"])
    for row in _rows(folder / "issues.csv"):
        if row["trigger"] and row["issue_id"] in comments:
            yield row["issue_id"], row["trigger"], comments[row["issue_id"]]


def _rows(file: Path) -> list[dict[str, str]]:
    opened = gzip.open if file.suffix == ".gz" else open
    try:
        with opened(file, "rt", encoding="utf-8", newline="") as text:
            return list(csv.DictReader(text))
    except OSError as error:
        raise UsageError(
            f"cannot read {str(file)!r} ({error.strerror}): --data must be a folder "
            "with one subfolder per data set"
        ) from error
