"""Texts through a classifier: tokenise all, plan, run, put back in order.

Each of these is a function of its own, because a regressor or an endpoint will want
some of them and not the others.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.errors import RowError
from affectflow_transforms.models.halving import run_halved
from affectflow_transforms.models.token_budget import Rows

# The tokenizer keeps an object a token; chunks bound how many live at once.
_TOKENISED_AT_ONCE = 4_096
# No tokenizer needs more to fill a model; megabytes of log are not tokenised in vain.
_CHARACTERS_PER_TOKEN = 32


@dataclass(kw_only=True, eq=False)
class Classifier:
    """A model on its device, with what is needed to feed it.

    Args:
      network: takes `input_ids` and `attention_mask`, gives `.logits`.
      tokenizer: a fast tokenizer of the library `tokenizers`.
      several: a text may have several labels at once, or none.
      max_tokens: longest text, special tokens included.
      max_batch_tokens: rows times longest text of a forward pass; falls for good
        when the device runs out of memory.
    """

    network: Any
    tokenizer: Any
    labels: tuple[str, ...]
    vocabulary: str
    several: bool
    max_tokens: int
    max_batch_tokens: int
    n_known_tokens: int
    pad_token: int = 0
    pads_left: bool = False
    # Neither the tokenizer nor the budget bears two threads at once.
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """The tokens of many texts, one after the other.

    Args:
      flat: all token ids.
      starts: shape (texts + 1,): where each text starts in `flat`.
      truncated: shape (texts,): the text did not fit and was cut at its end.
    """

    flat: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    truncated: npt.NDArray[np.bool_]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each text."""
        return np.diff(self.starts)


@dataclass(frozen=True, kw_only=True)
class Classified:
    """What a classifier makes of texts.

    Args:
      scores: shape (texts, labels), 0..1; of no meaning for a text in `failed`.
      truncated: shape (texts,).
      failed: why, for each text that the model cannot score.
    """

    scores: npt.NDArray[np.float32]
    truncated: npt.NDArray[np.bool_]
    failed: dict[int, Exception]


def classify(classifier: Classifier, texts: Sequence[str]) -> Classified:
    """Returns scores for all texts, in their order.

    A text that fails is alone in failing. Safe to call from several threads.
    """
    with classifier.lock:
        tokens = tokenise(classifier.tokenizer, texts, classifier.max_tokens)
        failed = unknown_tokens(tokens, classifier.n_known_tokens)
        living = np.setdiff1d(np.arange(len(texts)), list(failed)).astype(np.int64)
        logits, failures = run(classifier, tokens, living)
    failed |= failures | _not_finite(logits, failed.keys() | failures.keys())
    logits[list(failed)] = 0.0
    scores = sigmoid(logits) if classifier.several else softmax(logits)
    return Classified(scores=scores, truncated=tokens.truncated, failed=failed)


def tokenise(tokenizer: Any, texts: Sequence[str], max_tokens: int) -> Tokens:
    """Returns the tokens of texts, each cut to `max_tokens` with its last token kept.

    Args:
      tokenizer: of the library `tokenizers`; its truncation and padding are set here.
      texts: any number of them; they are tokenised in chunks.
      max_tokens: longest text, special tokens included.
    """
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    longest = max_tokens * _CHARACTERS_PER_TOKEN
    ids: list[npt.NDArray[np.int64]] = []
    truncated: list[bool] = []
    for start in range(0, len(texts), _TOKENISED_AT_ONCE):
        chunk = texts[start : start + _TOKENISED_AT_ONCE]
        encoded = tokenizer.encode_batch_fast([text[:longest] for text in chunk])
        ids += [np.array(each.ids, np.int64) for each in encoded]
        truncated += [
            bool(each.overflowing) or len(text) > longest
            for each, text in zip(encoded, chunk, strict=True)
        ]
    lengths = [len(each) for each in ids]
    return Tokens(
        flat=np.concatenate([np.zeros(0, np.int64), *ids]),
        starts=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        truncated=np.array(truncated, np.bool_),
    )


def unknown_tokens(tokens: Tokens, n_known: int) -> dict[int, Exception]:
    """Returns the texts with a token that the model has no embedding for.

    On a GPU such a token is not an error of its row: it takes the device down.
    """
    at = np.flatnonzero(tokens.flat >= n_known)
    rows = np.unique(np.searchsorted(tokens.starts, at, side="right") - 1)
    return {
        int(row): RowError(f"a token is outside the model's vocabulary of {n_known}")
        for row in rows
    }


def run(
    classifier: Classifier, tokens: Tokens, rows: Rows
) -> tuple[npt.NDArray[np.float32], dict[int, Exception]]:
    """Returns the logits of `rows`, and the error of each row that has none.

    A micro-batch that fails is halved until the row at fault is alone.
    """
    logits = np.zeros((len(tokens.lengths), len(classifier.labels)), np.float32)

    def attempt(batch: Rows) -> None:
        logits[batch] = forward(classifier, *padded(classifier, tokens, batch))

    return logits, run_halved(classifier, tokens.lengths, rows, attempt)


def padded(
    classifier: Classifier, tokens: Tokens, rows: Rows
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Returns token ids and attention mask, both of shape (rows, longest of them)."""
    lengths = tokens.lengths[rows][:, None]
    position = np.arange(int(lengths.max()))[None, :]
    if classifier.pads_left:
        position = position - (lengths.max() - lengths)
    mask = (position >= 0) & (position < lengths)
    source = tokens.starts[rows][:, None] + position
    ids = np.where(mask, tokens.flat[np.where(mask, source, 0)], classifier.pad_token)
    return ids, mask.astype(np.int64)


def forward(
    classifier: Classifier, ids: npt.NDArray[np.int64], mask: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Returns logits of shape (rows, labels) as float32 in host memory."""
    import torch

    network = classifier.network
    with torch.inference_mode():
        logits = network(
            input_ids=torch.from_numpy(ids).to(network.device),
            attention_mask=torch.from_numpy(mask).to(network.device),
        ).logits
        result: npt.NDArray[np.float32] = logits.float().cpu().numpy()
    return result


# -- from logits to scores ---------------------------------------------------------


def sigmoid(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns 1 / (1 + exp(-x)), without overflow."""
    small = np.exp(-np.abs(logits))
    result: npt.NDArray[np.float32] = np.where(logits >= 0, np.float32(1), small)
    result /= 1 + small
    return result


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns scores that sum to 1 over each row, without overflow."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    result: npt.NDArray[np.float32] = raised / raised.sum(axis=1, keepdims=True)
    return result


def _not_finite(
    logits: npt.NDArray[np.float32], known: set[int]
) -> dict[int, Exception]:
    rows = np.flatnonzero(~np.isfinite(logits).all(axis=1))
    return {
        int(row): RowError("the model gave a score that is not a finite number")
        for row in rows
        if int(row) not in known
    }
