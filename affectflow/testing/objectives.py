"""The check of an objective."""

from typing import Any

from affectflow.errors import MissingExtraError
from affectflow.kinds.objective import Objective, heads_of
from affectflow.testing.sample import Tell, quiet

_ROWS, _OUTPUTS, _STEP = 6, 3, 1e-3


def check_objective(objective: Objective, *, tell: Tell = quiet) -> None:
    """Checks what every objective must do, for each head that it says it fits.

    It gives one finite number, the same one twice, changes nothing that it is given,
    and has a gradient: a small step against it makes the loss smaller.

    Args:
      objective: the function.
      tell: is called with each promise that is kept.

    Raises:
      AssertionError: names the promise that was broken.
      MissingExtraError: torch is not installed.
    """
    assert (objective.__doc__ or "").strip(), "it has no docstring"
    heads = heads_of(objective)
    for head in heads:
        _check(objective, head)
        tell(f"head={head}: one finite number, the same one twice")
        tell(f"head={head}: a step against its gradient makes it smaller")
    if not heads:
        tell("it names no head with `fits`: only a trainer of your own can use it")


def _check(objective: Objective, head: str) -> None:
    output, target = _sample(head)
    before = output.detach().clone(), target.clone()
    loss = objective(output, target, {})
    assert loss.dim() == 0, f"head={head}: the loss has the shape {tuple(loss.shape)}"
    assert loss.isfinite(), f"head={head}: the loss is {loss.item()}"
    again = objective(output, target, {})
    assert loss.equal(again), f"head={head}: two losses of one output differ"
    unchanged = (output.detach().equal(before[0]), target.equal(before[1]))
    assert all(unchanged), f"head={head}: it changes what it is given"
    loss.backward()
    gradient = output.grad
    assert gradient is not None, f"head={head}: it has no gradient"
    assert gradient.isfinite().all(), f"head={head}: its gradient is not finite"
    assert gradient.abs().max() > 0, f"head={head}: its gradient is 0"
    nearer = output.detach() - _STEP * gradient / gradient.norm()
    smaller = float(objective(nearer, target, {}))
    assert smaller < loss.item(), f"head={head}: a step against its gradient does harm"


def _sample(head: str) -> tuple[Any, Any]:
    """Returns outputs with a gradient, and targets, as a head has them."""
    torch = _torch()
    drawn = torch.Generator().manual_seed(0)
    shape = (_ROWS,) if head == "reward" else (_ROWS, _OUTPUTS)
    output = torch.randn(shape, generator=drawn, dtype=torch.float64)
    places = torch.arange(_ROWS) % _OUTPUTS
    target = {
        "several": (torch.randn(shape, generator=drawn) > 0).double(),
        "value": torch.randn(shape, generator=drawn, dtype=torch.float64),
        "shares": torch.rand(shape, generator=drawn, dtype=torch.float64),
        "reward": 1.0 + places.double(),
    }.get(head, places)
    if head == "shares":
        target = target / target.sum(1, keepdim=True)
    return output.requires_grad_(), target


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError(
            "an objective needs torch; type `pip install 'affectflow[torch]'`"
        ) from error
    return torch
