"""Messages as JSON Lines, some of them annoyed, and why."""

import json
from collections.abc import Sequence
from pathlib import Path

SAID = (
    "This is so annoying because the build fails every night :(",
    "Thanks, the fix works for me! 🎉",
    "I am really angry that the tests broke after the upgrade.",
    "See the log.",
    "> quoted only",
    "Why does the cache get lost again? So frustrating!",
)


def messages(file: Path, said: Sequence[str] = SAID, first: int = 0) -> str:
    """Writes messages of three people, three to a conversation; returns the file."""
    rows = [
        {"utterance_id": f"m{n}", "conversation_id": f"t{n // 3}", "text": text}
        | {"speaker_id": f"s{n % 3}", "timestamp": f"2026-03-01T12:{n:02d}:00Z"}
        for n, text in enumerate(said, first)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(file)
