"""Textualize: nonverbal cues of text, written out in words."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from affectflow import defaults
from affectflow.kinds.renderer import load_renderers, textualize
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
    """

    renderers: tuple[str, ...] = defaults.RENDERERS

    requires: ClassVar[pa.Schema] = fields(UTTERANCES, "text", "segments")
    provides: ClassVar[pa.Schema] = pa.schema([CUES_COLUMN])
    card: ClassVar[Card] = Card(summary="writes emoji, emoticons and typography out")

    def __post_init__(self) -> None:
        super().__init__()
        self.renderers = tuple(self.renderers)

    def setup(self) -> None:
        load_renderers(self.renderers)

    def process_batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return textualize(batch, load_renderers(self.renderers))
