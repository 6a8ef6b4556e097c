"""The latent that an action moves in a straight line, learned from what is observed.

The first half of Rep4Ex (Saengkyongam et al. 2024, arXiv 2310.04295): an autoencoder
whose code must be linear in the action, but for noise. It is found up to an affine map,
which is all that the second half needs.
"""

from typing import Any

import numpy as np

from affectflow.errors import MissingExtraError
from affectflow_transforms.measures.intervention.control import Floats

_UNITS, _STEPS, _BATCH, _RATE = 32, 1_000, 512, 3e-3
_WEIGHT = 300.0
"""Of `mmr_linear` beside the squared error: a decoder follows any bend of the code."""
_SEED = 31


def learned(action: Floats, observed: Floats, times: Floats, width: int) -> Floats:
    """Returns the latent of each row, shape (rows, width), on a scale of its own.

    The same rows give the same latents with the same version of torch.

    Args:
      action: shape (rows, actions).
      observed: shape (rows, columns).
      times: how often each row was seen.
      width: number of latents.

    Raises:
      MissingExtraError: torch is not installed.
    """
    torch = _torch()
    given = torch.from_numpy(_standard(action, times)).float()
    seen = torch.from_numpy(_standard(observed, times)).float()
    with torch.random.fork_rng():
        torch.manual_seed(_SEED)
        encoder = _layers(observed.shape[1], width)
        decoder = _layers(width, observed.shape[1])
        _fit(encoder, decoder, given, seen, times / times.sum())
    with torch.inference_mode():
        code: Floats = encoder(seen).numpy().astype(np.float64)
    return _standard(code, times)


def _standard(columns: Floats, times: Floats) -> Floats:
    """Returns columns with mean 0 and deviation 1; 0 where one does not vary."""
    off = columns - np.average(columns, axis=0, weights=times)
    spread = np.sqrt(np.average(off**2, axis=0, weights=times))
    found: Floats = off / np.where(spread > 0, spread, 1.0)
    return found


def _layers(inputs: int, outputs: int) -> Any:
    from torch import nn

    return nn.Sequential(
        nn.Linear(inputs, _UNITS),
        nn.Tanh(),
        nn.Linear(_UNITS, _UNITS),
        nn.Tanh(),
        nn.Linear(_UNITS, outputs),
    )


def _fit(
    encoder: Any, decoder: Any, action: Any, observed: Any, chance: Floats
) -> None:
    import torch

    from affectflow_transforms.finetune.objectives import mmr_linear

    weights = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(weights, lr=_RATE)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _STEPS)
    random = np.random.default_rng(_SEED)
    for _ in range(_STEPS):
        rows = random.choice(len(chance), _BATCH, p=chance)
        code = encoder(observed[rows])
        apart = ((decoder(code) - observed[rows]) ** 2).mean()
        # A short code would make its bend small without making it straight.
        unit = (code - code.mean(0)) / code.std(0).clamp_min(1e-6)
        loss = apart + _WEIGHT * mmr_linear(unit, action[rows], {})
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        falling.step()


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError(
            "`observed` learns a latent with torch, which is not installed; type "
            "`pip install 'affectflow[torch]'`, or give the latent as a column"
        ) from error
    return torch
