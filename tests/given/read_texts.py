"""A base with a mask, and texts whose words tell one another."""

import random
from pathlib import Path
from typing import Any

from tests.given.toy_training import FEELINGS, FILLERS, save_base

# Each of a feeling's words stands beside one filler of its own, of which nine remain.
PLACES = {
    word: FILLERS[number]
    for number, word in enumerate(w for words in FEELINGS.values() for w in words)
}


def save_masking_base(folder: Path, *, head: bool = True) -> str:
    """Saves a BERT of random weights whose tokenizer has a mask; returns the folder.

    Args:
      folder: to save in.
      head: it can say masked words.
    """
    import torch
    import transformers

    save_base(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"mask_token": "[MASK]"})
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    factory = transformers.AutoModelForMaskedLM if head else transformers.AutoModel
    config = transformers.AutoConfig.from_pretrained(folder, vocab_size=len(tokenizer))
    factory.from_config(config).save_pretrained(folder)
    return str(folder)


def told_rows(n: int = 300) -> list[dict[str, Any]]:
    """Returns rows in which a filler tells which word of a feeling follows it."""
    chance = random.Random(0)
    rows = []
    for number in range(n):
        word, place = chance.choice(list(PLACES.items()))
        others = chance.choices(FILLERS[10:16], k=4)
        text = " ".join([*others[:2], place, word, *others[2:]])
        rows.append({"text": text, "speaker_id": f"s{number % 100}"})
    return rows


def write_lexicon(file: Path) -> str:
    """Writes the words of feelings, one a line; returns the path."""
    file.write_text("\n".join(PLACES), encoding="utf-8")
    return str(file)
