"""What a folder says of its head: the settings by which a model reads its outputs."""

from collections.abc import Sequence
from typing import Any

from affectflow import vocabularies
from affectflow.errors import UsageError
from affectflow_transforms.finetune.rasch import Saved
from affectflow_transforms.finetune.wanted import Wanted
from affectflow_transforms.models.sequence_classifier.heads import SETTINGS

_ANSWERS = {"pair": "one", "reward": "value"}
_PROBLEMS = {"several": "multi_label_classification", "value": "regression"}


def config_of(
    wanted: Wanted, labels: tuple[str, ...], cumulative: bool, fit: Saved | None = None
) -> dict[str, Any]:
    """Returns the settings by which `SequenceClassifier` reads the head's outputs.

    `fit` is that of the items, where the head learns some.
    """
    answer = _ANSWERS.get(wanted.head, wanted.head)
    outputs = [f"above {label}" for label in labels[:-1]] if cumulative else labels
    name = wanted.vocabulary or vocabularies.recognise(list(labels)) or ""
    if answer in ("ordinal", "items") and not name:
        raise UsageError(
            f"the scale {', '.join(labels)} has no name: give it one with --set "
            "vocabulary=NAME"
        )
    own: dict[str, Any] = {
        "answer": answer,
        "vocabulary": name or _of_values(answer, labels),
        "task": wanted.task,
    }
    if answer == "ordinal":
        own |= {"steps": list(labels), "cumulative": cumulative}
    if fit is not None:
        outputs = [f"{item} above {n}" for item in labels for n in fit.ratings[:-1]]
        own |= {"items": list(labels), "measures": fit.measures(labels)}
    if wanted.scale:
        own["scale"] = list(wanted.scale)
    return {
        "id2label": dict(enumerate(outputs)),
        "label2id": {output: place for place, output in enumerate(outputs)},
        "problem_type": _PROBLEMS.get(answer, "single_label_classification"),
        SETTINGS: own,
    }


def _of_values(answer: str, labels: Sequence[str]) -> str:
    """Returns the vocabulary of some values: a known one with a scale, or their own."""
    if answer != "value":
        return ""
    names = {label.lower() for label in labels}
    for vocabulary in vocabularies.known().values():
        if vocabulary.scale and names <= set(map(str.lower, vocabulary.labels)):
            return vocabulary.name
    return labels[0]
