"""From a model's folder to a network that looks: a classifier, or CLIP and its like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.errors import RowError, UsageError
from affectflow_transforms.models.micro_batches import cores, run_halved
from affectflow_transforms.models.pretrained import loading, pooled
from affectflow_transforms.models.pretrained.source import check_weights

Matrix = npt.NDArray[np.float32]

ZERO_SHOT = ("CLIPModel", "SiglipModel")
"""Architectures that compare pictures with words: the user names the labels."""
_PROCESSORS = ("preprocessor_config.json", "processor_config.json")
_CPU_PICTURES, _CUDA_PICTURES = 8, 128


@dataclass(kw_only=True, eq=False)
class Looker:
    """A network on its device, and what brings pictures into its shape.

    Args:
      module: of torch.
      processor: of transformers; takes pictures of Pillow.
      width: how many numbers it gives per picture.
      words: for a zero-shot model, the encoded labels for its forward pass.
      max_batch_tokens: pictures of a forward pass; falls for good when the device runs
        out of memory.
      workers: forward passes side by side.
    """

    module: Any
    processor: Any
    width: int
    words: Mapping[str, Any] = field(default_factory=dict)
    max_batch_tokens: int = _CPU_PICTURES
    workers: int = 1


def is_zero_shot(config: Mapping[str, Any]) -> bool:
    """Returns whether a config.json is that of a model that compares with words."""
    return any(each in ZERO_SHOT for each in config.get("architectures") or ())


def load(
    folder: Path,
    phrases: Sequence[str],
    *,
    device: str,
    dtype: str,
    trust_remote_code: bool,
    max_pictures: int,
) -> Looker:
    """Returns the network of a folder, ready to look.

    Args:
      folder: the folder of the model.
      phrases: the phrases that pictures are compared with; empty for a classifier.
      device: `cpu`, `cuda` or `auto`.
      dtype: `float32`, `bfloat16` or `auto`.
      trust_remote_code: run Python code that the model brings.
      max_pictures: pictures of a forward pass; 0 for a number that suits the device.

    Raises:
      MissingExtraError: torch or transformers is not installed.
      UsageError: the folder holds something else.
    """
    what = "a model of pictures"
    check_weights(folder)
    _check_processor(folder)
    transformers = loading.check_extra(what)
    transformers.utils.logging.disable_progress_bar()
    device = device if device != "auto" else loading.best_device()
    factory = "AutoModel" if phrases else "AutoModelForImageClassification"
    module, report = loading.from_pretrained(
        pooled.factory_of(transformers, folder, factory),
        folder,
        what,
        trust_remote_code=trust_remote_code,
        dtype=loading.dtype_of(dtype, device),
        use_safetensors=True,
        output_loading_info=True,
    )
    loading.check_trained(folder, report["missing_keys"], what)
    processor = loading.from_pretrained(
        transformers.AutoImageProcessor, folder, what, trust_remote_code=False
    )
    module = pooled.keep_exact(module.eval().to(device))
    on_gpu = device.startswith("cuda")
    return Looker(
        module=module,
        processor=processor,
        width=len(phrases) or module.config.num_labels,
        words=_words(transformers, folder, phrases, device) if phrases else {},
        max_batch_tokens=max_pictures or (_CUDA_PICTURES if on_gpu else _CPU_PICTURES),
        workers=1 if on_gpu else cores(),
    )


def pixels(model: Looker, pictures: Sequence[Any]) -> list[Matrix]:
    """Returns pictures in a network's shape: (colours, height, width) each."""
    given = model.processor(images=list(pictures), return_tensors="np")
    return list(given["pixel_values"])


def logits(model: Looker, given: Sequence[Matrix]) -> tuple[Matrix, dict[int, Any]]:
    """Returns what a network gives of pictures, and the error of each it failed on.

    Args:
      model: the network.
      given: the output of `pixels`.

    Returns:
      Shape (pictures, width); zeros where it failed.
    """
    found = np.zeros((len(given), model.width), np.float32)

    def attempt(rows: npt.NDArray[np.int64]) -> None:
        found[rows] = _forward(model, np.stack([given[row] for row in rows]))

    rows = np.arange(len(given))
    failed = run_halved(model, np.ones_like(rows), rows, attempt, model.workers)
    for row in np.flatnonzero(~np.isfinite(found).all(axis=1)).tolist():
        failed.setdefault(row, RowError("the model gave a score that is not a number"))
    found[list(failed)] = 0.0
    return found, failed


def _forward(model: Looker, given: Matrix) -> Matrix:
    import torch

    on = torch.from_numpy(given).to(model.module.device, model.module.dtype)
    with torch.inference_mode():
        out = model.module(pixel_values=on, **model.words)
        read = out.logits_per_image if model.words else out.logits
        result: Matrix = read.float().cpu().numpy()
    return result


def _words(
    transformers: Any, folder: Path, phrases: Sequence[str], device: str
) -> dict[str, Any]:
    """Returns what a forward pass takes of phrases, each brought to one length."""
    loading.check_tokenizer(folder)
    tokenizer = loading.from_pretrained(
        transformers.AutoTokenizer, folder, "a model of pictures and words"
    )
    # SigLIP was trained on texts filled up to its longest.
    masked = "attention_mask" in tokenizer.model_input_names
    padding = "longest" if masked else "max_length"
    given = tokenizer(
        list(phrases), padding=padding, truncation=True, return_tensors="pt"
    )
    kept = ("input_ids", "attention_mask")
    return {name: given[name].to(device) for name in kept if name in given}


def _check_processor(folder: Path) -> None:
    if not any((folder / name).is_file() for name in _PROCESSORS):
        raise UsageError(
            f"{str(folder)!r} does not say how to prepare pictures for it; save the "
            f"model's own image processor next to it as {_PROCESSORS[0]}"
        )
