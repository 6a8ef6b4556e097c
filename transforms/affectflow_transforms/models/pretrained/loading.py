"""From a model's folder to a network on its device."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from affectflow.errors import MissingExtraError, UsageError
from affectflow.weights import one_line
from affectflow_transforms.models.micro_batches import cores
from affectflow_transforms.models.pretrained import pooled
from affectflow_transforms.models.pretrained.forward import Network
from affectflow_transforms.models.pretrained.source import check_weights

_TOKENIZERS = (
    *("tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model"),
    *("vocab.json", "vocab.txt", "bpe.codes"),
)

MAX_TOKENS = 512
# Small enough for the caches of a core; measured from 256 to 8,192.
_CPU_BATCH_TOKENS = 1_024
_CUDA_BATCH_TOKENS = 65_536


def load(
    folder: Path,
    factory: str,
    what: str,
    *,
    device: str,
    dtype: str,
    max_tokens: int,
    max_batch_tokens: int,
    trust_remote_code: bool,
    without: str = "",
) -> Network:
    """Returns the network of a folder, ready to be called.

    Args:
      folder: the folder of the model.
      factory: the class of transformers that loads it.
      what: what it should be, such as `a sequence classifier`.
      device: `cpu`, `cuda` or `auto`.
      dtype: `float32`, `bfloat16` or `auto`.
      max_tokens: longest text; 0 for the model's own limit.
      max_batch_tokens: tokens of a forward pass; 0 for a value that suits the device.
      trust_remote_code: run Python code that the model brings.
      without: prefixes of the names of weights that may be missing, because nothing
        needs them.

    Raises:
      MissingExtraError: torch or transformers is not installed.
      UsageError: the folder holds something else.
    """
    check_weights(folder)
    check_tokenizer(folder)
    transformers = check_extra(what)
    transformers.utils.logging.disable_progress_bar()
    device = device if device != "auto" else best_device()
    module, report = from_pretrained(
        pooled.factory_of(transformers, folder, factory),
        folder,
        what,
        trust_remote_code=trust_remote_code,
        dtype=dtype_of(dtype, device),
        use_safetensors=True,
        output_loading_info=True,
    )
    check_trained(folder, report["missing_keys"], what, without)
    tokenizer = from_pretrained(
        transformers.AutoTokenizer, folder, what, trust_remote_code=trust_remote_code
    )
    network = network_of(
        pooled.keep_exact(module.eval().to(device)),
        tokenizer,
        folder,
        max_tokens=max_tokens,
        max_batch_tokens=max_batch_tokens,
        device=device,
    )
    network.beside = pooled.beside_of(module.config.to_dict(), folder)
    return network


def network_of(
    module: Any,
    tokenizer: Any,
    folder: Path,
    *,
    device: str,
    max_tokens: int,
    max_batch_tokens: int = 0,
) -> Network:
    """Returns a loaded module with what is needed to feed it; arguments as `load`.

    Raises:
      UsageError: the tokenizer is not a fast one.
    """
    return Network(
        module=module,
        tokenizer=fast_tokenizer(tokenizer, folder),
        max_tokens=_longest(tokenizer, module.config, max_tokens),
        max_batch_tokens=max_batch_tokens or _batch_tokens(device),
        n_known_tokens=module.get_input_embeddings().num_embeddings,
        pad_token=tokenizer.pad_token_id or 0,
        pads_left=tokenizer.padding_side == "left",
        takes_types=_takes_types(tokenizer, module.config),
        workers=1 if device.startswith("cuda") else cores(),
    )


def check_tokenizer(folder: Path) -> None:
    """Checks that a model's own tokenizer is beside it: another reads other tokens.

    Without one, transformers creates an empty one, and the model answers nonsense.

    Raises:
      UsageError: it does not exist.
    """
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise UsageError(
            f"{str(folder)!r} has no tokenizer; save the model's own next to it as "
            "tokenizer.json"
        )


def check_extra(what: str) -> Any:
    """Returns the library transformers, with a torch that it can use.

    Args:
      what: what needs them, such as `a sequence classifier`.

    Raises:
      MissingExtraError: one of them is not installed.
    """
    try:
        import torch  # noqa: F401  transformers without torch loads no model
        import transformers
    except ImportError as error:
        raise MissingExtraError(
            f"{what} needs torch and transformers ({error}); "
            "type `pip install 'affectflow[torch]'`"
        ) from error
    return transformers


def from_pretrained(factory: Any, folder: Path, what: str, **options: Any) -> Any:
    """Returns what a class of transformers loads from a folder, and from nowhere else.

    Args:
      factory: the class.
      folder: the folder of the model.
      what: what it should be, such as `a sequence classifier`.
      options: for the class.

    Raises:
      UsageError: it does not load.
    """
    from safetensors import SafetensorError

    logging.getLogger("transformers.modeling_utils").addFilter(_is_no_report)
    try:
        return factory.from_pretrained(folder, local_files_only=True, **options)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise UsageError(
            f"{str(folder)!r} does not load as {what}: "
            f"{one_line(error)}; give the folder or hub id of one"
        ) from error


def _is_no_report(record: logging.LogRecord) -> bool:
    """Leaves out the table of weights: `check_trained` says in a line what matters."""
    said = record.getMessage()
    return "LOAD REPORT" not in said and "tied weights mapping" not in said


def check_trained(
    folder: Path, missing: Iterable[str], what: str, without: str = ""
) -> None:
    """Checks that a folder has all weights of its network.

    Transformers fills missing weights with random numbers, and the answers look real.

    Args:
      folder: the folder of the model.
      missing: names of the weights that it does not have.
      what: what it should be.
      without: prefixes of names that may be missing; empty for none.

    Raises:
      UsageError: weights are missing; the message names some.
    """
    needed = [name for name in missing if not without or not name.startswith(without)]
    if needed:
        raise UsageError(
            f"{str(folder)!r} has no weights {sorted(needed)[:3]}, so it is not {what} "
            "that was trained; give a trained one"
        )


def fast_tokenizer(tokenizer: Any, folder: Path) -> Any:
    """Returns the tokenizer of the library `tokenizers` inside one of transformers.

    Raises:
      UsageError: it does not exist.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise UsageError(
            f"{str(folder)!r} has no fast tokenizer; save one next to it as "
            "tokenizer.json"
        )
    return tokenizer.backend_tokenizer


