"""Names of groups: keywords and titles, from the terms of their causes."""

from collections.abc import Mapping
from dataclasses import dataclass

from affectflow.kinds.clusterer import Group, Name
from affectflow_transforms.themes.taxonomy import Taxonomy
from affectflow_transforms.themes.terms import stem
from affectflow_transforms.themes.vocabulary import TALK, WORDING, Vocabulary

KEYWORDS = 8
_TITLE_TERMS = 3
# A term that stands in the title is in this share of the theme's causes; its first term
# in that share, or the theme is a heap.
_TITLE_SHARE = 0.34
LEAD_SHARE = 0.5
# A pair says more than its words, although fewer causes have it.
_TELLING = {"concern": 3.0, "pair": 1.8, "word": 1.0}
# A concern is said in several ways: one wording alone is not more than a word.
_ONE_WORDING = 0.7
# How many causes of the family's talk are added to a theme's own: few may be silent.
_PRIOR = 10
_MOST = 50


@dataclass(frozen=True)
class Term:
    """A term of a group.

    Args:
      column: in the vocabulary.
      name: as people write it.
      kind: a `concern`, a `pair` of words or a `word`.
      weight: of the group's centre, which is of length 1.
      share: of the group's causes that have it, 0..1.
      leads: whether it can be the first of a title.
      said: of a concern, the stems of the words that the causes say it with.
    """

    column: int
    name: str
    kind: str
    weight: float
    share: float
    leads: bool
    said: frozenset[str]


def name_groups(
    groups: Mapping[int, Group],
    words: Vocabulary,
    taxonomy: Taxonomy,
    lead_share: float = LEAD_SHARE,
) -> dict[int, Name]:
    """Returns the names of groups that have a name.

    Args:
      groups: by number.
      words: that they are named by.
      taxonomy: whose names they may get.
      lead_share: of a group's causes, 0..1, that have the first term of the title.
    """
    named = {}
    for number, group in groups.items():
        terms = describe(group, words, taxonomy)
        if title := title_of(terms, lead_share):
            told = " / ".join(term.name for term in title)
            named[number] = Name(told, keywords(terms))
    return named


def describe(group: Group, words: Vocabulary, taxonomy: Taxonomy) -> list[Term]:
    """Returns the terms that describe a group, the heaviest first."""
    length = sum(term.weight**2 for term in group.terms.values()) ** 0.5 or 1.0
    concerns = _concerns(group, words, taxonomy)
    terms = [
        Term(
            column=column,
            name=words.names[column],
            kind=words.kinds[column],
            weight=term.weight / length,
            share=term.causes / group.size,
            leads=bool(words.leads[column]),
            said=concerns.get(words.names[column], frozenset()),
        )
        for column, term in group.terms.items()
        if words.kinds[column] in ("word", "pair") or words.names[column] in concerns
    ]
    # Beyond 7 digits a weight is the rounding of its sum.
    return sorted(terms, key=lambda t: (-round(t.weight, 7), t.name))[:_MOST]


def _concerns(
    group: Group, words: Vocabulary, taxonomy: Taxonomy
) -> dict[str, frozenset[str]]:
    """Returns the concerns that may name a group, and the stems that it has of each.

    Those of which its causes speak in several ways, or in the words of the name; if
    the talk is the right one.
    """
    said: dict[str, dict[str, int]] = {}
    for column, term in group.terms.items():
        if words.terms[column].startswith(WORDING):
            name, _, wording = words.terms[column][len(WORDING) :].partition("\t")
            said.setdefault(name, {})[wording] = term.causes
    suiting = [
        talk.suits(_share(group, words, number))
        for number, talk in enumerate(taxonomy.talks)
    ]
    # -1, for any talk, is the last one.
    right = [*suiting, True]
    return {
        name: frozenset(word for wording in wordings for word in wording.split())
        for name, wordings in said.items()
        if right[taxonomy.themes[name].talk] and _is_meant(name, wordings)
    }


def _share(group: Group, words: Vocabulary, number: int) -> float:
    """Returns the share of a group's causes that are a talk, 0..1."""
    found = group.terms.get(words.columns[f"{TALK}{number}"])
    told = (found.causes if found else 0) + _PRIOR * float(words.talks[number])
    return told / (group.size + _PRIOR)


def _is_meant(name: str, wordings: Mapping[str, int]) -> bool:
    own = {stem(word) for word in name.lower().split()}
    most = max(wordings, key=lambda wording: (wordings[wording], wording))
    if own & set(most.split()):
        return True
    return wordings[most] <= _ONE_WORDING * sum(wordings.values())


def keywords(terms: list[Term]) -> list[str]:
    """Returns the words that people use, each once; concerns if nothing is left."""
    words = [term for term in terms if term.kind != "concern"] or terms
    return list(dict.fromkeys(term.name for term in words))[:KEYWORDS]


def title_of(terms: list[Term], lead_share: float = LEAD_SHARE) -> list[Term]:
    """Returns up to three terms that name a group: "flaky tests / CI".

    None is part of another; none at all if no term holds the group together.
    """
    chosen: list[Term] = []
    leading = sorted(terms, key=lambda t: -_TELLING[t.kind] * t.weight)
    for term in leading:
        least = _TITLE_SHARE if chosen else lead_share
        if term.leads and term.share >= least and _adds(term.name, chosen):
            chosen.append(term)
    return _in_own_words(chosen, leading)[:_TITLE_TERMS]


def _in_own_words(title: list[Term], leading: list[Term]) -> list[Term]:
    """Returns a title with a word from its causes, if a concern lacks one of them."""
    if len(title) != 1 or title[0].kind != "concern":
        return title
    name = {stem(word) for word in title[0].name.lower().split()}
    own = [t for t in leading if t.kind == "word" and stem(t.name) in title[0].said]
    return title if name & title[0].said else title + own[:1]


def _adds(name: str, chosen: list[Term]) -> bool:
    """Returns whether a term adds something to those chosen."""
    words = {stem(word) for word in name.lower().split()}
    said = {stem(word) for each in chosen for word in each.name.lower().split()}
    return not words & said
