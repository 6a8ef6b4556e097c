"""Generated conversations in JSON Lines, up to any size: mostly short, some long.

Lengths of conversations are geometric with a mean of 5 turns. Of 200 texts 199 have
one to three sentences, the other 30 to 100: the mean is about 110 bytes. The same seed
gives the same bytes.
"""

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.posts import EMOJI, OTHER, WORDS

FILE_BYTES = 100_000_000
TURNS = 5
LONG_SHARE = 0.005
SEED = 7
_FEELINGS = (
    "I am so frustrated because {} again",
    "this is really annoying, {} and nobody answers",
    "sorry, I am confused: {} and I do not know why",
    "I hate that {}",
    "great work, thank you for the fix, I love it",
    "I am happy that it works now",
    "it makes me sad that {}",
    "why does nobody care that {}?",
)
_TROUBLES = (
    "the build keeps failing",
    "the tests are flaky",
    "the release broke the install",
    "the docs are wrong",
    "my pull request waits for a review",
    "the server crashes after every update",
    "the login never works",
    "the merge took two days",
)


def write(
    folder: Path,
    rows: int,
    *,
    files: int = 0,
    long_conversation: int = 0,
    hot_bucket: tuple[int, float] = (0, 0.0),
) -> int:
    """Writes a corpus, and returns its bytes.

    Args:
      folder: to write to; made if it is not there.
      rows: utterances in all.
      files: how many, of equally many rows; by size, at most 100 MB, if 0.
      long_conversation: so many of the rows are turns of one conversation.
      hot_bucket: of how many buckets the first shall hold which share of the rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = _lines(rows, long_conversation, *hot_bucket)
    each = -(-rows // files) if files else 0
    written, number = 0, 0
    while part := _one_file(folder / f"{number:05d}.jsonl", lines, each):
        written += part
        number += 1
    return written


def _one_file(path: Path, lines: Iterator[bytes], rows: int) -> int:
    """Writes lines up to a number of rows, or of bytes if that is 0."""
    size, count = 0, 0
    first = next(lines, None)
    if first is None:
        return 0
    with path.open("wb") as file:
        file.write(first)
        size, count = len(first), 1
        while count < rows if rows else size < FILE_BYTES - 100_000:
            line = next(lines, None)
            if line is None:
                break
            file.write(line)
            size, count = size + len(line), count + 1
    return size


def _lines(rows: int, long_turns: int, buckets: int, share: float) -> Iterator[bytes]:
    chance = random.Random(SEED)
    pool = _sentences(chance)
    row, conversation = 0, 0
    while row < rows:
        turns = long_turns if not row and long_turns else _turns(chance)
        name = _name(conversation, chance.random() < share, buckets)
        for turn in range(min(turns, rows - row)):
            yield (
                json.dumps(
                    _message(name, row, turn, chance, pool), ensure_ascii=False
                ).encode()
                + b"\n"
            )
            row += 1
        conversation += 1


def _turns(chance: random.Random) -> int:
    turns = 1
    while chance.random() > 1 / TURNS:
        turns += 1
    return turns


def _name(number: int, hot: bool, buckets: int) -> str:
    """Returns the id of a conversation; a hot one falls into the first bucket."""
    if not hot:
        return f"c{number}"
    bits = buckets.bit_length() - 1
    tries = (f"c{number}-{salt}" for salt in range(10**6))
    return next(name for name in tries if not _top_bits(name, bits))


def _top_bits(name: str, bits: int) -> int:
    digest = hashlib.blake2b(f"jsonl:{name}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") >> (32 - bits)


def _message(
    conversation: str, row: int, turn: int, chance: random.Random, pool: list[str]
) -> dict[str, Any]:
    long = chance.random() < LONG_SHARE
    count = chance.randint(30, 100) if long else chance.randint(1, 3)
    second = row % 60
    return {
        "utterance_id": str(row),
        "conversation_id": conversation,
        "reply_to": str(row - 1) if turn else None,
        "speaker_id": f"user{chance.randrange(1 + row // 10)}",
        "timestamp": f"2026-{1 + row % 12:02d}-{1 + row % 28:02d}T12:00:{second:02d}Z",
        "text": " ".join(chance.choices(pool, k=count)),
    }


def _sentences(chance: random.Random) -> list[str]:
    """Returns sentences of about 45 bytes; one of seven says a feeling."""
    plain = [" ".join(_words(chance)) + "." for _ in range(6000)]
    felt = [f.format(t) + "." for f in _FEELINGS for t in _TROUBLES]
    return plain + felt * (1000 // len(felt))


def _words(chance: random.Random) -> Iterator[str]:
    for _ in range(chance.randint(4, 13)):
        kind = chance.random()
        if kind < 0.01:
            yield f"https://example.org/{chance.randrange(10**6)}"
        elif kind < 0.03:
            yield chance.choice(EMOJI)
        elif kind < 0.05:
            yield chance.choice(OTHER)
        elif kind < 0.15:
            yield f"module{chance.randrange(5000)}"
        else:
            yield chance.choice(WORDS)
