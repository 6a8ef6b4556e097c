"""Embedder: vectors of texts, by any encoder of the transformers library."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from affectflow.errors import UsageError
from affectflow.kinds import embedder
from affectflow.kinds.embedder import Embedded
from affectflow.registry import Card
from affectflow_transforms.models.pretrained import source
from affectflow_transforms.models.pretrained.forward import Head, Network, outputs
from affectflow_transforms.models.pretrained.options import Pretrained, check_word

_WHAT = "an encoder"
_POOLINGS = ("auto", "mean", "cls")
# What sentence-transformers writes beside the files of transformers.
_MODULES, _SENTENCE = "modules.json", "sentence_bert_config.json"


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoder:
    """A network on its device, and how its states become one vector per text."""

    network: Network
    pool: Head
    unit_length: bool


@dataclass(kw_only=True)
class Embedder(Pretrained, embedder.Embedder[Encoder]):
    """Gives utterances vectors with an encoder, from a folder or from the hub.

    Texts with similar meanings have similar vectors: see `similar_utterances` in SQL.
    The options of `Pretrained` say where the model is and how it runs.

    Args:
      pooling: `mean` of a text's tokens, or the first token (`cls`); `auto` follows the
        model's files, with the mean as default.

    Raises:
      UsageError: `model` is neither a folder nor a hub id with a pinned commit.
    """

    pooling: str = "auto"

    architectures: ClassVar[tuple[str, ...]] = ("*Model", "*ForMaskedLM")
    card: ClassVar[Card] = Card(
        summary="vectors of utterances by a transformers encoder",
        weights_licence="the model's own",
        extra="torch",
        answers="which posts are like this one?",
        misleads="posts on one subject are close to one another, whatever their "
        "authors feel",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_word("pooling", self.pooling, _POOLINGS)
        self.check_options()

    def load_model(self) -> Encoder:
        """Returns the encoder on this worker's device.

        Raises:
          MissingExtraError: the extra `torch` is not installed.
          UsageError: the model cannot be fetched, is not an encoder, or its pooling is
            not supported.
        """
        # Vectors do not need the layers above the states of tokens.
        network = self.load_network("AutoModel", _WHAT, without="pooler.")
        if network.module.config.is_encoder_decoder:
            raise UsageError(
                f"{self.model!r} has a decoder; give a model that is only an encoder"
            )
        folder = source.local_folder(self.model, self.revision)
        longest = int(_said(folder / _SENTENCE).get("max_seq_length") or 0)
        if longest and not self.max_tokens:
            network.max_tokens = min(network.max_tokens, longest)
        return Encoder(
            network=network,
            pool=_mean if self._pooling(folder) == "mean" else _first,
            unit_length="Normalize" in _text(folder / _MODULES),
        )

    def embed(self, texts: list[str], model: Encoder) -> Embedded:
        """Returns one vector per text; a text that fails does not affect the others."""
        width = model.network.module.config.hidden_size
        found = outputs(model.network, texts, model.pool, width)
        vectors = found.values
        if model.unit_length:
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
        return Embedded(vectors=vectors, failed=found.failed)

    def _pooling(self, folder: Path) -> str:
        if self.pooling != "auto":
            return self.pooling
        said = _said(folder / source.POOLING)
        modes = [name for name, on in said.items() if on and "pooling_mode_" in name]
        named = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
        if len(modes) > 1 or not set(modes) <= set(named):
            raise UsageError(
                f"{self.model!r} pools by {', '.join(modes)}, which is not supported: "
                "use --set pooling=mean or --set pooling=cls"
            )
        return named[modes[0]] if modes else "mean"


def _mean(given: Any, mask: Any) -> Any:
    """Returns the mean of the states of a text's tokens, padding left out."""
    weights = mask.unsqueeze(-1).float()
    return (given.last_hidden_state.float() * weights).sum(1) / weights.sum(1)


def _first(given: Any, mask: Any) -> Any:
    """Returns the state of each text's first token, wherever padding is."""
    places = mask.argmax(1)
    rows = places.new_tensor(range(len(places)))
    return given.last_hidden_state[rows, places]


def _said(file: Path) -> Mapping[str, Any]:
    found = json.loads(_text(file) or "{}")
    return found if isinstance(found, dict) else {}


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.is_file() else ""
