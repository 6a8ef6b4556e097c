"""How good a fused classifier is: figures of labels, and of what is found again."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.batches.labelling import choose_top
from affectflow.kinds.trainer import Figure
from affectflow_transforms.finetune.scores import share_figure
from affectflow_transforms.fuse.lesson import Lesson
from affectflow_transforms.fuse.model import shares_of
from affectflow_transforms.fuse.vectors import Mask, Rows
from affectflow_transforms.models import trained

_MOST_COMPARED = 2_000


def label_figures(
    lesson: Lesson, rows: Rows, units: Sequence[str], there: Mask | None = None
) -> tuple[Figure, ...]:
    """Returns figures of the labels of rows with 95 % intervals: units are drawn.

    Args:
      lesson: whose network is asked.
      rows: that have labels.
      units: what is drawn, of each row.
      there: shape (modalities, rows): which are shown; all that the rows have if None.
    """
    examples = lesson.examples
    shown = examples.there[:, rows] if there is None else there
    scores = shares_of(lesson.module, [each[rows] for each in examples.vectors], shown)
    truth = examples.target[rows][:, None] == np.arange(len(examples.labels))
    return trained.label_figures(
        examples.labels, scores, choose_top(scores), truth, units
    )


def macro(figures: Sequence[Figure], of: str) -> Figure:
    """Returns the macro-F1 of some figures, as that of something else."""
    (found,) = (f for f in figures if (f.name, f.label) == ("f1", "(macro)"))
    return found._replace(label=of)


def shown_alone(lesson: Lesson, rows: Rows, place: int) -> Mask:
    """Returns flags with one modality, shape (modalities, rows)."""
    there: Mask = np.zeros((len(lesson.examples.annotators), len(rows)), np.bool_)
    there[place] = lesson.examples.there[place, rows]
    return there


def retrieved(
    projected: npt.NDArray[Any], there: Mask
) -> tuple[Rows, npt.NDArray[np.bool_]]:
    """Returns rows, and whether a row is the likest to itself in another modality.

    For each ordered pair of modalities, every row that has both is compared with all of
    those.

    Args:
      projected: of length 1, shape (modalities, rows, width).
      there: shape (modalities, rows).
    """
    rows, hits = [np.zeros(0, np.int64)], [np.zeros(0, np.bool_)]
    for one, other in permutations(range(len(projected)), 2):
        both = np.flatnonzero(there[one] & there[other])
        if len(both):
            alike = projected[one, both] @ projected[other, both].T
            rows.append(both)
            hits.append(np.equal(alike.argmax(axis=1), np.arange(len(both))))
    return np.concatenate(rows), np.concatenate(hits)


def retrieval_figures(
    lesson: Lesson, rows: Rows, keys: Sequence[str]
) -> tuple[Figure, ...]:
    """Returns retrieval@1 of rows; of the first 2,000 with two modalities or more.

    None if fewer than two rows have them.

    Args:
      lesson: whose network is asked.
      rows: some of the examples.
      keys: of all examples; what is drawn.
    """
    import torch

    rows = lesson.examples.paired(rows)[:_MOST_COMPARED]
    if len(rows) < 2:
        return ()
    vectors, there = lesson.shown(rows)
    with torch.inference_mode():
        projected = lesson.module.projected(vectors).numpy()
    places, hits = retrieved(projected, there.numpy())
    if not len(places):
        return ()
    drawn = [keys[row] for row in rows[places].tolist()]
    return (share_figure("retrieval_at_1", "(pairs)", hits, drawn),)
