"""What a student is to learn of a teacher's answers, as `Finetune` has it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from affectflow import vocabularies
from affectflow.errors import UsageError
from affectflow_transforms.distil.rows import Taught
from affectflow_transforms.distil.teachers import Teacher
from affectflow_transforms.finetune.aims import Aim
from affectflow_transforms.models.pretrained.passed_on import SETTINGS, PassedOn
from affectflow_transforms.models.sequence_classifier.heads import Said, space_of

OBJECTIVES: Mapping[str, tuple[str, ...]] = {
    "one": ("distil",),
    "several": ("bce",),
    "value": ("mse", "ccc", "huber"),
}
"""The objectives that fit a teacher's answers; the first is the text student's own."""
_PROBLEMS = {
    "one": "single_label_classification",
    "several": "multi_label_classification",
    "value": "regression",
}


def aim_of(
    taught: Taught,
    teacher: Teacher,
    *,
    objective: str,
    scale: tuple[float, float] | None,
) -> Aim:
    """Returns what a student learns: its `target` is what the teacher is sure of.

    Args:
      taught: the utterances with the answers.
      teacher: whose they are.
      objective: what is made small; empty for that of the answers.
      scale: lowest and highest value, where the vocabulary does not say it.

    Raises:
      UsageError: the objective does not fit, no scale is known, or nothing is to be
        told apart.
    """
    _check_apart(taught, teacher)
    answers = taught.answers
    fit = OBJECTIVES[answers.head]
    if objective and objective not in fit:
        raise UsageError(
            f"{teacher.annotator_id} answers with {_SAYS[answers.head]}, so the "
            f"objective must be {' or '.join(fit)}, got {objective!r}"
        )
    aim = Aim(
        head=answers.head,
        objective=objective or fit[0],
        labels=answers.labels,
        outputs=len(answers.labels),
        config=_config(taught, teacher, scale),
        texts=list(taught.texts),
        target=np.ascontiguousarray(answers.soft),
        usable=taught.usable,
        left_out=taught.left_out,
    )
    space_of(aim.config, Said())  # says what the reader would refuse
    return aim


_SAYS = {"one": "one label", "several": "several labels", "value": "values"}


def measured(aim: Aim, taught: Taught) -> Aim:
    """Returns the same with what agreement is measured with as its target."""
    return replace(aim, target=taught.answers.hard)


def _config(
    taught: Taught, teacher: Teacher, scale: tuple[float, float] | None
) -> dict[str, Any]:
    """Returns the settings by which the student's outputs are read."""
    answers = taught.answers
    shares = answers.head == "one" and answers.perspective == "reader"
    own: dict[str, Any] = {
        "answer": "shares" if shares else answers.head,
        "vocabulary": answers.vocabulary,
        "task": answers.task,
    }
    if answers.head == "value":
        own["scale"] = list(_scale(taught, teacher, scale))
    bound = PassedOn(
        teacher=teacher.annotator_id,
        touches=teacher.touches,
        notice=teacher.notice,
        commercial_use=teacher.commercial_use,
    )
    return {
        "id2label": dict(enumerate(answers.labels)),
        "label2id": {label: place for place, label in enumerate(answers.labels)},
        "problem_type": _PROBLEMS[answers.head],
        SETTINGS: own | bound.settings(),
    }


def _scale(
    taught: Taught, teacher: Teacher, given: tuple[float, float] | None
) -> tuple[float, float]:
    known = vocabularies.known().get(taught.answers.vocabulary)
    scale = (known.scale if known else None) or given
    if scale is None:
        raise UsageError(
            f"it is unknown on which scale {teacher.annotator_id} gives "
            f"{taught.answers.vocabulary!r}: say it with --set scale=LOW,HIGH"
        )
    low, high = scale
    values = taught.answers.stored[taught.usable]
    off = (values < low) | (values > high)
    if off.any():
        raise UsageError(
            f"{int(off.any(axis=1).sum()):,} answers are off the scale of {low:g} to "
            f"{high:g}, such as {values[off][0]:g}: give another scale"
        )
    return scale


def _check_apart(taught: Taught, teacher: Teacher) -> None:
    if not len(taught.usable):
        left_out = sorted(taught.left_out.items())
        why = ", ".join(f"{n:,} {reason}" for reason, n in left_out)
        raise UsageError(
            f"no utterance with an answer of {teacher.annotator_id} can be learned "
            f"from ({why or 'there is none'}): annotate more with it"
        )
    hard = taught.answers.hard[taught.usable]
    same = (hard == hard[0]).all(axis=0)
    if np.all(same):
        raise UsageError(
            f"{teacher.annotator_id} gives all {len(hard):,} utterances the same "
            "answer, so there is nothing to tell apart: annotate others with it"
        )
