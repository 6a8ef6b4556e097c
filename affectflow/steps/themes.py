"""ClusterThemes: causes in groups that a person can name.

What hosts every clusterer, as functions over causes in parts: `prepare`, `sampled`,
`fit`, `assign`, `merge`, `name_themes`, `members`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import defaults, registry
from affectflow.batches.batch import check_columns
from affectflow.kinds.clusterer import Clusterer, hashes
from affectflow.registry import Card
from affectflow.schemas import CAUSES, THEME_MEMBERS, THEMES
from affectflow.steps import tallies
from affectflow.steps.tallies import Tally

_HASHES = 1 << 64
_ASSIGNED = pa.schema(
    [
        ("family", pa.string()),
        ("group", pa.int64()),
        CAUSES.field("cause_id"),
        ("similarity", pa.float64()),
    ]
)
_NAMED = pa.schema([("family", pa.string()), ("group", pa.int64()), *THEMES])


@dataclass(kw_only=True)
class ClusterThemes:
    """Groups causes by what they are about, apart for each family of emotions.

    The answer depends neither on the order of rows nor on how causes are spread over
    parts; time grows with the causes, and memory with those of a part.

    Args:
      clusterer: a plugin of the group `affectflow.clusterers`.
      clusterer_options: its arguments.

    Raises:
      UsageError: the clusterer does not take these options.
    """

    clusterer: str = defaults.CLUSTERER
    clusterer_options: dict[str, Any] | None = None

    requires: ClassVar[pa.Schema] = Clusterer.requires
    card: ClassVar[Card] = Card(summary="groups causes into themes")

    def __post_init__(self) -> None:
        self.load_clusterer()  # what is wrong with its options is said now

    def load_clusterer(self) -> Clusterer:
        """Returns the clusterer with its options."""
        made: Clusterer = registry.make(
            "clusterers", self.clusterer, self.clusterer_options
        )
        return made

    def cluster(self, causes: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Returns the themes and their members, as `cluster` does."""
        return cluster(self.load_clusterer(), causes)


