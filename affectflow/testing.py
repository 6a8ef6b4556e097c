"""What a plugin author's tests need: run(), and a check for each kind of plugin."""

import copy
import hashlib
import math
import pickle
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import runners
from affectflow.batches.batch import (
    concat_unlike,
    conform_like,
    is_dead,
    missing_columns,
    with_column,
)
from affectflow.batches.coders import decode, encode
from affectflow.kinds.clusterer import Clusterer
from affectflow.kinds.measure import Measure
from affectflow.kinds.transform import BatchTransform, ConversationTransform, Transform
from affectflow.runners.graph import untyped_edges
from affectflow.schemas import THEMES, doc
from affectflow.steps import themes as hosting
from affectflow.steps.measure import MetricsFn

LOCAL = ("--runner=FnApiRunner",)
# Runs every bundle one extra time: what a retry on a cluster does.
WITH_RETRIES = (*LOCAL, "--direct_runner_bundle_repeat=1")


def run(
    step: Transform | beam.PTransform,
    *batches: pa.RecordBatch,
    options: Sequence[str] = WITH_RETRIES,
) -> pa.RecordBatch:
    """Returns what `step` makes of `batches`, through the local runner, as one batch.

    A source is run without batches. Every bundle runs twice, as after a failure.

    Raises:
      ValueError: nothing came out, not even an empty batch.
    """
    with tempfile.TemporaryDirectory(prefix="affectflow-") as folder:
        # Beam binds a source to the first pipeline that it is applied to.
        fresh = copy.copy(step)
        runners.run(lambda p: _collect(p, fresh, batches, folder), options)
        found = [_read(path) for path in sorted(Path(folder).iterdir())]
    if not found:
        raise ValueError(f"{step.default_label()} gave no batch at all")
    return concat_unlike(found)


def _collect(
    pipeline: beam.Pipeline,
    step: beam.PTransform,
    batches: Sequence[pa.RecordBatch],
    folder: str,
) -> None:
    begin: Any = pipeline
    if batches:
        begin = pipeline | "Batches" >> beam.Create(
            list(batches), reshuffle=False
        ).with_output_types(pa.RecordBatch)
    # The pickler would send a list of results to the worker and back to nobody. What
    # a bundle's first attempt gave ends at the shuffle; equal batches are all kept.
    _ = (
        begin
        | "Step" >> step
        | "Encode" >> beam.Map(_addressed).with_output_types(tuple[str, bytes])
        | "Group" >> beam.GroupByKey()
        | "Keep" >> beam.Map(_write, folder=folder).with_output_types(int)
    )
    check_edges(pipeline)


def _addressed(batch: pa.RecordBatch) -> tuple[str, bytes]:
    content = encode(batch)
    return hashlib.blake2b(content, digest_size=8).hexdigest(), content


def _write(addressed: tuple[str, Iterable[bytes]], folder: str) -> int:
    number = 0
    for number, content in enumerate(addressed[1], start=1):
        Path(folder, f"{addressed[0]}-{number}").write_bytes(content)
    return number


def _read(path: Path) -> pa.RecordBatch:
    return decode(path.read_bytes())


def check_edges(pipeline: beam.Pipeline) -> None:
    """Checks that no edge of a pipeline is untyped: Beam would pickle it in silence.

    Raises:
      AssertionError: names the steps whose output has element type Any.
    """
    untyped = [
        f"{producer.full_label} -> {tag}"
        for producer, tag, _ in untyped_edges(pipeline)
    ]
    assert not untyped, f"untyped edges, which Beam would pickle: {untyped}"


def check_transform(step: Transform, batch: pa.RecordBatch) -> None:
    """Checks what every batch and conversation transform owes.

    The input is unchanged; rows keep number and order, and none is refused; the same
    answer twice; the provided columns are there with their types; an empty batch is
    accepted; the step survives pickling.

    Raises:
      AssertionError: names the promise that was broken.
    """
    step = pickle.loads(pickle.dumps(step))
    assert isinstance(step, BatchTransform | ConversationTransform), (
        f"{step!r} maps no batches to batches"
    )
    step.setup()
    before = batch.to_pylist()
    first, second = step.apply(batch), step.apply(batch)
    assert batch.to_pylist() == before, "the input batch was changed"
    assert first.num_rows == batch.num_rows, "rows were added or lost"
    assert first.equals(second), "two runs on one batch differ"
    _check_none_refused(batch, first)
    _check_provided(step, first)
    _check_kept(step, batch, first)
    empty = step.apply(batch.slice(0, 0))
    assert empty.num_rows == 0, "an empty batch became rows"
    _check_provided(step, empty)


