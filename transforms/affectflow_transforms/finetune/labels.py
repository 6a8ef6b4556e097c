"""The labels of rows as targets: one, several, or a step of a scale."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow import vocabularies
from affectflow.errors import UsageError
from affectflow.nouns import count
from affectflow.registry import nearest
from affectflow_transforms.finetune.splits import Source, column
from affectflow_transforms.finetune.wanted import Wanted


def labelled(
    source: Source, wanted: Wanted
) -> tuple[tuple[str, ...], npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Returns labels, the target of each row, and which rows have none."""
    several = wanted.head == "several"
    name = wanted.label or ("labels" if several else "label")
    said = [_list(each, several) for each in column(source, name, "label")]
    missing = np.array([each is None for each in said], np.bool_)
    known = _known(wanted)
    found = Counter(label for each in said for label in each or ())
    if known:
        of_vocabulary = f"the vocabulary {wanted.vocabulary!r}"
        check_labels(
            found,
            known,
            data=source.files[0].parent,
            where="`labels`" if wanted.labels else of_vocabulary,
            otherwise="name another vocabulary",
        )
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


def check_labels(
    rows_with: Mapping[str, int],
    known: Sequence[str],
    *,
    data: Path,
    where: str,
    otherwise: str,
) -> None:
    """Raises UsageError for a label that is unknown; names the nearest.

    Args:
      rows_with: how many rows have each label.
      known: the labels that there may be.
      data: where the rows are.
      where: what has the known labels.
      otherwise: what helps if the rows are right.
    """
    for label, rows in rows_with.items():
        if label not in known:
            near = nearest(label, known)
            raise UsageError(
                f"{count(rows, 'row')} of {str(data)!r} "
                f"{'has' if rows == 1 else 'have'} the label {label!r}, which is not "
                f"in {where}; {near}{'' if near.endswith('?') else '.'} Correct the "
                f"rows, or {otherwise}"
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
