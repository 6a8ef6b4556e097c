"""A student that reads: an encoder of transformers, with layers to spare left out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from affectflow_transforms.finetune import network as networks
from affectflow_transforms.finetune.aims import Aim
from affectflow_transforms.finetune.lesson import Lesson, prepare
from affectflow_transforms.finetune.saving import save
from affectflow_transforms.finetune.splits import Rows

ANNOTATOR = "SequenceClassifier"


class Reader:
    """An encoder with the texts that it learns from.

    Args:
      lesson: of `Finetune`.
      options: of the trainer.
    """

    def __init__(self, lesson: Lesson, options: Any):
        self._lesson, self._options = lesson, options
        self.module = lesson.loaded.module
        self.lengths = lesson.lengths
        self.loss, self.outputs = lesson.loss, lesson.outputs

    def groups(self) -> list[dict[str, Any]]:
        """Returns the weights that are trained, with their rates."""
        return networks.groups(
            self.module,
            rate=self._options.rate or 1e-4,
            head_rate=self._options.head_rate,
            layer_decay=1.0,
            shrink=self._options.weight_decay,
        )

    def save(self, thresholds: list[float], folder: Path) -> None:
        """Writes the folder that SequenceClassifier reads."""
        save(self._lesson, thresholds, folder)


def reader(aim: Aim, learned: Rows, base: Path, options: Any) -> Reader:
    """Returns an encoder with a head for what a teacher answered.

    Args:
      aim: what it learns.
      learned: rows that are trained on.
      base: its folder; of its layers, the first `layers` are kept.
      options: of the trainer.

    Raises:
      MissingExtraError, UsageError: as `Finetune` has them.
    """
    if options.layers:
        config = {**aim.config, "num_hidden_layers": options.layers}
        aim = replace(aim, config=config)
    loaded = networks.load(
        base,
        aim,
        seed=options.seed,
        device=options.device,
        max_tokens=options.max_tokens,
    )
    lesson = prepare(
        loaded,
        loaded.inputs([*aim.texts, *aim.rejected], []),
        aim,
        learned,
        balance=0.0,
        options={"temperature": options.temperature},
        frozen=False,
    )
    return Reader(lesson, options)
