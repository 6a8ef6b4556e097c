"""How right frustration and irritation are on real messages.

    python -m tests.quality.real DATA

Each run is a read of the set: say in the note how often, and choose nothing by it. A
message is positive where one of the passes says so at least.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from affectflow.validation.agreement import alpha
from tests.quality import embedded
from tests.quality.real.reading import FLAGS, PASSES, labels, sampled
from tests.quality.real.sampling import Message


def agreement() -> Iterator[str]:
    """Yields how far the passes agree, each text counted once."""
    first, second = (labels(number) for number in PASSES)
    for flag in FLAGS:
        both = np.array([[first[key][flag], second[key][flag]] for key in first])
        yield f"{flag}: {both[:, 0].sum()} and {both[:, 1].sum()} of {len(both)}, " + (
            f"alpha {alpha(both):.2f}"
        )


def figures(found: list[Message]) -> Iterator[str]:
    """Yields AUC and average precision of the score of frustration, by domain."""
    score = embedded.answers([each.text for each in found]).scores["frustration"]
    domains = np.array([each.domain for each in found])
    for flag in ("frustration", "irritation"):
        truth = np.any(
            [[labels(n)[each.digest][flag] for each in found] for n in PASSES], axis=0
        )
        for domain in ("all", *sorted(set(domains))):
            own = np.full(len(found), True) if domain == "all" else domains == domain
            auc = roc_auc_score(truth[own], score[own])
            precision = average_precision_score(truth[own], score[own])
            yield f"{flag}, {domain}: {truth[own].sum()} of {own.sum()}, " + (
                f"AUC {auc:.3f}, AP {precision:.3f}"
            )


if __name__ == "__main__":
    print("\n".join([*agreement(), *figures(sampled(Path(sys.argv[1])))]))
