"""From a model's folder to a generator on its device."""

import fnmatch
import inspect
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from affectflow.errors import SaidOnceWarning, UsageError
from affectflow_transforms.models.generate import adapter
from affectflow_transforms.models.generate.generator import Generator
from affectflow_transforms.models.generate.probing import shares_prompt
from affectflow_transforms.models.generate.rendering import marks_of, takes_system
from affectflow_transforms.models.pretrained.loading import (
    best_device,
    check_extra,
    check_tokenizer,
    check_trained,
    dtype_of,
    fast_tokenizer,
    from_pretrained,
)
from affectflow_transforms.models.pretrained.source import check_weights

WHAT = "a model that generates text"
ARCHITECTURES = ("*ForCausalLM", "*LMHeadModel", "*ForConditionalGeneration")
_MAX_TOKENS = 8_192
_CPU_BATCH_TOKENS = 2_048
_MOST_BATCH_TOKENS = 65_536


def load(
    folder: Path,
    *,
    device: str,
    dtype: str,
    max_tokens: int,
    max_batch_tokens: int,
    trust_remote_code: bool,
    looks: bool = False,
) -> Generator:
    """Returns the generator of a folder, ready to be asked.

    Args:
      folder: the folder of the model, or of an adapter, whose base is loaded with it.
      device: `cpu`, `cuda` or `auto`.
      dtype: the type of its weights.
      max_tokens: longest question and answer.
      max_batch_tokens: tokens of a forward pass.
      trust_remote_code: run code that the model brings.
      looks: whether it is shown pictures: then a `Viewer` is returned.

    Raises:
      MissingExtraError: torch or transformers is not installed.
      UsageError: the folder does not hold a generator.
    """
    check_weights(folder)
    transformers = check_extra(WHAT)
    transformers.utils.logging.disable_progress_bar()
    trust = {"trust_remote_code": trust_remote_code}
    config = from_pretrained(transformers.AutoConfig, folder, WHAT, **trust)
    device = device if device != "auto" else best_device()
    dtype = dtype_of(dtype, device)
    is_adapter = adapter.is_adapter(folder)
    base = adapter.base_of(folder) if is_adapter else folder
    network = _network(transformers, config, base, dtype, trust, looks)
    if is_adapter:
        network = adapter.merged(network, folder)
    tokenizer = _tokenizer(transformers, folder, trust)
    network = network.eval().to(device)
    is_seq2seq = bool(config.is_encoder_decoder)
    generator = _kind(transformers, folder, trust, looks)(
        module=network,
        tokenizer=tokenizer.backend_tokenizer,
        writer=tokenizer,
        is_seq2seq=is_seq2seq,
        pads_left=not is_seq2seq,
        n_known_tokens=network.get_input_embeddings().num_embeddings,
        max_tokens=_longest(tokenizer, config, max_tokens),
        max_batch_tokens=max_batch_tokens or _batch_tokens(network),
        marks=marks_of(tokenizer),
        takes_system=takes_system(tokenizer, folder),
        accepts=frozenset(inspect.signature(network.forward).parameters),
        window=getattr(config.get_text_config(), "sliding_window", None),
        pad_token=tokenizer.pad_token_id or 0,
    )
    if not looks:
        generator.shares_prompt = shares_prompt(generator)
        _say_once(generator, folder)
    return generator


def _kind(
    transformers: Any, folder: Path, trust: dict[str, bool], looks: bool
) -> Callable[..., Generator]:
    """Returns what a generator is made by; one that looks has a processor.

    Raises:
      UsageError: the folder has no processor that writes a chat with pictures.
    """
    if not looks:
        return Generator
    from affectflow_transforms.models.generate import seeing

    processor = from_pretrained(transformers.AutoProcessor, folder, WHAT, **trust)
    seeing.check_template(processor, folder)
    return partial(seeing.Viewer, processor=processor)


