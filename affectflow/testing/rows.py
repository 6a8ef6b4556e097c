"""Checks of plugins that take or make rows: transforms, models, miners."""

import functools
import pickle
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import is_dead, missing_columns
from affectflow.kinds.miner import Miner
from affectflow.kinds.model import BatchModelHandler
from affectflow.kinds.transform import BatchTransform, ConversationTransform, Transform
from affectflow.nouns import count
from affectflow.schemas import TABLES
from affectflow.testing.running import run
from affectflow.testing.sample import Tell, quiet, sample_batch

Apply = Callable[[pa.RecordBatch], pa.RecordBatch]


def check_transform(
    step: Transform, batch: pa.RecordBatch | None = None, *, tell: Tell = quiet
) -> None:
    """Checks what every transform of batches must do.

    It survives pickling, and keeps what `check_rows` says.

    Args:
      step: the transform.
      batch: what it is tried on; a sample with the columns that it requires if None.
      tell: is called with each promise that is kept.

    Raises:
      AssertionError: names the promise that was broken.
    """
    step = pickled(step, tell)
    if batch is None:
        batch = sample_batch(step.columns_required)
    apply: Apply = functools.partial(run, step)
    if isinstance(step, BatchTransform | ConversationTransform):
        step.setup()
        apply = step.apply
    else:
        assert len(step.columns_required), f"{step!r} maps no batches to batches"
    check_rows(apply, batch, step.columns_provided, tell)


def check_model(
    handler: BatchModelHandler[Any],
    batch: pa.RecordBatch | None = None,
    *,
    tell: Tell = quiet,
) -> None:
    """Checks what every model must do.

    It survives pickling; it knows its row of `annotators`, with a licence, before the
    model is loaded; the model can be shared by Beam; rows keep what `check_rows` says;
    annotations that it adds are by this annotator, scores within 0..1.

    Args, Raises: as `check_transform`.
    """
    handler = pickled(handler, tell)
    annotator_id = _check_annotator(handler, tell)
    model: Any = handler.load_model()
    try:
        weakref.ref(model)
    except TypeError as error:
        raise AssertionError(f"Beam cannot share its model: {error}") from error
    tell("its model loads and can be shared")
    required, provided = handler.columns_required, handler.columns_provided
    batch = sample_batch(required) if batch is None else batch
    found = check_rows(lambda b: handler.apply(b, model), batch, provided, tell)
    for name in ("annotations", "vectors"):
        if name in provided.names:
            _check_labels(_added(batch, found, name), annotator_id, name)
            tell(f"{name} are by this annotator, scores within 0 and 1")


def check_miner(
    miner: Miner[Any], batch: pa.RecordBatch | None = None, *, tell: Tell = quiet
) -> None:
    """Checks what every miner must do.

    It survives pickling; it knows its row of `annotators`; rows keep what `check_rows`
    says; a cause that is `ok` is the text at its place, and no other has a place.

    Args, Raises: as `check_transform`.
    """
    miner = pickled(miner, tell)
    annotator_id = _check_annotator(miner, tell)
    model = miner.load_model()
    batch = sample_batch(miner.columns_required) if batch is None else batch
    found = check_rows(lambda b: miner.mine(b, model), batch, miner.provides, tell)
    causes = [cause for row in found.column("causes").to_pylist() for cause in row]
    _check_labels([causes], annotator_id, "causes")
    ids, texts = (batch.column(c).to_pylist() for c in ("utterance_id", "text"))
    for cause in causes:
        _check_place(cause, dict(zip(ids, texts, strict=True)))
    tell("a cause is `ok` if, and only if, it is the text at its place")


# -- what several kinds owe ------------------------------------------------------------


def pickled(plugin: Any, tell: Tell) -> Any:
    """Returns a plugin as a worker gets it.

    Raises:
      AssertionError: it does not survive pickling.
    """
    try:
        again = pickle.loads(pickle.dumps(plugin))
    except Exception as error:
        raise AssertionError(f"it does not survive pickling: {error}") from error
    tell("it survives being sent to a worker")
    return again


