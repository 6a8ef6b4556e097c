"""Low-rank adapters by peft: put on, saved with the digest of their base, read back."""

import json
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from affectflow.errors import MissingExtraError, UsageError
from affectflow.weights import one_line
from affectflow_transforms.models.pretrained import source

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
BASE = "base.json"
"""Which base an adapter is for: its digest."""
_WHAT = "an adapter"


def check_extra() -> Any:
    """Returns the library peft.

    Raises:
      MissingExtraError: it is not installed.
    """
    try:
        import peft
    except ImportError as error:
        raise MissingExtraError(
            f"{_WHAT} needs peft ({error}); type `pip install 'affectflow[train]'`"
        ) from error
    return peft


def is_adapter(folder: Path) -> bool:
    """Returns whether a folder holds an adapter, not a whole model."""
    return (folder / CONFIG).is_file()


def put_on(
    module: Any,
    *,
    rank: int,
    alpha: float,
    dropout: float,
    layers: tuple[str, ...],
    seed: int,
    is_seq2seq: bool,
) -> Any:
    """Returns a module of peft around `module`, whose layers are changed in place.

    W + alpha / rank B A, with B of zeros: Hu et al. (2021), "LoRA", section 4.1.

    Args:
      module: of transformers.
      rank: of A and B.
      alpha: how much they count.
      dropout: share of what goes into A that is dropped.
      layers: ends of the names of layers; `all-linear` for all but the last.
      seed: of A.
      is_seq2seq: it has an encoder and a decoder.

    Raises:
      MissingExtraError: peft is not installed.
      UsageError: the network has no such layer.
    """
    peft = check_extra()
    import torch

    torch.manual_seed(seed)
    _untie(module, layers)
    config = peft.LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules="all-linear" if layers == ("all-linear",) else list(layers),
        task_type="SEQ_2_SEQ_LM" if is_seq2seq else "CAUSAL_LM",
    )
    try:
        # peft asks transformers for what is named otherwise by now.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return peft.get_peft_model(module, config)
    except ValueError as error:
        raise UsageError(
            f"no adapter fits the base: {one_line(error)}; name its layers with --set "
            "layers=q_proj,v_proj, or --set tune=all"
        ) from error


def _untie(module: Any, layers: Iterable[str]) -> None:
    """Gives the last layer weights of its own, if an adapter changes shared ones.

    Many models read and write words by the same weights. An adapter of the last layer
    changes how words are written alone; merged into shared weights, it would change how
    they are read, too.
    """
    from torch import nn

    ends = (module.get_input_embeddings(), module.get_output_embeddings())
    if None in ends or ends[0].weight is not ends[1].weight:
        return
    names = [name for name, each in module.named_modules() if each in ends]
    if any(f".{name}".endswith(f".{layer}") for name in names for layer in layers):
        ends[1].weight = nn.Parameter(ends[1].weight.detach().clone())
        module.config.tie_word_embeddings = False


def save(adapted: Any, folder: Path, base: str, revision: str, digest: str) -> None:
    """Writes an adapter, and which base it is for.

    Args:
      adapted: as `put_on` gives it.
      folder: to write to.
      base: folder or hub id of the base.
      revision: of a hub id.
      digest: of the base, as `source.revision_of` gives it.
    """
    where = base if revision else str(Path(base).resolve())
    config = adapted.peft_config["default"]
    config.base_model_name_or_path, config.revision = where, revision or None
    # "auto" would ask the hub whether the base has the same words.
    adapted.save_pretrained(folder, save_embedding_layers=False)
    # Its card would stand in the place of ours.
    (folder / "README.md").unlink(missing_ok=True)
    adapted.base_model.model.config.save_pretrained(folder)
    (folder / BASE).write_text(json.dumps({"digest": digest}), "utf-8")


def base_of(folder: Path) -> Path:
    """Returns the folder of an adapter's base.

    Raises:
      UsageError: it is not there, or not the one that the adapter was fitted to.
    """
    try:
        said = json.loads((folder / CONFIG).read_text("utf-8"))
        base, revision = said["base_model_name_or_path"], said.get("revision") or ""
        wanted = json.loads((folder / BASE).read_text("utf-8"))["digest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{str(folder)!r} does not say which base it is for ({one_line(error)}): "
            "take an adapter that `affectflow train instruct` wrote"
        ) from error
    if not revision and not Path(base).is_dir():
        raise UsageError(
            f"the base of the adapter {str(folder)!r}, {base!r}, is not there: put it "
            f"there, or name its folder as base_model_name_or_path in {CONFIG}"
        )
    there = source.local_folder(base, revision)
    found = source.revision_of(base, revision)
    if found != wanted:
        raise UsageError(
            f"the adapter {str(folder)!r} is for a base with the digest {wanted}, and "
            f"{base!r} has {found}: give it the base that it was fitted to"
        )
    return there


def merged(network: Any, folder: Path) -> Any:
    """Returns a network with the weights of an adapter added to its own.

    Raises:
      MissingExtraError: peft is not installed.
      UsageError: the adapter does not fit.
    """
    peft = check_extra()
    try:
        layers = json.loads((folder / CONFIG).read_text("utf-8"))["target_modules"]
        _untie(network, [layers] if isinstance(layers, str) else layers)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            adapted = peft.PeftModel.from_pretrained(network, folder)
        return adapted.merge_and_unload()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise UsageError(
            f"the adapter {str(folder)!r} does not fit its base: {one_line(error)}"
        ) from error
