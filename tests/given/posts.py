"""Files of posts in conversations of four, and the source that reads them."""

import gzip
import json
import random
from pathlib import Path
from typing import Any

from affectflow import registry


def write_posts(path: Path, count: int, noise: int = 0) -> Path:
    chance = random.Random(7)
    lines = [
        json.dumps(
            {
                "utterance_id": f"{n}",
                "conversation_id": f"c{n // 4}",
                "timestamp": f"2026-03-01T10:{n % 60:02d}:00Z",
                "speaker_id": f"account-{n % 7}",
                "text": " ".join(["this is so annoying, it broke again!"] * 12)
                + chance.randbytes(noise // 2).hex(),
            }
        )
        for n in range(count)
    ]
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def jsonl(*paths: Path) -> Any:
    return registry.load("connectors", "ReadJsonl")(paths=[str(p) for p in paths])
