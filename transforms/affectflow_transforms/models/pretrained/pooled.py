"""Networks of our own: an encoder, the mean of its states, and a head over it.

The head may read more than the states: numbers from lexica, and word vectors through a
bidirectional LSTM with attention. It may weight channels first.
"""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from affectflow.weights import read_config
from affectflow_transforms.models.pretrained.words import Beside

TEXTS, PICTURES = "PooledForSequenceClassification", "PooledForImageClassification"
"""Their names in a config.json."""
SETTINGS = "affectflow"
HEAD, BESIDE = "pooled", "beside"
"""The settings in a config.json that say what a head reads."""
_REDUCED = 16
_LEAST_CHANNELS = 4


def is_pooled(config: Mapping[str, Any]) -> bool:
    """Returns whether a config.json is that of such a network."""
    return (config.get("architectures") or [""])[0] in (TEXTS, PICTURES)


def factory_of(transformers: Any, folder: Path, otherwise: str) -> Any:
    """Returns what loads a folder: a class of ours, or one of transformers by name."""
    config = read_config(folder / "config.json", str(folder))
    if not is_pooled(config):
        return getattr(transformers, otherwise)
    known = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    return class_of(type(known), config["architectures"][0])


def keep_exact(module: Any) -> Any:
    """Returns a network of ours with its head in float32, any other one as it is."""
    if type(module).__name__ in (TEXTS, PICTURES):
        module.head.float()
    return module


def beside_of(config: Mapping[str, Any], folder: Path) -> Beside | None:
    """Returns what a network in a folder is told of texts beside their tokens."""
    settings = (config.get(SETTINGS) or {}).get(BESIDE)
    return Beside.load(folder, settings) if settings else None


def class_of(kind: type, name: str) -> Any:
    """Returns the class of a network with a head over the mean of its states.

    Args:
      kind: the class of its configuration in transformers.
      name: `TEXTS` or `PICTURES`.

    Raises:
      KeyError: transformers has no encoder for it.
    """
    from transformers import PreTrainedModel
    from transformers.modeling_outputs import SequenceClassifierOutput
    from transformers.models.auto.modeling_auto import MODEL_MAPPING

    encoder: Any = MODEL_MAPPING[kind]
    parent: Any = next(
        each for each in encoder.__mro__[1:] if issubclass(each, PreTrainedModel)
    )
    spare = "add_pooling_layer" in inspect.signature(encoder).parameters

    class Pooled(parent):
        def __init__(self, config: Any):
            super().__init__(config)
            made = (
                encoder(config, add_pooling_layer=False) if spare else encoder(config)
            )
            setattr(self, self.base_model_prefix, made)
            self.head = head_of(width_of(config), config.num_labels, _said(config))
            self.post_init()

        def features(self, **given: Any) -> Any:
            """Returns the mean of the states of each row, shape (rows, width)."""
            states = self.base_model(**given).last_hidden_state
            return mean_of(states, given.get("attention_mask"))

        def forward(self, lexica: Any = None, words: Any = None, **given: Any) -> Any:
            logits = self.head(self.features(**given), lexica=lexica, words=words)
            return SequenceClassifierOutput(logits=logits)

    Pooled.__name__ = Pooled.__qualname__ = name
    return Pooled


def width_of(config: Any) -> int:
    """Returns how many channels the states of an encoder have."""
    sizes = getattr(config, "hidden_sizes", None)
    return int(sizes[-1] if sizes else config.hidden_size)


def mean_of(states: Any, mask: Any = None) -> Any:
    """Returns the mean of states over positions, shape (rows, channels).

    Args:
      states: shape (rows, positions, channels), or (rows, channels, height, width).
      mask: shape (rows, positions), 1 where a position counts; None if all do.
    """
    if states.dim() == 4:
        states = states.flatten(2).transpose(1, 2)
    if mask is None:
        return states.mean(1)
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1).clamp_min(1)


def _said(config: Any) -> Mapping[str, Any]:
    return (getattr(config, SETTINGS, None) or {}).get(HEAD) or {}


# -- the head --------------------------------------------------------------------------


def squeeze_excite(channels: int) -> Any:
    """Returns a module that weighs channels by what all positions have on average.

    Hu, Shen and Sun (2018), "Squeeze-and-Excitation Networks", equations 2 to 4: states
    times sigmoid(W2 relu(W1 mean)). Weights of zero halve the states.
    """
    import torch
    from torch import nn

    class SqueezeExcite(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            between = max(channels // _REDUCED, _LEAST_CHANNELS)
            self.squeeze = nn.Linear(channels, between)
            self.excite = nn.Linear(between, channels)

        def forward(self, states: Any, mask: Any = None) -> Any:
            """Returns states of shape (rows, positions, channels), weighed."""
            mean = mean_of(states, mask)
            gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(mean))))
            return states * gate[:, None]

    return SqueezeExcite()


