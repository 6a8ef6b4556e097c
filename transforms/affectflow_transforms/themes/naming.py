"""From groups to themes: keywords, titles and exemplars, from a tally."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectflow_transforms.themes import tallies
from affectflow_transforms.themes.tallies import Tally
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


def name_groups(tally: Tally, words: Vocabulary, least: int) -> list[dict[str, Any]]:
    """Returns the groups of a tally that are themes, as rows of table `themes`.

    A theme has a name, `least` causes, and more than one conversation. Instead of
    `theme_id` there are the numbers that tell its members from any other's.
    """
    groups = tally.groups.filter(_large(tally.groups, least)).to_pylist()
    sizes = {row["group"]: row["size"] for row in groups}
    terms, exemplars = _terms(tally, words, sizes), _exemplars(tally)
    described = [most_telling(terms.get(group, [])) for group in sizes]
    return [
        {
            "group": row["group"],
            "theme_id": [row["size"], *(row[name] for name in tallies.SUMS)],
            "title": title,
            "keywords": keywords(telling),
            "size": row["size"],
            "exemplar_ids": exemplars[row["group"]],
        }
        for row, telling, title in zip(
            groups, described, titles(described), strict=True
        )
        if title
    ]


def _large(groups: pa.Table, least: int) -> pa.Array:
    """Returns which groups are large enough, and more than one conversation."""
    first, last = (groups.column(f"{end}_conversation") for end in ("first", "last"))
    spread = pc.or_(pc.not_equal(first, last), pc.equal(first, ""))
    return pc.and_(spread, pc.greater_equal(groups.column("size"), least))


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
    """Returns the words that people use, each once; concerns if there are none."""
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


def _terms(
    tally: Tally, words: Vocabulary, sizes: dict[int, int]
) -> dict[int, list[Term]]:
    """Returns the terms of the groups in `sizes`."""
    rows = tally.terms.to_pylist()
    squares: dict[int, float] = {}
    for row in rows:
        squares[row["group"]] = squares.get(row["group"], 0.0) + row["weight"] ** 2
    terms: dict[int, list[Term]] = {}
    for row in rows:
        if size := sizes.get(row["group"]):
            term = Term(
                name=words.names[row["column"]],
                kind=words.kinds[row["column"]],
                weight=row["weight"] / squares[row["group"]] ** 0.5,
                share=row["having"] / size,
            )
            terms.setdefault(row["group"], []).append(term)
    return terms


def _exemplars(tally: Tally) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in tallies.leading(tally).to_pylist():
        found.setdefault(row["group"], []).append(row["cause_id"])
    return {group: ids[: tallies.EXEMPLARS] for group, ids in found.items()}
