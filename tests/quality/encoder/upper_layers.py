"""MiniLM in minutes of a processor: its two upper layers, distilled.

What the four lower layers make of each text is kept, and the upper two are trained over
it. Targets of GoEmotions' labels are half people's and half what the package's own
classifier says of texts that it has not seen. The weights that are kept are a running
mean.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow_transforms.finetune.loop import batches
from affectflow_transforms.finetune.scores import figure_of
from affectflow_transforms.models import authored
from affectflow_transforms.models.emotions import fit
from affectflow_transforms.models.emotions.model import senses
from tests.given.fitted_classifier import encoder

Matrix = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

LOWER = 4
LONGEST = 64
BATCH = 32
RATE, HEAD_RATE, DECAY = 3e-4, 1e-3, 0.85
GOLD = 0.5
KEPT = 0.998


def taught(texts: Sequence[str], y: npt.NDArray[np.bool_]) -> Matrix:
    """Returns probabilities of labels, by n-grams fitted to the other four fifths."""
    read = authored.readings(texts)
    x = fit.features(read, fit.choose_features(fit.grams_of(read)), senses())
    decided = fit.decide_held_out(x, y)
    return fit.fit_calibration(decided, y).probabilities(decided).astype(np.float32)


@dataclass(kw_only=True, eq=False)
class Upper:
    """The encoder with a head, over what its lower layers made of all texts.

    Args:
      module: `BertForSequenceClassification`.
      states: of all tokens, one text after the other, shape (tokens, width).
      starts: where each text begins, shape (texts + 1,).
    """

    module: Any
    states: npt.NDArray[np.float16]
    starts: Rows

    @property
    def lengths(self) -> Rows:
        return np.diff(self.starts)

    def pooled(self, rows: Rows) -> Any:
        """Returns what is pooled of each row, with its graph."""
        bert = self.module.bert
        hidden, bias = self._padded(rows)
        for layer in bert.encoder.layer[LOWER:-1]:
            hidden = layer(hidden, bias)
        return bert.pooler(_first_token(bert.encoder.layer[-1], hidden, bias))

    def outputs(self, rows: Rows) -> Matrix:
        """Returns logits of rows."""
        import torch

        found = np.zeros((len(rows), self.module.config.num_labels), np.float32)
        order = np.argsort(self.lengths[rows], kind="stable")
        with torch.inference_mode():
            for some in np.array_split(order, -(-len(order) // 64)):
                given = self.pooled(rows[some])
                found[some] = self.module.classifier(given).numpy()
        return found

    def _padded(self, rows: Rows) -> tuple[Any, Any]:
        import torch

        lengths = self.lengths[rows]
        shape = (len(rows), int(lengths.max()), self.states.shape[1])
        hidden = np.zeros(shape, np.float32)
        for place, row in enumerate(rows):
            kept = self.states[self.starts[row] : self.starts[row + 1]]
            hidden[place, : len(kept)] = kept
        return torch.from_numpy(hidden), _bias(lengths)


def _bias(lengths: Rows) -> Any:
    """Returns what is added to the scores of attention: much less than 0 on padding."""
    import torch

    there = torch.from_numpy(np.arange(lengths.max()) < lengths[:, None])
    return torch.zeros(there.shape).masked_fill(~there, -1e9)[:, None, None]


def _first_token(layer: Any, hidden: Any, bias: Any) -> Any:
    """Returns what a layer makes of the first token: nothing else is read of it."""
    from torch.nn.functional import scaled_dot_product_attention

    own, first = layer.attention.self, hidden[:, :1]

    def heads(given: Any) -> Any:
        shape = (len(hidden), -1, own.num_attention_heads, own.attention_head_size)
        return given.view(shape).transpose(1, 2)

    query, key = heads(own.query(first)), heads(own.key(hidden))
    found = scaled_dot_product_attention(
        query, key, heads(own.value(hidden)), attn_mask=bias
    )
    found = found.transpose(1, 2).reshape(first.shape)
    found = layer.attention.output(found, first)
    return layer.output(layer.intermediate(found), found)


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """What is learned of each text.

    Args:
      target: shape (texts, labels), 0..1.
      weights: shape (texts, labels); 0 where a text does not have a label.
      learned: rows that are trained on.
      halved: rows of `learned` that count half: another half of them in each epoch.
    """

    target: Matrix
    weights: Matrix
    learned: Rows
    halved: Rows

    def of_epoch(self, epoch: int) -> Rows:
        """Returns the rows of an epoch."""
        shuffled = np.random.default_rng([0, epoch // 2, 7]).permutation(self.halved)
        half = np.array_split(shuffled, 2)[epoch % 2]
        return np.concatenate([np.setdiff1d(self.learned, self.halved), half])


def distilled(y: npt.NDArray[np.bool_], teacher: Matrix) -> Matrix:
    """Returns targets: half people's labels, half the teacher's probabilities."""
    return (GOLD * y + (1 - GOLD) * teacher).astype(np.float32)


def rare(y: npt.NDArray[np.bool_]) -> Matrix:
    """Returns a weight for each label, 1 on average, more for rare ones."""
    weights = y.mean(0) ** -0.25
    return (weights / weights.mean()).astype(np.float32)


def alone_neutral(y: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Returns which texts have the last label, `neutral`, and no other."""
    return y[:, -1] & (y.sum(1) == 1)


