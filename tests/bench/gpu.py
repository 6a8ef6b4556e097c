"""Texts a second of a large classifier on a GPU: SequenceClassifier, and what it is by.

    python -m tests.bench.gpu --texts 20000 --annotate 100000

All read the same GoEmotions comments with the same weights, in turn: the handler, a
bare loop over micro-batches that are planned and padded beforehand, and the pipeline
of the transformers library. The network has the shape of RoBERTa-large and computes in
bfloat16; its weights are random, and its head calls few labels likely, as trained ones
do. Then memory is left for less than a forward pass, and all texts must be answered.

Without a GPU, a small network runs on the CPU in float32: that says that the command
works, and nothing of a GPU. It needs the extra `torch`. Nothing is asserted.
"""

import argparse
import gc
import os
import resource
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from affectflow.kinds.account import open_account
from affectflow.vocabularies import get
from affectflow_transforms.models.micro_batches import OUT_OF_MEMORY
from affectflow_transforms.models.pretrained.tokens import tokenise
from affectflow_transforms.models.sequence_classifier import SequenceClassifier
from tests.bench.sequence_classifier import (
    DEV,
    ROUNDS,
    bare_loop,
    batch_of,
    in_turn,
    made_pipeline,
    packaged_encoder,
    read_texts,
    through_annotate,
)

# Of an H200 and an H100 SXM: dense bfloat16, by the data sheet.
PEAK = 989e12
_UNLIKELY = -4.0
# Of the drill: tokens of a forward pass, and the memory that is left for it.
_FITTING, _FAR_TOO_MANY = 8_192, 1 << 20
_LEFT_ON_GPU, _LEFT_ON_CPU = 2 << 30, 48 << 20


@dataclass(frozen=True)
class Shape:
    """The size of a RoBERTa."""

    layers: int
    hidden: int
    heads: int

    def operations(self, lengths: np.ndarray) -> float:
        """Returns the floating-point operations that texts of these lengths take.

        Of the matrix products of the layers: 12 hidden² weights a token, and the
        attention of each token to all. Padding is no work that anybody asked for.
        """
        weights = 24.0 * self.hidden**2 * lengths.sum()
        attention = 4.0 * self.hidden * (lengths.astype(float) ** 2).sum()
        return self.layers * (weights + attention)


LARGE = Shape(layers=24, hidden=1_024, heads=16)
SMALL = Shape(layers=2, hidden=64, heads=4)


@dataclass(frozen=True)
class Place:
    """Where everybody computes, and in which type."""

    device: str
    dtype: str

    @classmethod
    def of(cls, device: str) -> "Place":
        """Returns a GPU in bfloat16, or the CPU in float32; `auto`: which there is."""
        import torch

        there = torch.cuda.is_available() if device == "auto" else device == "cuda"
        return cls("cuda", "bfloat16") if there else cls("cpu", "float32")

    @property
    def on_gpu(self) -> bool:
        return self.device == "cuda"

    @property
    def name(self) -> str:
        import torch

        return torch.cuda.get_device_name() if self.on_gpu else "CPU"


def save(folder: Path, shape: Shape, place: Place, tokenizer: Path) -> None:
    """Saves a RoBERTa with random weights, the same each time, and a tokenizer."""
    import torch
    import transformers

    labels = dict(enumerate(get("goemotions").labels))
    config = transformers.RobertaConfig(
        vocab_size=50_265,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.hidden,
        max_position_embeddings=514,
        type_vocab_size=1,
        pad_token_id=0,
        id2label=labels,
        label2id={label: i for i, label in labels.items()},
        problem_type="multi_label_classification",
    )
    torch.manual_seed(0)
    with torch.device(place.device):
        network = transformers.RobertaForSequenceClassification(config)
    with torch.no_grad():
        network.classifier.out_proj.bias.fill_(_UNLIKELY)
    network.to(getattr(torch, place.dtype)).save_pretrained(folder)
    reads = transformers.AutoTokenizer.from_pretrained(tokenizer)
    reads.model_max_length = 512
    reads.save_pretrained(folder)


def handler_of(folder: Path, place: Place, **options: Any) -> SequenceClassifier:
    return SequenceClassifier(
        model=str(folder), device=place.device, dtype=place.dtype, **options
    )


@dataclass(frozen=True)
class Runner:
    """One of those that are compared.

    Args:
      name: to print.
      lengths: tokens of each text that it reads.
      run: reads them.
    """

    name: str
    lengths: np.ndarray
    run: Callable[[], object]


