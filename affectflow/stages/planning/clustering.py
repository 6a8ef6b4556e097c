"""From some causes to a plan: what themes would still take."""

import time
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectflow import registry
from affectflow.lake import Lake
from affectflow.nesting import unnest
from affectflow.schemas import CAUSES_COLUMN
from affectflow.stages import themes_config
from affectflow.stages.planning.estimating import Terms
from affectflow.stages.planning.ledger import StagePlan, wall
from affectflow.stages.planning.measuring import SMALL, rss_bytes
from affectflow.stages.runs import new_request
from affectflow.stages.theming.units import causes_of, families, units

# More causes than this are not clustered for a measurement.
_MOST_CAUSES = 4_000


def sampled_causes(batches: list[pa.RecordBatch]) -> pa.Table:
    """Returns the causes in mined batches as the stage themes clusters them."""
    family_of: dict[tuple[str, str], list[str]] = {}
    for family, pairs in families().items():
        for pair in pairs:
            family_of.setdefault(pair, []).append(family)
    rows = []
    for batch in batches:
        for cause in unnest(batch, CAUSES_COLUMN.name).to_pylist():
            if cause["status"] == "ok":
                for family in family_of.get((cause["vocabulary"], cause["label"]), []):
                    rows.append({**cause, "family": family})
    names = ("cause_id", "family", "cause_text", "summary")
    schema = pa.schema([(name, pa.string()) for name in names])
    return pa.Table.from_pylist(rows, schema=schema)


def estimate_themes(
    lake: Lake, sample: pa.Table, rows: int, parts: int, terms: Terms
) -> StagePlan:
    """Returns what themes would take.

    Args:
      lake: with the causes that are there by now.
      sample: causes that are still to come, one row for each family.
      rows: of causes that are still to come.
      parts: that the lake has, or will have.
      terms: of the plan.
    """
    clusterer = registry.load("transforms", "ClusterThemes")()
    request = new_request(lake, "themes", themes_config(clusterer))
    before = rss_bytes()
    begun = time.perf_counter()
    there, read, known = _some_causes(lake)
    clusterer.cluster(there.slice(0, SMALL[0]))
    cold = time.perf_counter() - begun - read * there.num_rows
    sample = there.select(sample.schema.names) if there.num_rows else sample
    total = known + rows
    fixed, each = _cluster_seconds(clusterer, sample, total)
    shared = (read + each) * total
    return StagePlan(
        stage="themes",
        config_digest=request.digest,
        units=max(1, parts),
        load_seconds=cold,
        work_seconds=fixed + shared,
        wall_seconds=cold + fixed + wall(shared, 0.0, max(1, parts), terms.workers),
        workers=terms.workers,
        price_per_hour=terms.price_per_hour,
        peak_rss_bytes=max(before, rss_bytes()),
        sample_rows=sample.num_rows,
    )


def _some_causes(lake: Lake) -> tuple[pa.Table, float, int]:
    """Returns some causes, seconds to read one, and about how many there are."""
    found, rows, begun = [sampled_causes([])], 0, time.perf_counter()
    every = units(lake)
    for unit in every:
        if sum(each.num_rows for each in found) >= _MOST_CAUSES:
            break
        found.append(causes_of(lake, unit).select(found[0].schema.names))
        rows += unit.rows
    seconds, causes = time.perf_counter() - begun, pa.concat_tables(found)
    share = causes.num_rows / rows if rows else 0.0
    known = round(share * sum(unit.rows for unit in every))
    return causes, seconds / max(1, causes.num_rows), known


def _cluster_seconds(
    clusterer: Any, sample: pa.Table, rows: int
) -> tuple[float, float]:
    """Returns seconds for fitting so many causes, and for the assignment of each."""
    if not sample.num_rows or not rows:
        return 0.0, 0.0
    tried = clusterer.prepare(_as_many(sample, min(rows, _MOST_CAUSES)))
    families = pc.value_counts(tried.column("family")).to_pylist()
    begun = time.perf_counter()
    models = {
        row["values"]: clusterer.fit(
            tried.filter(pc.equal(tried.column("family"), row["values"])), row["counts"]
        )
        for row in families
    }
    fitted = time.perf_counter()
    clusterer.assign(models, tried)
    return fitted - begun, (time.perf_counter() - fitted) / tried.num_rows


def _as_many(sample: pa.Table, rows: int) -> pa.Table:
    """Returns so many causes: those of the sample, over and over."""
    times = -(-rows // sample.num_rows)
    many = pa.concat_tables([sample] * times).slice(0, rows)
    ids = pa.array([str(number) for number in range(rows)])
    return many.set_column(many.schema.get_field_index("cause_id"), "cause_id", ids)
