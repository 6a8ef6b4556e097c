"""Ratings of several items as targets, and how close their measures come to a fit's."""

from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.errors import UsageError
from affectflow.kinds.trainer import Figure
from affectflow_transforms.finetune.numbers import number
from affectflow_transforms.finetune.rasch import Saved, check_items
from affectflow_transforms.finetune.splits import Rows, Source, column
from affectflow_transforms.finetune.wanted import Wanted
from affectflow_transforms.models import trained
from affectflow_transforms.models.sequence_classifier.answers import answers
from affectflow_transforms.models.sequence_classifier.heads import Said, space_of


def rated(
    source: Source, wanted: Wanted, fit: Saved
) -> tuple[tuple[str, ...], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Returns the items, the step of each in each row, and which rows have none.

    Steps count from 0 for the lowest rating; -1 stands for a missing rating.

    Raises:
      UsageError: no item is named, the fit does not have one, or a rating is not on its
        scale.
    """
    if not wanted.labels:
        raise UsageError(
            "head=items learns the ratings in columns: name them with --set labels=A,B"
        )
    check_items(fit, wanted.labels, wanted.rasch)
    steps = np.column_stack([_steps(source, name, fit) for name in wanted.labels])
    return wanted.labels, steps, np.asarray((steps < 0).all(axis=1))


def _steps(source: Source, name: str, fit: Saved) -> npt.NDArray[np.int64]:
    given = np.array([number(value, source, name) for value in column(source, name)])
    off = ~np.isnan(given) & ~np.isin(given, fit.ratings)
    if off.any():
        raise UsageError(
            f"{int(off.sum()):,} rows of {str(source.files[0].parent)!r} have a rating "
            f"in {name!r} that is not a point of the scale of {fit.ratings[0]} to "
            f"{fit.ratings[-1]}, such as {given[off][0]:g}: correct them, or fit the "
            "measure again"
        )
    return np.where(np.isnan(given), -1, given - fit.ratings[0]).astype(np.int64)


def of_measures(
    aim: Any, trainer: Any, source: Source, outputs: npt.NDArray[Any], rows: Rows
) -> tuple[Figure, ...]:
    """Returns how close the measures of rows are to those of the fit; one row a person.

    Args:
      aim: what the head learns.
      trainer: a `Finetune`, for its options.
      source: all rows.
      outputs: of the rows, shape (rows, outputs).
      rows: that were held out.

    Raises:
      UsageError: the fit has the measure of fewer than two of them.
    """
    known = aim.fit.persons
    names = [str(each) for each in column(source, trainer.person)]
    first = {names[row]: place for place, row in enumerate(rows.tolist())}
    there = [name for name in first if name in known]
    if len(there) < 2:
        raise UsageError(
            f"the fit {trainer.rasch!r} has measures of {len(there)} of the "
            f"{len(first):,} in {trainer.person!r} that are held out: write them with "
            "--set keep=items,persons"
        )
    space = space_of(aim.config, Said())
    measure = answers(space, outputs[[first[name] for name in there]], "", None)[0]
    truth = np.array([[known[name]] for name in there])
    assert measure.values is not None
    return trained.value_figures(["(measure)"], measure.values, truth, there)
