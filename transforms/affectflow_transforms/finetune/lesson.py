"""Rows as a network sees them: their tokens, their loss, what it makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow import registry
from affectflow.errors import UsageError
from affectflow_transforms.finetune.aims import Aim
from affectflow_transforms.finetune.splits import Rows
from affectflow_transforms.models.pretrained.forward import (
    Network,
    padded,
    run,
    unknown_tokens,
)
from affectflow_transforms.models.pretrained.tokens import Tokens, tokenise


@dataclass(kw_only=True, eq=False)
class Lesson:
    """A network with the rows that it learns.

    Args:
      network: with a head for the aim.
      aim: what it learns, with texts and targets of all rows.
      tokens: of all texts; of a reward, those of the rejected ones behind.
      target: of all rows, as a tensor; of values, in standard deviations.
      mean: of the values of each column; zeros of all else.
      spread: their standard deviation; ones of all else.
      options: of the objective.
      frozen: the encoder stays as it is.
    """

    network: Network
    aim: Aim
    tokens: Tokens
    target: Any
    mean: npt.NDArray[np.float32]
    spread: npt.NDArray[np.float32]
    options: Mapping[str, Any]
    frozen: bool

    @property
    def lengths(self) -> Rows:
        """Tokens of each row."""
        lengths = self.tokens.lengths
        if not self.aim.rejected:
            return lengths
        return np.maximum(*np.split(lengths, 2))

    def loss(self, rows: Rows) -> Any:
        """Returns the loss of some rows, with all that is dropped out."""
        module = self.network.module
        module.train()
        if self.frozen:
            module.base_model.eval()
        objective = registry.load("objectives", self.aim.objective)
        target = self.target[rows].to(module.device)
        return objective(self._outputs(rows), target, self.options)

    def outputs(self, rows: Rows) -> npt.NDArray[np.float32]:
        """Returns what the network says of rows, on the scale of the values.

        Of a reward, by how much that of the chosen text is higher.

        Raises:
          UsageError: it fails on a row, such as for want of memory.
        """
        self.network.module.eval()
        n = len(self.aim.texts)
        asked = np.concatenate([rows, rows + n]) if self.aim.rejected else rows
        values, failed = run(
            self.network, self.tokens, asked, _logits, self.aim.outputs
        )
        for error in failed.values():
            raise UsageError(
                f"the base fails on a text ({error}): lower `max_tokens`"
            ) from error
        if self.aim.rejected:
            return values[rows, 0] - values[rows + n, 0]
        return values[rows] * self.spread + self.mean

    def _outputs(self, rows: Rows) -> Any:
        """Returns logits, or the difference of rewards, as a tensor with its graph."""
        if not self.aim.rejected:
            return self._forward(rows)
        n, pairs = len(self.aim.texts), len(rows)
        both = self._forward(np.concatenate([rows, rows + n]))[:, 0]
        return both[:pairs] - both[pairs:]

    def _forward(self, rows: Rows) -> Any:
        import torch

        network = self.network
        ids, mask, types = padded(network, self.tokens, rows)
        given = {"input_ids": ids, "attention_mask": mask}
        if types is not None and network.takes_types:
            given["token_type_ids"] = types
        device = network.module.device
        tensors = {n: torch.from_numpy(a).to(device) for n, a in given.items()}
        return network.module(**tensors).logits


def prepare(
    network: Network,
    aim: Aim,
    learned: Rows,
    *,
    balance: float,
    options: Mapping[str, Any],
    frozen: bool,
) -> Lesson:
    """Returns a network with the tokens and targets of all rows.

    Args:
      network: with a head for the aim.
      aim: what it learns.
      learned: rows that are trained on: weights and spread are theirs.
      balance: beta of `class_weights`; 0 for none.
      options: of the objective.
      frozen: the encoder stays as it is.

    Raises:
      UsageError: a text has a token that the base has no embedding for.
    """
    import torch

    texts = [*aim.texts, *aim.rejected]
    tokens = tokenise(network.tokenizer, texts, network.max_tokens)
    for error in unknown_tokens(tokens, network.n_known_tokens).values():
        raise UsageError(f"tokenizer and weights of the base do not fit: {error}")
    mean, spread = standard(aim, learned)
    target = aim.target
    if aim.head == "value":
        target = (target - mean) / spread
    given = dict(options)
    if balance:
        weights = class_weights(_counts(aim, learned), balance).astype(np.float32)
        given["weights"] = torch.from_numpy(weights).to(network.module.device)
    return Lesson(
        network=network,
        aim=aim,
        tokens=tokens,
        target=torch.from_numpy(np.ascontiguousarray(target)),
        mean=mean,
        spread=spread,
        options=given,
        frozen=frozen,
    )


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


def _logits(given: Any, mask: Any) -> Any:
    return given.logits
