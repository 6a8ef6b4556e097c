"""The likelihood of each label as a continuation of a prompt."""

from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.generate.layout import Ids, Layout

Likelihoods = npt.NDArray[np.float64]


def log_likelihoods(
    generator: Generator, ids: Ids, mask: Ids, layout: Layout
) -> Likelihoods:
    """Returns the logarithm of the likelihood of each label, of shape (rows, labels).

    The prompt is read once for all labels where the model can do that.

    Args:
      generator: the model.
      ids: the questions, of shape (rows, longest of them).
      mask: of the same shape: 1 for a token, 0 for padding.
      layout: of the labels.
    """
    if can_share(generator, ids, layout):
        return shared(generator, ids, mask, layout)
    return apart(generator, ids, mask, layout)


def can_share(generator: Generator, ids: Ids, layout: Layout) -> bool:
    """Returns whether all labels may stand behind one prompt."""
    if not generator.shares_prompt or generator.window is None:
        return generator.shares_prompt
    return ids.shape[1] + len(layout.tokens) <= generator.window


def shared(generator: Generator, ids: Ids, mask: Ids, layout: Layout) -> Likelihoods:
    """Returns `log_likelihoods` from one forward pass over prompt and all labels."""
    import torch

    run = _behind_encoder if generator.is_seq2seq else _behind_prompt
    with torch.inference_mode():
        return _summed(run(generator, ids, mask, layout), layout)


def apart(generator: Generator, ids: Ids, mask: Ids, layout: Layout) -> Likelihoods:
    """Returns `log_likelihoods` from a forward pass for each label."""
    import torch

    found = np.zeros((len(ids), len(layout.labels)))
    with torch.inference_mode():
        known = _encoder_output(generator, ids, mask) if generator.is_seq2seq else None
        for place, label in enumerate(layout.labels):
            tokens = np.tile(np.array(label, np.int64), (len(ids), 1))
            if known is None:
                logits = _continued(generator, ids, mask, tokens)
            else:
                logits = _decoded(generator, known, mask, tokens)
            alone = np.arange(len(label)), np.array(label), np.zeros(len(label))
            found[:, place] = _totals(logits, *alone, 1)[:, 0]
    return found


# -- one network that reads question and answer -------------------------------------


def _behind_prompt(generator: Generator, ids: Ids, mask: Ids, layout: Layout) -> Any:
    """Returns logits of the last token of the prompt, and of all that is fed."""
    n, rows = len(layout.tokens), len(ids)
    place = np.concatenate(
        [
            np.maximum(mask.cumsum(axis=1) - 1, 0),
            mask.sum(axis=1, keepdims=True) + layout.position,
        ],
        axis=1,
    )
    return _called(
        generator,
        n + 1,
        input_ids=_to(generator, np.hstack([ids, np.tile(layout.tokens, (rows, 1))])),
        attention_mask=_additive(generator, _seen(mask, layout)),
        position_ids=_to(generator, place),
    )


def _seen(mask: Ids, layout: Layout) -> npt.NDArray[np.bool_]:
    """Returns which token sees which, of shape (rows, tokens, tokens)."""
    rows, length = mask.shape
    n = len(layout.tokens)
    seen = np.zeros((rows, length + n, length + n), np.bool_)
    real = mask.astype(np.bool_)[:, None, :]
    seen[:, :length, :length] = np.tri(length, dtype=np.bool_) & real
    seen[:, length:, :length] = real
    seen[:, length:, length:] = layout.sees
    # A row that attends to nothing would become NaN.
    seen[:, np.arange(length), np.arange(length)] = True
    return seen


def _continued(generator: Generator, ids: Ids, mask: Ids, tokens: Ids) -> Any:
    """Returns the logits that predict `tokens` behind each prompt."""
    fed = tokens[:, :-1]
    whole = np.hstack([mask, np.ones_like(fed)])
    return _called(
        generator,
        tokens.shape[1],
        input_ids=_to(generator, np.hstack([ids, fed])),
        attention_mask=_to(generator, whole),
        position_ids=_to(generator, np.maximum(whole.cumsum(axis=1) - 1, 0)),
    )


