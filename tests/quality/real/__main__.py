"""How right frustration and irritation are on real messages.

    python -m tests.quality.real DATA

Each run is a read of the set: say in the note how often, and choose nothing by it. A
message is positive where one of the passes says so at least.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
)

from affectflow.gold.figures.agreement import alpha
from tests.quality import embedded
from tests.quality.real.reading import (
    FLAGS,
    PASSES,
    either,
    labels,
    sampled,
)
from tests.quality.real.sampling import SAMPLE, Message

WANTED = 0.6
"""The precision that the threshold was meant to have."""


def agreement(file: Path = SAMPLE) -> Iterator[str]:
    """Yields how far the passes over a sample agree, each text counted once."""
    first, second = (labels(number, file) for number in PASSES)
    for flag in FLAGS:
        both = np.array([[first[key][flag], second[key][flag]] for key in first])
        yield f"{flag}: {both[:, 0].sum()} and {both[:, 1].sum()} of {len(both)}, " + (
            f"alpha {alpha(both):.2f}"
        )


def figures(found: list[Message]) -> Iterator[str]:
    """Yields AUC and average precision of the score of frustration, by domain."""
    score = _scores(found)
    domains = np.array([each.domain for each in found])
    for flag in ("frustration", "irritation"):
        truth = either(flag, found)
        for domain in ("all", *sorted(set(domains))):
            own = np.full(len(found), True) if domain == "all" else domains == domain
            auc = roc_auc_score(truth[own], score[own])
            precision = average_precision_score(truth[own], score[own])
            yield f"{flag}, {domain}: {truth[own].sum()} of {own.sum()}, " + (
                f"AUC {auc:.3f}, AP {precision:.3f}"
            )


def at_the_threshold(found: list[Message]) -> Iterator[str]:
    """Yields precision and recall of what is called frustrated, civil and uncivil."""
    truth, civil = (either(flag, found) for flag in ("frustration", "civil"))
    score = _scores(found)
    chosen = score >= embedded.model().threshold
    right = chosen & truth
    yield f"chosen: {chosen.sum()}, precision {right.sum() / chosen.sum():.2f}, " + (
        f"recall {right.sum() / truth.sum():.2f}"
    )
    for name, part in (("civil", civil), ("uncivil", ~civil)):
        there = truth & part
        yield f"{name}: recall {(right & part).sum()} of {there.sum()}"
    precision, recall, _ = precision_recall_curve(truth, score)
    best = recall[precision >= WANTED].max()
    yield f"most recall at a precision of {WANTED}: {best:.2f}"


def _scores(found: list[Message]) -> npt.NDArray[np.float32]:
    return embedded.answers([each.text for each in found]).scores["frustration"]


if __name__ == "__main__":
    found = sampled(Path(sys.argv[1]))
    print("\n".join([*agreement(), *figures(found), *at_the_threshold(found)]))
