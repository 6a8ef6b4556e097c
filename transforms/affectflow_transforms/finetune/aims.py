"""What a head is to learn: its outputs, and the targets of rows, all checked."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow import vocabularies
from affectflow.errors import UsageError
from affectflow.registry import nearest
from affectflow_transforms.finetune.fitting import objective_of
from affectflow_transforms.finetune.splits import Rows, Source, column
from affectflow_transforms.models.pretrained.tokens import Text
from affectflow_transforms.models.sequence_classifier.heads import (
    SETTINGS,
    Said,
    space_of,
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a user says of a head; the options of `Finetune`."""

    head: str
    objective: str = ""
    text: str = "text"
    second: str = "second"
    label: str = ""
    labels: tuple[str, ...] = ()
    vocabulary: str = ""
    task: str = ""
    scale: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What a head learns.

    Args:
      head: one of `affectflow.kinds.objective.HEADS`.
      objective: its name.
      labels: of the answers; of an ordinal head, the steps.
      outputs: how many numbers the head gives.
      config: for the config.json of the network.
      texts: of all rows, one or two each; of a reward, those that were chosen.
      rejected: of a reward, the other texts of all rows.
      target: of all rows: places of labels, shape (n,); or shape (n, labels); or
        strengths, shape (n,).
      usable: rows that have texts and target.
      left_out: how many have not, by reason.
    """

    head: str
    objective: str
    labels: tuple[str, ...]
    outputs: int
    config: Mapping[str, Any]
    texts: list[Text]
    rejected: list[Text] = field(default_factory=list)
    target: npt.NDArray[Any]
    usable: Rows
    left_out: Counter[str]


def aim_of(source: Source, wanted: Wanted) -> Aim:
    """Returns what a head learns of rows.

    Raises:
      UsageError: a column is missing, a label is outside its vocabulary, a rating off
        its scale, or there is nothing to tell apart.
    """
    objective = objective_of(wanted.head, wanted.objective)
    if wanted.head == "reward":
        return _reward(source, wanted, objective)
    texts = _texts(source, wanted.text, wanted)
    if wanted.head in ("value", "shares"):
        labels, target, missing = _numbers(source, wanted)
    else:
        labels, target, missing = _labelled(source, wanted)
    silent = np.array([not _first(text).strip() for text in texts], np.bool_)
    left_out = Counter({"without text": int(silent.sum())})
    left_out["without a label"] = int((missing & ~silent).sum())
    usable = np.flatnonzero(~silent & ~missing)
    cumulative = objective == "coral"
    aim = Aim(
        head=wanted.head,
        objective=objective,
        labels=labels,
        outputs=len(labels) - cumulative,
        config=_config(wanted, labels, cumulative),
        texts=texts,
        target=target,
        usable=usable,
        left_out=+left_out,
    )
    space_of(aim.config, Said())  # says what the reader would refuse
    return aim


# -- texts -----------------------------------------------------------------------------


def _texts(source: Source, name: str, wanted: Wanted) -> list[Text]:
    """Returns the text of each row, with the second one where there is a column."""
    texts = [str(each or "") for each in column(source, name)]
    if wanted.head != "pair" and wanted.second not in source.table.column_names:
        return list(texts)
    seconds = column(source, wanted.second)
    return [
        (text, str(second)) if second else text
        for text, second in zip(texts, seconds, strict=True)
    ]


def _first(text: Text) -> str:
    return text if isinstance(text, str) else text[0]


# -- labels ----------------------------------------------------------------------------


def _labelled(
    source: Source, wanted: Wanted
) -> tuple[tuple[str, ...], npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Returns labels, the target of each row, and which rows have none."""
    several = wanted.head == "several"
    name = wanted.label or ("labels" if several else "label")
    said = [_list(each, several) for each in column(source, name)]
    missing = np.array([each is None for each in said], np.bool_)
    known = _known(wanted)
    found = Counter(label for each in said for label in each or ())
    if known:
        _check_labels(source, found, known, wanted)
    labels = known or tuple(sorted(found))
    if wanted.head != "ordinal":
        labels = tuple(label for label in labels if found[label])
    _check_several_classes(source, labels, found, missing, several)
    places = {label: place for place, label in enumerate(labels)}
    if not several:
        target = np.array([places[e[0]] if e else 0 for e in said], np.int64)
        return labels, target, missing
    flags = np.zeros((len(said), len(labels)), np.float32)
    for row, each in enumerate(said):
        flags[row, [places[label] for label in each or ()]] = 1.0
    return labels, flags, missing


def _list(value: Any, several: bool) -> list[str] | None:
    """Returns the labels of a row; None if nobody said any.

    Of several labels, an empty list or text says that there is none.
    """
    if value is None:
        return None
    if not several:
        return [str(value).strip()] if str(value).strip() else None
    parts = value if isinstance(value, list) else str(value).split(",")
    return [str(part).strip() for part in parts if str(part).strip()]


def _known(wanted: Wanted) -> tuple[str, ...]:
    """Returns the labels that there may be; empty for any."""
    if wanted.labels:
        return wanted.labels
    vocabulary = vocabularies.known().get(wanted.vocabulary)
    if vocabulary is None:
        if wanted.head == "ordinal":
            raise UsageError(
                "head=ordinal needs its steps, the lowest first: --set labels=A,B,C"
            )
        return ()
    if wanted.head != "ordinal" or vocabulary.ordered:
        return vocabulary.labels
    raise UsageError(
        f"the labels of the vocabulary {vocabulary.name!r} are no steps of a scale: "
        "give the steps, the lowest first, with --set labels=A,B,C"
    )


