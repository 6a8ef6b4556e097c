"""Developers' messages of two public sets, and what two passes say of them."""

import json
from collections.abc import Iterator
from pathlib import Path

from affectflow_transforms.models.frustration.train import SOURCE, read_comments
from tests.quality.authored.reading import PASSES as PASSES
from tests.quality.authored.reading import Row
from tests.quality.real import sampling
from tests.quality.real.sampling import Message, irc_lines

FOLDER = Path(__file__).parent
SAMPLE = FOLDER / "messages.csv"
COMMENTS, CHAT = "gh_incivility", "irc_disentanglement"


def sample() -> list[dict[str, str]]:
    """Returns the rows of the sample: id, domain, unit, digest.

    The unit is the thread of a comment, or fifty lines of a chat: what a split keeps
    together.
    """
    return sampling.sample(SAMPLE)


def labels(number: int) -> dict[str, Row]:
    """Returns what a pass says, by the id of the message."""
    said = (FOLDER / f"labels_{number}.jsonl").read_text(encoding="utf-8")
    return {row["id"]: row for row in map(json.loads, said.splitlines())}


def messages(data: Path) -> list[Message]:
    """Returns the messages of the sample, in its order.

    Args:
      data: the folder of the public sets.

    Raises:
      ValueError: a set holds another text than the one that was labelled.
    """
    there = {name: text.strip() for name, text in _texts(data)}
    found = [Message(row["id"], row["domain"], there[row["id"]]) for row in sample()]
    for message, row in zip(found, sample(), strict=True):
        if message.digest != row["digest"]:
            raise ValueError(f"{message.id} is not the text that was labelled")
    return found


def _texts(data: Path) -> Iterator[tuple[str, str]]:
    rows = read_comments(data / COMMENTS / SOURCE)
    for number, row in enumerate(rows):
        yield f"{COMMENTS}/{SOURCE}#{number}", row["comment_body"]
    for file in sorted((data / CHAT / "train").glob("*.raw.txt")):
        for number, text in enumerate(irc_lines(file)):
            yield f"{CHAT}/{file.name}#{number}", text


def marked(data: Path) -> tuple[list[Row], list[list[Row]]]:
    """Returns texts, and the rows of each pass, as `affectflow.sources.marked` reads.

    Args:
      data: the folder of the public sets.
    """
    units = {row["id"]: row["unit"] for row in sample()}
    found = messages(data)
    texts = [
        {"id": m.id, "brief": units[m.id], "text": m.text, "real": True} for m in found
    ]
    return texts, [
        [_spelled(said[each.id], each.text) for each in found]
        for said in map(labels, PASSES)
    ]


def _spelled(row: Row, text: str) -> Row:
    start, end = row["cause"] or (0, 0)
    return row | {"cause": text[start:end]}
