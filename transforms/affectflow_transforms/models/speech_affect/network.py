"""From a model's folder to a network that listens.

The head of the dimensional models (Wagner et al. 2023, arXiv 2203.07378) is not in the
library transformers: states are averaged over time, then a dense layer, tanh, and a
layer with one output for each dimension. The library's own class would leave it random.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.errors import RowError, UsageError
from affectflow_transforms.models.micro_batches import cores, run_halved
from affectflow_transforms.models.pretrained import loading
from affectflow_transforms.models.pretrained.source import check_weights
from affectflow_transforms.models.speech_affect.turns import RATE

Matrix = npt.NDArray[np.float32]

_DENSE = "ForSpeechClassification"
_OWN_HEADS = ("ForSequenceClassification", "ForAudioClassification")
FAMILIES = ("Wav2Vec2", "WavLM", "Hubert")
"""Prefixes of the names of architectures that listen."""
READ = tuple(family + head for family in FAMILIES for head in (_DENSE, *_OWN_HEADS[:1]))
"""The architectures that are read."""
# Seconds of a forward pass.
_CPU_S, _CUDA_S = 16, 480
WHAT = "a model of speech that says something of emotions"
Factory = Callable[[Any], Any]
"""Of the library transformers, gives the class that loads a network."""


@dataclass(kw_only=True, eq=False)
class Listener:
    """A network on its device.

    Args:
      module: of torch; takes `input_values` and, where it pads, `attention_mask`.
      extractor: of transformers: brings samples to what the network was trained on.
      width: how many numbers it gives per turn.
      max_batch_tokens: samples of a forward pass, padding included; lowered for good
        when the device runs out of memory.
      workers: forward passes side by side.
    """

    module: Any
    extractor: Any
    width: int
    max_batch_tokens: int
    workers: int = 1


def check_architecture(config: Mapping[str, Any], model: str) -> str:
    """Returns what a config.json names.

    Raises:
      UsageError: it is not supported.
    """
    named = str((config.get("architectures") or ["none"])[0])
    if named not in READ:
        raise UsageError(
            f"{model!r} has the architecture {named}, which is not {WHAT}: give one of "
            f"{', '.join(READ)}"
        )
    pooling = config.get("pooling_mode") or "mean"
    if named.endswith(_DENSE) and pooling != "mean":
        raise UsageError(
            f"{model!r} pools by {pooling!r}, which is not supported: give a model "
            "that pools by 'mean'"
        )
    return named


def load(
    folder: Path,
    factory: Factory,
    what: str = WHAT,
    *,
    device: str,
    dtype: str,
    trust_remote_code: bool,
    max_batch_s: float,
) -> Listener:
    """Returns the network of a folder, ready to listen.

    Args:
      folder: the folder of the model.
      factory: gives the class that loads it.
      what: what it should be.
      device: `cpu`, `cuda` or `auto`.
      dtype: `float32`, `bfloat16` or `auto`.
      trust_remote_code: run Python code that the model brings.
      max_batch_s: seconds of a forward pass; 0 for a number that suits the device.

    Raises:
      MissingExtraError: torch or transformers is not installed.
      UsageError: the folder holds something else, or the model needs another rate.
    """
    check_weights(folder)
    transformers = loading.check_extra(what)
    transformers.utils.logging.disable_progress_bar()
    device = device if device != "auto" else loading.best_device()
    module, report = loading.from_pretrained(
        factory(transformers),
        folder,
        what,
        trust_remote_code=trust_remote_code,
        dtype=loading.dtype_of(dtype, device),
        use_safetensors=True,
        output_loading_info=True,
    )
    loading.check_trained(folder, report["missing_keys"], what, without=_ONLY_TRAINED)
    extractor = loading.from_pretrained(
        transformers.AutoFeatureExtractor, folder, what, trust_remote_code=False
    )
    if extractor.sampling_rate != RATE:
        raise UsageError(
            f"{str(folder)!r} takes {extractor.sampling_rate} Hz; give a model that "
            f"takes {RATE} Hz"
        )
    on_gpu = device.startswith("cuda")
    seconds = max_batch_s or (_CUDA_S if on_gpu else _CPU_S)
    return Listener(
        module=module.eval().to(device),
        extractor=extractor,
        # Of a network without a head, the states themselves are the outputs.
        width=getattr(module, "width", module.config.num_labels),
        # Without a mask, a padded turn sounds different from the turn alone.
        max_batch_tokens=round(seconds * RATE)
        if extractor.return_attention_mask
        else 1,
        workers=1 if on_gpu else cores(),
    )


# Replaces masked states in training, and nothing else.
_ONLY_TRAINED = "wav2vec2.masked_spec_embed"


def outputs(
    model: Listener, turns: Sequence[Matrix]
) -> tuple[Matrix, dict[int, Exception]]:
    """Returns what a network gives of turns, and the error of each it failed on.

    Turns of like length go together.

    Args:
      model: the network.
      turns: samples of each, at `RATE`.

    Returns:
      Shape (turns, width); zeros where it failed.
    """
    found = np.zeros((len(turns), model.width), np.float32)

    def attempt(rows: npt.NDArray[np.int64]) -> None:
        found[rows] = _forward(model, [turns[row] for row in rows])

    lengths = np.array([len(turn) for turn in turns], np.int64)
    failed = run_halved(model, lengths, np.arange(len(turns)), attempt, model.workers)
    for row in np.flatnonzero(~np.isfinite(found).all(axis=1)).tolist():
        failed.setdefault(row, RowError("the model gave a score that is not a number"))
    found[list(failed)] = 0.0
    return found, failed


def _forward(model: Listener, turns: list[Matrix]) -> Matrix:
    import torch

    module = model.module
    given = model.extractor(
        turns, sampling_rate=RATE, padding=True, return_tensors="pt"
    ).to(module.device)
    given["input_values"] = given["input_values"].to(module.dtype)
    with torch.inference_mode():
        result: Matrix = module(**given).logits.float().cpu().numpy()
    return result


def head_of(architecture: str) -> Factory:
    """Returns what loads an architecture with its head."""

    def factory(transformers: Any) -> Any:
        if not architecture.endswith(_DENSE):
            return transformers.AutoModelForAudioClassification
        family = architecture.removesuffix(_DENSE)
        return _with_dense_head(averaged(family)(transformers))

    return factory


def averaged(family: str) -> Factory:
    """Returns what loads a network of a family without a head.

    Its outputs are its last states, averaged over the time that is not padding.
    """

    def factory(transformers: Any) -> Any:
        base = getattr(transformers, f"{family}PreTrainedModel")
        return _averaging(base, getattr(transformers, f"{family}Model"))

    return factory


def _averaging(base: Any, encoder: Any) -> Any:
    """Returns the class of a network whose outputs are the mean of its states."""
    from transformers.modeling_outputs import SequenceClassifierOutput

    class Averaging(base):
        def __init__(self, config: Any):
            super().__init__(config)
            setattr(self, self.base_model_prefix, encoder(config))
            self.width = config.hidden_size
            self.post_init()

        def mean(self, input_values: Any, attention_mask: Any) -> Any:
            listen = getattr(self, self.base_model_prefix)
            states = listen(input_values, attention_mask=attention_mask)[0]
            if attention_mask is None:
                return states.mean(1)
            heard = self._get_feature_vector_attention_mask(
                states.shape[1], attention_mask
            )
            weights = heard.unsqueeze(-1).to(states.dtype)
            return (states * weights).sum(1) / weights.sum(1)

        def forward(self, input_values: Any, attention_mask: Any = None) -> Any:
            mean = self.mean(input_values, attention_mask)
            return SequenceClassifierOutput(logits=mean)

    return Averaging


def _with_dense_head(averaging: Any) -> Any:
    """Returns the class of a network whose head is a dense layer, tanh, and outputs."""
    import torch
    from transformers.modeling_outputs import SequenceClassifierOutput

    class Head(torch.nn.Module):
        def __init__(self, config: Any):
            super().__init__()
            self.dense = torch.nn.Linear(config.hidden_size, config.hidden_size)
            self.out_proj = torch.nn.Linear(config.hidden_size, config.num_labels)

        def forward(self, states: Any) -> Any:
            return self.out_proj(torch.tanh(self.dense(states)))

    class DenseHeaded(averaging):
        def __init__(self, config: Any):
            super().__init__(config)
            self.classifier = Head(config)
            self.width = config.num_labels
            self.post_init()

        def forward(self, input_values: Any, attention_mask: Any = None) -> Any:
            mean = self.mean(input_values, attention_mask)
            return SequenceClassifierOutput(logits=self.classifier(mean))

    return DenseHeaded
