"""The network of a base with a new head: loaded, grouped by rates, saved."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow_transforms.finetune.aims import Aim
from affectflow_transforms.models.pretrained import loading
from affectflow_transforms.models.pretrained.forward import Network
from affectflow_transforms.models.pretrained.source import check_weights

_WHAT = "an encoder to train"
_LAYER = re.compile(r"\.(?:layers?|h|block)\.(\d+)\.")


def load(
    folder: Path, aim: Aim, *, seed: int, device: str, max_tokens: int
) -> tuple[Network, Any]:
    """Returns the network of a base with a head for `aim`, and its tokenizer.

    The head is random by the seed; a head that the base has is not used.

    Raises:
      MissingExtraError: the extra `torch` is not installed.
      UsageError: the folder holds no safetensors, no tokenizer, or something else.
    """
    transformers = loading.check_extra(_WHAT)
    check_weights(folder)
    loading.check_tokenizer(folder)
    import torch

    transformers.utils.logging.disable_progress_bar()
    config = loading.from_pretrained(transformers.AutoConfig, folder, _WHAT)
    for name, value in aim.config.items():
        setattr(config, name, value)
    tokenizer = loading.from_pretrained(transformers.AutoTokenizer, folder, _WHAT)
    if getattr(config, "pad_token_id", None) is None:
        config.pad_token_id = tokenizer.pad_token_id or 0
    torch.manual_seed(seed)
    module, report = loading.from_pretrained(
        transformers.AutoModelForSequenceClassification,
        folder,
        _WHAT,
        config=config,
        dtype=torch.float32,
        use_safetensors=True,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    missing = [name for name in report["missing_keys"] if not is_head(module, name)]
    loading.check_trained(folder, missing, _WHAT)
    device = device if device != "auto" else loading.best_device()
    network = loading.network_of(
        module.to(device), tokenizer, folder, max_tokens=max_tokens, device=device
    )
    # One thread after the other: sums come out the same each time.
    network.workers = 1
    if aim.objective == "coral":
        _tie(last_layer(module, aim.outputs))
    return network, tokenizer


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


def _tie(layer: Any) -> None:
    """Gives all outputs of a layer the same weights, and leaves each its bias.

    So their order never turns: what CORAL rests on. Equal weights with equal gradients
    stay equal.
    """
    import torch

    with torch.no_grad():
        layer.weight.copy_(layer.weight[:1].expand_as(layer.weight).clone())
    layer.weight.register_hook(lambda g: g.sum(0, keepdim=True).expand_as(g))


def freeze(module: Any) -> None:
    """Leaves all weights but those of the head as they are."""
    for name, weight in module.named_parameters():
        weight.requires_grad_(is_head(module, name))


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


def save(network: Network, tokenizer: Any, folder: Path) -> None:
    """Writes network, configuration and tokenizer as transformers does."""
    network.module.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
