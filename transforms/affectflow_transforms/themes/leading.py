"""The first term in the title of each group: a term that all its causes have."""

from typing import Any, NamedTuple

import numpy as np

from affectflow.kinds.clusterer import Group, Term
from affectflow_transforms.themes.naming import describe, title_of
from affectflow_transforms.themes.taxonomy import Taxonomy
from affectflow_transforms.themes.vocabulary import Vocabulary


class Sampled(NamedTuple):
    """The causes of a sample.

    Attributes:
      weights: of their terms: sparse, a row for each cause, of length 1 or 0.
      told: wordings and talk, of the same shape.
      words: the terms.
      taxonomy: whose names groups may get.
    """

    weights: Any
    told: Any
    words: Vocabulary
    taxonomy: Taxonomy


def lead(of: Sampled, groups: Any, least: int) -> tuple[Any, Any]:
    """Returns the leads of groups, by column, and the group of each row, -1 for none.

    Groups with the same lead are one. Terms that are frequent in what is left make
    groups, the most frequent first.

    Args:
      of: the sample.
      groups: of each row a provisional group, -1 for none.
      least: fewer rows do not make a group.
    """
    count = int(groups.max(initial=-1)) + 1
    sizes = np.bincount(groups[groups >= 0], minlength=count)
    large = np.append(sizes >= least, False)  # the last one is that of -1
    found = groups_of(of, np.where(large[groups], groups, -1), count)
    columns = [_lead(found[n], of) if n in found else -1 for n in range(count)]
    leads = sorted(set(columns) - {-1})
    place = {column: number for number, column in enumerate(leads)}
    number = np.asarray([place.get(column, -1) for column in columns], dtype=np.int64)
    inside = np.flatnonzero(groups >= 0)
    given = np.full(len(groups), -1)
    given[inside] = number[groups[inside]]
    return _grow(of, given, leads, least)


def _lead(group: Group, of: Sampled) -> int:
    title = title_of(describe(group, of.words, of.taxonomy))
    return title[0].column if title else -1


def _grow(of: Sampled, groups: Any, leads: list[int], least: int) -> tuple[Any, Any]:
    """Adds groups for frequent terms that lead no group yet."""
    having = of.weights.tocsc()
    may = np.flatnonzero(of.words.leads)
    free = groups < 0
    while True:
        counts = np.asarray((having[:, may] > 0).T @ free).ravel()
        best = int(counts.argmax()) if len(counts) else -1
        if best < 0 or counts[best] < max(least, 2):
            return np.asarray(leads, dtype=np.int64), groups
        column = int(may[best])
        rows = having.indices[having.indptr[column] : having.indptr[column + 1]]
        rows = rows[free[rows]]
        free[rows] = False
        may = np.delete(may, best)
        alone = groups_of(of, np.where(np.isin(np.arange(len(free)), rows), 0, -1), 1)
        if _names(alone[0], column, of):
            if column in leads:
                groups[rows] = leads.index(column)
            else:
                groups[rows] = len(leads)
                leads.append(column)
        else:
            free[rows] = True


def _names(group: Group, column: int, of: Sampled) -> bool:
    return any(t.column == column for t in describe(group, of.words, of.taxonomy))


def groups_of(of: Sampled, chosen: Any, groups: int) -> dict[int, Group]:
    """Returns groups of the sample with all their terms, as the host counts them.

    Args:
      of: the sample.
      chosen: the group of each row, -1 for none.
      groups: how many there are.
    """
    from scipy.sparse import csr_matrix

    inside = np.flatnonzero(chosen >= 0)
    ones = np.ones(len(inside))
    gather = csr_matrix((ones, (chosen[inside], inside)), (groups, len(chosen)))
    sums, having = (
        (gather @ of.weights).tocsr(),
        (gather @ (of.weights + of.told).sign()).tocsr(),
    )
    sizes = np.bincount(chosen[inside], minlength=groups)
    found = {}
    for group in np.flatnonzero(sizes).tolist():
        row = slice(having.indptr[group], having.indptr[group + 1])
        own = slice(sums.indptr[group], sums.indptr[group + 1])
        weight = dict(zip(sums.indices[own].tolist(), sums.data[own], strict=True))
        counted = zip(having.indices[row].tolist(), having.data[row], strict=True)
        terms = {c: Term(float(weight.get(c, 0.0)), int(n)) for c, n in counted}
        found[group] = Group(int(sizes[group]), terms)
    return found
