"""The utterances that somebody answered about, as a student reads or hears them."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import one_batch
from affectflow.batches.nesting import nest
from affectflow.kinds.style import reading_of
from affectflow.schemas import CUES_COLUMN, PRIVATE_VISIBILITIES
from affectflow_transforms.distil.answers import Answers
from affectflow_transforms.finetune.splits import Rows, Source
from affectflow_transforms.models.media import Clip, clip_of, clips_of

_UTTERANCES = """
    SELECT utterance_id, conversation_id, speaker_id, text, segments, media_uri,
      start_s, end_s, coalesce(deleted, false) AS deleted, visibility
    FROM placed_utterances
    WHERE utterance_id IN (SELECT unnest($ids))
    ORDER BY utterance_id
"""
_CUES = """
    SELECT * FROM cues WHERE modality = 'text' OR $all
    ORDER BY utterance_id, start, cue, phrase
"""
_KEYS = ("conversation_id", "speaker_id")


@dataclass(frozen=True, kw_only=True)
class Taught:
    """Utterances with answers.

    Args:
      source: their columns, without those that are empty.
      texts: as the student reads them.
      clips: the recording of each, None where there is none.
      answers: of the teacher; one row for each utterance.
      usable: rows that may be used.
      left_out: how many may not, by reason.
    """

    source: Source
    texts: list[str]
    clips: list[Clip | None]
    answers: Answers
    usable: Rows
    left_out: Counter[str]

    def without(self, rows: Rows, reason: str) -> "Taught":
        """Returns the same without some rows, for a reason."""
        return Taught(
            source=self.source,
            texts=self.texts,
            clips=self.clips,
            answers=self.answers,
            usable=np.setdiff1d(self.usable, rows),
            left_out=self.left_out
            + Counter({reason: len(np.intersect1d(self.usable, rows))}),
        )


def taught_by(
    lake: Any,
    answers: Answers,
    *,
    private: bool,
    folder: str = ".",
    all_cues: bool = False,
) -> Taught:
    """Returns the utterances of an open lake that somebody answered about.

    What was deleted at its source is left out, and what is private unless it is asked
    for. What was erased is not in the lake.

    Args:
      lake: as `open_lake` gives it.
      answers: what was answered.
      private: private and direct messages are used too.
      folder: of recordings that are named without their whole path.
      all_cues: cues of voices, faces and ratings are read in words too, not only those
        of texts.
    """
    table = lake.sql(_UTTERANCES, params={"ids": answers.ids}).to_arrow_table()
    batch = one_batch(table)
    there = pc.index_in(
        pa.array(answers.ids), value_set=batch.column("utterance_id")
    ).to_numpy(zero_copy_only=False)
    batch = batch.take(pa.array(there[~np.isnan(there)].astype(np.int64)))
    answers = answers.only(~np.isnan(there))
    cues = lake.sql(_CUES, params={"all": all_cues}).to_arrow_table()
    ids = batch.column("utterance_id")
    batch = batch.append_column(CUES_COLUMN, nest(cues, CUES_COLUMN.name, ids))
    found = Taught(
        source=_source(lake.path, batch),
        texts=_read(batch),
        clips=_clips(batch, folder),
        answers=answers,
        usable=np.arange(batch.num_rows),
        left_out=Counter(),
    )
    found = found.without(_where(batch.column("deleted")), "deleted")
    hidden = pc.is_in(
        batch.column("visibility"), value_set=pa.array(PRIVATE_VISIBILITIES)
    )
    if not private:
        found = found.without(_where(hidden), "private")
    return found.without(np.flatnonzero(~answers.usable), "without a whole answer")


def _source(lake: str, batch: pa.RecordBatch) -> Source:
    empty = [n for n in _KEYS if batch.column(n).null_count == batch.num_rows]
    kept = [
        name for name in batch.schema.names if name not in (*empty, "segments", "cues")
    ]
    return Source(
        files=(Path(lake),),
        table=pa.table(batch.select(kept)),
        given=np.zeros(batch.num_rows, np.bool_),
    )


def _read(batch: pa.RecordBatch) -> list[str]:
    """Returns what a model reads of each row; nothing where nobody says anything."""
    readings = reading_of(batch, cues="words", style="")
    silent = pa.array(readings.silent)
    texts: list[str] = pc.if_else(silent, "", readings.texts).to_pylist()
    return texts


def _clips(batch: pa.RecordBatch, folder: str) -> list[Clip | None]:
    return [each and clip_of(each, folder) for each in clips_of(batch).to_pylist()]


def _where(flags: Any) -> Rows:
    return np.flatnonzero(np.asarray(pc.fill_null(flags, False)))
