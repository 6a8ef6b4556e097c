"""The numbers of rows as targets: values on a scale, and shares of readers."""

from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.errors import UsageError
from affectflow_transforms.finetune.splits import Source, column
from affectflow_transforms.finetune.wanted import Wanted


def numbers(
    source: Source, wanted: Wanted
) -> tuple[tuple[str, ...], npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Returns the columns' names, their numbers, and which rows lack one."""
    if not wanted.labels:
        raise UsageError(
            f"head={wanted.head} learns the numbers of columns: name them with --set "
            "labels=A,B"
        )
    columns = [
        [number(value, source, name) for value in column(source, name, "labels")]
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


def number(value: Any, source: Source, name: str) -> float:
    """Returns a cell as a number; not a number where it is empty.

    Raises:
      UsageError: it is something else.
    """
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
