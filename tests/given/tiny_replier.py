"""A T5 of random weights, and replies that hang on the emotion alone."""

import csv
import random
from pathlib import Path

from tests.given.tiny_classifier import save_tokenizer

EMOTIONS = ("joy", "sadness")
MESSAGES = ("it", "works", "now", "the", "build", "again", "here", "today")
REPLIES = {"joy": "how lovely", "sadness": "so sorry"}
_WORDS = (*MESSAGES, *" ".join(REPLIES.values()).split())


def save_t5(folder: Path) -> str:
    """Saves it, with its tokenizer; returns the folder."""
    import torch
    import transformers

    known = save_tokenizer(folder, _WORDS, 16)
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=len(known),
        d_model=32,
        d_ff=64,
        d_kv=16,
        num_layers=1,
        num_decoder_layers=1,
        num_heads=2,
        dropout_rate=0.0,
        pad_token_id=known["[PAD]"],
        eos_token_id=known["[SEP]"],
        decoder_start_token_id=known["[PAD]"],
    )
    transformers.T5ForConditionalGeneration(config).save_pretrained(folder)
    return str(folder)


def write_replied(folder: Path, n: int = 240) -> Path:
    """Writes messages that do not say what their emotion is."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(0)
    with (folder / "train.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "reply", "emotion", "conversation_id"])
        for row in range(n):
            feeling = chance.choice(EMOTIONS)
            text = " ".join(chance.choices(MESSAGES, k=4))
            writer.writerow([text, REPLIES[feeling], feeling, f"c{row % 120}"])
    return folder
