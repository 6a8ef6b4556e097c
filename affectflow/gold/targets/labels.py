"""What people are asked: labels of a vocabulary, and annotators' labels for them."""

import difflib
import functools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from affectflow import defaults
from affectflow.errors import UsageError
from affectflow.vocabularies import folds, get, known, members

FRUSTRATION, EMOTION, SCALES = "frustration", "emotion", "vad"
"""Tasks, and the vocabulary whose labels are each a task."""
_FEW = 8
"""Labels that a message lists."""
POINTS = 9
"""Points of a scale: whole numbers from 1, stored as evenly spaced values from 0 to 1.

As in the Self-Assessment Manikin (Bradley and Lang 1994, J. Behav. Ther. Exp.
Psychiatry 25).
"""
_FRUSTRATION = (
    "The author expresses their own displeasure at a blocked or delayed goal. Not "
    "hostility alone, not a calm report of a defect, not what somebody else felt."
)


class Target(NamedTuple):
    """One label that is asked for."""

    task: str
    vocabulary: str
    label: str

    @property
    def name(self) -> str:
        """Its spelling in `measures`: families as they are, others distinct."""
        if self.is_family or self.label not in _family_labels():
            return self.label
        return f"{self.vocabulary}:{self.label}"

    @property
    def is_scale(self) -> bool:
        """Whether people give a value, not yes or no."""
        return self.vocabulary == SCALES

    @property
    def is_family(self) -> bool:
        """Whether its causes are grouped into themes."""
        return _is_family(self.vocabulary)


def tasks() -> tuple[str, ...]:
    """Returns what people can be asked."""
    return (FRUSTRATION, EMOTION, *get(SCALES).labels)


def _is_family(vocabulary: str) -> bool:
    if vocabulary == FRUSTRATION:
        return True
    return vocabulary in known() and known()[vocabulary].families


@functools.cache
def _family_labels() -> set[str]:
    families = (v.labels for v in known().values() if v.families)
    return {FRUSTRATION, *(label for labels in families for label in labels)}


def targets_of(task: str, wanted: Sequence[str] = ()) -> list[Target]:
    """Returns the labels to ask for: those wanted, or the families of the task.

    Args:
      task: `emotion`, or one that has one label: `frustration`, `valence`, ...
      wanted: labels; all of one vocabulary, or spelt `vocabulary:label`.

    Raises:
      UsageError: there is no such task or label; the message lists what exists.
    """
    if task not in tasks():
        raise UsageError(f"no task {task!r}; known: {', '.join(tasks())}")
    if task != EMOTION:
        if set(wanted) - {task}:
            raise UsageError(
                f"task {task!r} has one label, {task!r}, not {', '.join(wanted)}; for "
                "other labels give --task emotion"
            )
        return [Target(task, task if task == FRUSTRATION else SCALES, task)]
    if not wanted:
        wanted = get("ekman").labels
    plain = [label for label in wanted if ":" not in label]
    home = _home(plain) if plain else ""
    spelt = [label if ":" in label else f"{home}:{label}" for label in wanted]
    return [_spelt(task, each) for each in dict.fromkeys(spelt)]


def _home(labels: list[str]) -> str:
    searched = [get(name) for name in defaults.VOCABULARIES if name in known()]
    for vocabulary in searched:
        if set(labels) <= set(vocabulary.labels):
            return vocabulary.name
    there = [label for vocabulary in searched for label in vocabulary.labels]
    strange = [label for label in labels if label not in there]
    if strange:
        raise UsageError(unknown_label(strange[0], there))
    raise UsageError(
        f"no vocabulary has all of {', '.join(labels)}: spell them as vocabulary:label"
    )


def _spelt(task: str, spelling: str) -> Target:
    vocabulary, _, label = spelling.partition(":")
    there = get(vocabulary).labels
    if label not in there:
        raise UsageError(unknown_label(label, there))
    if vocabulary == SCALES:
        raise UsageError(
            f"{label} is a scale, not a label of --task {task}: ask for it with --task "
            f"{label}"
        )
    return Target(task, vocabulary, label)


def unknown_label(label: str, known: Iterable[str]) -> str:
    """Returns the line that names an unknown label and the nearest known ones."""
    there = list(dict.fromkeys(known))
    near = difflib.get_close_matches(label, there, n=2)
    if near:
        return f"no label {label!r}; did you mean {' or '.join(near)}?"
    rest = ", ..." if len(there) > _FEW else ""
    return f"no label {label!r}; known: {', '.join(there[:_FEW])}{rest}"


def spoken_by(target: Target, vocabulary: str) -> tuple[str, ...]:
    """Returns the labels of a vocabulary that mean the target; empty if none does.

    >>> spoken_by(Target("emotion", "irritation", "irritation"), "goemotions")
    ('annoyance', 'anger', 'disappointment')
    """
    if vocabulary == target.vocabulary:
        return (target.label,)
    return members(target.label, target.vocabulary, vocabulary)


def families_of(asked: Iterable[Target]) -> list[Target]:
    """Returns the families decided by answers to finer labels, besides those asked.

    A family is decided if every label that folds to it was asked: `irritation` needs
    annoyance, anger and disappointment.
    """
    given = list(asked)
    found = {
        Target(target.task, fold.to_vocabulary, fold.to_label)
        for target in given
        for fold in folds()
        if (fold.from_vocabulary, fold.from_label) == (target.vocabulary, target.label)
        and _is_family(fold.to_vocabulary)
    }
    return sorted(f for f in found - {*given} if parts_of(f, given))


def parts_of(family: Target, asked: Sequence[Target]) -> list[Target]:
    """Returns the asked labels of one vocabulary that fold to a family, all or none."""
    for vocabulary in dict.fromkeys(target.vocabulary for target in asked):
        if vocabulary == family.vocabulary:
            continue
        wanted = spoken_by(family, vocabulary)
        parts = [Target(family.task, vocabulary, label) for label in wanted]
        if parts and set(parts) <= set(asked):
            return parts
    return []


# -- what raters read and answer ------------------------------------------------------


def define(vocabulary: str, label: str) -> str:
    """Returns what a label means to a rater, in a sentence."""
    if vocabulary == label == "frustration":
        return _FRUSTRATION
    own = get(vocabulary).definitions.get(label) if vocabulary in known() else ""
    return own or f"The author expresses {label.replace('_', ' ')}."


def point_of(cell: str) -> str:
    """Returns the point that a cell names; empty if it names none.

    >>> point_of("7"), point_of("7.0"), point_of("10"), point_of("good")
    ('7', '7', '', '')
    """
    plain = cell.removesuffix(".0")
    known = [str(point) for point in range(1, POINTS + 1)]
    return plain if plain in known else ""


def value_of(point: str) -> float:
    """Returns a point as a value of the scale.

    >>> value_of("1"), value_of("5"), value_of("9")
    (0.0, 0.5, 1.0)
    """
    return (int(point) - 1) / (POINTS - 1)