def cluster(clusterer: Clusterer, causes: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Returns the themes of causes and their members: `themes`, `theme_members`.

    Rows without `cause_text` are in no theme; of equal `cause_id` the first counts.

    Raises:
      MissingColumnError: a column of `Clusterer.requires` is missing.
    """
    causes = prepare(causes, clusterer.requires)
    counts = count_by_family(causes)
    models = {
        family: fit(clusterer, sampled(clusterer, own, counts), counts[family])
        for family, own in by_family(causes).items()
    }
    assigned, found = assign(clusterer, models, causes)
    named = [name_themes(clusterer, f, models[f], found[f]) for f in sorted(found)]
    themes = pa.concat_tables([_NAMED.empty_table(), *named])
    return themes.select(THEMES.names).cast(THEMES), members(assigned, themes)


# -- the sample --------------------------------------------------------------------


def prepare(causes: pa.Table, requires: pa.Schema = Clusterer.requires) -> pa.Table:
    """Returns the causes that say something, each once in its family, in order.

    Args:
      causes: in any order.
      requires: columns that the clusterer needs.

    Raises:
      MissingColumnError: one of these columns is missing.
    """
    check_columns("ClusterThemes", causes.schema, requires)
    wanted = [*requires.names, "title", "conversation_id", "speaker_id"]
    causes = causes.select([n for n in wanted if n in causes.schema.names])
    filled = [
        pc.greater(pc.utf8_length(causes.column(name)), 0)
        for name in ("cause_id", "family", "cause_text")
    ]
    causes = causes.filter(pc.and_(pc.and_(*filled[:2]), filled[2]))
    # By all that a row says: of equal ids the first must always be the same one.
    # Lists cannot be sorted; an utterance has one vector by one annotator.
    first = ("family", "cause_id", "vector")
    rest = [n for n in causes.schema.names if n not in first]
    order = [(name, "ascending") for name in ("family", "cause_id", *rest)]
    causes = causes.sort_by(order).combine_chunks()
    return causes.filter(_first_of_each(causes))


def _first_of_each(causes: pa.Table) -> pa.Array:
    columns = [causes.column(name).to_pylist() for name in ("family", "cause_id")]
    rows = list(zip(*columns, strict=True))
    before = [None, *rows][: len(rows)]
    return pa.array([a != b for a, b in zip(rows, before, strict=True)], pa.bool_())


def count_by_family(causes: pa.Table) -> dict[str, int]:
    """Returns how many causes each family has."""
    counted = pc.value_counts(causes.column("family")).to_pylist()
    return {row["values"]: row["counts"] for row in counted}


def by_family(causes: pa.Table) -> dict[str, pa.Table]:
    """Returns the causes of each family."""
    families = causes.column("family")
    return {
        family: causes.filter(pc.equal(families, family))
        for family in families.unique().to_pylist()
    }


def sampled(
    clusterer: Clusterer, causes: pa.Table, counts: Mapping[str, int]
) -> pa.Table:
    """Returns the causes of which the sample is taken; all of a small family.

    Which they are depends on their ids alone: parts can be asked one by one.

    Args:
      clusterer: that says how many.
      causes: as `prepare` gave them.
      counts: how many causes each family has, in all parts together.
    """
    # By chance a few too many: `fit` takes those of the smallest hash.
    wanted = clusterer.fitted + 8 * clusterer.fitted**0.5
    limits = {
        family: float(_HASHES) * min(1.0, wanted / max(1, count))
        for family, count in counts.items()
    }
    families = causes.column("family").to_pylist()
    least = np.asarray([limits[family] for family in families], dtype=np.float64)
    return causes.filter(pa.array(hashes(causes).astype(np.float64) <= least))


def fit(clusterer: Clusterer, sample: pa.Table, total: int) -> Any:
    """Returns the model of a family.

    Args:
      clusterer: that learns it.
      sample: what `sampled` gave of all parts, in any order.
      total: how many causes the family has.
    """
    sample = prepare(sample, clusterer.requires)
    if sample.num_rows > clusterer.fitted:
        kept = np.argsort(hashes(sample), kind="stable")[: clusterer.fitted]
        sample = sample.take(np.sort(kept)).combine_chunks()
    return clusterer.fit(sample, total)


# -- all causes --------------------------------------------------------------------


def assign(
    clusterer: Clusterer, models: Mapping[str, Any], causes: pa.Table
) -> tuple[pa.Table, dict[str, bytes]]:
    """Returns the groups of causes, and for each family what they add to its tally.

    Args:
      clusterer: that made the models.
      models: of each family.
      causes: of one part, as `prepare` gave them.

    Returns:
      A row for each cause in a group: `family`, `group`, `cause_id`, `similarity`; and
      tallies as bytes.
    """
    assigned, found = [_ASSIGNED.empty_table()], {}
    for family, own in by_family(causes).items():
        given = clusterer.assign(own, models[family])
        groups = np.asarray(given.groups, dtype=np.int64)
        near = np.clip(np.asarray(given.similarity, dtype=np.float64), 0.0, 1.0)
        inside = np.flatnonzero(groups >= 0)
        if not len(inside):
            continue
        found[family] = tallies.tally(groups, near, own, given.terms).to_bytes()
        rows = own.take(inside)
        columns = [rows.column("family"), groups[inside], rows.column("cause_id")]
        assigned.append(pa.table([*columns, near[inside]], schema=_ASSIGNED))
    return pa.concat_tables(assigned), found


def merge(found: Sequence[bytes]) -> bytes:
    """Returns the tally of several parts from the tallies of each."""
    return tallies.add_up([Tally.from_bytes(each) for each in found]).to_bytes()


def name_themes(
    clusterer: Clusterer, family: str, model: Any, found: bytes
) -> pa.Table:
    """Returns the themes of a family: table `themes`, with `family` and `group`.

    A group needs enough causes and people, two conversations and a name to become a
    theme. A theme's id is made of its members: the same causes are the same theme.

    Args:
      clusterer: that made the model.
      family: that it is.
      model: of the family.
      found: the tally of all its causes.
    """
    tally = Tally.from_bytes(found)
    groups = tallies.groups_of(tally, clusterer.min_size, clusterer.min_people)
    exemplars = tallies.exemplars_of(tally)
    ids = {
        row["group"]: _digest([row["size"], *(row[name] for name in tallies.SUMS)])
        for row in tally.groups.to_pylist()
    }
    rows: list[dict[str, Any]] = [
        {
            "family": family,
            "group": group,
            "theme_id": ids[group],
            "title": name.title,
            "keywords": list(name.keywords),
            "size": groups[group].size,
            "exemplar_ids": exemplars[group],
        }
        for group, name in clusterer.name(groups, model).items()
    ]
    rows.sort(key=lambda row: (-row["size"], row["theme_id"]))
    given = asdict(clusterer) | {"reads": dict(clusterer.reads)}
    settings = json.dumps(given, sort_keys=True)
    themes = sorted(row["theme_id"] for row in rows)
    clustering = {"clustering_id": f"{family}-{_digest([settings, *themes])}"}
    return pa.Table.from_pylist([row | clustering for row in rows], schema=_NAMED)


def _digest(parts: list[Any]) -> str:
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=12).hexdigest()


def members(assigned: pa.Table, themes: pa.Table) -> pa.Table:
    """Returns table `theme_members`: the causes whose group is a theme.

    Args:
      assigned: what `assign` gave of a part.
      themes: of all families.
    """
    ids = themes.select(["family", "group", "theme_id", "clustering_id"])
    rows = assigned.join(ids, ["family", "group"], join_type="inner")
    rows = rows.sort_by([("family", "ascending"), ("cause_id", "ascending")])
    membership = pc.round(rows.column("similarity"), 4)
    rows = rows.append_column("membership", membership)
    return rows.select(THEME_MEMBERS.names).cast(THEME_MEMBERS)
