"""Real messages, and which 400 of them are labelled to measure frustration.

`python -m tests.quality.real.sampling DATA` drew `sample.csv` once; it keeps ids and
digests, never texts. Half were drawn at random, half evenly over the score of the model
of that day, so that rare high scores are among them.
"""

import csv
import gzip
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, zip_longest
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from affectflow_transforms.models.frustration import train
from tests.quality import datasets, embedded

SAMPLE = Path(__file__).with_name("sample.csv")
RANDOM = {"chat": 85, "issue": 70, "review": 45}
"""How many are drawn at random of each domain; as many again over the score."""
BANDS = 10
LINE = re.compile(r"^(?:\d+\s+)?\[[^\]]+\] <[^>]+> (.*)$")


class Message(NamedTuple):
    """A message of a shared data set; `id` is `SET/FILE#ROW`."""

    id: str
    domain: str
    text: str

    @property
    def digest(self) -> str:
        """Eight bytes of BLAKE2b of the text, in hexadecimal."""
        return hashlib.blake2b(self.text.encode(), digest_size=8).hexdigest()


def messages(data: Path) -> list[Message]:
    """Returns all messages that may be drawn: none that a model was fitted on."""
    found: list[Message] = []
    for domain, name, texts in _sets(data):
        found += [
            Message(f"{name}#{row}", domain, text.strip())
            for row, text in enumerate(texts)
            if text.strip()
        ]
    return found


def _sets(data: Path) -> Iterator[tuple[str, str, Iterable[str]]]:
    for file in sorted((data / "livechat_gitter").glob("*.txt*")):
        yield "chat", f"livechat_gitter/{file.name}", irc_lines(file)
    for file in sorted((data / "slack_se_chats").glob("*.xml.gz")):
        yield "chat", f"slack_se_chats/{file.name}", _slack(file)
    for file in sorted((data / "irc_disentanglement" / "dev").glob("*.raw.txt")):
        yield "chat", f"irc_disentanglement/{file.name}", irc_lines(file)
    yield "issue", "se_github_emotion/train.csv", _untouched(data)
    yield "issue", "gh_incivility/comments.csv.gz", _reserved(data)
    yield "review", "toxicr/code_review.csv.gz", _reviews(data)


def opened(file: Path) -> list[str]:
    """Returns the lines of a file, gzipped or not."""
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8", errors="replace") as lines:
        return list(lines)


def irc_lines(file: Path) -> list[str]:
    """Returns what is said in each line of a chat log; empty where nobody speaks."""
    found = (LINE.match(line.rstrip("\n")) for line in opened(file))
    return [match.group(1) if match else "" for match in found]


def _slack(file: Path) -> list[str]:
    root = ElementTree.fromstring("".join(opened(file)))
    return [each.findtext("text") or "" for each in root.iter("message")]


def _untouched(data: Path) -> list[str]:
    given = datasets.github_emotion(data)
    return [
        "" if weighed else text
        for text, weighed in zip(given.texts, given.truth["weighed"], strict=True)
    ]


def _reserved(data: Path) -> list[str]:
    given = datasets.heated_threads(data)
    return [
        text if train.is_reserved(thread) else ""
        for text, thread in zip(given.texts, given.units, strict=True)
    ]


def _reviews(data: Path) -> list[str]:
    source = data / "toxicr" / "code_review.csv.gz"
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        return [row["message"] for row in csv.DictReader(file)]


def drawn(
    found: list[Message], scores: list[float], counts: Mapping[str, int]
) -> list[tuple[Message, str]]:
    """Returns the messages drawn, in the order of their digests, and why.

    Of each domain as many are drawn at random as over the score: its count.
    """
    chosen: list[tuple[Message, str]] = []
    for domain, count in counts.items():
        pool = [
            (each, score)
            for each, score in zip(found, scores, strict=True)
            if each.domain == domain
        ]
        pool.sort(key=lambda pair: hashlib.blake2b(pair[0].id.encode()).digest())
        chosen += [(each, "random") for each, _ in pool[:count]]
        chosen += [(each, "score") for each in _spread(pool[count:], count)]
    return sorted(chosen, key=lambda pair: pair[0].digest)


def _spread(pool: list[tuple[Message, float]], count: int) -> list[Message]:
    """Takes one of each tenth of the score in turn, until there are enough."""
    bands = [
        [each for each, score in pool if min(int(score * BANDS), BANDS - 1) == band]
        for band in range(BANDS)
    ]
    rounds = (each for row in zip_longest(*bands) for each in row if each)
    return list(islice(rounds, count))


def sample(file: Path = SAMPLE) -> list[dict[str, str]]:
    """Returns the rows of a sample: id, domain, drawn, digest."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def write(file: Path, found: list[tuple[Message, str]]) -> None:
    """Writes what was drawn, without texts."""
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["id", "domain", "drawn", "digest"])
        for each, why in found:
            writer.writerow([each.id, each.domain, why, each.digest])


def main(data: Path) -> None:
    """Draws the sample again."""
    found = messages(data)
    scores = embedded.answers([each.text for each in found]).scores["frustration"]
    write(SAMPLE, drawn(found, scores.tolist(), RANDOM))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
