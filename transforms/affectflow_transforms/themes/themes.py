"""ClusterThemes: causes in groups that a person can name."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import UsageError
from affectflow.kinds.clusterer import ASSIGNED, NAMED, Clusterer
from affectflow.registry import Card
from affectflow.schemas import THEMES
from affectflow_transforms.themes import naming, tallies
from affectflow_transforms.themes.groups import find_centres, nearest
from affectflow_transforms.themes.model import ThemeModel, heaviest
from affectflow_transforms.themes.tallies import Tally
from affectflow_transforms.themes.vocabulary import Said, learn

# Among many causes chance alone makes small groups: the least size grows with the root.
_GROWTH = 0.2
_HASHES = 1 << 64


@dataclass(kw_only=True)
class ClusterThemes(Clusterer):
    """Groups causes by what they are about, apart for each family of emotions.

    TF-IDF over content words and pairs of words, average linkage over cosine
    distances of a sample, then every cause to its nearest centre. Causes near no
    centre, and groups that are too small, are left out. The answer depends neither on
    the order of rows nor on chance, nor on how causes are spread over parts; time grows
    with the causes, and memory with those of a part.

    Args:
      min_size: fewer causes are no theme.
      linkage: largest mean cosine distance, 0..1, within a group.
      nearest: smallest cosine similarity, 0..1, to a centre for membership.
      sample: at most so many causes of a family are linked.
      fitted: at most so many causes of a family teach the terms and their weights.

    Raises:
      UsageError: a number is out of range.
    """

    min_size: int = 3
    linkage: float = 0.82
    nearest: float = 0.3
    sample: int = 4000
    fitted: int = 20_000

    card: ClassVar[Card] = Card(summary="groups causes into themes, by their words")

    def __post_init__(self) -> None:
        if self.min_size < 2 or not self.min_size <= self.sample <= self.fitted:
            raise UsageError(
                "ClusterThemes wants `min_size` of at least 2, `sample` no smaller and "
                f"`fitted` no smaller than that, not {self.min_size}, {self.sample} "
                f"and {self.fitted}"
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
        causes = self.prepare(causes)
        counts = count_by_family(causes)
        models = {
            family: self.fit(self.sampled(_of(causes, family), counts), count)
            for family, count in counts.items()
        }
        assigned, found = self.assign(models, causes)
        named = [self.themes(f, models[f], found[f]) for f in sorted(found)]
        themes = pa.concat_tables([NAMED.empty_table(), *named])
        return themes.select(THEMES.names).cast(THEMES), self.members(assigned, themes)

    # -- step by step, for causes in parts -----------------------------------------

    def sampled(self, causes: pa.Table, counts: Mapping[str, int]) -> pa.Table:
        """Returns the causes of which the sample is taken; all of a small family.

        Which they are depends on their ids alone: parts can be asked one by one.

        Args:
          causes: as `prepare` gave them.
          counts: how many causes each family has, in all parts together.
        """
        limits = {family: self._limit(count) for family, count in counts.items()}
        families = causes.column("family").to_pylist()
        hashes = _hashes(causes)
        least = np.asarray([limits[family] for family in families], dtype=np.float64)
        return causes.filter(pa.array(hashes.astype(np.float64) <= least))

    def _limit(self, count: int) -> float:
        # By chance a few too many: `fit` takes those of the smallest hash.
        wanted = self.fitted + 8 * self.fitted**0.5
        return float(_HASHES) * min(1.0, wanted / max(1, count))

    def fit(self, sample: pa.Table, total: int) -> ThemeModel:
        """Returns what the sample of one family teaches about its themes.

        Args:
          sample: what `sampled` gave of all parts.
          total: how many causes the family has.
        """
        sample = _smallest(self.prepare(sample), self.fitted)
        said = Said.read(sample)
        vocabulary = learn(said)
        weights = vocabulary.weigh(said, np.arange(sample.num_rows))
        telling = np.flatnonzero(np.diff(weights.indptr))
        linked = np.sort(telling[np.argsort(_hashes(sample)[telling])[: self.sample]])
        everything = len(linked) == len(telling) and total == sample.num_rows
        # In a sample a theme may show with fewer causes than it has.
        least = self._least(total) if everything else 2
        centres = find_centres(weights, linked, least=least, linkage=self.linkage)
        chosen, _ = nearest(weights, centres, self.nearest)
        watched = heaviest(weights, chosen, centres.shape[0])
        return ThemeModel(total, vocabulary, centres, watched)

    def _least(self, total: int) -> int:
        return max(self.min_size, round(_GROWTH * total**0.5))

    def assign(
        self, models: Mapping[str, ThemeModel], causes: pa.Table
    ) -> tuple[pa.Table, dict[str, bytes]]:
        """Returns the groups of causes, and for each family what they add to its tally.

        Args:
          models: of each family.
          causes: of one part, as `prepare` gave them.

        Returns:
          A row for each cause near a centre: `family`, `group`, `cause_id`,
          `similarity`; and tallies as bytes.
        """
        said = Said.read(causes)
        assigned, found = [ASSIGNED.empty_table()], {}
        for family, model in models.items():
            rows = np.flatnonzero(np.asarray(pc.equal(causes.column("family"), family)))
            weights = model.vocabulary.weigh(said, rows)
            chosen, near = nearest(weights, model.centres, self.nearest)
            inside = np.flatnonzero(chosen >= 0)
            if not len(inside):
                continue
            weights, chosen, near = weights[inside], chosen[inside], near[inside]
            own = causes.take(rows[inside])
            tally = tallies.tally(weights, chosen, near, own, model.watched)
            found[family] = tally.to_bytes()
            assigned.append(_assigned(own, chosen, near))
        return pa.concat_tables(assigned), found

    def load(self, model: bytes) -> ThemeModel:
        """Returns the model whose `to_bytes` gave these."""
        return ThemeModel.from_bytes(model)

    def merge(self, found: Sequence[bytes]) -> bytes:
        """Returns the tally of several parts from the tallies of each."""
        return tallies.add_up([Tally.from_bytes(each) for each in found]).to_bytes()

    def themes(self, family: str, model: ThemeModel, found: bytes) -> pa.Table:
        """Returns the themes of a family: table `themes`, with `family` and `group`.

        A group that is too small, of one conversation or without a name is no theme.

        Args:
          family: that it is.
          model: of the family.
          found: the tally of all its causes.
        """
        rows = naming.name_groups(
            Tally.from_bytes(found), model.vocabulary, self._least(model.total)
        )
        rows = [row | {"theme_id": _digest(row["theme_id"])} for row in rows]
        rows = sorted(rows, key=lambda row: (-row["size"], row["theme_id"]))
        settings = json.dumps(asdict(self), sort_keys=True)
        ids = sorted(row["theme_id"] for row in rows)
        clustering = {"clustering_id": f"{family}-{_digest([settings, *ids])}"}
        rows = [row | clustering | {"family": family} for row in rows]
        return pa.Table.from_pylist(rows, schema=NAMED)


def count_by_family(causes: pa.Table) -> dict[str, int]:
    """Returns how many causes each family has."""
    counted = pc.value_counts(causes.column("family")).to_pylist()
    return {row["values"]: row["counts"] for row in counted}


def _of(causes: pa.Table, family: str) -> pa.Table:
    return causes.filter(pc.equal(causes.column("family"), family))


def _hashes(causes: pa.Table) -> Any:
    """Returns 64 bits of the hash of each cause's id: an order without meaning."""
    ids = causes.column("cause_id").to_pylist()
    digests = (hashlib.blake2b(each.encode(), digest_size=8).digest() for each in ids)
    return np.frombuffer(b"".join(digests), dtype="<u8")


def _smallest(causes: pa.Table, most: int) -> pa.Table:
    """Returns the rows of the smallest hashes, in the order that they had."""
    if causes.num_rows <= most:
        return causes
    kept = np.argsort(_hashes(causes), kind="stable")[:most]
    return causes.take(np.sort(kept)).combine_chunks()


def _assigned(causes: pa.Table, chosen: Any, near: Any) -> pa.Table:
    columns = [causes.column("family"), chosen, causes.column("cause_id"), near]
    return pa.table(columns, schema=ASSIGNED)


def _digest(parts: list[Any]) -> str:
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=12).hexdigest()