def runners(
    folder: Path, place: Place, texts: list[str], few: list[str]
) -> Iterator[Runner]:
    """Yields those that are compared; the pipeline reads few texts, as it is slow."""
    handler = handler_of(folder, place)
    model = handler.load_model()
    pipeline = made_pipeline(folder, device=place.device, dtype=place.dtype)
    batch, network = batch_of(texts), model.network
    of_all, of_few = (
        tokenise(network.tokenizer, read, network.max_tokens).lengths
        for read in (texts, few)
    )
    yield Runner(
        "pipeline, batch_size=64", of_few, lambda: pipeline(few, batch_size=64)
    )
    yield Runner("bare loop", of_all, bare_loop(network, texts))
    yield Runner("SequenceClassifier", of_all, lambda: handler.apply(batch, model))


def compare(found: Sequence[Runner], rounds: int, shape: Shape, place: Place) -> None:
    """Prints texts a second of the pipeline, of the bare loop and of the handler."""
    for each in found:
        each.run()
    seconds = in_turn({each.name: each.run for each in found}, rounds)
    rates = [len(each.lengths) / seconds[each.name] for each in found]
    for each, rate in zip(found, rates, strict=True):
        done = shape.operations(each.lengths) / seconds[each.name]
        share = f", {done / PEAK:.0%} of {PEAK / 1e12:.0f}" if place.on_gpu else ""
        print(
            f"{rate:9,.0f} texts/s, {rate / rates[0]:5.2f} x the pipeline, "
            f"{rate / rates[1]:4.2f} x the bare loop, {done / 1e12:6.3f} TFLOP/s{share}"
            f": {each.name}",
            flush=True,
        )


def matmul_rate(size: int = 8_192, times: int = 20) -> float:
    """Returns operations a second of a bfloat16 matrix product, the median."""
    import torch

    one, other = (
        torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2)
    )
    taken = []
    for _ in range(times):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        one @ other
        end.record()
        end.synchronize()
        taken.append(start.elapsed_time(end) / 1e3)
    return 2 * size**3 / median(taken)


def drill(folder: Path, place: Place, texts: list[str]) -> None:
    """Leaves less memory than a forward pass asks for, and prints what comes of it."""
    handler = handler_of(folder, place, max_batch_tokens=_FITTING)
    model = handler.load_model()
    network = model.network
    # Threads that are started when memory is short take the process down.
    network.workers = 1
    expected = handler.score(texts, model).answers[0].scores
    network.max_batch_tokens = _FAR_TOO_MANY
    with open_account() as opened, _little_memory(place):
        scored = handler.score(texts, model)
    answered = len(texts) - len(scored.failed)
    difference = abs(scored.answers[0].scores - expected).max()
    print(
        f"out of memory {opened.tallied[OUT_OF_MEMORY]} times: {answered:,} of "
        f"{len(texts):,} texts answered, max_batch_tokens from {_FAR_TOO_MANY:,} to "
        f"{network.max_batch_tokens:,}, largest difference of a score {difference:.1e}"
    )


@contextmanager
def _little_memory(place: Place) -> Iterator[None]:
    """Leaves this process little memory beside what it holds already."""
    import torch

    if not place.on_gpu:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * os.sysconf("SC_PAGE_SIZE") + _LEFT_ON_CPU
        before = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)
        return
    gc.collect()
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    limit = torch.cuda.memory_reserved() + _LEFT_ON_GPU
    torch.cuda.set_per_process_memory_fraction(limit / total)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def long_texts(texts: Sequence[str], n: int) -> list[str]:
    """Returns n texts of all lengths up to 600 words."""
    words = " ".join(texts).split()
    lengths = np.linspace(1, 600, n).astype(int).tolist()
    return [
        " ".join(islice(cycle(words), start, start + length))
        for start, length in enumerate(lengths)
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--texts", type=int, default=0)
    parser.add_argument("--pipeline-texts", type=int, default=0, help="0 for all")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--annotate", type=int, default=0, metavar="TEXTS")
    parser.add_argument("--device", choices=("auto", "cuda", "cpu"), default="auto")
    parser.add_argument("--data", type=Path, default=DEV)
    parser.add_argument("--tokenizer", type=Path, default=None, metavar="FOLDER")
    given = parser.parse_args(arguments)
    place = Place.of(given.device)
    shape = LARGE if place.on_gpu else SMALL
    texts = read_texts(given.texts or (20_000 if place.on_gpu else 64), given.data)
    few = texts[:: max(len(texts) // (given.pipeline_texts or len(texts)), 1)]
    print(f"{place.name}, {place.dtype}, {len(texts):,} texts, {shape}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save(folder, shape, place, given.tokenizer or packaged_encoder())
        compare(list(runners(folder, place, texts, few)), given.rounds, shape, place)
        if place.on_gpu:
            print(f"a matrix product alone: {matmul_rate() / 1e12:.0f} TFLOP/s")
        drill(folder, place, long_texts(texts, 3_000 if place.on_gpu else 50))
        if given.annotate:
            many = read_texts(given.annotate, given.data)
            through_annotate(folder, many, device=place.device, dtype=place.dtype)


if __name__ == "__main__":
    main()
