"""What groups are called: keywords and titles, from the terms of their causes."""

from collections.abc import Mapping
from dataclasses import dataclass

from affectflow.kinds.clusterer import Group, Name
from affectflow_transforms.themes.terms import concerns_of
from affectflow_transforms.themes.vocabulary import Vocabulary

KEYWORDS = 8
_TITLE_TERMS = 3
# A term that stands in the title is in this share of the theme's causes; its first term
# in that share, or the theme is a heap.
_TITLE_SHARE = 0.34
_LEAD_SHARE = {"concern": 0.5, "pair": 0.5, "word": 0.75}
# A pair says more than its words, though fewer causes have it.
_TELLING = {"concern": 3.0, "pair": 1.8, "word": 1.0}
_MOST = 50


def name_groups(
    groups: Mapping[int, Group], words: Vocabulary, least: int
) -> dict[int, Name]:
    """Returns the names of groups that have one, and `least` causes."""
    large = {number: group for number, group in groups.items() if group.size >= least}
    described = [most_telling(_terms(group, words)) for group in large.values()]
    return {
        number: Name(title, keywords(telling))
        for number, telling, title in zip(
            large, described, titles(described), strict=True
        )
        if title
    }


@dataclass(frozen=True)
class Term:
    """A term of a group.

    Args:
      name: as people write it.
      kind: a `concern`, a `pair` of words or a `word`.
      weight: of the group's centre, which is of length 1.
      share: of the group's causes that have it, 0..1.
    """

    name: str
    kind: str
    weight: float
    share: float


def most_telling(terms: list[Term]) -> list[Term]:
    """Returns the terms that describe a group, the heaviest first."""
    # Beyond 7 digits a weight is the rounding of its sum.
    return sorted(terms, key=lambda t: (-round(t.weight, 7), t.name))[:_MOST]


def keywords(terms: list[Term]) -> list[str]:
    """Returns the words that people use, each once; concerns if nothing is left."""
    words = [term for term in terms if term.kind != "concern"] or terms
    return list(dict.fromkeys(term.name for term in words))[:KEYWORDS]


def titles(groups: list[list[Term]]) -> list[str]:
    """Returns for each group up to three terms: "flaky tests / CI".

    None is part of another; empty if no term holds the group together.
    """
    leads = [terms[:KEYWORDS] for terms in groups]
    names = list({term.name for terms in leads for term in terms})
    concerns = dict(zip(names, concerns_of(names), strict=True))
    return [_title(terms, concerns) for terms in leads]


def _title(terms: list[Term], concerns: dict[str, set[str]]) -> str:
    chosen: list[str] = []
    for term in sorted(terms, key=lambda t: -_TELLING[t.kind] * t.weight):
        least = _TITLE_SHARE if chosen else _LEAD_SHARE[term.kind]
        if term.share >= least and _adds(term.name, chosen, concerns):
            chosen.append(term.name)
    return " / ".join(chosen[:_TITLE_TERMS])


def _adds(name: str, chosen: list[str], concerns: dict[str, set[str]]) -> bool:
    """Returns whether a term says what those chosen do not."""
    words = set(name.lower().split())
    if words & {word for each in chosen for word in each.lower().split()}:
        return False
    return not concerns[name].intersection(chosen)


def _terms(group: Group, words: Vocabulary) -> list[Term]:
    length = sum(term.weight**2 for term in group.terms.values()) ** 0.5
    return [
        Term(
            name=words.names[column],
            kind=words.kinds[column],
            weight=term.weight / length,
            share=term.causes / group.size,
        )
        for column, term in group.terms.items()
    ]
