"""How good a network of EEGs is on stretches of recordings."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow.batches.labelling import choose_top
from affectflow.kinds.trainer import Figure
from affectflow_transforms.eeg.examples import Examples
from affectflow_transforms.eeg.model import Reader, shares_of
from affectflow_transforms.eeg.saved import Montage
from affectflow_transforms.finetune.splits import Rows
from affectflow_transforms.measures.sequential_hit import SequentialHit
from affectflow_transforms.models import trained

_DRAWS = 1_000
_SHOWN = ("seq2hr", "tri_precision")


def hits(
    labels: Sequence[str],
    shares: npt.NDArray[Any],
    truth: npt.NDArray[np.int64],
    units: Sequence[str],
) -> tuple[Figure, ...]:
    """Returns figures of `SequentialHit` with 95 % intervals.

    Args:
      labels: the steps, the lowest first.
      shares: shape (answers, steps).
      truth: shape (answers,), places of steps.
      units: what is drawn, of each answer.
    """
    measure = SequentialHit(labels=tuple(labels), draws=_DRAWS)
    answers = pa.RecordBatch.from_pydict(
        {
            "gold": [labels[place] for place in truth],
            "scores": shares.astype(np.float64).tolist(),
            "annotator_id": [None] * len(truth),
            "unit": list(units),
        },
        schema=measure.reads,
    )
    rows = measure.extract(measure.add(measure.create(), answers)).to_pylist()
    return tuple(
        Figure(row["label"], "(scale)", row["value"], row["low"], row["high"])
        for row in rows
        if row["label"] in _SHOWN
    )


def _shares(
    module: Any, montage: Montage, examples: Examples, rows: Rows
) -> npt.NDArray[np.float32]:
    """Returns how likely each label is for each stretch: the mean of its windows."""
    reader = Reader(module=module.eval(), montage=montage)
    places = examples.of(rows)
    shares = shares_of(reader, examples.windows[places])
    of = np.searchsorted(rows, examples.row[places])
    sums = np.zeros((len(rows), shares.shape[1]), np.float64)
    np.add.at(sums, of, shares)
    return np.asarray(sums / np.bincount(of)[:, None], np.float32)


def _truth(examples: Examples, rows: Rows) -> Rows:
    first = np.searchsorted(examples.row, rows)
    found: Rows = examples.target[first]
    return found


def quality(module: Any, montage: Montage, examples: Examples, rows: Rows) -> float:
    """Returns the negative mean cross-entropy of stretches: steadier than a share."""
    shares = _shares(module, montage, examples, rows)
    right = shares[np.arange(len(rows)), _truth(examples, rows)]
    return float(np.log(np.maximum(right, 1e-9)).mean())


def figures(
    module: Any,
    montage: Montage,
    examples: Examples,
    rows: Rows,
    people: Sequence[str],
    *,
    is_scale: bool,
) -> tuple[Figure, ...]:
    """Returns figures of stretches with 95 % intervals: people are drawn.

    Args:
      module: the network.
      montage: what it reads.
      examples: all windows.
      rows: the stretches.
      people: whose each of them is.
      is_scale: the labels are steps of a scale.
    """
    shares = _shares(module, montage, examples, rows)
    truth = _truth(examples, rows)
    flags = truth[:, None] == np.arange(len(montage.labels))
    found = trained.label_figures(
        montage.labels, shares, choose_top(shares), flags, people
    )
    if not is_scale or len(montage.labels) < 3:
        return found
    return (*found, *hits(montage.labels, shares, truth, people))