def attended_words(n_words: int, width: int, hidden: int) -> Any:
    """Returns a module that reads word vectors: an LSTM each way, then attention.

    A word's weight is the softmax of u . tanh(W h). The vectors stay fixed. This
    follows the branch of affect embeddings of REDAffectiveLM (2024).

    Args:
      n_words: number of vectors, without the one for padding.
      width: length of a vector.
      hidden: units of the LSTM in each direction.
    """
    import torch
    from torch import nn

    class AttendedWords(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.vectors = nn.Embedding(n_words + 1, width)
            self.lstm = nn.LSTM(width, hidden, batch_first=True, bidirectional=True)
            self.dense = nn.Linear(2 * hidden, 2 * hidden)
            self.score = nn.Linear(2 * hidden, 1, bias=False)

        def forward(self, words: Any) -> tuple[Any, Any]:
            """Returns what is read, (rows, 2 hidden), and weights, (rows, words)."""
            # Cut to the longest row: steps over padding cost time.
            words = words[:, : max(int((words > 0).sum(1).max()), 1)]
            there = words > 0
            states = self._states(self.vectors(words), there.sum(1))
            scores = self.score(torch.tanh(self.dense(states)))[..., 0]
            weights = scores.masked_fill(~there, -1e9).softmax(1) * there
            return (states * weights[..., None]).sum(1), weights

        def _states(self, vectors: Any, lengths: Any) -> Any:
            """Returns the states of both directions, each of which begins at a word."""
            packed = nn.utils.rnn.pack_padded_sequence(
                vectors, lengths.clamp_min(1).cpu(), batch_first=True,
                enforce_sorted=False,
            )  # fmt: skip
            states, _ = nn.utils.rnn.pad_packed_sequence(
                self.lstm(packed)[0], batch_first=True, total_length=vectors.shape[1]
            )
            return states

    return AttendedWords()


def head_of(width: int, outputs: int, said: Mapping[str, Any]) -> Any:
    """Returns the head of a network.

    Args:
      width: channels of the encoder's mean.
      outputs: how many numbers it gives.
      said: `squeeze`: whether channels are weighted; `lexica`: how many numbers of
        lexica are read; `vectors`: how many word vectors, and how long; `lstm`: units
        each way; `hidden`: units of two layers before the outputs; `dropout`: the share
        of them that is dropped in training; `guess`: columns of lexica that are
        predicted from the mean, for an auxiliary objective.
    """
    import torch
    from torch import nn

    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.centre = nn.Parameter(torch.zeros(width), requires_grad=False)
            self.spread = nn.Parameter(torch.ones(width), requires_grad=False)
            self.squeeze = squeeze_excite(width) if said.get("squeeze") else None
            vectors, lstm = said.get("vectors") or (), said.get("lstm", 0)
            self.words = (
                attended_words(vectors[0], vectors[1], lstm) if vectors else None
            )
            read = width + said.get("lexica", 0) + 2 * lstm * bool(vectors)
            hidden, dropped = said.get("hidden", 0), said.get("dropout", 0.0)
            self.dense = _layers(read, hidden, dropped)
            self.guess = nn.Linear(width, said["guess"]) if said.get("guess") else None
            self.out = nn.Linear(hidden or read, outputs)

        def forward(self, pooled: Any, lexica: Any = None, words: Any = None) -> Any:
            # Inputs beside an encoder are float32, whatever the encoder computes in.
            mean = (pooled.to(self.centre.dtype) - self.centre) / self.spread
            if self.squeeze is not None:
                # Weighting a channel weights its mean equally.
                mean = self.squeeze(mean[:, None])[:, 0]
            parts = [mean]
            if lexica is not None:
                parts.append(lexica)
            if self.words is not None:
                parts.append(self.words(words)[0])
            return self.out(self.dense(torch.cat(parts, 1)))

    return Head()


def _layers(read: int, hidden: int, dropped: float) -> Any:
    from torch import nn

    if not hidden:
        return nn.Identity()
    first, second = nn.Linear(read, hidden), nn.Linear(hidden, hidden)
    return nn.Sequential(
        *(first, nn.ReLU(), nn.Dropout(dropped)),
        *(second, nn.ReLU(), nn.Dropout(dropped)),
    )


def reset(head: Any) -> None:
    """Gives all parts of a head their first weights: what loads it leaves them open."""
    for part in head.modules():
        if hasattr(part, "reset_parameters"):
            part.reset_parameters()
    head.centre.data.zero_()
    head.spread.data.fill_(1.0)
