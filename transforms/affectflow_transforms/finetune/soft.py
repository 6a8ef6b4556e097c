"""What a teacher says of rows, beside their labels: scores as targets.

A student learns both: Hinton et al. (2015), "Distilling the Knowledge in a Neural
Network", section 2.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.batches.distributions import filled
from affectflow.errors import UsageError
from affectflow_transforms.finetune.splits import Source, column

COLUMN = "(teacher)"
"""Of rows of a lake: what its teacher scores."""
OBJECTIVES = {"one": "distil", "several": "bce"}
"""How a head learns a teacher's scores."""
Matrix = npt.NDArray[np.float32]


def soft_of(
    source: Source,
    name: str,
    head: str,
    labels: Sequence[str],
    target: npt.NDArray[Any],
) -> Matrix:
    """Returns what a teacher says of all rows, shape (rows, labels).

    Of `one`, logarithms of probabilities; of `several`, scores. A row about which it
    says nothing has its own label.

    Args:
      source: the rows.
      name: the column with scores by label: a JSON object, a struct or a map.
      head: one of `OBJECTIVES`.
      labels: that are learned.
      target: of the rows: places of labels, or flags.

    Raises:
      UsageError: a cell is something else, a score is not from 0 to 1, or no label is
        one that is learned.
    """
    given = [_scores(cell, name, row) for row, cell in enumerate(column(source, name))]
    stored = np.full((len(given), len(labels)), np.nan, np.float32)
    places = {label: place for place, label in enumerate(labels)}
    for row, scores in enumerate(given):
        for label in scores.keys() & places.keys():
            stored[row, places[label]] = scores[label]
    silent: npt.NDArray[np.bool_] = np.asarray(np.isnan(stored).all(axis=1))
    if silent.all():
        raise UsageError(
            f"column {name!r} of {str(source.files[0])!r} scores none of the labels "
            f"{', '.join(labels)}: name another teacher"
        )
    if head == "several":
        return np.where(silent[:, None], target, np.nan_to_num(stored)).astype("f4")
    own = np.eye(len(labels), dtype=np.float32)[target]
    shares = np.where(silent[:, None], own, filled(stored))
    found: Matrix = np.log(np.maximum(shares, 1e-6)).astype(np.float32)
    return found


def _scores(cell: Any, name: str, row: int) -> Mapping[str, float]:
    if cell is None or cell == "":
        return {}
    try:
        said = dict(json.loads(cell) if isinstance(cell, str) else cell)
        scores = {str(k): float(v) for k, v in said.items() if v is not None}
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"column {name!r} has {str(cell)[:40]!r} in row {row + 1}, which is not an "
            'object with a score for each label, such as {"joy": 0.9}'
        ) from error
    off = [each for each in scores.values() if not 0 <= each <= 1]
    if off:
        raise UsageError(
            f"column {name!r} has the score {off[0]:g} in row {row + 1}: scores must "
            "be from 0 to 1"
        )
    return scores
