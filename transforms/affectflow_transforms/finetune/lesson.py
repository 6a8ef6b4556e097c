"""Rows as a network sees them: their loss, and what it makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow import registry
from affectflow.errors import UsageError
from affectflow_transforms.finetune.aims import Aim
from affectflow_transforms.finetune.inputs import Inputs
from affectflow_transforms.finetune.network import Loaded
from affectflow_transforms.finetune.soft import OBJECTIVES
from affectflow_transforms.finetune.splits import Rows
from affectflow_transforms.models.micro_batches import run_halved

Matrix = npt.NDArray[np.float32]


@dataclass(kw_only=True, eq=False)
class Lesson:
    """A network with the rows that it learns.

    Args:
      loaded: the network, with a head for the aim.
      aim: what it learns, with texts and targets of all rows.
      inputs: of all rows; of a reward, those of the rejected ones behind.
      target: of all rows, as a tensor; of values, in standard deviations.
      mean: of the values of each column; zeros of all else.
      spread: their standard deviation; ones of all else.
      options: of the objective.
      frozen: the encoder stays as it is.
      pooled: of a frozen encoder, what it makes of all rows, shape (rows, width): it
        runs once, not in each epoch. None otherwise.
      known: numbers of lexica that are guessed beside, shape (rows, columns), zeros
        where there is no word; None for no such objective.
      weight: of that objective.
      soft: what a teacher says of all rows, as a tensor; None for no teacher.
      share: of the loss that is of the teacher.
    """

    loaded: Loaded
    aim: Aim
    inputs: Inputs
    target: Any
    mean: npt.NDArray[np.float32]
    spread: npt.NDArray[np.float32]
    options: Mapping[str, Any]
    frozen: bool
    pooled: Any = None
    known: Any = None
    weight: float = 0.0
    soft: Any = None
    share: float = 0.0

    @property
    def lengths(self) -> Rows:
        """How long each row is, such as its tokens."""
        lengths = self.inputs.lengths
        if not self.aim.rejected:
            return lengths
        return np.maximum(*np.split(lengths, 2))

    def loss(self, rows: Rows) -> Any:
        """Returns the loss of some rows, with all that is dropped out."""
        module = self.loaded.module
        module.train()
        if self.frozen:
            module.base_model.eval()
        both = self._both(rows)
        if self.known is None:
            return self._against(self._compared(self._forward(both)), rows)
        pooled = self._pooled(both)
        output = self._compared(self._judged(pooled, both))
        guessed = module.head.guess(pooled)
        known = self.known[both].to(module.device)
        beside = registry.load("objectives", "vad_mse")(guessed, known, {})
        return self._against(output, rows) + self.weight * beside

    def _against(self, output: Any, rows: Rows) -> Any:
        """Returns the loss of outputs against labels, and against a teacher's."""
        objective = registry.load("objectives", self.aim.objective)
        target = self.target[rows].to(output.device)
        own = objective(output, target, self.options)
        if self.soft is None:
            return own
        taught = registry.load("objectives", OBJECTIVES[self.aim.head])
        beside = taught(output, self.soft[rows].to(output.device), {})
        return (1 - self.share) * own + self.share * beside

    def outputs(self, rows: Rows) -> npt.NDArray[np.float32]:
        """Returns what the network says of rows, on the scale of the values.

        Of a reward, by how much that of the chosen text is higher.

        Raises:
          UsageError: it fails on a row, such as for want of memory.
        """
        self.loaded.module.eval()
        n, asked = len(self.aim.texts), self._both(rows)
        values = self.run(asked, self._forward, self.aim.outputs)
        if self.aim.rejected:
            return values[rows, 0] - values[rows + n, 0]
        return values[rows] * self.spread + self.mean

    def run(self, rows: Rows, forward: Any, width: int) -> Matrix:
        """Returns what `forward` gives of rows, shape (all rows, width)."""
        import torch

        values = np.zeros((len(self.inputs.lengths), width), np.float32)

        def attempt(batch: Rows) -> None:
            with torch.inference_mode():
                values[batch] = forward(batch).float().cpu().numpy()

        failed = run_halved(self.inputs, self.inputs.lengths, rows, attempt)
        for error in failed.values():
            if isinstance(error, UsageError):
                raise error
            raise UsageError(
                f"the base fails on a row ({error}): lower `max_tokens`"
            ) from error
        return values

    def keep_pooled(self, learned: Rows) -> None:
        """Runs a frozen encoder over all texts, once, and brings its means to a scale.

        Args:
          learned: rows that are trained on: mean and spread are theirs.
        """
        import torch

        self.loaded.module.eval()
        rows, texts = self._both(self.aim.usable), [*self.aim.texts, *self.aim.rejected]
        first: dict[Any, int] = {}
        same = np.array([first.setdefault(texts[row], row) for row in rows.tolist()])
        pooled = self.run(np.unique(same), self._pooled, self.loaded.width)
        pooled[rows] = pooled[same]
        self.pooled = torch.from_numpy(pooled).to(self.loaded.module.device)
        if self.loaded.scales:
            head, of = self.loaded.module.head, pooled[self._both(learned)]
            spread = np.maximum(of.std(axis=0), 1e-6)
            head.centre.data = torch.from_numpy(of.mean(axis=0)).to(self.pooled)
            head.spread.data = torch.from_numpy(spread).to(self.pooled)

    def _both(self, rows: Rows) -> Rows:
        """Returns rows, and of a reward those of their rejected texts behind."""
        n = len(self.aim.texts)
        return np.concatenate([rows, rows + n]) if self.aim.rejected else rows

    def _compared(self, output: Any) -> Any:
        """Returns outputs; of a reward, chosen less rejected."""
        if not self.aim.rejected:
            return output
        pairs = len(output) // 2
        return output[:pairs, 0] - output[pairs:, 0]

    def _forward(self, rows: Rows) -> Any:
        if self.loaded.pool is None:
            return self.loaded.module(**self.inputs.tensors(rows)).logits
        return self._judged(self._pooled(rows), rows)

    def _pooled(self, rows: Rows) -> Any:
        if self.pooled is not None:
            return self.pooled[rows]
        assert self.loaded.pool is not None
        return self.loaded.pool(**self.inputs.tensors(rows))

    def _judged(self, pooled: Any, rows: Rows) -> Any:
        assert self.loaded.judge is not None
        return self.loaded.judge(pooled, **self.inputs.beside(rows))


