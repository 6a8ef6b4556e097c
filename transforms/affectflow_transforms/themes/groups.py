"""Groups of similar rows of a sparse matrix, of bounded cost."""

from typing import Any

import numpy as np

# So many rows are compared with the centres at a time.
_CHUNK = 4_096
_LINK_CHUNK = 256


def find_centres(weights: Any, linked: Any, *, least: int, linkage: float) -> Any:
    """Returns the centres of groups of rows: sparse, a row each, of length 1.

    Args:
      weights: sparse, rows of length 1 or 0.
      linked: numbers of the rows that are linked with one another; none of length 0.
      least: fewer rows do not make a group.
      linkage: largest mean cosine distance, 0..1, within a group.
    """
    from scipy.sparse import csr_matrix

    if len(linked) < max(2, least):
        return csr_matrix((0, weights.shape[1]))
    rows = weights[linked]
    labels = _link(rows, linkage)
    kept = np.flatnonzero(np.bincount(labels) >= least)
    if not len(kept):
        return csr_matrix((0, weights.shape[1]))
    return _means(rows, labels, kept)


def _link(rows: Any, linkage: float) -> Any:
    """Returns a group number for each row: average linkage over cosine distances."""
    from scipy.cluster import hierarchy

    tree = hierarchy.linkage(_distances(rows), "average")
    # Groups are apart if their distance is `linkage`, not only if it is larger.
    return hierarchy.fcluster(tree, np.nextafter(linkage, 0), "distance") - 1


def _distances(rows: Any) -> Any:
    """Returns cosine distances, 0..1, of all pairs of rows, as scipy orders them.

    Each pair once and little by little: a square of 4,000 rows takes 128 MB, and what
    works on it several times that.
    """
    count, others = rows.shape[0], rows.T.tocsr()
    found = [np.empty(0)]
    for start in range(0, count, _LINK_CHUNK):
        distances = 1.0 - (rows[start : start + _LINK_CHUNK] @ others).toarray()
        later = np.arange(count) > np.arange(start, start + len(distances))[:, None]
        found.append(distances[later])
    return np.clip(np.concatenate(found), 0.0, 1.0)


def _means(rows: Any, labels: Any, kept: Any) -> Any:
    """Returns the mean of the rows of each label in `kept`, of length 1."""
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    place = np.full(labels.max() + 1, -1)
    place[kept] = np.arange(len(kept))
    group = place[labels]
    inside = np.flatnonzero(group >= 0)
    each = np.bincount(group[inside], minlength=len(kept))
    shares = 1.0 / each[group[inside]]
    mean = csr_matrix((shares, (group[inside], inside)), shape=(len(kept), len(labels)))
    centres = normalize(mean @ rows)
    centres.sort_indices()
    return centres


def nearest(weights: Any, centres: Any, least: float) -> tuple[Any, Any]:
    """Returns the nearest centre of each row, -1 if none is near, and how near.

    Args:
      weights: sparse, rows of length 1 or 0.
      centres: sparse, rows of length 1.
      least: smallest cosine similarity, 0..1, that is near.
    """
    chosen = np.full(weights.shape[0], -1)
    similarity = np.zeros(weights.shape[0])
    columns = centres.T.tocsr()
    for start in range(0, weights.shape[0] if centres.shape[0] else 0, _CHUNK):
        cosine = (weights[start : start + _CHUNK] @ columns).toarray()
        best = cosine.argmax(axis=1)
        value = cosine[np.arange(len(best)), best]
        chosen[start : start + _CHUNK] = np.where(value >= least, best, -1)
        similarity[start : start + _CHUNK] = np.clip(value, 0.0, 1.0)
    return chosen, similarity
