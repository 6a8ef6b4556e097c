"""A saved fit of `FacetedRasch`: from sums of ratings to measures with errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from affectflow.errors import UsageError
from affectflow.options import quoted
from affectflow.unreadable import why_unreadable
from affectflow_transforms.measures.rasch.marginal import grid, moments
from affectflow_transforms.models.sequence_classifier.answers import sums_of

_NODES = 161
_QUERY = """
SELECT DISTINCT "group", unit_type, unit_id, label, value::DOUBLE AS value
FROM read_csv(?, all_varchar = true, header = true, nullstr = '')
"""
_WRITE = "`affectflow measure FacetedRasch FILE --format csv` writes one"


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What is kept of a fit.

    Args:
      ratings: the points of the scale, the lowest first.
      thresholds: between them, in logits.
      difficulties: of the items, in logits.
      mean: of persons, in logits.
      deviation: their standard deviation.
      persons: the measure of each.
    """

    ratings: tuple[int, ...]
    thresholds: tuple[float, ...]
    difficulties: Mapping[str, float]
    mean: float
    deviation: float
    persons: Mapping[str, float]

    def measures(self, items: Sequence[str]) -> list[list[float]]:
        """Returns measure and standard error of each sum of ratings in some items.

        A sum says all about a person that ratings do (Rasch 1960). Its measure is the
        mean of the persons who have it, rated by a rater of mean severity; the error is
        their standard deviation.
        """
        nodes = grid(_NODES)
        theta = self.mean + self.deviation * nodes.nodes
        hard = np.array([self.difficulties[item] for item in items])
        heights = np.concatenate([[0.0], np.cumsum(self.thresholds)])
        scores = np.arange(len(self.ratings), dtype=np.float64)
        shares = moments(theta[:, None] - hard, heights, scores).shares
        likely = sums_of(shares.transpose(1, 2, 0)) * np.exp(nodes.log_weights)[:, None]
        likely /= likely.sum(axis=0)
        means = theta @ likely
        spread = np.sqrt(np.maximum(theta**2 @ likely - means**2, 0.0))
        return np.column_stack([means, spread]).tolist()


def fit_in(file: str) -> Saved:
    """Returns the fit in a file that `measure FacetedRasch --format csv` wrote.

    Raises:
      UsageError: it cannot be read, holds no fit, or more than one.
    """
    if not Path(file).is_file():
        raise UsageError(f"no file {file!r} with a fit: {_WRITE}")
    try:
        with duckdb.connect() as connection:
            rows = connection.execute(_QUERY, [file]).fetchall()
    except duckdb.Error as error:
        raise UsageError(f"{why_unreadable(file, error)}; {_WRITE}") from error
    if len({row[0] for row in rows}) > 1:
        raise UsageError(f"{file!r} has fits of several groups: {_WRITE}, without --by")
    said: dict[tuple[str, str], dict[str, float]] = {}
    for _, kind, name, label, value in rows:
        said.setdefault((kind, label), {})[name] = value
    return _fit(file, said, {name for _, kind, name, *_ in rows if kind == "item"})


def _fit(
    file: str, said: Mapping[tuple[str, str], Mapping[str, float]], items: set[str]
) -> Saved:
    steps = {int(at): value for at, value in said.get(("threshold", "tau"), {}).items()}
    mean = said.get(("facet", "mean"), {}).get("persons")
    deviation = said.get(("facet", "sd"), {}).get("persons")
    if not steps or not items or mean is None or not deviation:
        raise UsageError(
            f"{file!r} has no thresholds, no items, or no spread of persons: {_WRITE}, "
            "with --set keep=items, if ratings differ by more than chance"
        )
    low, high = min(steps), max(steps)
    if len(steps) <= high - low:
        raise UsageError(
            f"{file!r} has ratings that nobody gave: make the scale coarser, and fit "
            "it again"
        )
    # A single item has no difficulty beside others; its place is 0.
    alone = dict.fromkeys(items, 0.0) if len(items) == 1 else {}
    return Saved(
        ratings=tuple(range(low - 1, high + 1)),
        thresholds=tuple(steps[at] for at in sorted(steps)),
        difficulties=alone | dict(said.get(("item", "difficulty"), {})),
        mean=mean,
        deviation=deviation,
        persons=said.get(("person", "measure"), {}),
    )


def check_items(fit: Saved, items: Sequence[str], file: str) -> None:
    """Raises UsageError if a fit does not have some items."""
    for item in items:
        if item not in fit.difficulties:
            raise UsageError(
                f"the fit {file!r} has no item {item!r} with a difficulty; it has "
                f"{quoted(fit.difficulties)}"
            )
