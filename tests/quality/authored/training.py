"""The authored corpus as models learn from it: soft labels, a split, weights."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from affectflow.kinds.trainer import is_held_out
from tests.quality.authored.reading import FLAGS, PASSES, Row, labels

ROUNDS = 1000
CLOSE = 1e-6

Values = npt.NDArray[np.float64]


def soft_labels(
    passes: Sequence[Mapping[str, Row]] | None = None,
) -> dict[str, dict[str, float]]:
    """Returns for each text the share of the passes that give a label.

    Labels are the emotions, `frustration`, `irritation`, and `trap` for any trap. Those
    that no pass gives are left out.

    Args:
      passes: what each says, by the id of the text; without, those of the corpus.
    """
    passes = passes or [labels(number) for number in PASSES]
    return {key: _mean([each[key] for each in passes]) for key in passes[0]}


def _mean(given: Sequence[Row]) -> dict[str, float]:
    told: Counter[str] = Counter()
    for row in given:
        told.update(row["emotions"])
        told.update(name for name in (*FLAGS, "trap") if row.get(name))
    return {name: count / len(given) for name, count in told.items()}


def is_development(brief: str) -> bool:
    """Returns whether texts of a brief are for choosing: a tenth is, by a hash."""
    return is_held_out(brief)


def weights(shares: Mapping[str, Values], targets: Mapping[str, float]) -> Values:
    """Returns a weight for each text, 1 on average, so that shares are as they should.

    Traps and frustration are oversampled, so a model that is fitted without weights
    gives them too high a probability. This is raking: each target in turn scales texts
    with the label and texts without, until all hold. `TARGET / share` scales a text
    that has the label, `(1 - TARGET) / (1 - share)` one that has not, and a soft label
    is scaled by both, in part.

    Args:
      shares: for each label, that of each text, 0 to 1: see `soft_labels`. Labels may
        be of the caller's own making, such as "frustrated and of 60 to 75 words".
      targets: for each of these labels, its share of the texts of real life.

    Raises:
      ValueError: no weights give these shares.
    """
    weight = np.ones(len(next(iter(shares.values()))))
    for _ in range(ROUNDS):
        for name, target in targets.items():
            share = np.average(shares[name], weights=weight)
            if not 0 < share < 1:
                raise ValueError(f"all texts or none have {name!r}: leave it out")
            odds = target / share, (1 - target) / (1 - share)
            weight *= shares[name] * odds[0] + (1 - shares[name]) * odds[1]
        if _furthest(shares, targets, weight) < CLOSE:
            return weight
    raise ValueError(
        f"no weights give {dict(targets)}: ask for shares nearer to today's"
    )


def _furthest(
    shares: Mapping[str, Values], targets: Mapping[str, float], weight: Values
) -> float:
    return max(
        abs(float(np.average(shares[name], weights=weight)) - target)
        for name, target in targets.items()
    )
