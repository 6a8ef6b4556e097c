"""The check of a measure: a GROUP BY and a fit."""

import math
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
import duckdb
import pyarrow as pa

from affectflow.batches.batch import conform_like, with_column
from affectflow.kinds.measure import Measure
from affectflow.schemas import doc
from affectflow.steps.measure import MetricsFn
from affectflow.testing.rows import pickled
from affectflow.testing.running import run
from affectflow.testing.sample import Tell, quiet, sample_rows


def check_measure(
    measure: Measure,
    observations: pa.RecordBatch | None = None,
    *,
    tell: Tell = quiet,
) -> pa.RecordBatch:
    """Checks what every measure must do, and returns what it gives.

    States add up in any order; accumulator, one query of DuckDB and Beam agree; no
    observations give no values; what is refused is counted; a value is a number, given
    once.

    Args:
      measure: made with its options.
      observations: columns of `reads`, and `group` if you like; some for every reason
        of `refuses`. A sample if None, where a reason may not come up.
      tell: is called with each promise that is kept.

    Raises:
      AssertionError: names the promise that was broken.
    """
    measure = pickled(measure, tell)
    _check_columns_of(measure)
    tell("its columns have a doc, and what it needs is one of them")
    reasons = set(measure.refuses) if observations is not None else set()
    if observations is None:
        observations = sample_rows(measure.reads)
    before = observations.serialize()
    found = check_splits(measure, [observations])
    rows = [observations.slice(n, 1) for n in range(observations.num_rows)]
    check_splits(measure, rows[::-1])
    check_splits(measure, [observations.slice(0, 0)])
    check_splits(measure, [])
    assert observations.serialize().equals(before), "the input batch was changed"
    tell("any split and order, and one query of DuckDB, give the same")
    _check_values(found)
    tell("a value is a finite number, given once, or there is a reason")
    _check_refusals(measure, observations, reasons)
    tell("what is left out is counted")
    _check_same(found, run(_Spread(measure), *rows), "Beam")
    tell("Beam gives the same")
    return found


def check_splits(measure: Measure, batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Checks that batches give what one query of DuckDB gives for all of them.

    The first two are added to one state, the others make states of their own; they are
    merged from the last to the first.

    Returns:
      What the measure says.

    Raises:
      AssertionError: the results differ, or no observations give a value.
    """
    first = measure.create()
    for batch in batches[:2]:
        first = measure.add(first, batch)
    states = [first, *(measure.add(measure.create(), each) for each in batches[2:])]
    found = measure.extract(measure.merge(reversed(states)))
    if sum(batch.num_rows for batch in batches):
        _check_same(found, _in_duckdb(measure, batches), "DuckDB")
    else:
        assert not found.num_rows, "values came from no observations"
    return found


def _in_duckdb(measure: Measure, batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    schema = pa.schema([pa.field("group", pa.string()), *measure.reads])
    table = pa.Table.from_batches([conform_like(batch, schema) for batch in batches])
    with duckdb.connect() as connection:
        connection.register("given", table)
        return measure.extract(measure.counted(connection, "given"))


class _Spread(beam.PTransform):
    """Combines what is spread over several bundles first."""

    def __init__(self, measure: Measure):
        super().__init__()
        self._measure = measure

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        fit = beam.CombineGlobally(MetricsFn(self._measure))
        return pcoll | "Spread" >> beam.Reshuffle() | "Fit" >> fit


def _check_columns_of(measure: Measure) -> None:
    undocumented = [field.name for field in measure.reads if not doc(field)]
    assert not undocumented, f"columns of `reads` have no doc: {undocumented}"
    strange = set(measure.needed) - set(measure.reads.names)
    assert not strange, f"`needed` names columns that are not in `reads`: {strange}"


_NUMBERS = ("value", "low", "high")


def _check_same(one: pa.RecordBatch, other: pa.RecordBatch, where: str) -> None:
    """Checks that figures are the same to 1e-9, in any order."""
    here, there = (sorted(map(_keyed, b.to_pylist()), key=repr) for b in (one, other))
    assert [key for key, _ in here] == [key for key, _ in there], f"{where} says others"
    for (key, numbers), (_, others) in zip(here, there, strict=True):
        for a, b in zip(numbers, others, strict=True):
            close = a is b is None or (
                a is not None
                and b is not None
                and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
            )
            assert close, f"{where} says {b} of {key}, not {a}"


def _keyed(row: dict[str, Any]) -> tuple[tuple[Any, ...], list[float | None]]:
    numbers = [row.pop(name) for name in _NUMBERS]
    return tuple(row.values()), numbers


def _check_values(found: pa.RecordBatch) -> None:
    rows = [row for row in found.to_pylist() if row["unit_type"]]
    keys = [(r["group"], r["unit_type"], r["unit_id"], r["label"]) for r in rows]
    assert len(set(keys)) == len(keys), "a value is given twice"
    for row in rows:
        value = row["value"]
        assert value is not None or row["why"], f"no value, and no reason: {row}"
        assert value is None or math.isfinite(value), f"not a finite number: {row}"


def _without(batch: pa.RecordBatch, field: pa.Field) -> pa.RecordBatch:
    return with_column(batch, field, pa.nulls(batch.num_rows, field.type))


def _check_refusals(
    measure: Measure, observations: pa.RecordBatch, reasons: set[str]
) -> None:
    state = measure.add(measure.create(), observations)
    left_out = measure.left_out(state)
    counted = measure.kept(state) + sum(left_out.values())
    assert counted == observations.num_rows, "an observation is not accounted for"
    missing = reasons - set(left_out)
    assert not missing, f"no observation is refused for: {sorted(missing)}"
    for name in measure.needed:
        without = _without(observations, measure.reads.field(name))
        state = measure.add(measure.create(), without)
        assert not measure.kept(state), f"observations without {name!r} count"
        said = measure.extract(state)["unit_type"].null_count
        assert said == measure.extract(state).num_rows, "values came from refused rows"