def _takes_types(tokenizer: Any, config: Any) -> bool:
    several = getattr(config, "type_vocab_size", 0) > 1
    return several and "token_type_ids" in tokenizer.model_input_names


def _longest(tokenizer: Any, config: Any, wanted: int) -> int:
    # A tokenizer without a limit says 1e30.
    positions = getattr(config, "max_position_embeddings", None) or MAX_TOKENS
    limit = int(min(tokenizer.model_max_length, positions, MAX_TOKENS))
    return min(wanted, limit) if wanted else limit


def best_device() -> str:
    """Returns `cuda` where there is one, else `cpu`."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _batch_tokens(device: str) -> int:
    return _CUDA_BATCH_TOKENS if device.startswith("cuda") else _CPU_BATCH_TOKENS


def dtype_of(dtype: str, device: str) -> Any:
    """Returns the type of torch: for `auto`, bfloat16 where the device computes it."""
    import torch

    if dtype != "auto":
        return getattr(torch, dtype)
    if device.startswith("cuda"):
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        # Older versions of torch cannot tell, and float32 is always safe.
        fast = multiplies_bfloat16(getattr(torch.cpu, "get_capabilities", dict)())
    return torch.bfloat16 if fast else torch.float32


def multiplies_bfloat16(capabilities: Mapping[str, Any]) -> bool:
    """Returns whether a CPU multiplies matrices of bfloat16 faster than of float32.

    Alternating with float32 on one busy machine, a MiniLM took 1/2.4 of the time with
    AMX, and 1/1.8 with the AVX-512 instructions for bfloat16 (AMD EPYC).

    Args:
      capabilities: those of the CPU, from `torch.cpu.get_capabilities`.
    """
    return any(capabilities.get(name) for name in ("amx_bf16", "avx512_bf16"))