def begin(texts: Sequence[str], n_labels: int, longest: int = LONGEST) -> Upper:
    """Returns the encoder with a new head, over its lower states of texts."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.AutoConfig.from_pretrained(
        encoder(), num_labels=n_labels, problem_type="multi_label_classification"
    )
    module = transformers.AutoModelForSequenceClassification.from_pretrained(
        encoder(), config=config, dtype=torch.float32
    ).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder())
    ids = tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]
    starts = np.concatenate([[0], np.cumsum([len(each) for each in ids])])
    states = np.zeros((int(starts[-1]), config.hidden_size), np.float16)
    order = np.argsort(np.diff(starts), kind="stable")
    with torch.inference_mode():
        for rows in np.array_split(order, -(-len(order) // 64)):
            for row, hidden in zip(rows, _lower(module, ids, rows), strict=True):
                size = starts[row + 1] - starts[row]
                states[starts[row] : starts[row + 1]] = hidden[:size]
    return Upper(module=module, states=states, starts=starts)


def _lower(module: Any, ids: list[list[int]], rows: Rows) -> Any:
    import torch

    lengths = np.array([len(ids[row]) for row in rows])
    given = np.zeros((len(rows), lengths.max()), np.int64)
    for place, row in enumerate(rows):
        given[place, : lengths[place]] = ids[row]
    hidden, bias = module.bert.embeddings(torch.from_numpy(given)), _bias(lengths)
    for layer in module.bert.encoder.layer[:LOWER]:
        hidden = layer(hidden, bias)
    return hidden.half().numpy()


def train(
    upper: Upper, lesson: Lesson, figure: Callable[[], float], epochs: int
) -> Iterator[tuple[float, float]]:
    """Yields epochs so far and the figure, twice an epoch; ends on the best weights.

    When it yields, `upper` has the running mean that the figure is of.

    Args:
      upper: is trained.
      lesson: what it learns.
      figure: how good `upper` is with the weights that it has; more is better.
      epochs: of training.
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, dropout

    module = upper.module
    optimizer = torch.optim.AdamW(_groups(module), weight_decay=0.01, fused=True)
    weights = [w for group in optimizer.param_groups for w in group["params"]]
    mean = [weight.detach().clone() for weight in weights]
    target, counted = map(torch.from_numpy, (lesson.target, lesson.weights))
    best, steps = (-1.0, mean), 0
    for epoch in range(epochs):
        torch.manual_seed(epoch)
        order = batches(upper.lengths, lesson.of_epoch(epoch), BATCH, 0, epoch)
        for place, rows in enumerate(order):
            steps += 1
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * min(1, steps / 100)
            output = module.classifier(dropout(upper.pooled(rows), 0.1))
            losses = binary_cross_entropy_with_logits(
                output, target[rows], counted[rows], reduction="none"
            )
            optimizer.zero_grad()
            losses.sum(1).mean().backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            _towards(mean, weights, min(KEPT, 1 - 1 / (1 + steps / 4)))
            if place in (len(order) // 2, len(order) - 1):
                now = [weight.detach().clone() for weight in weights]
                _put(weights, mean)
                found = figure()
                if found >= best[0]:
                    best = found, [each.clone() for each in mean]
                yield epoch + (place + 1) / len(order), found
                _put(weights, now)
    _put(weights, best[1])


def _groups(module: Any) -> list[dict[str, Any]]:
    """Returns the weights that are trained, upper layers faster than lower ones."""
    module.requires_grad_(False)
    layers = module.bert.encoder.layer[LOWER:]
    parts = [(layer, RATE * DECAY ** (len(layers) - 1 - n)) for n, layer in
             enumerate(layers)]  # fmt: skip
    parts += [(module.bert.pooler, RATE), (module.classifier, HEAD_RATE)]
    return [
        {"params": list(part.requires_grad_(True).parameters()), "peak": rate}
        for part, rate in parts
    ]


def _towards(mean: list[Any], weights: list[Any], kept: float) -> None:
    import torch

    with torch.no_grad():
        for old, new in zip(mean, weights, strict=True):
            old.mul_(kept).add_(new, alpha=1 - kept)


def _put(weights: list[Any], values: list[Any]) -> None:
    import torch

    with torch.no_grad():
        for weight, value in zip(weights, values, strict=True):
            weight.copy_(value)


class _Several:
    """Stands for an aim of several labels."""

    head = "several"


def macro_f1(outputs: Matrix, y: npt.NDArray[np.bool_]) -> float:
    """Returns macro-F1 at the best threshold of each label: too good by that much."""
    return figure_of(_Several(), outputs, y.astype(np.float32))  # type: ignore[arg-type]