def _check_none_refused(before: pa.RecordBatch, after: pa.RecordBatch) -> None:
    # A step that fails on every row would keep all its other promises.
    refused = pc.and_(is_dead(after), pc.invert(is_dead(before)))
    if refused.true_count:
        reasons = after.column("errors").filter(refused)[0].as_py()
        raise AssertionError(f"{refused.true_count} rows were refused: {reasons}")


def _check_provided(step: Transform, batch: pa.RecordBatch) -> None:
    missing = missing_columns(batch.schema, step.columns_provided)
    assert not missing, f"provided columns lack or have other types: {missing}"


def _check_kept(step: Transform, before: pa.RecordBatch, after: pa.RecordBatch) -> None:
    for name in before.schema.names:
        if name not in (*step.columns_provided.names, "errors"):
            same = after.column(name).equals(before.column(name))
            assert same, f"column {name!r}, which the step does not provide, changed"


def check_source(source: Transform, *, expected_rows: int) -> pa.RecordBatch:
    """Checks what every source owes, and returns what it read.

    It provides its columns; every row lives, with an id and a text, or is dead with a
    reason; two runs give the same rows.

    Args:
      source: a transform that requires nothing.
      expected_rows: living and dead rows together.

    Raises:
      AssertionError: names the promise that was broken.
    """
    assert not len(source.columns_required), "a source requires nothing"
    first, second = run(source), run(source)
    assert sorted(first["origin"].to_pylist()) == sorted(second["origin"].to_pylist())
    _check_provided(source, first)
    assert first.num_rows == expected_rows, (
        f"{first.num_rows} rows came out for {expected_rows}"
    )
    living = first.filter(_living(first))
    for name in ("utterance_id", "conversation_id", "text", "source", "origin"):
        assert living.column(name).null_count == 0, f"a living row lacks {name!r}"
    return first


def _living(batch: pa.RecordBatch) -> pa.BooleanArray:
    return pc.invert(is_dead(batch))


def check_clusterer(clusterer: Clusterer, causes: pa.Table) -> pa.Table:
    """Checks what every clusterer owes, and returns the themes that it found.

    Causes in another order and in parts give the same themes and members, from a
    model that was stored as bytes; every cause is in one group or none; the clusterer
    survives pickling.

    Args:
      clusterer: with its options.
      causes: as `Clusterer` describes them; some have to make a theme.

    Raises:
      AssertionError: names the promise that was broken.
    """
    assert isinstance(clusterer, Clusterer), f"{clusterer!r} has no base `Clusterer`"
    clusterer = pickle.loads(pickle.dumps(clusterer))
    prepared = hosting.prepare(causes)
    for family, own in hosting.by_family(prepared).items():
        given = clusterer.assign(own, hosting.fit(clusterer, own, own.num_rows))
        lengths = {len(given.groups), len(given.similarity)}
        assert lengths == {own.num_rows}, (
            f"{lengths} groups and similarities for {own.num_rows} causes of {family!r}"
        )
    themes, members = hosting.cluster(clusterer, causes)
    assert themes.num_rows, "no theme came out; give causes that belong together"
    half = (prepared.num_rows + 1) // 2
    parts = [prepared.slice(half), prepared.slice(0, half)]
    assert _clustered(clusterer, parts) == _sorted(themes, members), (
        "causes in another order, or in parts, give other themes"
    )
    return themes


