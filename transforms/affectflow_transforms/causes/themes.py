"""ClusterThemes: causes in groups that a person can name."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import pyarrow as pa

from affectflow.batches import check_columns
from affectflow.errors import UsageError
from affectflow.registry import Card
from affectflow.schemas import CAUSES, THEME_MEMBERS, THEMES
from affectflow_transforms.causes.groups import Group, find_groups
from affectflow_transforms.causes.terms import Terms, concerns_of, weigh

_Row = dict[str, Any]
_OPTIONAL = ("title", "conversation_id")
_KEYWORDS, _EXEMPLARS, _TITLE_TERMS = 8, 5, 3
# Among many causes chance alone makes small groups: the least size grows with the root.
_GROWTH = 0.2
# A term that stands in the title is in this share of the theme's causes; its first term
# in that share, or the theme is a heap.
_TITLE_SHARE = 0.34
_LEAD_SHARE = {"concern": 0.5, "pair": 0.5, "word": 0.75}


@dataclass(kw_only=True)
class ClusterThemes:
    """Groups causes by what they are about, apart for each family of emotions.

    TF-IDF over content words and pairs of words, average linkage over cosine
    distances of a sample, then every cause to its nearest centre. Causes near no
    centre, and groups that are too small, are left out. The answer depends neither on
    the order of rows nor on chance; time and memory grow with the causes, not their
    square.

    Args:
      min_size: fewer causes are no theme.
      linkage: largest mean cosine distance, 0..1, within a group.
      nearest: smallest cosine similarity, 0..1, to a centre for membership.
      sample: at most so many causes are linked; the others join what is found.

    Raises:
      UsageError: a number is out of range.
    """

    min_size: int = 3
    linkage: float = 0.82
    nearest: float = 0.3
    sample: int = 4000

    requires: ClassVar[pa.Schema] = pa.schema(
        [
            CAUSES.field("cause_id"),
            pa.field("family", pa.string()),
            CAUSES.field("cause_text"),
            CAUSES.field("summary"),
        ]
    )
    card: ClassVar[Card] = Card(summary="groups causes into themes, by their words")

    def __post_init__(self) -> None:
        if self.min_size < 2 or self.sample < self.min_size:
            raise UsageError(
                "ClusterThemes wants `min_size` of at least 2 and no larger than "
                f"`sample`, not {self.min_size} and {self.sample}"
            )
        if not (0 < self.linkage <= 1 and 0 < self.nearest <= 1):
            raise UsageError(
                "ClusterThemes wants `linkage` and `nearest` in 0..1, "
                f"not {self.linkage} and {self.nearest}"
            )

    def cluster(self, causes: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Returns the themes and their members: tables `themes`, `theme_members`.

        `causes` may have `title` and `conversation_id`: titles add terms, and a theme
        then needs two conversations. Rows without `cause_text` are in no theme; of
        equal `cause_id` the first counts.

        Raises:
          MissingColumnError: a column of `requires` lacks.
        """
        check_columns("ClusterThemes", causes.schema, self.requires)
        themes: list[_Row] = []
        members: list[_Row] = []
        for family, rows in _families(causes).items():
            found, inside = self._cluster_family(family, rows)
            themes += found
            members += inside
        return (
            pa.Table.from_pylist(themes, schema=THEMES),
            pa.Table.from_pylist(members, schema=THEME_MEMBERS),
        )

    def _cluster_family(
        self, family: str, rows: list[_Row]
    ) -> tuple[list[_Row], list[_Row]]:
        if len(rows) < self.min_size:
            return [], []
        texts = [_said(row) for row in rows]
        terms = weigh(texts, [row.get("title") for row in rows])
        groups = find_groups(
            terms.weights,
            min_size=max(self.min_size, round(_GROWTH * len(rows) ** 0.5)),
            linkage=self.linkage,
            nearest=self.nearest,
            sample=self.sample,
        )
        groups = [group for group in groups if _is_theme(group, terms, rows)]
        ids = [sorted(rows[member]["cause_id"] for member in g.members) for g in groups]
        settings = json.dumps(asdict(self), sort_keys=True)
        clustering_id = f"{family}-{_digest([settings, *sorted(map(','.join, ids))])}"
        themes = [
            _theme(clustering_id, group, own, terms, rows)
            for group, own in zip(groups, ids, strict=True)
        ]
        members = [
            member
            for group, own in zip(groups, ids, strict=True)
            for member in _members(clustering_id, group, own, rows)
        ]
        return themes, members


