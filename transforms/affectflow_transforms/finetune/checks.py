"""Which options of Finetune are in their range, and which go together."""

from typing import Any

from affectflow.errors import UsageError
from affectflow.kinds.objective import HEADS
from affectflow_transforms.finetune import marks, soft
from affectflow_transforms.models.pretrained.options import check_word

_BALANCED = ("one", "pair", "several")


def check_options(trainer: Any) -> None:
    """Checks the options of a `Finetune`.

    Raises:
      UsageError: one is out of its range, or needs another; says what to do.
    """
    _check_ranges(trainer)
    _check_together(trainer)


def _check_ranges(trainer: Any) -> None:
    check_word("head", trainer.head, HEADS)
    ranges = {
        "epochs": trainer.epochs >= 1,
        "patience": trainer.patience >= 1,
        "batch": trainer.batch >= 2,
        "rate": trainer.rate > 0,
        "head_rate": trainer.head_rate > 0,
        "layer_decay": 0 < trainer.layer_decay <= 1,
        "weight_decay": trainer.weight_decay >= 0,
        "warmup": 0 <= trainer.warmup < 1,
        "balance": 0 <= trainer.balance < 1,
        "sam_rho": trainer.sam_rho >= 0,
        "max_tokens": trainer.max_tokens >= 3,
        "seed": trainer.seed >= 0,
        "lexicon_loss": trainer.lexicon_loss >= 0,
        "words": trainer.words >= 1,
        "lstm": trainer.lstm >= 1,
        "hidden": trainer.hidden >= 0,
        "dropout": 0 <= trainer.dropout < 1,
        "frozen_layers": trainer.frozen_layers >= 0,
        "teacher_weight": 0 <= trainer.teacher_weight <= 1,
        "cues": trainer.cues in ("", "words"),
        "scale": trainer.scale is None or trainer.scale[0] < trainer.scale[1],
    }
    marks.check_ranges(trainer, ranges)


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
