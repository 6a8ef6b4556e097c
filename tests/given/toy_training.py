"""An encoder of random weights with sixty words, and toy sets that it can learn."""

import json
import random
from pathlib import Path
from typing import Any

from tests.given.tiny_classifier import save_tokenizer

FEELINGS = {"anger": ["awful", "broken", "furious"], "joy": ["lovely", "great", "glad"],
            "sadness": ["lonely", "lost", "gloomy"]}  # fmt: skip
_FELT = [word for words in FEELINGS.values() for word in words]
FILLERS = [f"word{n}" for n in range(60 - 4 - len(_FELT))]


def save_base(folder: Path) -> str:
    """Saves a BERT of two layers without a head; returns the folder."""
    import torch
    import transformers

    known = save_tokenizer(folder, (*_FELT, *FILLERS), 16)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(known),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=16,
        hidden_dropout_prob=0.0,
        initializer_range=0.2,
    )
    transformers.BertModel(config).save_pretrained(folder)
    return str(folder)


def sentence(chance: random.Random, *feelings: str) -> str:
    """Returns fillers with a word of each feeling among them."""
    # Few of them, each often: no text is known by its fillers.
    words = chance.sample(FILLERS[:12], chance.randint(1, 3))
    words += [chance.choice(FEELINGS[feeling]) for feeling in feelings]
    chance.shuffle(words)
    return " ".join(words)


def rows_of(head: str, n: int = 300) -> list[dict[str, Any]]:
    """Returns rows for a head that a few words tell apart."""
    chance = random.Random(0)
    return [_row(head, chance) | {"speaker_id": f"s{i % 150}"} for i in range(n)]


def _row(head: str, chance: random.Random) -> dict[str, Any]:
    names = list(FEELINGS)
    one = chance.choice(names)
    if head in ("one", "ordinal"):
        return {"text": sentence(chance, one), "label": one}
    if head == "several":
        some = [name for name in names if chance.random() < 0.4]
        return {"text": sentence(chance, *some), "labels": some}
    if head == "pair":
        return {"text": sentence(chance), "second": sentence(chance, one), "label": one}
    glad = chance.choice([0, 1])
    if head == "value":
        felt = ["anger", "joy"][glad]
        return {"text": sentence(chance, felt), "pleasure": 1 + 4 * glad}
    if head == "shares":
        felt = ["anger", "joy"][glad]
        votes = {"anger": 8 - 6 * glad, "joy": 2 + 6 * glad}
        return {"text": sentence(chance, felt), **votes}
    return {
        "chosen": sentence(chance, "joy"),
        "rejected": sentence(chance, "anger"),
        "strength": chance.choice([1, 2, 3]),
    }


def write_rows(
    folder: Path, rows: list[dict[str, Any]], name: str = "train.jsonl"
) -> Path:
    """Writes rows as JSON Lines; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / name).write_text(lines, encoding="utf-8")
    return folder
