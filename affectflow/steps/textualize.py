"""Textualize: nonverbal cues of text, written out in words."""

import functools
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
from affectflow.steps.reactions import in_language, reactions


@dataclass(kw_only=True)
class Textualize(BatchTransform):
    """Finds emoji, emoticons and the like, and writes them out in words.

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
    card: ClassVar[Card] = Card(
        summary="writes emoji, emoticons and typography out in words"
    )

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
_Renderers = Sequence[TextRenderer]


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
    """Cues of a batch, flat: the row of each, and the number of its renderer."""

    rows: list[int]
    cues: list[Cue]
    by: list[int]


def textualize(batch: pa.RecordBatch, renderers: _Renderers) -> pa.RecordBatch:
    """Returns `batch` with the cues that `renderers` find in its prose.

    Where the batch has `lang`, renderers speak the language of each text; where it has
    `attrs`, reactions are said, too.
    """
    ids = [renderer.id for renderer in renderers]
    found = _find_cues(batch, renderers)
    given = reactions(batch, renderers)
    kept_rows, kept = _kept(batch, set(ids))
    rows = np.concatenate([kept_rows, np.asarray(found.rows, np.int64), given.rows])
    order = np.argsort(rows, kind="stable")
    both = [kept, _structs(found, renderers, ids), given.values]
    values = pa.concat_arrays(both).take(pa.array(order))
    counts = np.bincount(rows, minlength=batch.num_rows)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    column = pa.ListArray.from_arrays(pa.array(offsets), values, type=CUES_COLUMN.type)
    return batches.with_column(batch, CUES_COLUMN, column)


def _find_cues(batch: pa.RecordBatch, renderers: _Renderers) -> _Found:
    """Renders the rows that a cheap test lets through; the others cost nothing."""
    texts = batch.column("text")
    masks = [
        pc.fill_null(renderer.may_match(texts), False).to_numpy(zero_copy_only=False)
        for renderer in renderers
    ]
    rows = np.flatnonzero(np.logical_or.reduce(masks)) if masks else np.array([])
    prose = _prose(batch, rows)
    tags = _languages(batch, rows)
    found = _Found([], [], [])
    for number, mask in enumerate(masks):
        places = np.flatnonzero(mask[rows]).tolist()
        _render(renderers[number], number, places, prose, tags, found)
    found.rows[:] = rows[found.rows].tolist()
    return found


def _render(
    renderer: TextRenderer,
    number: int,
    places: Sequence[int],
    prose: Sequence[str],
    tags: Sequence[str] | None,
    found: _Found,
) -> None:
    """Adds what a renderer finds in the prose at `places`."""
    render = renderer.render
    for place in places:
        if tags is not None:
            render = in_language(renderer, tags[place]).render
        if cues := render(prose[place]):
            n = len(cues)
            found.rows.extend([place] * n)
            found.cues.extend(cues)
            found.by.extend([number] * n)


def _languages(batch: pa.RecordBatch, rows: "np.ndarray[Any, Any]") -> list[str] | None:
    """Returns the tags of languages of `rows`, empty for none; None if all are."""
    if "lang" not in batch.schema.names:
        return None
    tags = batch.column("lang").take(pa.array(rows, pa.int64()))
    if tags.null_count == len(tags):
        return None
    return list(pc.fill_null(tags, "").to_pylist())


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


def _structs(found: _Found, renderers: _Renderers, ids: Sequence[str]) -> pa.Array:
    by = pa.array(found.by, pa.int64())
    nothing = pa.nulls(len(found.cues), pa.float64())
    modalities = [renderer.modality for renderer in renderers]
    columns: dict[str, Any] = {
        "modality": pa.array(modalities, pa.string()).take(by),
        "renderer_id": pa.array(ids, pa.string()).take(by),
        "start_s": nothing,
        "end_s": nothing,
    }
    told = zip(*found.cues, strict=True) if found.cues else [()] * len(Cue._fields)
    for name, values in zip(Cue._fields, told, strict=True):
        columns[name] = pa.array(values, _CUE.field(name).type)
    arrays = [columns[field.name] for field in _CUE]
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
