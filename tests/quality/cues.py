"""What models make of cues in words: `python -m tests.quality.cues`.

Two tables: macro-F1 on the comments of GoEmotions' development set that have an emoji
or an emoticon, read in words, as they are written, and without them; and what a face
behind a text does to its frustration. The test set is never read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow.batches.readings import read
from affectflow.schemas import UTTERANCES, fields
from affectflow.steps.textualize import Textualize
from affectflow_transforms.text.normalize import NormalizeText
from tests.quality import datasets, embedded
from tests.quality.__main__ import data_folder

FACES = frozenset({"emoji", "emoticon", "kaomoji"})
DRAWS = 1_000
TEXTS = ("broken", "The build is broken again", "Why does this crash every time")
ANGRY = ("😠", "😡", "🤬", "😤", "👿", "💢", "😠😠😠", "😡😡", ":rage:", ">:(", "-_-")
TIRED = (
    "😒",
    "🙄",
    "😑",
    "😞",
    "😩",
    "😫",
    "😖",
    "🤦",
    "🤦🏽‍♀️",
    "👎",
    "💔",
    ":(",
    ":/",
    ">_<",
)

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Texts with faces, in three readings.

    Args:
      readings: texts by the name of the reading.
      truth: shape (texts, labels).
      emoji: which have an emoji, not an emoticon alone; shape (texts,).
    """

    readings: dict[str, list[str]]
    truth: Mask
    emoji: Mask


def ingested(texts: Sequence[str]) -> pa.RecordBatch:
    """Returns texts with segments and cues."""
    names = {"utterance_id": [str(n) for n in range(len(texts))], "text": list(texts)}
    batch = pa.RecordBatch.from_pydict(names, schema=fields(UTTERANCES, *names))
    for step in (NormalizeText(), Textualize()):
        step.setup()
        batch = step.apply(batch)
    return batch


def compared(data: Path) -> Compared:
    """Returns the comments of the development set that have a face."""
    given = datasets.goemotions_dev(data)
    batch = ingested(given.texts)
    kinds = [{cue["cue"] for cue in cues or ()} for cues in batch["cues"].to_pylist()]
    rows = np.flatnonzero([bool(FACES & each) for each in kinds])
    chosen = batch.take(pa.array(rows))
    labels = embedded.model().emotions.labels
    return Compared(
        readings={
            "words": read(chosen, apart=True).texts.to_pylist(),
            "as written": read(chosen, cues="as_written").texts.to_pylist(),
            "left out": list(without_faces(chosen)),
        },
        truth=np.stack([given.truth[label][rows] for label in labels], axis=1),
        emoji=np.array(["emoji" in kinds[row] for row in rows]),
    )


def without_faces(batch: pa.RecordBatch) -> Iterator[str]:
    """Yields texts without what is a face in them."""
    for text, cues in zip(
        batch["text"].to_pylist(), batch["cues"].to_pylist(), strict=True
    ):
        for cue in sorted(cues, key=lambda cue: -cue["start"]):
            if cue["cue"] in FACES:
                text = text[: cue["start"]] + text[cue["end"] :]
        yield text


def macro_f1(chosen: Mask, truth: Mask) -> float:
    """Returns the mean F1 of the labels that are true of a text."""
    there = truth.any(axis=0)
    hits = (chosen & truth).sum(axis=0)[there]
    return float((2 * hits / (chosen.sum(axis=0) + truth.sum(axis=0))[there]).mean())


def micro_f1(chosen: Mask, truth: Mask) -> float:
    """Returns F1 of all decisions together."""
    return float(2 * (chosen & truth).sum() / (chosen.sum() + truth.sum()))


def log_loss(scores: npt.NDArray[np.float64], truth: Mask) -> float:
    """Returns the log loss of a text, summed over labels, in nats."""
    held = np.clip(scores, 1e-4, 1 - 1e-4)
    lost = np.where(truth, np.log(held), np.log1p(-held))
    return float(-lost.sum(axis=1).mean())


def reddit(data: Path) -> Iterator[str]:
    """Yields the lines of the first table."""
    given = compared(data)
    model = embedded.model()
    scores = {
        name: model.scores(texts)[0].astype(np.float64)
        for name, texts in given.readings.items()
    }
    bars = np.asarray(model.emotions.thresholds)
    yield "| comments with | read | macro-F1 | micro-F1 | log loss |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for said, rows in (
        (f"an emoji ({given.emoji.sum()})", given.emoji),
        (f"any face ({len(given.emoji)})", np.ones_like(given.emoji)),
    ):
        truth = given.truth[rows]
        for name, each in scores.items():
            chosen = each[rows] >= bars
            figures = (
                macro_f1(chosen, truth),
                micro_f1(chosen, truth),
                log_loss(each[rows], truth),
            )
            yield (
                f"| {said} | {name} | " + " | ".join(f"{f:.3f}" for f in figures) + " |"
            )
    chosen = {name: each >= bars for name, each in scores.items()}
    low, high = _interval(chosen["words"], chosen["as written"], given.truth)
    yield ""
    yield (
        f"In words, less as written, any face: macro-F1 {low:+.3f} to {high:+.3f} "
        f"(95 %, {DRAWS:,} draws of comments)."
    )


def _interval(one: Mask, other: Mask, truth: Mask) -> tuple[float, float]:
    draws = np.random.default_rng(0)
    differences = []
    for _ in range(DRAWS):
        rows = draws.integers(0, len(truth), len(truth))
        differences.append(
            macro_f1(one[rows], truth[rows]) - macro_f1(other[rows], truth[rows])
        )
    low, high = np.quantile(differences, [0.025, 0.975])
    return float(low), float(high)


def frustration(faces: Sequence[str]) -> npt.NDArray[np.float64]:
    """Returns the frustration of `TEXTS`, alone and with each face behind them.

    Returns:
      Shape (1 + faces, TEXTS); the first row is of the texts alone.
    """
    texts = [f"{text} {face}".strip() for face in ("", *faces) for text in TEXTS]
    reading = read(ingested(texts), apart=True)
    _, scores = embedded.model().scores(reading.texts.to_pylist())
    return scores.astype(np.float64).reshape(-1, len(TEXTS))


def faces() -> Iterator[str]:
    """Yields the lines of the second table."""
    both = (*ANGRY, *TIRED)
    said = read(ingested(both)).texts.to_pylist()
    yield "| behind the text | read as | " + " | ".join(TEXTS) + " |"
    yield "| --- | --- | " + " | ".join(["---:"] * len(TEXTS)) + " |"
    for face, phrase, row in zip(
        ("nothing", *both), ("", *said), frustration(both), strict=True
    ):
        shown = " | ".join(f"{score:.2f}" for score in row)
        yield f"| {face} | {phrase} | {shown} |"


if __name__ == "__main__":
    print("\n".join([*reddit(data_folder()), "", *faces()]))
