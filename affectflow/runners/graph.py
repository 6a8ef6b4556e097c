"""The graph of a pipeline: applied transforms as objects, leaves of its proto."""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property
from typing import Any

import apache_beam as beam
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2 as protos

PRIMITIVES = common_urns.primitives
SMALL_SIDE_INPUT = "affectflow_small_side_input"
"""An annotation that vouches that a step's side inputs fit into memory: build the step
within `pipeline.transform_annotations(affectflow_small_side_input="yes")`."""

_RESHUFFLE = common_urns.composites.RESHUFFLE.urn
_TYPED_AS_THEY_LIKE = ("Reshuffle", "GroupByKey", "Create", "RunInference", "Impulse")
# One file name, or one number, per file.
_VOUCHED = (b"apache_beam.dataframe.io._ReadFromPandas",)
# These Beam classes wrap code by others.
_FOREIGN = (b"apache_beam.yaml.", b"apache_beam.transforms.ptransform.")


def applied_transforms(pipeline: beam.Pipeline) -> Iterator[Any]:
    """Yields every applied transform of a pipeline, in order, composites too."""
    yield from _below(pipeline.transforms_stack)


def _below(transforms: Iterable[Any]) -> Iterator[Any]:
    for applied in transforms:
        yield applied
        yield from _below(applied.parts)


def untyped_edges(pipeline: beam.Pipeline) -> Iterator[tuple[Any, str, Any]]:
    """Yields each edge of element type Any: its producer, tag and PCollection.

    Beam would pickle its elements silently. The inside of some of Beam's own
    composites, which have types of their own, is left out.
    """
    from apache_beam.typehints import typehints

    for producer in applied_transforms(pipeline):
        if any(map(_typed_as_it_likes, _around(producer))):
            continue
        for tag, pcoll in producer.outputs.items():
            if pcoll.element_type in (None, Any, typehints.Any):
                yield producer, tag, pcoll


def _around(applied: Any) -> Iterator[Any]:
    """Yields the composites that a transform is a part of, from the inside out."""
    while (applied := applied.parent) is not None:
        yield applied


def _typed_as_it_likes(applied: Any) -> bool:
    kind = type(applied.transform)
    beams = kind.__module__.startswith("apache_beam.")
    return beams and kind.__name__ in _TYPED_AS_THEY_LIKE


def labels_of_ours(pipeline: beam.Pipeline) -> set[str]:
    """Returns the full labels of affectflow's and plugins' transforms."""
    from affectflow.kinds.transform import Transform

    applied = applied_transforms(pipeline)
    return {a.full_label for a in applied if isinstance(a.transform, Transform)}


def within(label: str, composites: Collection[str]) -> bool:
    """Returns whether a step is one of `composites` or inside one."""
    return any(label == each or label.startswith(f"{each}/") for each in composites)


class Graph:
    """The leaves of a pipeline's proto; a Reshuffle counts as a leaf, as for engines.

    `small`, `models` and `beams` name the leaves whose side inputs are vouched for,
    those of models, and those right inside a composite that Beam wrote.
    """

    def __init__(self, proto: protos.Pipeline, ours: Collection[str]):
        self.proto = proto
        self.ours = ours
        self.parts = proto.components
        self.leaves: list[protos.PTransform] = []
        self.small: set[str] = set()
        self.models: set[str] = set()
        self.beams: set[str] = set()
        for root in proto.root_transform_ids:
            self._descend(self.parts.transforms[root])

    def _descend(
        self,
        step: protos.PTransform,
        *,
        small: bool = False,
        model: bool = False,
        beams: bool = False,
    ) -> None:
        python_type = step.annotations.get("python_type", b"")
        small = small or SMALL_SIDE_INPUT in step.annotations or python_type in _VOUCHED
        model = model or python_type.endswith(b".RunInference")
        if step.subtransforms and step.spec.urn != _RESHUFFLE:
            beams = _is_beams(python_type)
            for child in step.subtransforms:
                part = self.parts.transforms[child]
                self._descend(part, small=small, model=model, beams=beams)
            return
        if set(step.outputs.values()) <= set(step.inputs.values()):
            return  # a composite that returned its input
        self.leaves.append(step)
        if small:
            self.small.add(step.unique_name)
        if model:
            self.models.add(step.unique_name)
        if beams:
            self.beams.add(step.unique_name)

    @cached_property
    def pardos(self) -> list[tuple[protos.PTransform, protos.ParDoPayload]]:
        """Each ParDo with its payload."""
        return [
            (step, protos.ParDoPayload.FromString(step.spec.payload))
            for step in self.leaves
            if step.spec.urn == PRIMITIVES.PAR_DO.urn
        ]

    @cached_property
    def consumers(self) -> dict[str, list[protos.PTransform]]:
        """The leaves that read a PCollection."""
        found: dict[str, list[protos.PTransform]] = {}
        for step in self.leaves:
            for pcoll in step.inputs.values():
                found.setdefault(pcoll, []).append(step)
        return found

    @cached_property
    def producers(self) -> dict[str, protos.PTransform]:
        """The leaf that writes a PCollection."""
        return {p: s for s in self.leaves for p in s.outputs.values()}

    def before(self, step: protos.PTransform) -> Iterator[protos.PTransform]:
        """Yields the leaves right before a step."""
        return (self.producers[p] for p in step.inputs.values() if p in self.producers)

    def after(self, step: protos.PTransform) -> Iterator[protos.PTransform]:
        """Yields the leaves right after a step."""
        for pcoll in step.outputs.values():
            yield from self.consumers.get(pcoll, ())

    def coder(self, pcoll: str) -> tuple[Any, ...]:
        """Returns the coder of a PCollection with all its parts, for comparing."""
        return self._coder(self.parts.pcollections[pcoll].coder_id)

    def _coder(self, name: str) -> tuple[Any, ...]:
        found = self.parts.coders[name]
        inner = tuple(self._coder(each) for each in found.component_coder_ids)
        return found.spec.urn, found.spec.payload, inner


def _is_beams(python_type: bytes) -> bool:
    return python_type.startswith(b"apache_beam.") and not python_type.startswith(
        _FOREIGN
    )


def fused(
    start: protos.PTransform,
    neighbours: Callable[[protos.PTransform], Iterator[protos.PTransform]],
) -> Iterator[protos.PTransform]:
    """Yields the steps reached without crossing a shuffle, and the shuffle itself."""
    waiting, seen = [start], {start.unique_name}
    while waiting:
        for step in neighbours(waiting.pop()):
            if step.unique_name not in seen:
                seen.add(step.unique_name)
                yield step
                if not shuffles(step):
                    waiting.append(step)


def shuffles(step: protos.PTransform) -> bool:
    """Returns whether a step spreads its elements over workers."""
    return step.spec.urn in (PRIMITIVES.GROUP_BY_KEY.urn, _RESHUFFLE)
