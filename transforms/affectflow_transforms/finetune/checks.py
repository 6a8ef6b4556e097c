"""Which options of Finetune are in their range, and which go together."""

from typing import Any

from affectflow.errors import UsageError
from affectflow.kinds.objective import HEADS
from affectflow_transforms.finetune import soft
from affectflow_transforms.models.pretrained.options import check_word
from affectflow_transforms.models.ranges import (
    BELOW_1,
    RISING,
    SHARE,
    STEPS,
    TRAINING,
    Range,
    above,
    at_least,
    check_ranges,
    one_of,
)

_BALANCED = ("one", "pair", "several")
_RANGES = {
    **TRAINING,
    **STEPS,
    "batch": at_least(2),
    "head_rate": above(0),
    "layer_decay": Range(lambda value: 0 < value <= 1, "above 0 and at most 1"),
    "balance": BELOW_1,
    "sam_rho": at_least(0),
    "max_tokens": at_least(3),
    "lexicon_loss": at_least(0),
    "words": at_least(1),
    "lstm": at_least(1),
    "hidden": at_least(0),
    "dropout": BELOW_1,
    "frozen_layers": at_least(0),
    "teacher_weight": SHARE,
    "cues": one_of("", "words"),
    "scale": RISING,
}


def check_options(trainer: Any) -> None:
    """Checks the options of a `Finetune`.

    Raises:
      UsageError: one is out of its range, or needs another; says what to do.
    """
    _check_ranges(trainer)
    _check_together(trainer)


def _check_ranges(trainer: Any) -> None:
    check_word("head", trainer.head, HEADS)
    check_ranges(trainer, _RANGES)


def _check_together(trainer: Any) -> None:
    if trainer.teacher and trainer.head not in soft.OBJECTIVES:
        raise UsageError(
            "a `teacher` scores labels of "
            f"head={' or '.join(soft.OBJECTIVES)}, got head={trainer.head}: leave it "
            "out"
        )
    if trainer.balance and trainer.head not in _BALANCED:
        raise UsageError(
            f"`balance` weights labels, and head={trainer.head} has none: leave it out"
        )
    if (trainer.head == "items") != bool(trainer.rasch) or (
        trainer.person and not trainer.rasch
    ):
        raise UsageError(
            "head=items and `rasch` go together, and `person` goes with them: "
            "`rasch` is a file that `affectflow measure FacetedRasch FILE --format "
            "csv` wrote"
        )
    if trainer.lexicon_loss and (not trainer.lexica or trainer.is_frozen):
        raise UsageError(
            "`lexicon_loss` trains the encoder on `lexica`: give them, and "
            "--set freeze=false"
        )
