"""What a model learns from: the loss of some rows, and how it does on others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow import registry
from affectflow_transforms.finetune.splits import Rows
from affectflow_transforms.instruct.likelihood import (
    Sequences,
    answer_logits,
    log_likelihoods,
)
from affectflow_transforms.models.generate.generator import Generator

DPO = "dpo"
OBJECTIVES = ("cross_entropy", "focal", DPO)
Values = npt.NDArray[np.float64]


@dataclass(kw_only=True, eq=False)
class School:
    """A model with the answers that it learns.

    Args:
      generator: the model.
      taught: the answers; of pairs, those that were chosen.
      rejected: of pairs, the others; else None.
      objective: one of `OBJECTIVES`.
      options: of the objective.
      batch: rows of a forward pass.
    """

    generator: Generator
    taught: Sequences
    rejected: Sequences | None
    objective: str
    options: Mapping[str, Any]
    batch: int
    reference: Values | None = None
    """Of pairs, log-likelihoods of both answers before any step, (rows, 2)."""

    @property
    def lengths(self) -> Rows:
        """Tokens of each row."""
        if self.rejected is None:
            return self.taught.lengths
        return np.maximum(self.taught.lengths, self.rejected.lengths)

    def keep_reference(self, rows: Rows) -> None:
        """Keeps how likely the answers of pairs are to the model as it is now."""
        if self.rejected is not None:
            found = np.zeros((len(self.lengths), 2))
            found[rows] = self.likelihoods(rows)
            self.reference = found

    def loss(self, rows: Rows) -> Any:
        """Returns the loss of some rows, with all that is dropped out."""
        self.generator.module.train()
        return self._loss(rows)

    def judge(self, rows: Rows) -> float:
        """Returns the negative mean loss of rows, with nothing dropped out."""
        import torch

        self.generator.module.eval()
        total, n = 0.0, 0
        with torch.inference_mode():
            for batch in self._batches(rows):
                each = self._weight(batch)
                total, n = total + float(self._loss(batch)) * each, n + each
        return -total / n

    def likelihoods(self, rows: Rows) -> Values:
        """Returns log-likelihoods of the answers, (rows, 1); of pairs, of both."""
        import torch

        self.generator.module.eval()
        known = [self.taught, *([self.rejected] if self.rejected else [])]
        found = np.zeros((len(self.lengths), len(known)))
        with torch.inference_mode():
            for batch in self._batches(rows):
                for place, each in enumerate(known):
                    sums = log_likelihoods(self.generator, each, batch)
                    found[batch, place] = sums.double().cpu().numpy()
        return found[rows]

    def _loss(self, rows: Rows) -> Any:
        objective = registry.load("objectives", self.objective)
        if self.objective == DPO:
            return objective(*self._of_pairs(rows), self.options)
        logits, tokens, there = answer_logits(self.generator, self.taught, rows)
        return objective(logits[there].float(), tokens[there], self.options)

    def _of_pairs(self, rows: Rows) -> tuple[Any, Any]:
        import torch

        assert self.rejected is not None
        assert self.reference is not None
        likely = [
            log_likelihoods(self.generator, each, rows)
            for each in (self.taught, self.rejected)
        ]
        output = torch.stack(likely, dim=1)
        return output, torch.from_numpy(self.reference[rows]).to(output)

    def _weight(self, rows: Rows) -> int:
        """Returns over how many things the loss of rows is a mean."""
        if self.objective == DPO:
            return len(rows)
        return int(self.taught.answer_lengths[rows].sum())

    def _batches(self, rows: Rows) -> list[Rows]:
        """Returns rows of like length together."""
        order = rows[np.argsort(self.lengths[rows], kind="stable")]
        return [order[at : at + self.batch] for at in range(0, len(order), self.batch)]