def _called(generator: Generator, last: int, **given: Any) -> Any:
    """Returns the logits of the last tokens, and computes no others if it can."""
    given = {"logits_to_keep": last, "use_cache": False, **given}
    known = {k: v for k, v in given.items() if k in generator.accepts}
    return generator.module(**known).logits[:, -last:]


# -- an encoder and a decoder --------------------------------------------------------


def _behind_encoder(generator: Generator, ids: Ids, mask: Ids, layout: Layout) -> Any:
    """Returns logits of all that is fed to the decoder."""
    rows = len(ids)
    seen = np.tile(layout.sees, (rows, 1, 1))
    return generator.module(
        input_ids=_to(generator, ids),
        attention_mask=_to(generator, mask),
        decoder_input_ids=_to(generator, np.tile(layout.tokens, (rows, 1))),
        decoder_attention_mask=_additive(generator, seen),
        use_cache=False,
    ).logits


def _encoder_output(generator: Generator, ids: Ids, mask: Ids) -> Any:
    return generator.module.get_encoder()(
        input_ids=_to(generator, ids), attention_mask=_to(generator, mask)
    )


def _decoded(generator: Generator, known: Any, mask: Ids, tokens: Ids) -> Any:
    """Returns the logits that predict `tokens` as an answer to each question."""
    start = np.full((len(tokens), 1), generator.start_token)
    return generator.module(
        encoder_outputs=known,
        attention_mask=_to(generator, mask),
        decoder_input_ids=_to(generator, np.hstack([start, tokens[:, :-1]])),
        use_cache=False,
    ).logits


# -- from logits to likelihoods ------------------------------------------------------


def _summed(logits: Any, layout: Layout) -> Likelihoods:
    at = layout.read_at, layout.target, layout.owner
    return _totals(logits, *at, len(layout.labels))


def _totals(
    logits: Any, read_at: Any, target: Any, owner: Any, n_labels: int
) -> Likelihoods:
    """Returns the sum over the tokens of each label, in 64 bits.

    Args:
      logits: of shape (rows, outputs, vocabulary).
      read_at: for each token of each label, the output that predicts it.
      target: the token.
      owner: the label of the token.
      n_labels: number of labels.
    """
    import torch

    at, tokens, label = (
        torch.as_tensor(each, dtype=torch.int64, device=logits.device)
        for each in (read_at, target, owner)
    )
    totals = logits.new_zeros((len(logits), n_labels), dtype=torch.float64)
    # A row at a time: in 32 bits, many rows of a wide vocabulary do not fit.
    for row, outputs in enumerate(logits):
        wide = outputs if outputs.dtype == torch.float64 else outputs.float()
        chances = wide[at, tokens].double() - wide.logsumexp(-1)[at].double()
        totals[row].index_add_(0, label, chances)
    found: Likelihoods = totals.cpu().numpy()
    return found


def _to(generator: Generator, values: Ids) -> Any:
    import torch

    return torch.from_numpy(values).to(generator.module.device)


def _additive(generator: Generator, seen: npt.NDArray[np.bool_]) -> Any:
    """Returns 0 where a token is seen, elsewhere the lowest number; for all heads."""
    import torch

    module = generator.module
    there = torch.from_numpy(seen).to(module.device)[:, None]
    hidden = torch.finfo(module.dtype).min
    return torch.zeros_like(there, dtype=module.dtype).masked_fill(~there, hidden)


def scores_of(found: Likelihoods, layout: Layout, likelihood: str) -> Likelihoods:
    """Returns a probability for each label, together 1.

    Args:
      found: the output of `log_likelihoods`.
      layout: of the labels.
      likelihood: `sum` over the tokens of a label, or their `mean`.
    """
    each = found / layout.n_tokens if likelihood == "mean" else found
    raised = np.exp(each - each.max(axis=1, keepdims=True, initial=-np.inf))
    result: Likelihoods = raised / raised.sum(axis=1, keepdims=True)
    return result
