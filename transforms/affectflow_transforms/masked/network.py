"""A base with a head that says masked words: loaded, asked, saved."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from affectflow.errors import UsageError
from affectflow_transforms.models.pretrained import loading
from affectflow_transforms.models.pretrained.forward import Network
from affectflow_transforms.models.pretrained.source import check_weights

_WHAT = "an encoder that can say masked words"
# How transformers calls the head of its encoders; of others, all tokens are asked.
_HEADS = ("cls", "lm_head", "predictions")
_POOLER = "pooler."


class Loaded(NamedTuple):
    """A base, ready to be trained.

    Attributes:
      network: with a head for masked words.
      tokenizer: of transformers.
      new_head: the base had none, and it was added.
      beside: weights of the base that the head does not need, and others will.
    """

    network: Network
    tokenizer: Any
    new_head: bool
    beside: Mapping[str, Any]


def load(folder: Path, *, seed: int, device: str, max_tokens: int) -> Loaded:
    """Returns a base with a head for masked words.

    A base without one gets a head whose outputs are its own word embeddings, and which
    hands on what it is given; the rest of it is random by the seed.

    Raises:
      MissingExtraError: the extra `torch` is not installed.
      UsageError: the folder holds no safetensors, no tokenizer, no encoder, or one
        whose tokenizer has no mask.
    """
    transformers = loading.check_extra(_WHAT)
    check_weights(folder)
    loading.check_tokenizer(folder)
    import torch

    transformers.utils.logging.disable_progress_bar()
    tokenizer = loading.from_pretrained(transformers.AutoTokenizer, folder, _WHAT)
    if tokenizer.mask_token_id is None:
        raise UsageError(
            f"the tokenizer of {str(folder)!r} has no mask token, so its model does "
            "not say masked words: give an encoder such as BERT or RoBERTa"
        )
    torch.manual_seed(seed)
    module, report = loading.from_pretrained(
        transformers.AutoModelForMaskedLM,
        folder,
        _WHAT,
        dtype=torch.float32,
        use_safetensors=True,
        output_loading_info=True,
    )
    prefix = f"{module.base_model_prefix}."
    missing = list(report["missing_keys"])
    own = [name for name in missing if name.startswith(prefix)]
    loading.check_trained(folder, own, _WHAT)
    head = [name for name in missing if not name.startswith(prefix)]
    _hand_on(module, head)
    device = device if device != "auto" else loading.best_device()
    network = loading.network_of(
        module.to(device), tokenizer, folder, max_tokens=max_tokens, device=device
    )
    network.workers = 1  # sums come out the same each time
    return Loaded(network, tokenizer, bool(head), _beside(folder, prefix))


def _hand_on(module: Any, names: list[str]) -> None:
    """Makes new layers of a head that are square give what they are given."""
    import torch

    with torch.no_grad():
        for name, weight in module.named_parameters():
            if (
                name in names
                and weight.dim() == 2
                and weight.shape[0] == weight.shape[1]
            ):
                torch.nn.init.eye_(weight)


def _beside(folder: Path, prefix: str) -> dict[str, Any]:
    """Returns the pooling layer of a base, which no head for masked words has."""
    from safetensors import safe_open

    found = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118
                bare = name.removeprefix(prefix)
                if bare.startswith(_POOLER):
                    found[prefix + bare] = opened.get_tensor(name)
    return found


def logits(module: Any, given: Mapping[str, Any], at: Any) -> Any:
    """Returns what a network says at some tokens, shape (tokens, vocabulary).

    The head is asked about these alone where that is possible: it takes longer than
    all layers of a small encoder.

    Args:
      module: the network.
      given: what it takes, as tensors.
      at: mask of tokens, shape (rows, tokens of a row).
    """
    head = next(
        (getattr(module, name, None) for name in _HEADS if hasattr(module, name)), None
    )
    if head is None:
        return module(**given).logits[at]
    return head(module.base_model(**given)[0][at])


def save(loaded: Loaded, folder: Path) -> None:
    """Writes network, configuration and tokenizer, with what was beside the head."""
    from safetensors.torch import load_file, save_file

    loaded.network.module.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    if loaded.beside:
        file = folder / "model.safetensors"
        save_file({**loaded.beside, **load_file(file)}, file, {"format": "pt"})
