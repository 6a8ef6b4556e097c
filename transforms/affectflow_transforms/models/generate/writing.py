"""Answers in words, written greedily: the likeliest token each time."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.generate.layout import Ids

# What a model's own configuration decides; the rest of it is about sampling.
_KEPT = (
    "bos_token_id",
    "eos_token_id",
    "decoder_start_token_id",
    "forced_bos_token_id",
    "forced_eos_token_id",
)


def written(
    generator: Generator, ids: Ids, mask: Ids, max_new_tokens: int
) -> list[tuple[str, int]]:
    """Returns the answer to each question, and how many tokens it has.

    Args:
      generator: the model.
      ids: the questions, of shape (rows, longest of them).
      mask: of the same shape: 1 for a token, 0 for padding.
      max_new_tokens: the longest answer.
    """
    import torch

    device = generator.module.device
    settings = greedy(generator, max_new_tokens)
    with torch.inference_mode():
        whole = generator.module.generate(
            input_ids=torch.from_numpy(ids).to(device),
            attention_mask=torch.from_numpy(mask).to(device),
            generation_config=settings,
        )
    # A decoder begins with its own token.
    begins = 1 if generator.is_seq2seq else ids.shape[1]
    return said_of(generator, whole[:, begins:], settings)


def said_of(generator: Generator, tokens: Any, settings: Any) -> list[tuple[str, int]]:
    """Returns answers as text, and how many tokens each has.

    Args:
      generator: the model.
      tokens: a tensor of shape (rows, longest answer).
      settings: the output of `greedy`.
    """
    answers = tokens.cpu().numpy()
    counts = [_length(answer, settings.eos_token_id) for answer in answers]
    kept = [answer[:n] for answer, n in zip(answers, counts, strict=True)]
    texts = generator.writer.batch_decode(kept, skip_special_tokens=True)
    return [(text.strip(), n) for text, n in zip(texts, counts, strict=True)]


def greedy(generator: Generator, max_new_tokens: int) -> Any:
    """Returns settings of transformers under which an answer is always the same."""
    import transformers

    own = generator.module.generation_config
    kept = {name: getattr(own, name, None) for name in _KEPT}
    kept["eos_token_id"] = sorted(
        {*_all(kept["eos_token_id"]), *_all(generator.end_token)}
    )
    settings: Any = transformers.GenerationConfig
    return settings(
        **kept,
        pad_token_id=generator.pad_token,
        do_sample=False,
        num_beams=1,
        max_new_tokens=max_new_tokens,
    )


def _all(tokens: int | list[int] | None) -> list[int]:
    if tokens is None:
        return []
    return tokens if isinstance(tokens, list) else [tokens]


def _length(answer: Ids, ends: Sequence[int]) -> int:
    """Returns how many tokens an answer has, with the one that ends it."""
    at = np.flatnonzero(np.isin(answer, ends))
    return int(at[0]) + 1 if len(at) else len(answer)
