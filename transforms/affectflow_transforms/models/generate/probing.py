"""Whether all labels can stand behind one prompt: tried on the model itself.

A network that encodes positions by the distance of tokens, or that keeps a state,
silently reads a row of several labels differently from each label alone.
"""

from typing import Any

import numpy as np

from affectflow_transforms.models.generate.choosing import apart, shared
from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.generate.layout import Ids, laid_out

_PROMPTS = (12, 7)
_LABELS, _TOKENS = 6, 4


def shares_prompt(generator: Generator) -> bool:
    """Returns whether likelihoods are the same behind one prompt as apart.

    They are compared on two prompts and six labels of random tokens.
    """
    if not generator.is_seq2seq and "position_ids" not in generator.accepts:
        return False
    ids, mask = _prompts(generator)
    chance = np.random.default_rng(1)
    labels = chance.integers(generator.n_known_tokens, size=(_LABELS, _TOKENS))
    layout = laid_out(labels.tolist(), generator.start_token)
    expected = apart(generator, ids, mask, layout)
    try:
        found = shared(generator, ids, mask, layout)
    except Exception:  # a network may refuse our mask or positions in any way
        return False
    off = np.abs(found - expected).mean()
    return bool(off <= _tolerance(generator.module.dtype) * expected.std())


def _prompts(generator: Generator) -> tuple[Ids, Ids]:
    chance = np.random.default_rng(0)
    longest = max(_PROMPTS)
    ids = chance.integers(generator.n_known_tokens, size=(len(_PROMPTS), longest))
    place = np.arange(longest)
    if generator.pads_left:
        place = place[::-1]
    mask = (place < np.array(_PROMPTS)[:, None]).astype(np.int64)
    return ids, mask


def _tolerance(dtype: Any) -> float:
    """Returns how much of what tells labels apart is noise of a type of numbers."""
    import torch

    return max(1e-3, 8 * torch.finfo(dtype).eps)
