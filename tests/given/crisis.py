"""What the guard `clinical` finds among sentences that were written for it."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from affectflow.kinds.guard import Guard

SENTENCES = Path(__file__).with_name("crisis_sentences.toml")
KINDS = {
    "crisis": "crisis, seen when the phrases were chosen",
    "held_out_spoken": "crisis in words, held out",
    "held_out_hinted": "crisis only hinted at, held out",
    "harmless": "harmless, seen when the phrases were chosen",
    "held_out_harmless": "harmless, held out",
}


class Found(NamedTuple):
    """How many sentences of a kind and language the guard holds back, of how many."""

    kind: str
    language: str
    held_back: int
    n: int


def figures() -> Iterator[Found]:
    """Yields the figures of each kind and language."""
    guard = Guard.load("clinical")
    said = tomllib.loads(SENTENCES.read_text("utf-8"))
    for kind in KINDS:
        for language, sentences in said[kind].items():
            held_back = sum(map(guard.matches, sentences))
            yield Found(kind, language, held_back, len(sentences))


def share(kind: str) -> float:
    """Returns the share of the sentences of a kind that the guard holds back."""
    found = [each for each in figures() if each.kind == kind]
    return sum(each.held_back for each in found) / sum(each.n for each in found)


def table() -> str:
    """Returns the figures as a table of Markdown."""
    found = list(figures())
    languages = list(dict.fromkeys(each.language for each in found))
    lines = [
        f"| sentences | {' | '.join(languages)} | held back |",
        f"| --- |{' --- |' * (len(languages) + 1)}",
    ]
    for kind, words in KINDS.items():
        own = {each.language: each for each in found if each.kind == kind}
        cells = [_of(own.get(language)) for language in languages]
        lines.append(f"| {words} | {' | '.join(cells)} | {share(kind):.2f} |")
    return "\n".join(lines) + "\n"


def _of(found: Found | None) -> str:
    return f"{found.held_back} of {found.n}" if found else ""
