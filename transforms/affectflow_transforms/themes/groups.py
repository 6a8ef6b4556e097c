"""Groups of similar rows of a sparse matrix, at bounded cost."""

from typing import Any

import numpy as np

# How many rows are compared with the centres at a time.
_CHUNK = 4_096
_LINK_CHUNK = 256


def link(weights: Any, linked: Any, linkage: float) -> Any:
    """Returns the group of each row, by average linkage; -1 for what is not linked.

    Args:
      weights: sparse, rows of length 1 or 0.
      linked: numbers of the rows that are linked with one another; none of length 0.
      linkage: largest mean cosine distance, 0..1, within a group.
    """
    groups = np.full(weights.shape[0], -1)
    if len(linked) > 1:
        groups[linked] = _link(weights[linked], linkage)
    return groups


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


def means(weights: Any, groups: Any, count: int) -> Any:
    """Returns the mean of the rows of each group, of length 1: sparse, one row each.

    Args:
      weights: sparse, rows of length 1 or 0.
      groups: the group of each row, below 0 for none.
      count: how many groups there are.
    """
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    inside = np.flatnonzero(groups >= 0)
    each = np.bincount(groups[inside], minlength=count)
    shares = 1.0 / each[groups[inside]]
    shape = (count, len(groups))
    mean = csr_matrix((shares, (groups[inside], inside)), shape=shape)
    centres = normalize(mean @ weights) if count else mean @ weights
    centres.sort_indices()
    return centres


def nearest(weights: Any, centres: Any, leads: Any, least: float) -> tuple[Any, Any]:
    """Returns the nearest centre of each row, -1 if none is near, and how near.

    Only the centres count whose lead the row has.

    Args:
      weights: sparse, rows of length 1 or 0.
      centres: sparse, rows of length 1.
      leads: the column of each centre's lead.
      least: smallest cosine similarity, 0..1, that is near.
    """
    chosen = np.full(weights.shape[0], -1)
    similarity = np.zeros(weights.shape[0])
    if not centres.shape[0]:
        return chosen, similarity
    columns, lead = centres.T.tocsr(), weights[:, leads]
    for start in range(0, weights.shape[0], _CHUNK):
        rows = slice(start, start + _CHUNK)
        cosine = (weights[rows] @ columns).multiply(lead[rows] > 0).toarray()
        best = cosine.argmax(axis=1)
        value = cosine[np.arange(len(best)), best]
        chosen[rows] = np.where(value >= least, best, -1)
        similarity[rows] = np.clip(value, 0.0, 1.0)
    return chosen, similarity
