"""A trained network as the folder that a model plugin reads."""

from pathlib import Path

from affectflow_transforms.finetune import network
from affectflow_transforms.finetune.lesson import Lesson
from affectflow_transforms.models.pretrained.passed_on import SETTINGS


def save(lesson: Lesson, thresholds: list[float], folder: Path) -> None:
    """Writes a network with what its outputs are.

    Args:
      lesson: with the network.
      thresholds: of several labels, the lowest score of each; else empty.
      folder: is made if missing.
    """
    module, aim = lesson.loaded.module, lesson.aim
    network.scale_outputs(
        network.last_layer(module, aim.outputs), lesson.mean, lesson.spread
    )
    if thresholds:
        getattr(module.config, SETTINGS)["thresholds"] = thresholds
    network.save(lesson.loaded, folder)
