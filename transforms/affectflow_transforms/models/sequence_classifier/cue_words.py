"""Words that a classifier with attention over word vectors looked at most."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from affectflow.batches.entries import Entry
from affectflow.batches.readings import Readings
from affectflow.errors import UsageError
from affectflow_transforms.models.pretrained.forward import Network

_AT_ONCE = 1_024


def check_attention(network: Network, model: str) -> None:
    """Raises UsageError if a network has no attention over words."""
    if network.beside is None or not network.beside.places:
        raise UsageError(
            f"`evidence` names the words that a model looked at, but {model!r} has no "
            "attention over words: train one with --set affect_embeddings=FILE, or "
            "leave `evidence` out"
        )


def cue_words(
    network: Network, annotations: pa.Array, readings: Readings, most: int, own: str
) -> Iterator[Entry]:
    """Yields the words that each row's label rests on, at their places in its text.

    `score` is the share of attention, 0..1; `label` the row's highest label.

    Args:
      network: with attention over words.
      annotations: those of each row.
      readings: those of the same rows.
      most: maximum number of words per row.
      own: the id of the annotator whose label it is.
    """
    tops = [_top(each, own) for each in annotations.to_pylist()]
    rows = [row for row, top in enumerate(tops) if top and not readings.silent[row]]
    texts = readings.texts.to_pylist()
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        weights = _attention(network, [texts[row] for row in some])
        for row, of_words in zip(some, weights, strict=True):
            top = tops[row] or {}
            for rank, (first, last, weight) in enumerate(of_words[:most], 1):
                begin, end = readings.to_text(row, first, last)
                yield Entry(
                    row=row,
                    task=f"{top['task']}_evidence",
                    vocabulary=top["vocabulary"],
                    label=top["label"],
                    score=weight,
                    rank=rank,
                    chosen=True,
                    start=begin,
                    end=end,
                    perspective=top["perspective"],
                )


def _top(annotations: list[dict[str, Any]] | None, own: str) -> dict[str, Any] | None:
    """Returns an annotator's annotation of the highest label; None without one."""
    return next(
        (
            each
            for each in annotations or ()
            if each["annotator_id"] == own and each["rank"] == 1 and each["label"]
        ),
        None,
    )


def _attention(
    network: Network, texts: list[str]
) -> list[list[tuple[int, int, float]]]:
    """Returns of each text where its words lie and their weights, highest first."""
    import torch

    assert network.beside is not None
    words = torch.from_numpy(network.beside.arrays(texts)["words"])
    with torch.inference_mode():
        _, weights = network.module.head.words(words.to(network.module.device))
    found = []
    for text, of_text in zip(texts, weights.float().cpu().numpy(), strict=True):
        places = network.beside.known(text)
        order = np.argsort(-of_text[: len(places)], kind="stable")
        found.append([(*places[at], float(of_text[at])) for at in order])
    return found
