"""From some causes to a plan: what themes would still take."""

import time
from typing import Any

import pyarrow as pa

from affectflow.batches.nesting import unnest
from affectflow.lake import Lake
from affectflow.planning.estimate import Terms
from affectflow.planning.ledger import StagePlan, wall
from affectflow.planning.measure import SMALL, Line, fit, rss_bytes
from affectflow.schemas import CAUSES_COLUMN, TABLES, UTTERANCES, fields
from affectflow.stages.runs.request import new_request
from affectflow.stages.themes.pipeline import themes_config
from affectflow.stages.themes.unchanged import unchanged_causes
from affectflow.stages.themes.units import causes_of, once_in_a_family, units
from affectflow.steps import themes as hosting
from affectflow.steps.themes import ClusterThemes

# More causes than this are not clustered for a measurement.
_MOST_CAUSES = 4_000


class Sample:
    """Causes for a measurement, and what reading them took, unit by unit."""

    def __init__(self) -> None:
        self._found = [once_in_a_family(*_as_tables([]))]
        self._seconds: list[tuple[int, float]] = []

    @property
    def causes(self) -> pa.Table:
        """As the stage themes clusters them, one row for each family."""
        return pa.concat_tables(self._found)

    @property
    def reading(self) -> Line:
        """Seconds for each unit, and for each cause."""
        return fit(self._seconds)

    def add_mined(self, batches: list[pa.RecordBatch]) -> None:
        """Adds the causes in batches that were mined."""
        for batch in batches:
            begun = time.perf_counter()
            self._add(once_in_a_family(*_as_tables([batch])), begun)

    def add_stored(self, lake: Lake) -> int:
        """Adds some causes of a lake, and returns about how many there are."""
        every, rows, taken = units(lake), 0, 0
        for unit in every:
            if taken >= _MOST_CAUSES:
                break
            begun = time.perf_counter()
            taken += self._add(causes_of(lake, unit), begun)
            rows += unit.rows
        return round(taken * sum(unit.rows for unit in every) / rows) if rows else 0

    def _add(self, causes: pa.Table, begun: float) -> int:
        self._found.append(causes)
        self._seconds.append((causes.num_rows, time.perf_counter() - begun))
        return int(causes.num_rows)


def _as_tables(batches: list[pa.RecordBatch]) -> tuple[pa.Table, pa.Table]:
    """Returns the causes in mined batches, and the utterances that they belong to."""
    found = [unnest(batch, CAUSES_COLUMN.name) for batch in batches]
    names = ("utterance_id", "conversation_id", "title", "is_bot")
    spoken = [batch.select(names) for batch in batches]
    return (
        pa.Table.from_batches(found, TABLES["causes"]),
        pa.Table.from_batches(spoken, fields(UTTERANCES, *names)),
    )


def estimate_themes(
    lake: Lake, mined: list[pa.RecordBatch], coming: int, parts: int, terms: Terms
) -> StagePlan:
    """Returns what themes would take.

    Args:
      lake: with the causes that are there by now.
      mined: utterances with causes, a sample of those that are still to come.
      coming: utterances that are still to be mined.
      parts: that the lake has, or will have.
      terms: of the plan.
    """
    clusterer = ClusterThemes().load_clusterer()
    request = new_request(lake, "themes", themes_config(clusterer))
    if not coming and (known := unchanged_causes(lake, request, clusterer)) is not None:
        return _nothing(request.digest, known, terms)
    before, sample = rss_bytes(), Sample()
    known = sample.add_stored(lake)
    utterances, few = sum(batch.num_rows for batch in mined), sample.causes.num_rows
    sample.add_mined(mined)
    new = sample.causes.num_rows - few
    rows = known + (round(new / utterances * coming) if utterances else 0)
    cold, fitting, assigning = _cluster_seconds(clusterer, sample.causes, rows)
    units_ = max(1, parts)
    shared = sample.reading.at(rows, units_) + assigning.at(rows, units_)
    return StagePlan(
        stage="themes",
        config_digest=request.digest,
        units=units_,
        rows=rows,
        load_seconds=cold,
        work_seconds=fitting + shared,
        wall_seconds=cold + fitting + wall(shared, 0.0, units_, terms.workers),
        workers=terms.workers,
        price_per_hour=terms.price_per_hour,
        peak_rss_bytes=max(before, rss_bytes()),
        sample_rows=sample.causes.num_rows,
    )


def _nothing(digest: str, causes: int, terms: Terms) -> StagePlan:
    return StagePlan(
        stage="themes",
        config_digest=digest,
        rows_done=causes,
        workers=terms.workers,
        price_per_hour=terms.price_per_hour,
    )


def _cluster_seconds(
    clusterer: Any, sample: pa.Table, rows: int
) -> tuple[float, float, Line]:
    """Returns seconds for the first causes, for fitting, and for the assignment.

    First calls import and compile; a worker pays for that once.
    """
    if not sample.num_rows or not rows:
        return 0.0, 0.0, Line()
    begun = time.perf_counter()
    hosting.cluster(clusterer, sample.slice(0, SMALL[0]))
    cold = time.perf_counter() - begun
    tried = hosting.prepare(_as_many(sample, min(rows, _MOST_CAUSES)))
    begun = time.perf_counter()
    models = {
        family: hosting.fit(clusterer, own, own.num_rows)
        for family, own in hosting.by_family(tried).items()
    }
    fitting = time.perf_counter() - begun
    points = []
    for part in (tried.slice(0, SMALL[0]), tried):
        begun = time.perf_counter()
        hosting.assign(clusterer, models, part)
        points.append((part.num_rows, time.perf_counter() - begun))
    return cold, fitting, fit(points)


def _as_many(sample: pa.Table, rows: int) -> pa.Table:
    """Returns so many causes that say different things, as those of a lake do.

    Each is the first half of one of the sample and the second half of another:
    repeated as they are, they would be grouped in no time.
    """
    words = [text.split() for text in sample.column("cause_text").to_pylist()]
    count = len(words)
    pairs = [(words[n % count], words[(n + n // count) % count]) for n in range(rows)]
    texts = [" ".join(a[: len(a) // 2] + b[len(b) // 2 :]) for a, b in pairs]
    many = sample.take(pa.array([n % count for n in range(rows)]))
    for name, values in (("cause_id", map(str, range(rows))), ("cause_text", texts)):
        place = many.schema.get_field_index(name)
        many = many.set_column(place, name, pa.array(values, pa.string()))
    return many