def check_rows(
    apply: Apply, batch: pa.RecordBatch, provided: pa.Schema, tell: Tell
) -> pa.RecordBatch:
    """Checks what every map of batches must do, and returns its result.

    The input is unchanged; rows keep number and order, and none is refused; the same
    answer twice; the provided columns are there with their types; an empty batch is
    accepted.
    """
    before = batch.serialize()
    first, second = apply(batch), apply(batch)
    assert batch.serialize().equals(before), "the input batch was changed"
    assert first.num_rows == batch.num_rows, "rows were added or lost"
    _check_kept(provided, batch, first)
    tell("the input is unchanged, and rows keep their number and order")
    assert first.equals(second), "two runs on one batch differ"
    tell("two runs on one batch give the same answer")
    _check_none_refused(batch, first)
    tell("no row of the sample is refused")
    empty = apply(batch.slice(0, 0))
    assert empty.num_rows == 0, "an empty batch became rows"
    for made in (first, empty):
        check_provided(provided, made)
    tell("it provides its columns with their types, of no rows too")
    return first


def _added(
    before: pa.RecordBatch, after: pa.RecordBatch, name: str
) -> list[list[dict[str, Any]] | None]:
    """Returns what a list column holds that it did not hold before."""
    rows = after.column(name).to_pylist()
    there = name in before.schema.names
    old = before.column(name).to_pylist() if there else [[]] * len(rows)
    return [
        [each for each in new or () if each not in (had or ())]
        for new, had in zip(rows, old, strict=True)
    ]


def _check_none_refused(before: pa.RecordBatch, after: pa.RecordBatch) -> None:
    # A step that fails on every row would keep all its other promises.
    refused = pc.and_(is_dead(after), pc.invert(is_dead(before)))
    if refused.true_count:
        reasons = after.column("errors").filter(refused)[0].as_py()
        raise AssertionError(f"{count(refused.true_count, 'row')} refused: {reasons}")


def check_provided(provided: pa.Schema, batch: pa.RecordBatch) -> None:
    """Checks that a batch has all columns of a schema, with their types."""
    missing = missing_columns(batch.schema, provided)
    assert not missing, f"provided columns are missing or have other types: {missing}"


def _check_kept(
    provided: pa.Schema, before: pa.RecordBatch, after: pa.RecordBatch
) -> None:
    for name in before.schema.names:
        if name not in (*provided.names, "errors"):
            same = after.column(name).equals(before.column(name))
            assert same, f"column {name!r}, which the step does not provide, changed"


def _check_annotator(plugin: Any, tell: Tell) -> str:
    row: Mapping[str, Any] = plugin.annotator()
    for name in ("annotator_id", "kind", "model", "licence"):
        assert row.get(name), f"`annotator()` does not give its {name!r}"
    assert row == plugin.annotator(), "`annotator()` answers differently twice"
    tell(f"it is {row['annotator_id']!r} in `annotators`, and names its licence")
    return str(row["annotator_id"])


def _check_labels(
    rows: list[list[dict[str, Any]] | None], annotator_id: str, table: str
) -> None:
    for found in (each for row in rows for each in row or ()):
        by = found.get("annotator_id")
        assert by == annotator_id, f"`{table}` are by {by!r}, not by {annotator_id!r}"
        score = found.get("score")
        assert score is None or 0 <= score <= 1, f"a score of `{table}` is {score}"
        if "status" in TABLES[table].names:
            assert found["status"], f"a row of `{table}` has no status"


def _check_place(cause: Mapping[str, Any], texts: Mapping[str, str | None]) -> None:
    start, end = cause["start"], cause["end"]
    if cause["status"] != "ok":
        assert start is None, f"a cause that is {cause['status']!r} has a place"
        return
    text = texts.get(cause["cause_utterance_id"]) or ""
    assert text[start:end] == cause["cause_text"], (
        f"{cause['cause_text']!r} is not the text at {start} to {end}"
    )
