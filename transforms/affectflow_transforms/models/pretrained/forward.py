"""Texts through a network: tokenise all, plan, run, put back in order.

A head turns the output of a network, logits or the states of tokens, into one array of
numbers per text.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.errors import RowError
from affectflow_transforms.models.micro_batches import run_halved
from affectflow_transforms.models.pretrained.tokens import (
    Ints,
    Text,
    Tokens,
    tokenise,
)
from affectflow_transforms.models.pretrained.words import Beside
from affectflow_transforms.models.token_budget import Rows

Matrix = npt.NDArray[np.float32]
Head = Callable[[Any, Any], Any]
"""From a network's output and the attention mask to a tensor (texts, width)."""


@dataclass(kw_only=True, eq=False)
class Network:
    """A network on its device, with what is needed to feed it.

    Args:
      module: of torch; takes `input_ids` and `attention_mask`.
      tokenizer: a fast tokenizer of the library `tokenizers`.
      max_tokens: longest text, special tokens included.
      max_batch_tokens: rows times longest text of a forward pass; lowered for good when
        the device runs out of memory.
      n_known_tokens: token ids from here on have no embedding.
      pad_token: the token that pads a row.
      pads_left: whether rows are padded at their beginning.
      takes_types: whether it is told which tokens belong to a second text.
      workers: micro-batches that run side by side, one per core.
      beside: further inputs beside the tokens; None for none.
    """

    module: Any
    tokenizer: Any
    max_tokens: int
    max_batch_tokens: int
    n_known_tokens: int
    pad_token: int = 0
    pads_left: bool = False
    takes_types: bool = False
    workers: int = 1
    beside: Beside | None = None
    # Neither the tokenizer nor the budget is safe for two threads at once.
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What a network makes of texts.

    Args:
      values: shape (texts, width); zeros for a text in `failed`.
      truncated: shape (texts,): the end of the text was not read.
      failed: the reason, for each text that the network cannot read.
    """

    values: Matrix
    truncated: npt.NDArray[np.bool_]
    failed: dict[int, Exception]


def outputs(model: Network, texts: Sequence[Text], head: Head, width: int) -> Outputs:
    """Returns what a network makes of all texts, in their order.

    A text that fails does not affect the others. Safe to call from several threads.

    Args:
      model: the network.
      texts: any number of texts, each alone or with a second one.
      head: reads the output of the network.
      width: how many numbers the head gives per text.
    """
    with model.lock:
        tokens = tokens_of(model, texts)
        failed = unknown_tokens(tokens, model.n_known_tokens)
        living = np.setdiff1d(np.arange(len(texts)), list(failed)).astype(np.int64)
        values, failures = run(model, tokens, living, head, width)
    failed |= failures | _not_finite(values, failed.keys() | failures.keys())
    values[list(failed)] = 0.0
    return Outputs(values=values, truncated=tokens.truncated, failed=failed)


def tokens_of(model: Network, texts: Sequence[Text]) -> Tokens:
    """Returns what a network is given of texts: their tokens, and what is beside."""
    tokens = tokenise(model.tokenizer, texts, model.max_tokens)
    if model.beside is None:
        return tokens
    return replace(tokens, beside=model.beside.arrays(texts))


def unknown_tokens(tokens: Tokens, n_known: int) -> dict[int, Exception]:
    """Returns the texts with a token that the model has no embedding for.

    On a GPU, such a token is not an error of its row: it crashes the device.
    """
    at = np.flatnonzero(tokens.flat >= n_known)
    rows = np.unique(np.searchsorted(tokens.starts, at, side="right") - 1)
    return {
        int(row): RowError(f"a token is outside the model's vocabulary of {n_known}")
        for row in rows
    }


def run(
    model: Network, tokens: Tokens, rows: Rows, head: Head, width: int
) -> tuple[Matrix, dict[int, Exception]]:
    """Returns the numbers of `rows`, and the error of each row that has none."""
    values = np.zeros((len(tokens.lengths), width), np.float32)

    def attempt(batch: Rows) -> None:
        values[batch] = forward(model, tokens, batch, head)

    return values, run_halved(model, tokens.lengths, rows, attempt, model.workers)


def forward(model: Network, tokens: Tokens, rows: Rows, head: Head) -> Matrix:
    """Returns the numbers of one micro-batch, (rows, width), in host memory."""
    import torch

    with torch.inference_mode():
        tensors = tensors_of(model, tokens, rows)
        beside = beside_of(model, tokens, rows)
        read = head(model.module(**tensors, **beside), tensors["attention_mask"])
        result: Matrix = read.float().cpu().numpy()
    return result


def tensors_of(model: Network, tokens: Tokens, rows: Rows) -> dict[str, Any]:
    """Returns what an encoder takes of some rows, on its device."""
    import torch

    ids, mask, types = padded(model, tokens, rows)
    given = {"input_ids": ids, "attention_mask": mask}
    if types is not None and model.takes_types:
        given["token_type_ids"] = types
    return {n: torch.from_numpy(a).to(model.module.device) for n, a in given.items()}


def beside_of(model: Network, tokens: Tokens, rows: Rows) -> dict[str, Any]:
    """Returns what a head takes of some rows beside the encoder's states."""
    import torch

    device = model.module.device
    return {
        name: torch.from_numpy(array[rows]).to(device)
        for name, array in tokens.beside.items()
    }


def padded(
    model: Network, tokens: Tokens, rows: Rows
) -> tuple[Ints, Ints, Ints | None]:
    """Returns token ids, attention mask and types: each (rows, longest of them)."""
    lengths = tokens.lengths[rows][:, None]
    position = np.arange(int(lengths.max()))[None, :]
    if model.pads_left:
        position = position - (lengths.max() - lengths)
    mask = (position >= 0) & (position < lengths)
    source = np.where(mask, tokens.starts[rows][:, None] + position, 0)
    ids = np.where(mask, tokens.flat[source], model.pad_token)
    types = tokens.types
    return (
        ids,
        mask.astype(np.int64),
        None if types is None else np.where(mask, types[source], 0),
    )


def _not_finite(values: Matrix, known: set[int]) -> dict[int, Exception]:
    rows = np.flatnonzero(~np.isfinite(values).all(axis=1))
    return {
        int(row): RowError("the model gave a score that is not a number")
        for row in rows
        if int(row) not in known
    }