def _network(
    transformers: Any,
    config: Any,
    folder: Path,
    dtype: Any,
    trust: dict[str, bool],
    looks: bool,
) -> Any:
    """Returns the network of a folder.

    Raises:
      UsageError: it does not load, does not generate text, or was not trained.
    """
    if looks:
        factory = transformers.AutoModelForImageTextToText
        _check_looks(transformers, config, folder)
    elif config.is_encoder_decoder:
        factory = transformers.AutoModelForSeq2SeqLM
    else:
        factory = transformers.AutoModelForCausalLM
    _check_generates(config, folder)
    network, report = from_pretrained(
        factory,
        folder,
        WHAT,
        dtype=dtype,
        use_safetensors=True,
        output_loading_info=True,
        **trust,
    )
    check_trained(folder, report["missing_keys"], WHAT)
    return network


def _check_generates(config: Any, folder: Path) -> None:
    """Raises UsageError if a model declares that it is not a generator."""
    said = config.architectures or []
    if said and not any(generates(each) for each in said):
        raise UsageError(
            f"{str(folder)!r} is a {said[0]}, which does not generate text; give a "
            "model whose config.json names a ...ForCausalLM or "
            "...ForConditionalGeneration"
        )


def _check_looks(transformers: Any, config: Any, folder: Path) -> None:
    """Raises UsageError if a model reads texts only."""
    if type(config) not in transformers.AutoModelForImageTextToText._model_mapping:
        raise UsageError(
            f"{str(folder)!r} is a {config.model_type}, which takes no pictures: leave "
            "`frames` out, or give a model that takes pictures and text"
        )


def generates(architecture: str) -> bool:
    """Returns whether an architecture is one of those that continue text.

    >>> generates("LlamaForCausalLM"), generates("BertForSequenceClassification")
    (True, False)
    """
    return any(fnmatch.fnmatchcase(architecture, each) for each in ARCHITECTURES)


def _tokenizer(transformers: Any, folder: Path, trust: dict[str, bool]) -> Any:
    """Returns the tokenizer of a folder, of transformers.

    Raises:
      UsageError: it does not exist, or no fast one.
    """
    check_tokenizer(folder)
    tokenizer = from_pretrained(transformers.AutoTokenizer, folder, WHAT, **trust)
    fast_tokenizer(tokenizer, folder)
    return tokenizer


def _longest(tokenizer: Any, config: Any, wanted: int) -> int:
    # A tokenizer without a limit says 1e30.
    text = config.get_text_config()
    positions = getattr(text, "max_position_embeddings", None) or _MAX_TOKENS
    limit = int(min(tokenizer.model_max_length, positions, _MAX_TOKENS))
    return min(wanted, limit) if wanted else limit


def _batch_tokens(network: Any) -> int:
    """Returns how many tokens a forward pass may have, at first."""
    import torch

    if network.device.type != "cuda":
        return _CPU_BATCH_TOKENS
    free, _ = torch.cuda.mem_get_info(network.device)
    return tokens_that_fit(
        network.config.get_text_config(), free, network.dtype.itemsize
    )


def tokens_that_fit(config: Any, free_bytes: int, itemsize: int) -> int:
    """Returns how many tokens at once half of the free memory holds.

    A token takes up its keys and values in every layer, what one layer computes, and
    one score in four for each token of the vocabulary. If that is too many, halving
    finds what fits.

    Args:
      config: the configuration of the network that reads text.
      free_bytes: free memory of the device, with the network on it.
      itemsize: bytes of a number.
    """
    hidden = int(config.hidden_size)
    heads = int(config.num_attention_heads)
    kept = getattr(config, "num_key_value_heads", None) or heads
    cache = 2 * config.num_hidden_layers * hidden * kept // heads
    layer = 8 * hidden + 3 * (getattr(config, "intermediate_size", None) or 4 * hidden)
    token = itemsize * (cache + layer) + 4 * config.vocab_size // 4
    return int(min(max(free_bytes // 2 // token, 1), _MOST_BATCH_TOKENS))


def _say_once(generator: Generator, folder: Path) -> None:
    """Logs how this model differs from others."""
    said = []
    if not generator.has_template:
        said.append("has no chat template, so it is asked in plain text")
    if not generator.shares_prompt:
        said.append(
            "reads the prompt once for each label, so closed questions are slow"
        )
    for each in said:
        warnings.warn(f"{folder.name!r} {each}", SaidOnceWarning, stacklevel=2)
