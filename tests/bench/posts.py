"""A million generated posts: words, emoji, links, mentions, several scripts."""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

WORDS = [
    "the",
    "a",
    "to",
    "and",
    "of",
    "is",
    "it",
    "that",
    "this",
    "build",
    "test",
    "release",
    "merge",
    "branch",
    "review",
    "docs",
    "install",
    "slow",
    "broken",
    "again",
    "thanks",
    "great",
    "love",
    "hate",
    "annoying",
    "crash",
    "error",
    "works",
    "fix",
    "please",
    "wait",
    "still",
    "never",
    "always",
    "why",
    "how",
    "when",
    "because",
    "after",
    "before",
    "today",
    "yesterday",
]
OTHER = ("早く直して", "спасибо", "größer", "très bien", "ありがとう", "não funciona")
EMOJI = ("😂", "👍🏽", "👩‍💻", "🎉", "😡", "❤️", "🇩🇪")


def generate(path: Path, rows: int, seed: int = 7, texts: Sequence[str] = ()) -> None:
    """Writes posts as JSON Lines; the same seed gives the same bytes.

    Args:
      path: of the file.
      rows: how many posts.
      seed: of chance.
      texts: what the posts say, again and again; words drawn by chance if empty.
    """
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            post = {
                "id": number,
                "user": f"user{chance.randrange(rows // 20 + 1)}",
                "created_at": f"2026-0{1 + number % 9}-1{number % 10}T12:00:00Z",
                "lang": "en",
                "body": texts[number % len(texts)]
                if texts
                else " ".join(_words(chance)),
            }
            file.write(json.dumps(post, ensure_ascii=False) + "\n")


def _words(chance: random.Random) -> Iterator[str]:
    for _ in range(chance.randint(3, 60)):
        kind = chance.random()
        if kind < 0.02:
            yield f"https://example.org/{chance.randrange(10**6)}"
        elif kind < 0.04:
            yield f"@user{chance.randrange(1000)}"
        elif kind < 0.06:
            yield chance.choice(EMOJI)
        elif kind < 0.08:
            yield chance.choice(OTHER)
        else:
            yield chance.choice(WORDS)
