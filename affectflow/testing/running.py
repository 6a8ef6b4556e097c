"""Running one step through the local runner, every bundle twice."""

import copy
import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa

from affectflow import runners
from affectflow.batches.batch import concat_unlike
from affectflow.batches.coders import decode, encode
from affectflow.kinds.transform import Transform
from affectflow.runners.graph import untyped_edges

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
        raise ValueError(f"{step.default_label()} returned no batch")
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
    # The pickler would send a list of results to the worker and never bring it back.
    # What a bundle's first attempt gave ends at the shuffle; equal batches are all
    # kept.
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
    """Checks that no edge of a pipeline is untyped: Beam would pickle it silently.

    Raises:
      AssertionError: names the steps whose output has element type Any.
    """
    untyped = [
        f"{producer.full_label} -> {tag}"
        for producer, tag, _ in untyped_edges(pipeline)
    ]
    assert not untyped, f"untyped edges, which Beam would pickle: {untyped}"
