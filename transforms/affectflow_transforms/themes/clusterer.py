"""WordClusterer: groups causes by the words that people use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.kinds.clusterer import (
    TERMS,
    Assigned,
    Clusterer,
    Group,
    Name,
    hashes,
)
from affectflow.registry import Card
from affectflow_transforms.themes import naming
from affectflow_transforms.themes.groups import find_centres, nearest
from affectflow_transforms.themes.model import ThemeModel, heaviest
from affectflow_transforms.themes.vocabulary import Said, learn

# Among many causes chance alone makes small groups: the least size grows with the root.
_GROWTH = 0.2


@dataclass(kw_only=True)
class WordClusterer(Clusterer[ThemeModel]):
    """Groups causes by their words.

    TF-IDF over content words and pairs of words, average linkage over cosine
    distances of a sample, then every cause to its nearest centre. Causes near no
    centre, and groups that are too small, are left out. Titles add terms.

    Args:
      min_size: fewer causes do not make a theme.
      linkage: largest mean cosine distance, 0..1, within a group.
      nearest: smallest cosine similarity, 0..1, to a centre for membership.
      sample: at most so many causes of a family are linked.
      fitted: at most so many causes of a family teach the terms and their weights.

    Raises:
      UsageError: a number is out of range.
    """

    min_size: int = 3
    linkage: float = 0.82
    nearest: float = 0.3
    sample: int = 4000

    card: ClassVar[Card] = Card(summary="groups causes by their words")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_size < 2 or not self.min_size <= self.sample <= self.fitted:
            raise UsageError(
                "WordClusterer needs `min_size` of at least 2, `sample` at least that, "
                f"and `fitted` at least `sample`, not {self.min_size}, {self.sample} "
                f"and {self.fitted}"
            )
        if not (0 < self.linkage <= 1 and 0 < self.nearest <= 1):
            raise UsageError(
                "WordClusterer needs `linkage` and `nearest` in 0..1, "
                f"not {self.linkage} and {self.nearest}"
            )

    def fit(self, sample: pa.Table, total: int) -> ThemeModel:
        """Returns terms, their weights, and the centres of provisional groups."""
        said = Said.read(sample)
        vocabulary = learn(said)
        weights = vocabulary.weigh(said, np.arange(sample.num_rows))
        telling = np.flatnonzero(np.diff(weights.indptr))
        linked = np.sort(telling[np.argsort(hashes(sample)[telling])[: self.sample]])
        everything = len(linked) == len(telling) and total == sample.num_rows
        # In a sample a theme may show with fewer causes than it has.
        least = self._least(total) if everything else 2
        centres = find_centres(weights, linked, least=least, linkage=self.linkage)
        chosen, _ = nearest(weights, centres, self.nearest)
        watched = heaviest(weights, chosen, centres.shape[0])
        return ThemeModel(total, vocabulary, centres, watched)

    def _least(self, total: int) -> int:
        return max(self.min_size, round(_GROWTH * total**0.5))

    def assign(self, causes: pa.Table, model: ThemeModel) -> Assigned:
        """Returns the nearest centre of each cause, and its watched terms."""
        said = Said.read(causes)
        weights = model.vocabulary.weigh(said, np.arange(causes.num_rows))
        chosen, near = nearest(weights, model.centres, self.nearest)
        return Assigned(chosen, near, _watched(weights, chosen, model.watched))

    def name(
        self, groups: Mapping[int, Group], model: ThemeModel
    ) -> Mapping[int, Name]:
        """Returns the names of the groups that are large enough and have one."""
        return naming.name_groups(groups, model.vocabulary, self._least(model.total))

    def dump(self, model: ThemeModel) -> bytes:
        return model.to_bytes()

    def load(self, content: bytes) -> ThemeModel:
        return ThemeModel.from_bytes(content)


def _watched(weights: Any, chosen: Any, watched: Any) -> pa.Table:
    """Returns the terms of each cause that may name its group: as `TERMS`."""
    width = max(1, weights.shape[1])
    row = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    keys = chosen[row] * width + weights.indices
    place = np.searchsorted(watched, keys)
    # No key of a group is -1: what lies behind the last one is not watched.
    same = np.append(watched, -1)[place] == keys
    inside = np.flatnonzero(same & (chosen[row] >= 0))
    columns = [row[inside], weights.indices[inside], weights.data[inside]]
    return pa.table(columns, schema=TERMS)