def _clustered(clusterer: Clusterer, parts: list[pa.Table]) -> Any:
    """Returns what the stage themes makes of causes in parts."""
    whole = pa.concat_tables(parts)
    counts = hosting.count_by_family(whole)
    models = {}
    for family, own in hosting.by_family(whole).items():
        sample = hosting.sampled(clusterer, own, counts)
        model = hosting.fit(clusterer, sample, counts[family])
        models[family] = clusterer.load(clusterer.dump(model))
    found = [hosting.assign(clusterer, models, part) for part in parts]
    tables = []
    for family, model in models.items():
        tallies = [tally[family] for _, tally in found if family in tally]
        if tallies:
            merged = hosting.merge(tallies)
            tables.append(hosting.name_themes(clusterer, family, model, merged))
    themes = pa.concat_tables(tables)
    members = [hosting.members(assigned, themes) for assigned, _ in found]
    return _sorted(themes, pa.concat_tables(members))


def _sorted(themes: pa.Table, members: pa.Table) -> tuple[list[Any], list[Any]]:
    """Returns rows in one order, whatever theirs was."""
    themes = themes.select(THEMES.names).cast(THEMES)
    return (
        themes.sort_by(
            [("clustering_id", "ascending"), ("theme_id", "ascending")]
        ).to_pylist(),
        members.sort_by(
            [("clustering_id", "ascending"), ("cause_id", "ascending")]
        ).to_pylist(),
    )


# -- measures ----------------------------------------------------------------------


def check_measure(measure: Measure, observations: pa.RecordBatch) -> pa.RecordBatch:
    """Checks what every measure owes, and returns what it says of the observations.

    States add up in any order; accumulator, one query of DuckDB and Beam agree; nothing
    comes of nothing; what is refused is counted; a value is a number, and said once.

    Args:
      measure: made with its options.
      observations: columns of `reads`, and `group` if you like; some for every reason
        of `refuses`.

    Raises:
      AssertionError: names the promise that was broken.
    """
    measure = pickle.loads(pickle.dumps(measure))
    _check_columns_of(measure)
    before = observations.to_pylist()
    found = check_splits(measure, [observations])
    rows = [observations.slice(n, 1) for n in range(observations.num_rows)]
    check_splits(measure, rows[::-1])
    check_splits(measure, [observations.slice(0, 0)])
    check_splits(measure, [])
    assert observations.to_pylist() == before, "the input batch was changed"
    _check_values(found)
    _check_refusals(measure, observations)
    _check_same(found, run(_Spread(measure), *rows), "Beam")
    return found


def check_splits(measure: Measure, batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Checks that batches come to what they come to as one, in a query of DuckDB.

    The first two are added to one state, the others make states of their own; they are
    merged from the last to the first.

    Returns:
      What the measure says.

    Raises:
      AssertionError: they come to something else, or nothing comes to something.
    """
    first = measure.create()
    for batch in batches[:2]:
        first = measure.add(first, batch)
    states = [first, *(measure.add(measure.create(), each) for each in batches[2:])]
    found = measure.extract(measure.merge(reversed(states)))
    if sum(batch.num_rows for batch in batches):
        _check_same(found, _in_duckdb(measure, batches), "DuckDB")
    else:
        assert not found.num_rows, "values came of no observations"
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
    assert not strange, f"`needed` names columns that `reads` lacks: {strange}"


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
    assert len(set(keys)) == len(keys), "a value is said twice"
    for row in rows:
        value = row["value"]
        assert value is not None or row["why"], f"no value, and no reason: {row}"
        assert value is None or math.isfinite(value), f"no finite number: {row}"


def _without(batch: pa.RecordBatch, field: pa.Field) -> pa.RecordBatch:
    return with_column(batch, field, pa.nulls(batch.num_rows, field.type))


def _check_refusals(measure: Measure, observations: pa.RecordBatch) -> None:
    state = measure.add(measure.create(), observations)
    left_out = measure.left_out(state)
    counted = measure.kept(state) + sum(left_out.values())
    assert counted == observations.num_rows, "an observation is not accounted for"
    missing = set(measure.refuses) - set(left_out)
    assert not missing, f"no observation is refused for: {sorted(missing)}"
    for name in measure.needed:
        without = _without(observations, measure.reads.field(name))
        state = measure.add(measure.create(), without)
        assert not measure.kept(state), f"observations without {name!r} count"
        said = measure.extract(state)["unit_type"].null_count
        assert said == measure.extract(state).num_rows, "values came of refused rows"