def _check_labels(
    source: Source, found: Counter[str], known: Sequence[str], wanted: Wanted
) -> None:
    for label, rows in found.items():
        if label not in known:
            where = (
                f"the vocabulary {wanted.vocabulary!r}"
                if not wanted.labels
                else "`labels`"
            )
            raise UsageError(
                f"{rows:,} rows of {str(source.files[0].parent)!r} have the label "
                f"{label!r}, which is not in {where}; {nearest(label, known)} Correct "
                "the rows, or name another vocabulary"
            )


def _check_several_classes(
    source: Source,
    labels: Sequence[str],
    found: Counter[str],
    missing: npt.NDArray[np.bool_],
    several: bool,
) -> None:
    rows = int((~missing).sum())
    there = [label for label in labels if found[label]]
    same = there and several and all(found[label] == rows for label in there)
    if same or (not several and len(there) < 2) or not there:
        said = f"the label {there[0]!r}" if there else "no label"
        raise UsageError(
            f"all {rows:,} labelled rows of {str(source.files[0].parent)!r} have "
            f"{said}: give rows with two labels or more"
        )


# -- numbers ---------------------------------------------------------------------------


def _numbers(
    source: Source, wanted: Wanted
) -> tuple[tuple[str, ...], npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Returns the columns' names, their numbers, and which rows lack one."""
    if not wanted.labels:
        raise UsageError(
            f"head={wanted.head} learns the numbers of columns: name them with --set "
            "labels=A,B"
        )
    columns = [
        [_number(value, source, name) for value in column(source, name)]
        for name in wanted.labels
    ]
    values = np.array(columns, np.float64).T
    missing: npt.NDArray[np.bool_] = np.asarray(np.isnan(values).any(axis=1))
    seen = values[~missing]
    if wanted.head == "shares":
        values = _shares(source, values, seen)
    else:
        _check_scale(source, wanted, seen)
    if len(seen) and not (seen.std(axis=0) > 0).all():
        raise UsageError(
            f"a column of {', '.join(wanted.labels)} has the same number in all rows: "
            "leave it out"
        )
    return wanted.labels, values.astype(np.float32), missing


def _number(value: Any, source: Source, name: str) -> float:
    if value is None or value == "":
        return np.nan
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"column {name!r} of {str(source.files[0])!r} has {value!r}, which is not "
            "a number"
        ) from error


def _shares(
    source: Source, values: npt.NDArray[Any], seen: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """Returns votes divided by their sum."""
    if (seen < 0).any() or (seen.sum(axis=1) == 0).any():
        raise UsageError(
            f"{str(source.files[0])!r} has rows with votes below 0, or without any: "
            "shares are votes of readers, at least one in each row"
        )
    return values / values.sum(axis=1, keepdims=True)


def _check_scale(source: Source, wanted: Wanted, seen: npt.NDArray[Any]) -> None:
    if wanted.scale is None:
        raise UsageError(
            "head=value needs the lowest and highest value: give them with --set "
            "scale=LOW,HIGH"
        )
    low, high = wanted.scale
    off = (seen < low) | (seen > high)
    if off.any():
        raise UsageError(
            f"{int(off.any(axis=1).sum()):,} rows of {str(source.files[0].parent)!r} "
            f"have a value off the scale of {low:g} to {high:g}, such as "
            f"{seen[off][0]:g}: correct them, or give another scale"
        )


# -- pairs -----------------------------------------------------------------------------


def _reward(source: Source, wanted: Wanted, objective: str) -> Aim:
    """Returns what a reward learns of `chosen`, `rejected` and `strength`."""
    chosen = _texts(source, "chosen", wanted)
    rejected = _texts(source, "rejected", wanted)
    strength = np.ones(len(chosen))
    if "strength" in source.table.column_names:
        strength = np.array(
            [_number(each, source, "strength") for each in column(source, "strength")]
        )
    if (strength < 0).any():
        raise UsageError(
            f"{str(source.files[0])!r} has a `strength` below 0: exchange `chosen` and "
            "`rejected` there, and write how strong the preference is"
        )
    silent = np.array(
        [
            not (_first(one).strip() and _first(other).strip())
            for one, other in zip(chosen, rejected, strict=True)
        ],
        np.bool_,
    )
    undecided = ~silent & ~(strength > 0)
    left_out = Counter({"without text": int(silent.sum())})
    left_out["without a preference"] = int(undecided.sum())
    name = wanted.task or "reward"
    return Aim(
        head="reward",
        objective=objective,
        labels=(name,),
        outputs=1,
        config=_config(wanted, (name,), False),
        texts=chosen,
        rejected=rejected,
        target=strength.astype(np.float32),
        usable=np.flatnonzero(~silent & ~undecided),
        left_out=+left_out,
    )


# -- what the folder says --------------------------------------------------------------

_ANSWERS = {"pair": "one", "reward": "value"}
_PROBLEMS = {"several": "multi_label_classification", "value": "regression"}


def _config(
    wanted: Wanted, labels: tuple[str, ...], cumulative: bool
) -> dict[str, Any]:
    """Returns the settings by which `SequenceClassifier` reads the head's outputs."""
    answer = _ANSWERS.get(wanted.head, wanted.head)
    outputs = [f"above {label}" for label in labels[:-1]] if cumulative else labels
    name = wanted.vocabulary or vocabularies.recognise(list(labels)) or ""
    if answer == "ordinal" and not name:
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
