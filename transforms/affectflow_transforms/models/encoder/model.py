"""The network of EmbeddedEncoder: from its weights file to scores of texts."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow import weights as stored
from affectflow_transforms.models.encoder.packing import Arrays, unpacked
from affectflow_transforms.models.pretrained import loading
from affectflow_transforms.models.pretrained.forward import Network, Outputs, outputs
from affectflow_transforms.models.sequence_classifier.answers import sigmoid

ANNOTATOR = "EmbeddedEncoder"
MAX_TOKENS = 256
"""Longest text; longer ones are cut at their end."""
TOKENIZER = "tokenizer.json"
_OF_LABELS = ("slope", "offset", "threshold")

Floats = npt.NDArray[np.float32]


class Scale(NamedTuple):
    """From outputs to probabilities, and from these to choices: shape (labels,) each.

    Attributes:
      slope: with `offset`, scales an output to log odds.
      offset: see there.
      threshold: a label is meant from this score on.
    """

    slope: Floats
    offset: Floats
    threshold: Floats

    def scores(self, found: Floats) -> Floats:
        """Returns probabilities, shape (texts, labels)."""
        return sigmoid(self.slope * found + self.offset)


@dataclass(frozen=True, eq=False, kw_only=True)
class EncoderModel:
    """A network on its device with the labels of its outputs.

    Args:
      network: gives one output a label.
      labels: of the outputs, in their order.
      scale: reads the outputs.
    """

    network: Network
    labels: tuple[str, ...]
    scale: Scale

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> "EncoderModel":
        """Returns the model in `folder`, in float32.

        Raises:
          MissingExtraError: torch or transformers is not installed.
          UsageError: there is not exactly one weights file, or it is for another model.
        """
        loading.check_extra(ANNOTATOR)
        arrays, metadata = stored.read(folder, ANNOTATOR)
        scale = Scale(*(arrays.pop(name) for name in _OF_LABELS))
        module = module_of(json.loads(metadata["config"]), unpacked(arrays))
        return cls(
            network=network_of(module, folder, device),
            labels=tuple(metadata["labels"].split(",")),
            scale=scale,
        )

    def outputs(self, texts: list[str]) -> Outputs:
        """Returns outputs of texts; one that fails does not affect the others."""
        width = self.network.module.config.num_labels
        return outputs(self.network, texts, _logits, width)


def module_of(config: dict[str, Any], weights: Arrays) -> Any:
    """Returns the network of a config with these weights.

    Args:
      config: of `transformers.BertConfig`.
      weights: by the names that transformers has for them.
    """
    import torch
    import transformers

    with torch.device("meta"):
        module = transformers.BertForSequenceClassification(
            transformers.BertConfig(**config)
        )
    module.load_state_dict(
        {name: torch.from_numpy(array) for name, array in weights.items()}, assign=True
    )
    return _whole(module).eval()


def _whole(module: Any) -> Any:
    """Returns a module with the buffers that no weights file holds."""
    import torch

    embeddings = module.bert.embeddings
    longest = module.config.max_position_embeddings
    embeddings.position_ids = torch.arange(longest)[None]
    embeddings.token_type_ids = torch.zeros((1, longest), dtype=torch.long)
    return module


def network_of(module: Any, folder: Path, device: str) -> Network:
    """Returns a module on its device, with the tokenizer in a folder."""
    import transformers

    device = device if device != "auto" else loading.best_device()
    factory: Any = transformers.PreTrainedTokenizerFast
    tokenizer = factory(
        tokenizer_file=str(folder / TOKENIZER),
        pad_token="[PAD]",
        model_max_length=MAX_TOKENS,
        model_input_names=["input_ids", "attention_mask"],
    )
    return loading.network_of(
        module.to(device), tokenizer, folder, device=device, max_tokens=MAX_TOKENS
    )


def _logits(given: object, mask: object) -> object:
    return given.logits  # type: ignore[attr-defined]
