"""Reactions: what others gave to a message, as cues of it, without a place in its text.

Sources keep reactions among the attributes of a message, `reaction.NAME` with how often
it was given. The name is an emoji, or what the source calls it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.frames import BY_OTHERS
from affectflow.kinds.renderer import TextRenderer
from affectflow.schemas import CUES_COLUMN

PREFIX = "reaction."
"""Of the names of attributes that count a reaction."""

_CUE = CUES_COLUMN.type.value_type
_DIGITS = 12


class Given(NamedTuple):
    """Cues of a batch, flat, and the row of each."""

    rows: "np.ndarray[Any, Any]"
    values: pa.StructArray


class _Reaction(NamedTuple):
    row: int
    name: str
    n: int
    tag: str


def reactions(batch: pa.RecordBatch, renderers: Sequence[TextRenderer]) -> Given:
    """Returns a cue for each reaction that one of `renderers` has words for.

    Counts that are not whole numbers above zero are passed over.
    """
    rows, cues = [], []
    ids = [renderer.id for renderer in renderers]
    for given in _given(batch):
        for renderer, id_ in zip(renderers, ids, strict=True):
            speaking = in_language(renderer, given.tag)
            if phrase := speaking.reaction(given.name, given.n):
                rows.append(given.row)
                cues.append(_cue(phrase, given.n, id_))
    return Given(np.asarray(rows, np.int64), pa.array(cues, _CUE))


def _cue(phrase: str, count: int, renderer_id: str) -> dict[str, Any]:
    return {
        "modality": BY_OTHERS,
        "cue": "reaction",
        "phrase": phrase,
        "value": float(count),
        "unit": "count",
        "renderer_id": renderer_id,
    }


def in_language(renderer: TextRenderer, tag: str) -> TextRenderer:
    """Returns a renderer that speaks the language of a text, where it can.

    Args:
      renderer: of texts.
      tag: of BCP 47, whose first part counts; empty if unknown.
    """
    if not tag:
        return renderer
    return renderer.speaking(tag.partition("-")[0].lower())


def _given(batch: pa.RecordBatch) -> Iterator[_Reaction]:
    if "attrs" not in batch.schema.names:
        return
    attrs = batch.column("attrs")
    if not pc.any(pc.starts_with(attrs.keys, PREFIX)).as_py():
        return
    langs = batch.column("lang") if "lang" in batch.schema.names else None
    for row, pairs in enumerate(attrs.to_pylist()):
        for key, value in pairs or ():
            if key.startswith(PREFIX) and (count := _counted(value)):
                tag = langs[row].as_py() if langs is not None else None
                yield _Reaction(row, key.removeprefix(PREFIX), count, tag or "")


def _counted(value: str | None) -> int:
    counts = value and len(value) <= _DIGITS and value.isascii() and value.isdigit()
    return int(value) if value and counts else 0
