"""VectorClusterer: groups causes by the vectors of their utterances."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import UsageError
from affectflow.kinds.clusterer import Assigned, Group, Name, OverVectors, hashes
from affectflow.registry import Card
from affectflow_transforms.themes.model import heaviest
from affectflow_transforms.themes.naming import name_groups
from affectflow_transforms.themes.titled import Titled, terms_of
from affectflow_transforms.themes.vocabulary import Said, Vocabulary, learn

_CHUNK = 1_024
# MB that a matrix of distances may take at a time.
_MEMORY = 128
_STYLES: Mapping[str, Mapping[str, Any]] = {
    "paper-11": {"eps": 0.3, "min_samples": 4, "min_size": 8, "min_people": 1}
}


@dataclass(frozen=True)
class VectorModel:
    """Words, and the core vectors of clusters, of one family.

    Args:
      words: of its causes.
      cores: vectors of length 1, one row each.
      groups: the cluster of each core.
      watched: sorted numbers, group times columns plus column: of each group the terms
        that may name it, the heaviest in the sample.
    """

    words: Vocabulary
    cores: Any
    groups: Any
    watched: Any


@dataclass(kw_only=True)
class VectorClusterer(Titled[VectorModel], OverVectors[VectorModel]):
    """Groups causes whose utterances have similar vectors.

    DBSCAN over cosine distances of a sample; then every cause is in the cluster of the
    nearest core within `eps`. Titles are words that the causes of a cluster share.

    Args:
      eps: largest cosine distance, 0..2, of neighbours.
      min_samples: how many causes near one another, itself included, make a core.
      style: `paper-11` takes the values of Imran et al. (ICSE 2024): neighbours within
        0.3, cores of 4, clusters of more than 7, whoever said them.

    Raises:
      UsageError: an option is out of range, or the style unknown.
    """

    fitted: int = 10_000
    eps: float = 0.3
    min_samples: int = 3
    style: str = ""

    card: ClassVar[Card] = Card(
        summary="groups causes by the vectors of what people wrote",
    )

    def __post_init__(self) -> None:
        if self.style and self.style not in _STYLES:
            styles = ", ".join(map(repr, _STYLES))
            raise UsageError(
                f"VectorClusterer: unknown style {self.style!r}; known: {styles}"
            )
        for name, value in _STYLES.get(self.style, {}).items():
            setattr(self, name, value)
        super().__post_init__()
        if not 0 < self.eps <= 2 or self.min_samples < 1:
            raise UsageError(
                "VectorClusterer: `eps` must be above 0 and at most 2, and "
                f"`min_samples` at least 1, got {self.eps} and {self.min_samples}"
            )

    def fit(self, sample: pa.Table, total: int) -> VectorModel:
        """Returns words, and the cores of the clusters of a sample."""
        said = Said.read(sample, self._taxonomy)
        words = learn(said)
        vectors, places = _vectors(sample)
        # Numbers of clusters do not depend on the order of rows.
        order = np.argsort(hashes(sample)[places], kind="stable")
        cores, groups = self._cores(vectors[order])
        chosen = np.full(sample.num_rows, -1)
        chosen[places], _ = self._nearest(vectors, cores, groups)
        weights = words.weigh(said, np.arange(sample.num_rows))
        count = int(groups.max(initial=-1)) + 1
        return VectorModel(words, cores, groups, heaviest(weights, chosen, count))

    def _cores(self, vectors: Any) -> tuple[Any, Any]:
        """Returns the core vectors, and the cluster of each."""
        from sklearn import config_context
        from sklearn.cluster import DBSCAN

        if not len(vectors):
            return vectors, np.empty(0, dtype=np.int64)
        scan = DBSCAN(
            eps=self.eps,
            min_samples=self.min_samples,
            metric="cosine",
            algorithm="brute",
        )
        with config_context(working_memory=_MEMORY):
            found = scan.fit(vectors)
        places = found.core_sample_indices_
        return vectors[places], found.labels_[places].astype(np.int64)

    def _nearest(self, vectors: Any, cores: Any, groups: Any) -> tuple[Any, Any]:
        """Returns the cluster of each vector, -1 for none, and its similarity."""
        chosen = np.full(len(vectors), -1)
        near = np.zeros(len(vectors))
        for start in range(0, len(vectors) if len(cores) else 0, _CHUNK):
            rows = slice(start, start + _CHUNK)
            cosine = vectors[rows] @ cores.T
            best = cosine.argmax(axis=1)
            near[rows] = cosine[np.arange(len(best)), best]
            # As scikit-learn does it: what is `eps` away is a neighbour.
            inside = 1.0 - near[rows] <= self.eps + 1e-6
            chosen[rows] = np.where(inside, groups[best], -1)
        return chosen, near

    def assign(self, causes: pa.Table, model: VectorModel) -> Assigned:
        """Returns the cluster of the core nearest to each cause, within `eps`."""
        said, words = Said.read(causes, self._taxonomy), model.words
        vectors, places = _vectors(causes)
        chosen, near = np.full(causes.num_rows, -1), np.zeros(causes.num_rows)
        chosen[places], near[places] = self._nearest(vectors, model.cores, model.groups)
        weights = words.weigh(said, np.arange(causes.num_rows))
        terms = terms_of(weights, chosen, model.watched, words.told(said))
        return Assigned(chosen, near, terms)

    def name(
        self, groups: Mapping[int, Group], model: VectorModel
    ) -> Mapping[int, Name]:
        """Returns the names of groups; what is alike may be said in many words."""
        return name_groups(groups, model.words, self._taxonomy, lead_share=0.0)

    def dump(self, model: VectorModel) -> bytes:
        sink = io.BytesIO()
        np.savez_compressed(
            sink,
            cores=model.cores,
            groups=model.groups,
            watched=model.watched,
            **model.words.arrays(),
        )
        return sink.getvalue()

    def load(self, content: bytes) -> VectorModel:
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            words = Vocabulary.from_arrays(held)
            return VectorModel(words, held["cores"], held["groups"], held["watched"])


def _vectors(causes: pa.Table) -> tuple[Any, Any]:
    """Returns vectors of length 1, and the places of the causes that have one.

    Vectors of length 0, of another width than most, or with what is not a number are
    none.
    """
    column = causes.column("vector")
    widths = pc.fill_null(pc.list_value_length(column), 0)
    common = pc.mode(widths.filter(pc.greater(widths, 0)), n=1).to_pylist()
    width = common[0]["mode"] if common else 0
    places = np.flatnonzero(pc.equal(widths, width)) if width else np.empty(0, int)
    flat = pc.list_flatten(column.take(pa.array(places, pa.int64())))
    vectors = np.asarray(flat, dtype=np.float32).reshape(-1, max(1, width))
    length = np.linalg.norm(vectors, axis=1)
    fine = np.isfinite(length) & (length > 0)
    return vectors[fine] / length[fine, None], places[fine]
