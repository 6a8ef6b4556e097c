"""Textualize: nonverbal cues of text, written out in words."""

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import defaults, people, registry
from affectflow.batches import batch as batches
from affectflow.errors import UsageError
from affectflow.kinds.renderer import BLANK, Cue, TextRenderer
from affectflow.kinds.transform import BatchTransform
from affectflow.registry import Card
from affectflow.schemas import CUES_COLUMN, UTTERANCES, fields


@dataclass(kw_only=True)
class Textualize(BatchTransform):
    """Finds emoji, emoticons and the like, and says them in words.

    Fills `cues`; `text` stays as it is. Cues within code, quotes, logs, links and the
    other segments are not the author's and are left out. Cues that other renderers
    left in the batch stay; those of these renderers are replaced.

    Args:
      renderers: names of plugins of the group `affectflow.renderers`, in order.

    Raises:
      UnknownPluginError: a renderer is not installed; when the first batch comes.
      UsageError: a renderer does not read text; likewise.
    """

    renderers: tuple[str, ...] = defaults.RENDERERS

    requires: ClassVar[pa.Schema] = fields(UTTERANCES, "text", "segments")
    provides: ClassVar[pa.Schema] = pa.schema([CUES_COLUMN])
    card: ClassVar[Card] = Card(summary="writes emoji, emoticons and typography out")

    def __post_init__(self) -> None:
        super().__init__()
        self.renderers = tuple(self.renderers)
        for each in load_renderers(self.renderers):
            people.check(each)  # one that is kept was made for another run
        self._said = people.declared()

    def setup(self) -> None:
        with people.using(**vars(self._said)):
            load_renderers(self.renderers)

    def process_batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return textualize(batch, load_renderers(self.renderers))


_CUE = CUES_COLUMN.type.value_type


@functools.cache
def load_renderers(names: tuple[str, ...]) -> tuple[TextRenderer, ...]:
    """Returns one renderer for each name; kept for the life of the process.

    Raises:
      UnknownPluginError: a renderer is not installed.
      UsageError: one of them does not read text.
    """
    made = tuple(registry.make("renderers", name) for name in names)
    for name, renderer in zip(names, made, strict=True):
        if not isinstance(renderer, TextRenderer):
            raise UsageError(
                f"{name!r} does not render text: leave it out of `renderers`, or "
                "derive it from affectflow.kinds.renderer.TextRenderer"
            )
    return made


class _Found(NamedTuple):
    """Cues of a batch, flat: the row of each, and who rendered it."""

    rows: list[int]
    cues: list[Cue]
    by: list[TextRenderer]


def textualize(
    batch: pa.RecordBatch, renderers: Sequence[TextRenderer]
) -> pa.RecordBatch:
    """Returns `batch` with the cues that `renderers` find in its prose."""
    found = _find_cues(batch, renderers)
    rows, values = np.asarray(found.rows, np.int64), _structs(found)
    kept_rows, kept = _kept(batch, {r.id for r in renderers})
    rows = np.concatenate([kept_rows, rows])
    order = np.argsort(rows, kind="stable")
    values = pa.concat_arrays([kept, values]).take(pa.array(order))
    counts = np.bincount(rows, minlength=batch.num_rows)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    column = pa.ListArray.from_arrays(pa.array(offsets), values, type=CUES_COLUMN.type)
    return batches.with_column(batch, CUES_COLUMN, column)


def _find_cues(batch: pa.RecordBatch, renderers: Sequence[TextRenderer]) -> _Found:
    """Renders the rows that a cheap test lets through; the others cost nothing."""
    texts = batch.column("text")
    masks = [
        pc.fill_null(renderer.may_match(texts), False).to_numpy(zero_copy_only=False)
        for renderer in renderers
    ]
    candidates = np.flatnonzero(np.logical_or.reduce(masks)) if masks else np.array([])
    found = _Found([], [], [])
    chosen = [mask[candidates].tolist() for mask in masks]
    prose = _prose(batch, candidates)
    for row, text, *may in zip(candidates.tolist(), prose, *chosen, strict=True):
        for renderer in itertools.compress(renderers, may):
            if cues := renderer.render(text):
                found.rows.extend([row] * len(cues))
                found.cues.extend(cues)
                found.by.extend([renderer] * len(cues))
    return found


def _prose(batch: pa.RecordBatch, rows: "np.ndarray[Any, Any]") -> list[str]:
    """Returns the texts of `rows`, their segments blanked character for character."""
    chosen = batch.select(["text", "segments"]).take(pa.array(rows, pa.int64()))
    texts = chosen.column("text").to_pylist()
    segments = chosen.column("segments")
    parents = pc.list_parent_indices(segments).to_pylist()
    flat = segments.flatten()
    spans: dict[int, list[tuple[int, int]]] = {}
    starts, ends = flat.field("start").to_pylist(), flat.field("end").to_pylist()
    for row, start, end in zip(parents, starts, ends, strict=True):
        spans.setdefault(row, []).append((start, end))
    for row, within in spans.items():
        texts[row] = _blanked(texts[row], within)
    return list(texts)


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    pieces, position = [], 0
    for start, end in sorted(spans):
        pieces += [text[position:start], BLANK * (end - max(start, position))]
        position = max(position, end)
    return "".join([*pieces, text[position:]])


def _structs(found: _Found) -> pa.StructArray:
    n = len(found.cues)
    columns: dict[str, list[Any]] = {
        "modality": [renderer.modality for renderer in found.by],
        "renderer_id": [renderer.id for renderer in found.by],
        "start_s": [None] * n,
        "end_s": [None] * n,
    }
    columns |= {
        name: [getattr(cue, name) for cue in found.cues] for name in Cue._fields
    }
    arrays = [pa.array(columns[field.name], field.type) for field in _CUE]
    return pa.StructArray.from_arrays(arrays, fields=list(_CUE))


def _kept(
    batch: pa.RecordBatch, replaced: set[str]
) -> "tuple[np.ndarray[Any, Any], pa.StructArray]":
    """Returns the rows and cues that other renderers left in the batch."""
    if CUES_COLUMN.name not in batch.schema.names:
        return np.empty(0, np.int64), pa.array([], _CUE)
    column = batch.column(CUES_COLUMN.name).cast(CUES_COLUMN.type)
    flat = column.flatten()
    ours = pc.is_in(flat.field("renderer_id"), pa.array(list(replaced), pa.string()))
    rows = pc.list_parent_indices(column).filter(pc.invert(ours))
    return rows.to_numpy(zero_copy_only=False), flat.filter(pc.invert(ours))
