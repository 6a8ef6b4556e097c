"""From a model's folder to a classifier on its device."""

from pathlib import Path
from typing import Any

from affectflow.errors import MissingExtraError, UsageError
from affectflow.vocabularies import get, recognise
from affectflow.weights import one_line
from affectflow_transforms.models.sequence_classifier.forward import Classifier
from affectflow_transforms.models.sequence_classifier.source import check_weights

MAX_TOKENS = 512
WHAT = "a sequence classifier"
# Small enough for the caches of a core; measured from 256 to 8,192.
_CPU_BATCH_TOKENS = 1_024
_CUDA_BATCH_TOKENS = 65_536


def load(
    folder: Path,
    *,
    name: str,
    answer: str,
    device: str,
    dtype: str,
    max_tokens: int,
    max_batch_tokens: int,
    trust_remote_code: bool,
) -> Classifier:
    """Returns the classifier of a folder, ready to be called.

    Raises:
      MissingExtraError: torch or transformers is not installed.
      UsageError: the folder holds something else than a classifier.
    """
    check_weights(folder)
    transformers = check_extra(WHAT)
    transformers.utils.logging.disable_progress_bar()
    device = device if device != "auto" else best_device()
    network, report = from_pretrained(
        transformers.AutoModelForSequenceClassification,
        folder,
        WHAT,
        trust_remote_code=trust_remote_code,
        dtype=dtype_of(dtype, device),
        use_safetensors=True,
        output_loading_info=True,
    )
    _check_head(folder, report["missing_keys"])
    tokenizer = from_pretrained(
        transformers.AutoTokenizer,
        folder,
        WHAT,
        trust_remote_code=trust_remote_code,
    )
    labels, vocabulary = labels_of(network.config, name)
    return Classifier(
        network=network.eval().to(device),
        tokenizer=fast_tokenizer(tokenizer, folder),
        labels=labels,
        vocabulary=vocabulary,
        several=takes_several(network.config, answer),
        max_tokens=_longest(tokenizer, network.config, max_tokens),
        max_batch_tokens=max_batch_tokens or _batch_tokens(device),
        n_known_tokens=network.get_input_embeddings().num_embeddings,
        pad_token=tokenizer.pad_token_id or 0,
        pads_left=tokenizer.padding_side == "left",
    )


def check_extra(what: str) -> Any:
    """Returns the library transformers, with a torch that it can use.

    Args:
      what: needs them, as `a sequence classifier`.

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
      folder: of the model.
      what: it should be, as `a sequence classifier`.
      options: for the class.

    Raises:
      UsageError: it does not load.
    """
    from safetensors import SafetensorError

    try:
        return factory.from_pretrained(folder, local_files_only=True, **options)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise UsageError(
            f"{str(folder)!r} does not load as {what}: "
            f"{one_line(error)}; give the folder or hub id of one"
        ) from error


def _check_head(folder: Path, missing: set[str]) -> None:
    """Transformers fills what lacks with random numbers, and their labels look real."""
    if missing:
        raise UsageError(
            f"{str(folder)!r} lacks the weights {sorted(missing)[:3]}, so it is no "
            "trained classifier; give one that was fine-tuned on labels"
        )


def fast_tokenizer(tokenizer: Any, folder: Path) -> Any:
    """Returns the tokenizer of the library `tokenizers` inside one of transformers.

    Raises:
      UsageError: there is none.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise UsageError(
            f"{str(folder)!r} has no fast tokenizer; save one next to it as "
            "tokenizer.json"
        )
    return tokenizer.backend_tokenizer


def labels_of(config: Any, name: str) -> tuple[tuple[str, ...], str]:
    """Returns the labels in the order of the logits, and their vocabulary.

    Labels that are a known vocabulary's take its spelling; others stay as they are
    and are a vocabulary named after the model.
    """
    labels = [str(config.id2label[i]) for i in range(config.num_labels)]
    vocabulary = recognise(labels)
    if vocabulary is None or len(labels) != len(get(vocabulary).labels):
        return tuple(labels), name
    return tuple(label.lower() for label in labels), vocabulary


def takes_several(config: Any, answer: str) -> bool:
    """Returns whether a text may have several labels.

    Raises:
      UsageError: the model is a regressor.
    """
    kind = getattr(config, "problem_type", None)
    if kind == "regression" or config.num_labels < 2:
        raise UsageError(
            f"the model gives {config.num_labels} value(s) with problem type {kind!r}, "
            "so it is no classifier; give one with at least two labels"
        )
    if answer != "auto":
        return answer == "several"
    return bool(kind == "multi_label_classification")


def _longest(tokenizer: Any, config: Any, wanted: int) -> int:
    # A tokenizer that knows no limit says 1e30.
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
        fast = _cpu_multiplies_bfloat16()
    return torch.bfloat16 if fast else torch.float32


def _cpu_multiplies_bfloat16() -> bool:
    """Returns whether bfloat16 is computed and not emulated, which is slower."""
    import torch

    # Older versions of torch do not tell, and float32 is always right.
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))
