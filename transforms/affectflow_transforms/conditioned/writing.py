"""Replies, written greedily: the likeliest token each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow_transforms.conditioned.lesson import filled_up

_ROWS_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Writer:
    """A network that replies.

    Args:
      module: of `conditioned`.
      tokenizer: of its base.
      labels: of the emotions that it can be told.
    """

    module: Any
    tokenizer: Any
    labels: tuple[str, ...]


def tokens_of(
    tokenizer: Any, texts: Sequence[str], longest: int
) -> tuple[list[list[int]], npt.NDArray[np.bool_]]:
    """Returns the token ids of texts, and which of them were cut."""
    if not len(texts):  # a tokenizer refuses that
        return [], np.zeros(0, np.bool_)
    whole = tokenizer(list(texts), truncation=False, verbose=False)["input_ids"]
    cut = np.array([len(each) > longest for each in whole], np.bool_)
    if not cut.any():
        return whole, cut
    ids = tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]
    return ids, cut


def written(
    writer: Writer,
    messages: Sequence[Sequence[int]],
    emotions: npt.NDArray[np.int64],
    longest: int,
) -> list[str]:
    """Returns the reply to each message.

    Args:
      writer: the network.
      messages: token ids of each.
      emotions: what the encoder is told of each, shape (messages,).
      longest: tokens of a reply.
    """
    found = [""] * len(messages)
    order = np.argsort([len(each) for each in messages], kind="stable")
    for at in range(0, len(order), _ROWS_AT_ONCE):
        rows = order[at : at + _ROWS_AT_ONCE]
        some = _some(writer, [messages[row] for row in rows], emotions[rows], longest)
        for row, reply in zip(rows.tolist(), some, strict=True):
            found[row] = reply
    return found


def _some(
    writer: Writer,
    messages: Sequence[Sequence[int]],
    emotions: npt.NDArray[np.int64],
    longest: int,
) -> list[str]:
    import torch

    ids = torch.from_numpy(filled_up(messages, writer.tokenizer.pad_token_id))
    mask = torch.from_numpy(filled_up([[1] * len(each) for each in messages], 0))
    with torch.inference_mode():
        tokens = writer.module.base.generate(
            inputs_embeds=writer.module.embedded(ids, torch.from_numpy(emotions)),
            attention_mask=mask,
            do_sample=False,
            num_beams=1,
            max_new_tokens=longest,
        )
    texts = writer.tokenizer.batch_decode(tokens, skip_special_tokens=True)
    return [text.strip() for text in texts]
