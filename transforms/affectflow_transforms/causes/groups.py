"""Groups of similar rows of a sparse matrix, of bounded cost."""

from dataclasses import dataclass
from typing import Any

import numpy as np

# So many rows are compared with the centres at a time.
_CHUNK = 20_000


@dataclass(frozen=True)
class Group:
    """Rows that are alike.

    Args:
      members: row numbers, ascending.
      similarity: cosine similarity of each to the centre, 0..1.
      centre: mean of the members, of Euclidean length 1, dense.
    """

    members: list[int]
    similarity: list[float]
    centre: Any


def find_groups(
    weights: Any, *, min_size: int, linkage: float, nearest: float, sample: int
) -> list[Group]:
    """Returns groups of at least `min_size` rows, the largest first.

    `weights` is sparse, its rows of length 1 or 0. The first `sample` rows with terms
    are linked; then all rows join the nearest centre, if it is near. Rows should come
    in an order that has nothing to do with what they say.
    """
    telling = np.flatnonzero(np.diff(weights.indptr))
    linked = telling[:sample]
    if len(linked) < min_size:
        return []
    labels = _link(weights[linked], linkage)
    sizes = np.bincount(labels)
    # In a sample a theme may show with fewer causes than it has.
    kept = np.flatnonzero(sizes >= (min_size if len(linked) == len(telling) else 2))
    if not len(kept):
        return []
    centres = _centres(weights[linked], [np.flatnonzero(labels == k) for k in kept])
    nearest_centre, similarity = _assign(weights, centres, nearest)
    return _groups(weights, nearest_centre, similarity, len(kept), min_size)


def _link(rows: Any, linkage: float) -> Any:
    """Returns a group number for each row: average linkage over cosine distances."""
    from sklearn.cluster import AgglomerativeClustering

    distances = np.clip(1.0 - (rows @ rows.T).toarray(), 0.0, 1.0)
    np.fill_diagonal(distances, 0.0)
    model = AgglomerativeClustering(
        n_clusters=None,
        metric="precomputed",
        linkage="average",
        distance_threshold=linkage,
    )
    return model.fit_predict(distances)


def _centres(rows: Any, groups: list[Any]) -> Any:
    from sklearn.preprocessing import normalize

    return normalize(np.vstack([np.asarray(rows[g].mean(axis=0)) for g in groups]))


def _assign(weights: Any, centres: Any, nearest: float) -> tuple[Any, Any]:
    """Returns the nearest centre of each row, -1 if none is near, and how near."""
    chosen = np.full(weights.shape[0], -1)
    similarity = np.zeros(weights.shape[0])
    for start in range(0, weights.shape[0], _CHUNK):
        cosine = np.asarray(weights[start : start + _CHUNK] @ centres.T)
        best = cosine.argmax(axis=1)
        value = cosine[np.arange(len(best)), best]
        chosen[start : start + _CHUNK] = np.where(value >= nearest, best, -1)
        similarity[start : start + _CHUNK] = value
    return chosen, similarity


def _groups(
    weights: Any, chosen: Any, similarity: Any, count: int, min_size: int
) -> list[Group]:
    groups = []
    for number in range(count):
        members = np.flatnonzero(chosen == number)
        if len(members) >= min_size:
            centre = _centres(weights, [members])[0]
            near = np.clip(similarity[members], 0.0, 1.0)
            groups.append(Group(members.tolist(), near.tolist(), centre))
    return sorted(groups, key=lambda group: (-len(group.members), group.members))