def prepare(
    loaded: Loaded,
    inputs: Inputs,
    aim: Aim,
    learned: Rows,
    *,
    balance: float,
    options: Mapping[str, Any],
    frozen: bool,
    known: Matrix | None = None,
    weight: float = 0.0,
    soft: Matrix | None = None,
    share: float = 0.0,
) -> Lesson:
    """Returns a network with inputs and targets of all rows.

    Args:
      loaded: the network, with a head for the aim.
      inputs: of all rows.
      aim: what it learns.
      learned: rows that are trained on: weights and spread are theirs.
      balance: beta of `class_weights`; 0 for none.
      options: of the objective.
      frozen: the encoder stays as it is.
      known: numbers of lexica that are guessed beside.
      weight: of that objective.
      soft: what a teacher says of all rows.
      share: of the loss that is of the teacher.
    """
    import torch

    mean, spread = standard(aim, learned)
    target = aim.target
    if aim.head == "value":
        target = (target - mean) / spread
    given = dict(options)
    if balance:
        weights = class_weights(_counts(aim, learned), balance).astype(np.float32)
        given["weights"] = torch.from_numpy(weights).to(loaded.module.device)
    lesson = Lesson(
        loaded=loaded,
        aim=aim,
        inputs=inputs,
        target=torch.from_numpy(np.ascontiguousarray(target)),
        mean=mean,
        spread=spread,
        options=given,
        frozen=frozen,
        known=None if known is None or not weight else torch.from_numpy(known),
        weight=weight,
        soft=None if soft is None else torch.from_numpy(soft),
        share=share,
    )
    if frozen and loaded.pool is not None:
        lesson.keep_pooled(learned)
    return lesson


def class_weights(counts: npt.NDArray[Any], beta: float) -> npt.NDArray[np.float64]:
    """Returns weights of labels by how many rows they have; their mean is 1.

    (1 - beta) / (1 - beta^n): Cui et al. (2019), "Class-Balanced Loss Based on
    Effective Number of Samples", equation 2.
    """
    weights = (1 - beta) / (1 - np.power(beta, np.maximum(counts, 1)))
    found: npt.NDArray[np.float64] = weights / weights.mean()
    return found


def _counts(aim: Aim, learned: Rows) -> npt.NDArray[Any]:
    target = aim.target[learned]
    if aim.head == "several":
        return target.sum(axis=0)
    return np.bincount(target, minlength=len(aim.labels))


def standard(
    aim: Aim, learned: Rows
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns mean and standard deviation of values that are learned, of each column.

    0 and 1 of all that is not values.
    """
    if aim.head != "value":
        return np.zeros(aim.outputs, np.float32), np.ones(aim.outputs, np.float32)
    seen = aim.target[learned].astype(np.float64)
    spread = np.maximum(seen.std(axis=0), 1e-6)
    return seen.mean(axis=0).astype(np.float32), spread.astype(np.float32)
