"""An objective: far values count by their distance, near ones by its square."""

from collections.abc import Mapping
from typing import Any

from affectflow.kinds.objective import fits


@fits("value")
def log_cosh(output: Any, target: Any, options: Mapping[str, Any]) -> Any:
    """Makes the distance of values small: the mean of log cosh(output - target).

    Args:
      output: a tensor of torch, of any shape.
      target: the same.
      options: none.
    """
    from torch.nn import functional

    distance = (output - target).abs()
    # log cosh(d) = d + log(1 + exp(-2 d)) - log 2, which does not overflow.
    return (distance + functional.softplus(-2 * distance) - 0.6931471805599453).mean()
