"""A frozen sample: labels change by no more than what the commit says.

python -m tests.quality.frozen --because "weights v2: negation"

answers the sample anew, writes it down, and adds a line to the file's history: how
many answers changed, and why. A commit that changes labels holds that line; without it
a test fails and names the texts.

The sample: sentences that we wrote (`texts.txt`), the package's demo conversations, and
300 comments of GoEmotions' development set by their ids (CC BY 4.0), whose texts are
read from the shared data.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from tests.quality import datasets, embedded
from tests.quality.__main__ import data_folder

FILE = Path(__file__).with_name("frozen.json")
ALLOWED = 2
"""Answers that may differ: a score at its threshold may fall to either side of it where
another processor rounds otherwise."""
SCORES_WITHIN = 0.01
FROM_REDDIT = 300

Answer = dict[str, Any]
"""`labels`: chosen label to its score; `frustration`: its score; `answered`."""


def own_texts() -> Iterator[tuple[str, str]]:
    """Yields id and text of what we wrote: sentences, and the demo conversations."""
    lines = Path(__file__).with_name("texts.txt").read_text(encoding="utf-8")
    for number, text in enumerate(lines.splitlines(), start=1):
        yield f"own:{number}", text
    demo = resources.files("affectflow") / "demo"
    issues = json.loads((demo / "issues.json").read_text(encoding="utf-8"))
    yield from ((f"demo:{row['id']}", row["body"]) for row in issues if row["body"])
    comments = (demo / "comments.jsonl").read_bytes().decode("utf-8", "replace")
    yield from _comments(comments.splitlines())


def _comments(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yields the comments that can be read; some lines are broken on purpose."""
    for number, line in enumerate(lines, start=1):
        try:
            body = json.loads(line).get("body")
        except json.JSONDecodeError:
            continue
        if body:
            yield f"demo:line {number}", body


def reddit_texts(data: Path) -> Iterator[tuple[str, str]]:
    """Yields id and text of every so-manyth comment of GoEmotions' development set."""
    given = datasets.goemotions_dev(data)
    step = len(given.ids) // FROM_REDDIT
    rows = list(zip(given.ids, given.texts, strict=True))[::step][:FROM_REDDIT]
    yield from ((f"goemotions:{name}", text) for name, text in rows)


def answers_of(texts: Mapping[str, str]) -> dict[str, Answer]:
    """Returns what the annotators answer, by id."""
    told = embedded.answers(list(texts.values()))
    frozen = {}
    for number, name in enumerate(texts):
        chosen = [label for label in told.chosen if told.chosen[label][number]]
        answered = bool(told.answered[number])
        frozen[name] = {
            "answered": answered,
            "labels": {
                label: round(float(told.scores[label][number]), 3)
                for label in chosen
                if answered
            },
            "frustration": round(float(told.scores["frustration"][number]), 3),
        }
    return frozen


def changes(before: Mapping[str, Answer], now: Mapping[str, Answer]) -> list[str]:
    """Returns a line for each answer of `now` with other labels than `before`."""
    found = []
    for name, answer in now.items():
        old = before.get(name)
        if old is None:
            found.append(f"{name}: new")
        elif old["answered"] != answer["answered"]:
            found.append(f"{name}: answered {old['answered']} -> {answer['answered']}")
        elif set(old["labels"]) != set(answer["labels"]):
            found.append(f"{name}: {_shown(old)} -> {_shown(answer)}")
    return found


def moved(before: Mapping[str, Answer], now: Mapping[str, Answer]) -> list[str]:
    """Returns a line for each score that is off by more than `SCORES_WITHIN`."""
    found = []
    for name, answer in now.items():
        old = before.get(name, answer)
        both = [(old["frustration"], answer["frustration"])]
        shared = set(old["labels"]) & set(answer["labels"])
        both += [(old["labels"][each], answer["labels"][each]) for each in shared]
        if any(abs(one - other) > SCORES_WITHIN for one, other in both):
            found.append(f"{name}: {both}")
    return found


def _shown(answer: Answer) -> str:
    return ", ".join(sorted(answer["labels"])) or "none"


def frozen() -> dict[str, Any]:
    """Returns what is written down: `answers` by id, and `history`."""
    written: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return written


def write(because: str) -> list[str]:
    """Answers the sample anew, writes it down, and returns what changed."""
    texts = dict([*own_texts(), *reddit_texts(data_folder())])
    now = answers_of(texts)
    old = frozen() if FILE.exists() else {"history": [], "answers": {}}
    changed = changes(old["answers"], now)
    line = {"because": because, "changed": len(changed), "of": len(now)}
    written = {"history": [*old["history"], line], "answers": now}
    FILE.write_text(_as_lines(written), encoding="utf-8")
    return changed


def _as_lines(written: dict[str, Any]) -> str:
    """Returns JSON with one line an entry, so that a commit shows what changed."""
    history = ",\n".join(json.dumps(line) for line in written["history"])
    answers = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(answer)}"
        for name, answer in written["answers"].items()
    )
    return f'{{"history": [\n{history}\n],\n"answers": {{\n{answers}\n}}}}\n'


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--because", required=True, help="why labels change")
    changed = write(parser.parse_args().because)
    print("\n".join(changed))
    print(f"{len(changed)} changed")
