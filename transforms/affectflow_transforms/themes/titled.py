"""Common base of clusterers that name themes by the words of their causes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

import numpy as np
import pyarrow as pa

from affectflow.kinds.clusterer import TERMS, Clusterer, ModelT
from affectflow_transforms.themes.taxonomy import load


@dataclass(kw_only=True)
class Titled(Clusterer[ModelT], Generic[ModelT]):
    """A clusterer with a taxonomy of what may move people.

    Args:
      taxonomy: names, or files that end in `.toml`.

    Raises:
      UsageError: there is no such taxonomy, or it is malformed.
    """

    taxonomy: tuple[str, ...] = ("developers", "everyday", "common")

    def __post_init__(self) -> None:
        super().__post_init__()
        # Read on the submitting machine, because workers may not have the file.
        self._taxonomy = load(self.taxonomy)

    @property
    def reads(self) -> Mapping[str, str]:
        return {"taxonomy": ",".join(self._taxonomy.digests)}


def terms_of(weights: Any, chosen: Any, watched: Any, told: Any) -> pa.Table:
    """Returns the terms of each cause that may name its group: as `TERMS`.

    Args:
      weights: of the terms: sparse, a row for each cause.
      chosen: the group of each cause, -1 for none.
      watched: numbers, group times columns plus column, of the terms that may.
      told: wordings and talk, which are counted and weigh nothing.
    """
    width = max(1, weights.shape[1])
    row = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    keys = chosen[row] * width + weights.indices
    place = np.searchsorted(watched, keys)
    # No key of a group is -1: what lies behind the last one is not watched.
    same = np.append(watched, -1)[place] == keys
    inside = np.flatnonzero(same & (chosen[row] >= 0))
    columns = [row[inside], weights.indices[inside], weights.data[inside]]
    said = np.repeat(np.arange(told.shape[0]), np.diff(told.indptr))
    more = [said, told.indices, np.zeros(len(said))]
    return pa.concat_tables(pa.table(each, schema=TERMS) for each in (columns, more))
