"""The network of a base with a new head: loaded, grouped by rates, saved."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.errors import UsageError
from affectflow.weights import read_config
from affectflow_transforms.finetune import inputs
from affectflow_transforms.finetune.aims import Aim
from affectflow_transforms.finetune.inputs import AUDIO, IMAGE, TEXT, Inputs
from affectflow_transforms.models.pretrained import loading, pooled
from affectflow_transforms.models.pretrained.forward import Network
from affectflow_transforms.models.pretrained.source import check_weights
from affectflow_transforms.models.pretrained.tokens import Text
from affectflow_transforms.models.pretrained.words import Beside

_WHAT = "an encoder to train"
_LAYER = re.compile(r"\.(?:layers?|h|block)\.(\d+)\.")
_AS_THEY_ARE = ("words.vectors.weight", "head.centre", "head.spread")
"""Weights of a head that no training changes."""
# Stands for states that are masked in training, which is switched off here.
_NEVER_READ = ".masked_spec_embed"
_SPEECH = "{family}ForSpeechClassification"


@dataclass(kw_only=True, eq=False)
class Loaded:
    """A network with a head for an aim.

    Args:
      module: of torch, on its device.
      reader: tokenizer or processor, which is saved beside it.
      network: of texts, what feeds it; None of all else.
      pool: from what the encoder takes to a mean of its states, shape (rows, width);
        None if its head is not apart.
      judge: from there to outputs.
      scales: its head brings the mean to a scale.
      width: of that mean.
      beside: what the head reads of texts beside the encoder.
    """

    module: Any
    reader: Any
    network: Network | None = None
    pool: Callable[..., Any] | None = None
    judge: Callable[..., Any] | None = None
    scales: bool = False
    width: int = 0
    beside: Beside | None = None

    def inputs(self, texts: Sequence[Text], files: Sequence[Path]) -> Inputs:
        """Returns what it takes of rows: their texts, or their files."""
        if self.network is not None:
            return inputs.Texts(self.network, texts)
        if hasattr(self.reader, "sampling_rate"):
            return inputs.Sounds(module=self.module, extractor=self.reader, files=files)
        return inputs.Pictures(module=self.module, processor=self.reader, files=files)


def modality_of(folder: Path) -> str:
    """Returns what a base reads: `TEXT`, `IMAGE` or `AUDIO`.

    Raises:
      MissingExtraError: the extra `torch` is not installed.
      UsageError: the folder holds no safetensors.
    """
    loading.check_extra(_WHAT)
    check_weights(folder)
    from transformers.models.auto import modeling_auto

    from affectflow_transforms.models.speech_affect.network import FAMILIES

    kind = read_config(folder / "config.json", str(folder)).get("model_type")
    if kind in {family.lower() for family in FAMILIES}:
        return AUDIO
    texts = modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES
    pictures = modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES
    return IMAGE if kind in pictures and kind not in texts else TEXT


def load(
    folder: Path,
    aim: Aim,
    *,
    seed: int,
    device: str,
    max_tokens: int,
    own: Mapping[str, Any] | None = None,
    beside: Beside | None = None,
    vectors: npt.NDArray[np.float32] | None = None,
) -> Loaded:
    """Returns the network of a base with a head for `aim`.

    The head is random by the seed; a head that the base has is not used.

    Args:
      folder: of the base.
      aim: what it learns.
      seed: of the head.
      device: `cpu`, `cuda`, ...; `auto` is CUDA where there is one.
      max_tokens: longer texts are cut.
      own: what `pooled.head_of` takes; None takes the head that transformers gives.
      beside: what the head reads of texts beside the encoder.
      vectors: of words, with that of padding in front.

    Raises:
      MissingExtraError: the extra `torch` is not installed.
      UsageError: the folder holds no safetensors, no tokenizer, or something else.
    """
    modality = modality_of(folder)
    transformers = loading.check_extra(_WHAT)
    import torch

    transformers.utils.logging.disable_progress_bar()
    if modality == TEXT:
        loading.check_tokenizer(folder)
    config = loading.from_pretrained(transformers.AutoConfig, folder, _WHAT)
    _describe(config, aim, own, beside)
    reader = _reader(transformers, folder, modality)
    if modality == TEXT and getattr(config, "pad_token_id", None) is None:
        config.pad_token_id = reader.pad_token_id or 0
    torch.manual_seed(seed)
    module, report = loading.from_pretrained(
        _factory(transformers, config, modality, own),
        folder,
        _WHAT,
        config=config,
        dtype=torch.float32,
        use_safetensors=True,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    missing = [
        name
        for name in report["missing_keys"]
        if not is_head(module, name) and not name.endswith(_NEVER_READ)
    ]
    loading.check_trained(folder, missing, _WHAT)
    if own is not None and modality != AUDIO:
        torch.manual_seed(seed)
        pooled.reset(module.head)
        if vectors is not None:
            module.head.words.vectors.weight.data = torch.from_numpy(vectors)
    device = device if device != "auto" else loading.best_device()
    loaded = _loaded(module.to(device), reader, config, modality, own)
    if modality == TEXT:
        loaded.network = loading.network_of(
            module, reader, folder, max_tokens=max_tokens, device=device
        )
        loaded.network.beside = loaded.beside = beside
    if aim.objective == "coral":
        n_items = len(aim.labels) if aim.head == "items" else 1
        _tie(last_layer(module, aim.outputs), n_items)
    _settle(module)
    return loaded


def _describe(
    config: Any, aim: Aim, own: Mapping[str, Any] | None, beside: Beside | None
) -> None:
    """Writes into a configuration what the head gives and reads."""
    for name, value in aim.config.items():
        setattr(config, name, value)
    said = getattr(config, pooled.SETTINGS)
    more: dict[str, Any] = {} if own is None else {pooled.HEAD: dict(own)}
    if beside is not None:
        more[pooled.BESIDE] = beside.settings
    setattr(config, pooled.SETTINGS, {**said, **more})
    # A recording may be shorter than what would be masked of it.
    if hasattr(config, "apply_spec_augment"):
        config.apply_spec_augment = False


def _reader(transformers: Any, folder: Path, modality: str) -> Any:
    names = {TEXT: "AutoTokenizer", IMAGE: "AutoImageProcessor",
             AUDIO: "AutoFeatureExtractor"}  # fmt: skip
    return loading.from_pretrained(
        getattr(transformers, names[modality]), folder, _WHAT
    )


def _factory(
    transformers: Any, config: Any, modality: str, own: Mapping[str, Any] | None
) -> Any:
    """Returns the class of a network with a head."""
    if modality == AUDIO:
        return _listening(transformers, config)
    if own is None:
        kind = "Sequence" if modality == TEXT else "Image"
        return getattr(transformers, f"AutoModelFor{kind}Classification")
    name = pooled.TEXTS if modality == TEXT else pooled.PICTURES
    try:
        made = pooled.class_of(type(config), name)
    except KeyError:
        made = None
    if made is None or getattr(config, "is_encoder_decoder", False):
        raise UsageError(
            f"a base of type {config.model_type!r} has no encoder by itself: leave "
            "`freeze`, `lexica`, `affect_embeddings`, `se_head` and `hidden` out"
        )
    return made


def _listening(transformers: Any, config: Any) -> Any:
    """Returns the class of a network that listens, named as its reader knows it."""
    from affectflow_transforms.models.speech_affect import network

    family = next(f for f in network.FAMILIES if f.lower() == config.model_type)
    name = _SPEECH.format(family=family)
    made = network.head_of(name)(transformers)
    made.__name__ = made.__qualname__ = name
    return made


def _loaded(module: Any, reader: Any, config: Any, modality: str, own: Any) -> Loaded:
    if modality == AUDIO:
        return Loaded(
            module=module,
            reader=reader,
            pool=module.mean,
            judge=module.classifier,
            width=config.hidden_size,
        )
    if own is None:
        return Loaded(module=module, reader=reader)
    return Loaded(
        module=module,
        reader=reader,
        pool=module.features,
        judge=module.head,
        scales=True,
        width=pooled.width_of(config),
    )


def _settle(module: Any) -> None:
    for name, weight in module.named_parameters():
        if name.endswith(_AS_THEY_ARE):
            weight.requires_grad_(False)


def is_head(module: Any, name: str) -> bool:
    """Returns whether a weight belongs to the head, or to what pools tokens for it."""
    return not name.startswith(f"{module.base_model_prefix}.") or ".pooler." in name


def last_layer(module: Any, outputs: int) -> Any:
    """Returns the linear layer that gives the outputs."""
    from torch import nn

    layers = [
        each
        for each in module.modules()
        if isinstance(each, nn.Linear) and each.out_features == outputs
    ]
    return layers[-1]


def _tie(layer: Any, n_items: int) -> None:
    """Gives all outputs of an item the same weights, and leaves each its bias.

    So their order never turns: what CORAL rests on. Equal weights with equal gradients
    stay equal.
    """
    import torch

    def of_items(weight: Any) -> Any:
        return weight.view(n_items, -1, weight.shape[1])

    def alike(gradient: Any) -> Any:
        summed = of_items(gradient).sum(1, keepdim=True)
        return summed.expand_as(of_items(gradient)).reshape(gradient.shape)

    with torch.no_grad():
        steps = of_items(layer.weight)
        steps.copy_(steps[:, :1].expand_as(steps).clone())
    layer.weight.register_hook(alike)


def freeze(module: Any) -> None:
    """Leaves all weights but those of the head as they are."""
    for name, weight in module.named_parameters():
        learns = is_head(module, name) and not name.endswith(_AS_THEY_ARE)
        weight.requires_grad_(learns)


def freeze_lower(module: Any, layers: int) -> None:
    """Leaves the lowest layers of an encoder as they are, and its embeddings.

    Raises:
      UsageError: it has no more layers than that.
    """
    names = [name for name, _ in module.named_parameters()]
    depth = 1 + max(map(_layer, names), default=0)
    if layers >= depth:
        raise UsageError(
            f"`frozen_layers` must be below the {depth} layers of the base, got "
            f"{layers}: use --set freeze=true to train the head alone"
        )
    for name, weight in module.named_parameters():
        if not is_head(module, name) and _layer(name) < layers:
            weight.requires_grad_(False)


def groups(
    module: Any, *, rate: float, head_rate: float, layer_decay: float, shrink: float
) -> list[dict[str, Any]]:
    """Returns the weights that are trained, each layer with its own learning rate.

    Args:
      module: the network.
      rate: of the last layer of the encoder.
      head_rate: of the head.
      layer_decay: what each layer's rate is of that of the layer above it.
      shrink: the weight decay; biases and norms have none.
    """
    depth = 1 + max((_layer(name) for name, _ in module.named_parameters()), default=0)
    found: dict[tuple[float, float], list[Any]] = {}
    for name, weight in module.named_parameters():
        if weight.requires_grad:
            below = depth - _layer(name) - 1
            own = head_rate if is_head(module, name) else rate * layer_decay**below
            key = (own, shrink if weight.dim() > 1 else 0.0)
            found.setdefault(key, []).append(weight)
    return [
        {"params": weights, "lr": own, "peak": own, "weight_decay": decay}
        for (own, decay), weights in found.items()
    ]


def _layer(name: str) -> int:
    """Returns the number of a weight's layer; embeddings lie below the first one."""
    found = _LAYER.search(name)
    if found:
        return int(found[1])
    return -1 if "embed" in name else 0


def scale_outputs(
    layer: Any, mean: npt.NDArray[np.float32], spread: npt.NDArray[np.float32]
) -> None:
    """Makes a layer give outputs times `spread` plus `mean`."""
    import torch

    with torch.no_grad():
        each = torch.from_numpy(spread).to(layer.weight)
        layer.weight.mul_(each[:, None])
        layer.bias.mul_(each).add_(torch.from_numpy(mean).to(layer.weight))


def save(loaded: Loaded, folder: Path) -> None:
    """Writes network, configuration and tokenizer or processor as transformers does."""
    loaded.module.save_pretrained(folder)
    loaded.reader.save_pretrained(folder)
    if loaded.beside is not None:
        loaded.beside.save(folder)