def _families(causes: pa.Table) -> dict[str, list[_Row]]:
    """Returns the causes that say something, by family, in the order of their ids."""
    wanted = ("family", "cause_id", "cause_text", "summary", *_OPTIONAL)
    names = [name for name in wanted if name in causes.schema.names]
    rows = causes.select(names).to_pylist()
    rows = [r for r in rows if r["cause_id"] and r["family"] and r["cause_text"]]
    families: dict[str, dict[str, _Row]] = {}
    # By all that a row says: of equal ids the first must be the same one every time.
    for row in sorted(rows, key=lambda r: [str(r[name]) for name in names]):
        families.setdefault(row["family"], {}).setdefault(row["cause_id"], row)
    return {family: list(found.values()) for family, found in families.items()}


def _said(row: _Row) -> str:
    """Returns the cause, and its summary where that adds words."""
    text, summary = row["cause_text"], row.get("summary") or ""
    known = " ".join(text.lower().split())
    return text if summary.lower() in known else f"{text}\n{summary}"


def _is_theme(group: Group, terms: Terms, rows: list[_Row]) -> bool:
    """Returns whether a group can be named, and is more than one conversation."""
    conversations = {rows[m].get("conversation_id") for m in group.members}
    spread = len(conversations) > 1 or conversations == {None}
    return spread and bool(_title(group, _keywords(group, terms), terms))


def _theme(
    clustering_id: str, group: Group, ids: list[str], terms: Terms, rows: list[_Row]
) -> _Row:
    keywords = _keywords(group, terms)
    return {
        "clustering_id": clustering_id,
        "theme_id": _digest(ids),
        "title": _title(group, keywords, terms),
        "keywords": _spoken(keywords, terms)[:_KEYWORDS],
        "size": len(ids),
        "exemplar_ids": _exemplars(group, rows),
    }


def _members(
    clustering_id: str, group: Group, ids: list[str], rows: list[_Row]
) -> list[_Row]:
    return [
        {
            "cause_id": rows[member]["cause_id"],
            "theme_id": _digest(ids),
            "clustering_id": clustering_id,
            "membership": round(float(similarity), 4),
        }
        for member, similarity in zip(group.members, group.similarity, strict=True)
    ]


def _keywords(group: Group, terms: Terms) -> list[int]:
    """Returns the columns of the theme's terms, the most telling first."""
    centre = group.centre
    columns = [int(column) for column in centre.argsort()[::-1] if centre[column] > 0]
    return sorted(columns[:50], key=lambda c: (-round(centre[c], 9), terms.names[c]))


def _spoken(keywords: list[int], terms: Terms) -> list[str]:
    """Returns the words that people use, each once; concerns if there are none."""
    words = [c for c in keywords if terms.kinds[c] != "concern"] or keywords
    return list(dict.fromkeys(terms.names[column] for column in words))


def _title(group: Group, keywords: list[int], terms: Terms) -> str:
    """Returns up to three terms, none part of another: "flaky tests / CI".

    Empty if no term holds the group together.
    """
    chosen: list[int] = []
    for column in sorted(
        keywords[:_KEYWORDS], key=lambda c: -_telling(group, terms, c)
    ):
        least = _TITLE_SHARE if chosen else _LEAD_SHARE[terms.kinds[column]]
        if _share(group, terms, column) >= least and _adds(column, chosen, terms):
            chosen.append(column)
    return " / ".join(terms.names[column] for column in chosen[:_TITLE_TERMS])


def _adds(column: int, chosen: list[int], terms: Terms) -> bool:
    """Returns whether a term says what those chosen do not."""
    words = set(terms.names[column].lower().split())
    said = {terms.names[c] for c in chosen}
    if words & {word for name in said for word in name.lower().split()}:
        return False
    return not said & set(concerns_of(terms.names[column]))


def _share(group: Group, terms: Terms, column: int) -> float:
    having = terms.weights[group.members][:, [column]].count_nonzero()
    return float(having) / len(group.members)


def _telling(group: Group, terms: Terms, column: int) -> float:
    # A pair says more than its words, though fewer causes have it.
    more = {"concern": 3.0, "pair": 1.8, "word": 1.0}[terms.kinds[column]]
    return float(group.centre[column]) * more


def _exemplars(group: Group, rows: list[_Row]) -> list[str]:
    """Returns the most central causes, of as many conversations as there are."""
    order = sorted(
        range(len(group.members)),
        key=lambda i: (
            -round(float(group.similarity[i]), 9),
            rows[group.members[i]]["cause_id"],
        ),
    )
    seen: set[Any] = set()
    first: list[str] = []
    again: list[str] = []
    for place in order:
        row = rows[group.members[place]]
        conversation = row.get("conversation_id")
        repeats = conversation is not None and conversation in seen
        (again if repeats else first).append(row["cause_id"])
        seen.add(conversation)
    return [*first, *again][:_EXEMPLARS]


def _digest(parts: list[str]) -> str:
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=12).hexdigest()
