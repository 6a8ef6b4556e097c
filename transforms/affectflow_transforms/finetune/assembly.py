"""From options to a network and the rows that it learns."""

from pathlib import Path
from typing import Any

from affectflow.errors import UsageError
from affectflow_transforms.finetune import network
from affectflow_transforms.finetune.aims import Aim
from affectflow_transforms.finetune.inputs import AUDIO, TEXT, files_of
from affectflow_transforms.finetune.lesson import Lesson, prepare
from affectflow_transforms.finetune.splits import Splits
from affectflow_transforms.finetune.words import beside_of
from affectflow_transforms.models.pretrained.words import Beside, Matrix


def lesson_of(
    trainer: Any,
    base: Path,
    modality: str,
    aim: Aim,
    splits: Splits,
    data: Path,
    soft: Matrix | None = None,
) -> Lesson:
    """Returns the network with the rows that it learns.

    Args:
      trainer: a `Finetune`, for its options.
      base: the folder of the encoder.
      modality: what it reads.
      aim: what it learns.
      splits: which rows are for what.
      data: the folder of the rows.
      soft: what a teacher says of all rows.

    Raises:
      UsageError: an option does not go with such an encoder, or a file is not there.
    """
    if modality != TEXT:
        _check_alone(trainer, modality)
    texts = [*aim.texts, *aim.rejected]
    beside, vectors = beside_of(
        trainer.lexica, trainer.affect_embeddings, trainer.words, texts, splits.learned
    )
    loaded = network.load(
        base,
        aim,
        seed=trainer.seed,
        device=trainer.device,
        max_tokens=trainer.max_tokens,
        own=_own(trainer, beside, vectors),
        beside=beside,
        vectors=vectors,
    )
    if trainer.is_frozen:
        network.freeze(loaded.module)
    elif trainer.frozen_layers:
        network.freeze_lower(loaded.module, trainer.frozen_layers)
    files = (
        []
        if modality == TEXT
        else files_of(data, texts, aim.usable, trainer.text or modality)
    )
    lexica = beside.arrays(texts).get("lexica") if beside else None
    return prepare(
        loaded,
        loaded.inputs(texts, files),
        aim,
        splits.learned,
        balance=trainer.balance,
        options=trainer.settings,
        frozen=trainer.is_frozen,
        known=None if lexica is None else lexica[:, : -len(trainer.lexica)],
        weight=trainer.lexicon_loss,
        soft=soft,
        share=trainer.teacher_weight,
    )


def _own(
    trainer: Any, beside: Beside | None, vectors: Matrix | None
) -> dict[str, Any] | None:
    """Returns what our own head reads; None for the head of transformers."""
    if not (trainer.is_frozen or trainer.copied or trainer.se_head or trainer.hidden):
        return None
    sizes = beside.lexicon.sizes if beside and beside.lexicon else ()
    return {
        "squeeze": trainer.se_head,
        "hidden": trainer.hidden,
        "dropout": trainer.dropout,
        "lexica": sum(sizes) + len(sizes),
        "guess": sum(sizes) if trainer.lexicon_loss else 0,
        "vectors": None if vectors is None else [len(vectors) - 1, vectors.shape[1]],
        "lstm": trainer.lstm,
    }


def _check_alone(trainer: Any, modality: str) -> None:
    """Raises UsageError if an option is set that such a base does not have."""
    of_texts = {
        "lexica": bool(trainer.lexica),
        "affect_embeddings": bool(trainer.affect_embeddings),
    }
    if modality == AUDIO:
        of_texts |= {"se_head": trainer.se_head, "hidden": trainer.hidden > 0}
    for name, said in of_texts.items():
        if said:
            raise UsageError(
                f"`{name}` does not go with an encoder of column `{modality}`: "
                "leave it out"
            )
    if trainer.head in ("pair", "reward", "items"):
        raise UsageError(
            f"head={trainer.head} is of texts, but {trainer.base!r} reads "
            f"`{modality}`: give an encoder of texts"
        )
