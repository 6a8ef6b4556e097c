"""What a task asks: which labels, of which vocabulary, or which scale."""

import difflib
from dataclasses import dataclass

from affectflow.errors import UsageError
from affectflow.gold.targets.labels import EMOTION, FRUSTRATION, SCALES, targets_of
from affectflow.vocabularies import folds, get, known


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is compared.

    Args:
      name: as the caller says it.
      vocabulary: labels fold to it; empty for whatever people were asked.
      labels: those that count, in their order; empty for all.
      scale: values on a scale are compared, not labels.
    """

    name: str
    vocabulary: str = ""
    labels: tuple[str, ...] = ()
    scale: bool = False


def task_of(name: str) -> Task:
    """Returns the task with this name.

    `emotion`, `frustration`, `valence`, `arousal`, `dominance`; otherwise a vocabulary
    or one of its labels, such as `ekman`, `irritation` or `plutchik:trust`: finer
    labels fold.

    >>> task_of("irritation").vocabulary
    'irritation'

    Raises:
      UsageError: nothing has this name; names the nearest. `vad`: scales are compared
        one by one.
    """
    if name == EMOTION:
        return Task(name=name)
    scales = get(SCALES).labels
    if name in scales:
        return Task(name=name, vocabulary=SCALES, labels=(name,), scale=True)
    if name == FRUSTRATION:
        return Task(name=name, vocabulary=FRUSTRATION, labels=(FRUSTRATION,))
    if name == SCALES:
        raise UsageError(
            f"{name} is a group of scales: name one of {', '.join(scales)}"
        )
    if name in known():
        return Task(name=name, vocabulary=name, labels=get(name).labels)
    try:
        target = targets_of(EMOTION, [name])[0]
    except UsageError as error:
        tasks = (EMOTION, FRUSTRATION, *scales)
        near = difflib.get_close_matches(name, [*tasks, *known()], n=1, cutoff=0.8)
        said = f"no task {name!r}; did you mean {near[0]}?" if near else str(error)
        raise UsageError(
            f"TASK is {', '.join(tasks)}, a vocabulary or a label: {said}"
        ) from error
    return Task(name=name, vocabulary=target.vocabulary, labels=(target.label,))


def members(source: str, target: str) -> list[tuple[str, str]]:
    """Returns pairs of a label of `source` and the label of `target` that it means.

    Within one vocabulary each means itself. Empty if nothing folds.
    """
    if source == target:
        labels = get(source).labels if source in known() else (source,)
        return [(label, label) for label in labels]
    return [
        (fold.from_label, fold.to_label)
        for fold in folds()
        if (fold.from_vocabulary, fold.to_vocabulary) == (source, target)
    ]


def common(told: str, true: str) -> str:
    """Returns the vocabulary in which two can be compared; empty if there is none.

    It is that of people's answers if the annotator's labels fold to it, else the
    annotator's.
    """
    if members(told, true):
        return true
    return told if members(true, told) else ""
