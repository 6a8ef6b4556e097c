"""What preferences make small; see `finetune.objectives`."""

from collections.abc import Mapping
from typing import Any

Tensor = Any


def dpo(output: Tensor, target: Tensor, options: Mapping[str, Any]) -> Tensor:
    """Makes the chosen answer likelier than the rejected one, as the reference has it.

    -log sigmoid(beta ((c - c_ref) - (r - r_ref))): Rafailov et al. (2023), "Direct
    Preference Optimization", equation 7.

    Args:
      output: log-likelihoods of the chosen and the rejected answers, shape (n, 2).
      target: the same of the reference.
      options: `beta`, 0.1 by default.
    """
    from torch.nn import functional

    gain = output - target
    margin = options.get("beta", 0.1) * (gain[:, 0] - gain[:, 1])
    return -functional.logsigmoid(margin).mean()
