"""A folder of messages with marked causes, as `affectflow train causes` reads it."""

import json
from pathlib import Path

THINGS = ("build", "release", "installer", "editor", "report", "server", "mail", "menu")
FAULTS = (
    "keeps losing my settings",
    "takes two hours on every machine",
    "fails again without a message",
    "is closed without an answer",
)


def write_marked(folder: Path, briefs: int = 160) -> Path:
    """Writes two messages for each brief: a frustrated one, and a calm one."""
    folder.mkdir(parents=True)
    texts, labels = [], []
    for n in range(briefs):
        cause = f"the {THINGS[n % 8]} {FAULTS[n // 8 % 4]}"
        angry = (
            f"Hello all. I am really annoyed that {cause}. Version {n}, on a laptop."
        )
        calm = f"Version {n} is out. The {THINGS[n % 8]} has two new options."
        for kind, text in (("a", angry), ("c", calm)):
            key = f"{n}{kind}"
            texts.append({"id": key, "brief": f"B{n}", "text": text})
            moved = kind == "a"
            labels.append(
                {
                    "id": key,
                    "emotions": ["annoyance"] if moved else ["neutral"],
                    "frustration": int(moved),
                    "irritation": int(moved),
                    "cause": cause if moved else "",
                }
            )
    for name, rows in (("texts", texts), ("labels_1", labels), ("labels_2", labels)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, "utf-8")
    return folder
