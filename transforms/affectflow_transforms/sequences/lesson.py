"""Windows as the network learns them, and what it says of rated recordings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow import registry
from affectflow.errors import UsageError
from affectflow_transforms.finetune.aims import Aim
from affectflow_transforms.finetune.splits import Rows, Splits
from affectflow_transforms.sequences import network
from affectflow_transforms.sequences.network import Shape
from affectflow_transforms.sequences.ratings import Material
from affectflow_transforms.sequences.splits import rows_mask
from affectflow_transforms.sequences.windows import (
    Floats,
    Integers,
    means_of,
    stitched,
    windows_of,
)


@dataclass(kw_only=True, eq=False)
class Lesson:
    """A network with the windows that it learns.

    Args:
      module: the network.
      shape: of it.
      aim: what it learns.
      material: frames and ratings.
      starts: shape (windows,): where all windows begin.
      learned: places in `starts` of those that are trained on.
      target: shape (windows, outputs): mean rating of the frames, standard deviations.
      mean: of the ratings, shape (outputs,).
      spread: their standard deviation.
      options: of the objective.
    """

    module: Any
    shape: Shape
    aim: Aim
    material: Material
    starts: Integers
    learned: Rows
    target: Floats
    mean: Floats
    spread: Floats
    options: Mapping[str, Any]

    def loss(self, windows: Rows) -> Any:
        """Returns the loss of some windows."""
        import torch

        self.module.train()
        rows = self.starts[windows][:, None] + np.arange(self.shape.size)
        given = torch.from_numpy(self.material.frames[rows])
        objective = registry.load("objectives", self.aim.objective)
        target = torch.from_numpy(self.target[windows])
        return objective(network.forward(self.module, given), target, self.options)

    def outputs(self, rows: Rows) -> Floats:
        """Returns what the network says of rated rows, NaN of those in no window.

        That is the mean over a row's frames of what all windows say of them.
        """
        material, n = self.material, self.aim.target.shape[0]
        of = material.row
        near = rows_mask(rows, n)[np.maximum(of, 0)] & (of >= 0)
        inside = np.concatenate([[0], np.cumsum(near)])
        touched = inside[self.starts + self.shape.size] > inside[self.starts]
        starts = self.starts[touched]
        said = network.outputs_of(self.module, material.frames, starts, self.shape.size)
        frames = stitched(
            said * self.spread + self.mean, starts, self.shape.size, len(of)
        )
        known = near & ~np.isnan(frames).any(axis=1)
        total = np.zeros((n, frames.shape[1]))
        np.add.at(total, of[known], frames[known])
        count = np.bincount(of[known], minlength=n)[:, None].astype(np.float64)
        found = np.full(total.shape, np.nan)
        np.divide(total, count, out=found, where=count > 0)
        result: Floats = found[rows].astype(np.float32)
        return result

    def figure(self, rows: Rows) -> float:
        """Returns how good it is on some rows; more is better.

        The negative root mean square of the error in standard deviations: of few rated
        recordings a correlation says nothing.
        """
        off = (self.outputs(rows) - self.aim.target[rows]) / self.spread
        return -float(np.sqrt(np.mean(off.astype(np.float64) ** 2)))


def prepare(
    material: Material, aim: Aim, splits: Splits, shape: Shape, options: Any, seed: int
) -> Lesson:
    """Returns a new network with its windows; mean and spread are those of train.

    Raises:
      UsageError: no stretch without a gap is as long as a window.
    """
    starts = windows_of(material.ends, shape.size, shape.stride)
    ratings = np.where(
        (material.row >= 0)[:, None], aim.target[np.maximum(material.row, 0)], np.nan
    )
    learned = rows_mask(splits.learned, len(aim.target))[np.maximum(material.row, 0)]
    learned &= material.row >= 0
    target = means_of(
        np.where(learned[:, None], ratings, np.nan).astype(np.float32),
        starts,
        shape.size,
    )
    places = np.flatnonzero(~np.isnan(target).any(axis=1))
    if not len(places):
        raise too_short(material, shape)
    mean, spread = _standard(aim.target[splits.learned])
    module = network.build(shape, seed)
    network.standardise(module, material.frames[learned])
    return Lesson(
        module=module,
        shape=shape,
        aim=aim,
        material=material,
        starts=starts,
        learned=places,
        target=((target - mean) / spread).astype(np.float32),
        mean=mean,
        spread=spread,
        options=options,
    )


def too_short(material: Material, shape: Shape) -> UsageError:
    """Returns the error of ratings that no window is of."""
    longest = int(np.diff(material.ends, prepend=0).max())
    return UsageError(
        f"no rated stretch without a gap has {shape.size} frames, and the longest has "
        f"{longest}: give a smaller --set size"
    )


def rows_in_windows(material: Material, shape: Shape, n: int) -> npt.NDArray[np.bool_]:
    """Returns which of n rated rows have a frame that is in a window."""
    starts = windows_of(material.ends, shape.size, shape.stride)
    edges = np.zeros(len(material.row) + 1, np.int64)
    np.add.at(edges, starts, 1)
    np.add.at(edges, starts + shape.size, -1)
    covered = (np.cumsum(edges)[:-1] > 0) & (material.row >= 0)
    found = np.zeros(n, np.bool_)
    found[material.row[covered]] = True
    return found


def _standard(target: Floats) -> tuple[Floats, Floats]:
    wide = target.astype(np.float64)
    spread = np.maximum(wide.std(axis=0), 1e-6)
    return wide.mean(axis=0).astype(np.float32), spread.astype(np.float32)
