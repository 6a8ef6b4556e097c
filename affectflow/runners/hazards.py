"""Finds, before a run, what loses data, never ends or breaks workers on an engine.

`hazards` reads the pipeline's proto, which is all that an engine sees; `check` adds
what only the object graph knows, the element types of edges. Sources: the tests that
Beam's own classes for Spark, Flink and Prism skip in 2.77, with their issues.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.portability.api import beam_runner_api_pb2 as protos

from affectflow.errors import UsageError
from affectflow.runners.graph import (
    PRIMITIVES,
    SMALL_SIDE_INPUT,
    Graph,
    applied_transforms,
    fused,
    labels_of_ours,
    shuffles,
    untyped_edges,
    within,
)

MAX_STEP_BYTES = 1_000_000
MAX_PIPELINE_BYTES = 10_000_000
_WINDOWS = {
    "beam:window_fn:global_windows:v1",
    "beam:window_fn:fixed_windows:v1",
}
_MORE_WINDOWS = {
    *_WINDOWS,
    "beam:window_fn:sliding_windows:v1",
    "beam:window_fn:session_windows:v1",
}
# Side inputs that Beam's own steps make of one name or one default.
_SMALL_SIDE_INPUTS = ("/WriteImpl/", "/InjectDefault")


@dataclass(frozen=True, kw_only=True)
class Hazard:
    """What would go wrong on an engine.

    Args:
      step: full label of the step; empty if it is the whole pipeline.
      what: what goes wrong.
      cure: what to do instead.
    """

    step: str
    what: str
    cure: str

    def __str__(self) -> str:
        where = f"step {self.step!r}" if self.step else "the pipeline"
        return f"{where}: {self.what}; {self.cure}"


def check(pipeline: beam.Pipeline, *, engine: str) -> None:
    """Refuses a pipeline that an engine would not run correctly.

    Args:
      pipeline: built, not run.
      engine: one of `engines.ENGINES`.

    Raises:
      UsageError: one line with the first hazardous step, why, and what to do.
    """
    found = list(_of_objects(pipeline, engine))
    # The local runner handles the rest correctly; it builds the proto itself in 40 ms.
    if engine != "local" and not found:
        found = hazards(pipeline.to_runner_api(), engine, ours=labels_of_ours(pipeline))
    if found:
        more = f" (and {len(found) - 1} more)" if found[1:] else ""
        raise UsageError(f"not for {engine}: {found[0]}{more}")


def hazards(
    proto: protos.Pipeline, engine: str, *, ours: Collection[str] = ()
) -> list[Hazard]:
    """Returns the hazards of a pipeline on an engine, in the order of its rules.

    Args:
      proto: of the pipeline, before any runner's rewriting.
      engine: one of `engines.ENGINES`.
      ours: full labels of the transforms of affectflow and of its plugins.
    """
    graph = Graph(proto, ours)
    return [each for rule in _RULES[engine] for each in rule(graph)]


# -- the object graph ----------------------------------------------------------------


def _of_objects(pipeline: beam.Pipeline, engine: str) -> Iterator[Hazard]:
    for applied in applied_transforms(pipeline):
        for pcoll in applied.outputs.values():
            if not pcoll.is_bounded and not applied.parts:
                yield _never_ends(applied.full_label)
    if engine != "local":
        yield from _pickled_batches(pipeline)


def _pickled_batches(pipeline: beam.Pipeline) -> Iterator[Hazard]:
    ours = labels_of_ours(pipeline)
    consumers: dict[Any, list[str]] = {}
    for applied in applied_transforms(pipeline):
        for pcoll in applied.inputs:
            consumers.setdefault(pcoll, []).append(applied.full_label)
    for producer, _, pcoll in untyped_edges(pipeline):
        ends = (producer.full_label, *consumers.get(pcoll, ()))
        if any(within(label, ours) for label in ends):
            yield Hazard(
                step=producer.full_label,
                what="its elements have no type, so Beam would pickle record batches",
                cure="add .with_output_types(pa.RecordBatch) to the step",
            )


# -- rules ---------------------------------------------------------------------------


def _never_ends(step: str) -> Hazard:
    return Hazard(
        step=step,
        what="its output is unbounded, so a batch run never ends",
        cure="read a bounded source: files, or a window of the stream that was saved",
    )


def _unbounded(graph: Graph) -> Iterator[Hazard]:
    unbounded = protos.IsBounded.UNBOUNDED
    for pcoll, step in graph.producers.items():
        if graph.parts.pcollections[pcoll].is_bounded == unbounded:
            yield _never_ends(step.unique_name)


def _flattened_coders(graph: Graph) -> Iterator[Hazard]:
    # beam#19504: the bytes are handed on as they are, and decoded by another coder.
    # Beam's own composites (CoGroupByKey, Top) join coders that read one another.
    for step in graph.leaves:
        own = step.unique_name in graph.beams
        if step.spec.urn == PRIMITIVES.FLATTEN.urn and not own:
            (output,) = step.outputs.values()
            coder = graph.coder(output)
            if any(graph.coder(each) != coder for each in step.inputs.values()):
                yield Hazard(
                    step=step.unique_name,
                    what="Flatten joins different element types, and the engine hands "
                    "bytes of one coder to another (beam#19504, beam#19365)",
                    cure="end every input with a step that has the same "
                    ".with_output_types(...)",
                )


def _flattened_and_grouped(graph: Graph) -> Iterator[Hazard]:
    both = {PRIMITIVES.FLATTEN.urn, PRIMITIVES.GROUP_BY_KEY.urn}
    for pcoll, steps in graph.consumers.items():
        if both <= {step.spec.urn for step in steps}:
            yield Hazard(
                step=graph.producers[pcoll].unique_name,
                what="its output goes to a Flatten and to a GroupByKey, which the "
                "engine mixes up (beam#34647)",
                cure="put a Reshuffle between it and one of them",
            )


def _state_and_timers(graph: Graph) -> Iterator[Hazard]:
    for step, payload in graph.pardos:
        if payload.state_specs or payload.timer_family_specs:
            yield Hazard(
                step=step.unique_name,
                what="state and timers hold all values of a key in memory, one bundle "
                "per key, and dynamic timers never fire (beam#20179)",
                cure="use beam.BatchElements, or collect within a bundle and emit in "
                "finish_bundle",
            )


def _finalization(graph: Graph) -> Iterator[Hazard]:
    for step, payload in graph.pardos:
        if payload.requests_finalization:
            yield Hazard(
                step=step.unique_name,
                what="bundle finalization is never called (beam#19517, beam#19526)",
                cure="commit in a step after a GroupByKey instead",
            )


def _windows_other_than(known: set[str]) -> Callable[[Graph], Iterator[Hazard]]:
    def rule(graph: Graph) -> Iterator[Hazard]:
        for pcoll, step in graph.producers.items():
            strategy = graph.parts.pcollections[pcoll].windowing_strategy_id
            urn = graph.parts.windowing_strategies[strategy].window_fn.urn
            if urn not in known:
                yield Hazard(
                    step=step.unique_name,
                    what=f"windows of kind {urn!r} are not kept (beam#20641, "
                    "beam#31921, beam#35429)",
                    cure="use global or fixed windows, and group by a key of your own",
                )

    return rule


def _too_big(graph: Graph) -> Iterator[Hazard]:
    for step in graph.leaves:
        size = len(step.spec.payload)
        if size > MAX_STEP_BYTES:
            yield Hazard(
                step=step.unique_name,
                what=f"it adds {size / 1e6:.1f} MB to the job description",
                cure="give it a path, and read the file in setup()",
            )
    size = graph.proto.ByteSize()
    if size > MAX_PIPELINE_BYTES:
        yield Hazard(
            step="",
            what=f"the job description is {size / 1e6:.1f} MB; the limit is "
            f"{MAX_PIPELINE_BYTES / 1e6:.0f} MB",
            cure="list files on a worker, not in the pipeline",
        )


def _read_in_one_task(graph: Graph) -> Iterator[Hazard]:
    # beam#24422, beam#21222: with one impulse, one task splits and reads everything.
    for step, payload in graph.pardos:
        if not payload.restriction_coder_id:
            continue
        if any(shuffles(each) for each in fused(step, graph.before)):
            continue
        costly = [each for each in fused(step, graph.after) if _costs(graph, each)]
        if costly:
            yield Hazard(
                step=step.unique_name,
                what="the engine reads all of it in one task, and runs "
                f"{costly[0].unique_name!r} there too (beam#24422)",
                cure="put beam.Reshuffle() after the read, or read files in a DoFn "
                "after MatchFiles and Reshuffle",
            )


def _costs(graph: Graph, step: protos.PTransform) -> bool:
    if shuffles(step):
        return False
    return step.unique_name in graph.models or within(step.unique_name, graph.ours)


def _side_inputs(graph: Graph) -> Iterator[Hazard]:
    for step, payload in graph.pardos:
        name = step.unique_name
        known = name in graph.small or any(p in name for p in _SMALL_SIDE_INPUTS)
        if payload.side_inputs and not known:
            yield Hazard(
                step=name,
                what="its side input is collected in the driver and copied into every "
                "worker's memory, whatever its size",
                cure="join with a GroupByKey or read a file in setup(); if it is "
                "small, add the step inside `with pipeline.transform_annotations("
                f"{SMALL_SIDE_INPUT}='yes'):`",
            )


_ALWAYS = (_unbounded,)
_REMOTE = (*_ALWAYS, _too_big)
_JVM = (*_REMOTE, _flattened_coders, _flattened_and_grouped, _finalization)
_SPARK = (
    *_JVM,
    _state_and_timers,
    _windows_other_than(_WINDOWS),
    _read_in_one_task,
    _side_inputs,
)
_RULES: dict[str, tuple[Callable[[Graph], Iterator[Hazard]], ...]] = {
    "local": _ALWAYS,
    "dataflow": _REMOTE,
    "prism": (*_REMOTE, _windows_other_than(_MORE_WINDOWS)),
    "flink": (*_JVM, _windows_other_than(_MORE_WINDOWS), _read_in_one_task),
    "spark": _SPARK,
    # Any engine may be behind a job endpoint.
    "portable": _SPARK,
}
