"""What it costs to ask a language model: labels by likelihood, and words.

A real small model reads GoEmotions comments, everything in turn on one machine:

    python -m tests.bench.generate --texts 16

Medians of the rounds, and their ratios. It needs the extra `torch` and the packages of
tests/nodeps.txt. Nothing is asserted.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from affectflow.kinds.asking import Message, Request
from affectflow.vocabularies import get
from affectflow_transforms.models.generate import loading
from affectflow_transforms.models.generate.choosing import apart, shared
from affectflow_transforms.models.generate.completing import completed, layout_of
from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.generate.rendering import rendered, tokenised
from affectflow_transforms.models.pretrained.forward import padded
from tests.bench.sequence_classifier import ROUNDS, read_texts
from tests.given import smollm

LABELS = get("goemotions").labels
_PROMPT = "one forward of the prompt"


def loaded(folder: Path, dtype: str) -> Generator:
    """Returns a model on the CPU, or on a GPU where there is one."""
    return loading.load(
        folder,
        device="auto",
        dtype=dtype,
        max_tokens=0,
        max_batch_tokens=0,
        trust_remote_code=False,
    )


def requests(texts: list[str], choices: tuple[str, ...] = ()) -> list[Request]:
    """Returns what is asked about texts: which of the labels it is."""
    ask = "{}\n\nWhich of these does its author express: {}? Answer with one word."
    return [
        Request(
            messages=(Message("user", ask.format(text, ", ".join(LABELS))),),
            choices=choices,
            max_new_tokens=8,
        )
        for text in texts
    ]


def likelihoods(
    generator: Generator, texts: list[str]
) -> dict[str, Callable[[], object]]:
    """Returns ways to the likelihood of 28 labels, and the prompt alone, in a batch."""
    import torch

    layout = layout_of(generator, LABELS)
    said = [rendered(generator, each.messages) for each in requests(texts)]
    tokens = tokenised(generator, said, len(layout.tokens))
    ids, mask, _ = padded(generator, tokens, np.arange(len(texts)))
    device = generator.module.device
    given = {
        "input_ids": torch.from_numpy(ids).to(device),
        "attention_mask": torch.from_numpy(mask).to(device),
    }

    def prompt() -> None:
        with torch.inference_mode():
            logits = generator.module(**given, logits_to_keep=1, use_cache=False).logits
            logits.float().cpu()

    print(
        f"{tokens.lengths.mean():.0f} tokens a prompt, {len(layout.tokens)} of labels"
    )
    return {
        _PROMPT: prompt,
        "28 labels behind one prompt": lambda: shared(generator, ids, mask, layout),
        "28 labels, a prompt each": lambda: apart(generator, ids, mask, layout),
    }


def words(
    generator: Generator, texts: list[str], folder: Path
) -> dict[str, Callable[[], object]]:
    """Returns ways to answers of at most eight tokens."""
    import transformers

    pipeline = transformers.pipeline(
        "text-generation", model=generator.module, tokenizer=generator.writer
    )
    asked = requests(texts)
    chats = [[each._asdict() for each in ask.messages] for ask in asked]
    more = {"max_new_tokens": 8, "do_sample": False, "batch_size": 8}
    return {
        "pipeline, batch_size=8": lambda: pipeline(chats, **more),
        "Generate, in words": lambda: completed(generator, asked, "mean"),
        "Generate, by likelihood": lambda: completed(
            generator, requests(texts, LABELS), "mean"
        ),
    }


def compared(runs: dict[str, Callable[[], object]], rounds: int) -> None:
    """Prints medians of runs in turn, and their ratios to the first."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for each in range(rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if each:  # the first round warms up
                taken[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    base = next(iter(medians.values()))
    for name, seconds in medians.items():
        print(f"{seconds:8.2f} s  {seconds / base:6.2f} x  {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--texts", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--dtype", default="auto")
    given = parser.parse_args()
    folder = given.model or smollm.folder()
    generator = loaded(folder, given.dtype)
    texts = read_texts(given.texts)
    print(f"{folder.name}, {generator.module.dtype} on {generator.module.device}")
    compared(likelihoods(generator, texts), given.rounds)
    compared(words(generator, texts, folder), given.rounds)


if __name__ == "__main__":
    main()
