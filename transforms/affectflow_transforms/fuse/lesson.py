"""How a fused classifier is learned: first what goes together, then the labels."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from affectflow import registry
from affectflow.kinds.trainer import Tell
from affectflow_transforms.finetune import loop
from affectflow_transforms.fuse.rows import Examples
from affectflow_transforms.fuse.vectors import Rows

OBJECTIVE = "info_nce_pairwise"
_MOST_COMPARED = 2_000


@dataclass(frozen=True, kw_only=True)
class Ways:
    """How it is learned.

    Args:
      width: of the features.
      temperature: of the contrastive objective.
      drop: share of the modalities that a row is shown without.
      contrast_epochs: of the contrastive stage, at most.
      rate: the highest rate of learning.
      pace: of the second stage; the first is like it but for its epochs.
    """

    width: int
    temperature: float
    drop: float
    contrast_epochs: int
    rate: float
    pace: loop.Pace


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """A network, and what it learns from.

    Args:
      module: the network.
      examples: all rows.
      ways: how.
    """

    module: Any
    examples: Examples
    ways: Ways

    def shown(self, rows: Rows) -> tuple[list[Any], Any]:
        """Returns vectors and flags of some rows as tensors."""
        import torch

        vectors = [torch.from_numpy(each[rows]) for each in self.examples.vectors]
        return vectors, torch.from_numpy(self.examples.there[:, rows])

    def contrast(self, rows: Rows) -> Any:
        """Returns the contrastive loss of rows."""
        vectors, there = self.shown(rows)
        objective = registry.load("objectives", OBJECTIVE)
        options = {"temperature": self.ways.temperature}
        return objective(self.module.projected(vectors), there, options)

    def loss(self, rows: Rows, drop: float = 0.0) -> Any:
        """Returns the cross-entropy of the labels of rows."""
        import torch
        from torch.nn import functional

        from affectflow_transforms.fuse.network import some_dropped

        vectors, there = self.shown(rows)
        if drop:
            there = some_dropped(there, drop)
        target = torch.from_numpy(self.examples.target[rows])
        return functional.cross_entropy(self.module(vectors, there), target)


def begun(examples: Examples, learned: Rows, ways: Ways) -> Lesson:
    """Returns a lesson with a network that is random by the seed.

    Vectors are brought to mean 0 and spread 1, as the rows to learn from have them.
    """
    import torch

    from affectflow_transforms.fuse.network import FusionNet

    torch.manual_seed(ways.pace.seed)
    module = FusionNet(examples.widths, ways.width, len(examples.labels))
    for place, matrix in enumerate(examples.vectors):
        known = matrix[learned[examples.there[place, learned]]]
        if len(known):
            spread = known.std(axis=0)
            spread[spread < 1e-6] = 1.0
            centre, scale = map(torch.from_numpy, (known.mean(axis=0), spread))
            module.standardise(place, centre, scale)
    return Lesson(module=module, examples=examples, ways=ways)


def contrasted(
    lesson: Lesson, learned: Rows, chosen: Rows, work: Path, mark: str, tell: Tell
) -> loop.Course:
    """Fits encoders and projections so that the modalities of a row are alike.

    Args:
      lesson: whose network is fitted.
      learned: rows to learn from; those with two modalities or more are used.
      chosen: rows by which the epoch is chosen.
      work: the folder of the checkpoint.
      mark: of data and options.
      tell: is handed a line after each epoch.
    """
    import torch

    compared = lesson.examples.paired(chosen)[:_MOST_COMPARED]

    def judge() -> float:
        if len(compared) < 2:
            return 0.0  # nothing to choose by: the last epoch is kept
        with torch.no_grad():
            return -float(lesson.contrast(compared))

    rows = lesson.examples.paired(learned)
    epochs = lesson.ways.contrast_epochs
    return _fit(lesson, rows, lesson.contrast, judge, epochs, work, mark, tell)


def classified(
    lesson: Lesson, learned: Rows, chosen: Rows, work: Path, mark: str, tell: Tell
) -> loop.Course:
    """Fits encoders and classifier to the labels; see above."""
    import torch

    rows = lesson.examples.labelled(chosen)

    def judge() -> float:
        with torch.no_grad():
            return -float(lesson.loss(rows))

    def loss_of(some: Rows) -> Any:
        return lesson.loss(some, lesson.ways.drop)

    learnt = lesson.examples.labelled(learned)
    epochs = lesson.ways.pace.epochs
    return _fit(lesson, learnt, loss_of, judge, epochs, work, mark, tell)


def _fit(
    lesson: Lesson,
    rows: Rows,
    loss_of: Callable[[Rows], Any],
    judge: Callable[[], float],
    epochs: int,
    work: Path,
    mark: str,
    tell: Tell,
) -> loop.Course:
    ways = lesson.ways
    work.mkdir(parents=True, exist_ok=True)
    group = {
        "params": list(lesson.module.parameters()),
        "lr": 0.0,
        "peak": ways.rate,
        "weight_decay": 1e-3,
    }
    pace = loop.Pace(**{**vars(ways.pace), "epochs": epochs})
    lengths = np.zeros(len(lesson.examples.target), np.int64)
    return loop.fit(
        lesson.module,
        [group],
        lengths,
        rows,
        loss_of,
        judge,
        pace,
        work,
        mark,
        tell,
    )
