"""WordClusterer: groups causes by the words people use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.kinds.clusterer import Assigned, Group, Name, hashes
from affectflow.registry import Card
from affectflow_transforms.themes.groups import link, means, nearest
from affectflow_transforms.themes.leading import Sampled, lead
from affectflow_transforms.themes.model import ThemeModel, heaviest
from affectflow_transforms.themes.naming import name_groups
from affectflow_transforms.themes.titled import Titled, terms_of
from affectflow_transforms.themes.vocabulary import Said, learn

# Among many causes chance alone makes small groups: the least size grows with the root.
_GROWTH = 0.15


@dataclass(kw_only=True)
class WordClusterer(Titled[ThemeModel]):
    """Groups causes by their words.

    TF-IDF over content words and pairs of words, average linkage over cosine
    distances of a sample; the first term of a group's title is in each of its causes.
    Frequent terms that are in no group form their own groups. Causes near no
    group, and groups that are too small or have no title, are left out.

    Args:
      linkage: largest mean cosine distance, 0..1, within a group.
      nearest: smallest cosine similarity, 0..1, to a centre for membership.
      sample: at most this many causes of a family are linked.
      fitted: at most this many causes of a family teach the terms and their weights.

    Raises:
      UsageError: a number is out of range, or the taxonomy is malformed.
    """

    linkage: float = 0.82
    nearest: float = 0.2
    sample: int = 4000

    card: ClassVar[Card] = Card(summary="groups causes by their words")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.min_size <= self.sample <= self.fitted:
            raise UsageError(
                "WordClusterer: `min_size` <= `sample` <= `fitted` must hold, got "
                f"{self.min_size}, {self.sample} and {self.fitted}"
            )
        if not (0 < self.linkage <= 1 and 0 < self.nearest <= 1):
            raise UsageError(
                "WordClusterer: `linkage` and `nearest` must be above 0 and at most "
                f"1, got {self.linkage} and {self.nearest}"
            )

    def fit(self, sample: pa.Table, total: int) -> ThemeModel:
        """Returns terms, their weights, and the centres of provisional groups."""
        said = Said.read(sample, self._taxonomy)
        words = learn(said)
        weights = words.weigh(said, np.arange(sample.num_rows))
        telling = np.flatnonzero(np.diff(weights.indptr))
        linked = np.sort(telling[np.argsort(hashes(sample)[telling])[: self.sample]])
        everything = len(linked) == len(telling) and total == sample.num_rows
        # In a sample a theme may show with fewer causes than it has.
        least = self._least(total) if everything else 2
        groups = link(weights, linked, self.linkage)
        of = Sampled(weights, words.told(said), words, self._taxonomy)
        leads, groups = lead(of, groups, least)
        centres = means(weights, groups, len(leads))
        chosen, _ = nearest(weights, centres, leads, self.nearest)
        watched = heaviest(weights, chosen, len(leads))
        return ThemeModel(total, words, centres, leads, watched)

    def _least(self, total: int) -> int:
        return max(self.min_size, round(_GROWTH * total**0.5))

    def assign(self, causes: pa.Table, model: ThemeModel) -> Assigned:
        """Returns the nearest centre of each cause, and its watched terms."""
        said, words = Said.read(causes, self._taxonomy), model.vocabulary
        weights = words.weigh(said, np.arange(causes.num_rows))
        chosen, near = nearest(weights, model.centres, model.leads, self.nearest)
        terms = terms_of(weights, chosen, model.watched, words.told(said))
        return Assigned(chosen, near, terms)

    def name(
        self, groups: Mapping[int, Group], model: ThemeModel
    ) -> Mapping[int, Name]:
        """Returns the names of the groups that are large enough and have one."""
        least = self._least(model.total)
        large = {number: g for number, g in groups.items() if g.size >= least}
        return name_groups(large, model.vocabulary, self._taxonomy)

    def dump(self, model: ThemeModel) -> bytes:
        return model.to_bytes()

    def load(self, content: bytes) -> ThemeModel:
        return ThemeModel.from_bytes(content)
