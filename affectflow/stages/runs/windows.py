"""Windows of chats without replies, as seen by a stage over parts.

A view knows the messages of all parts; a stage knows those of its part and of the
conversations that continue elsewhere. So a window here is a piece of a stored
conversation: the day of a channel falls into several, and never do two conversations
become one.
"""

from collections.abc import Mapping

import polars as pl
import pyarrow as pa

from affectflow.batches.batch import with_column
from affectflow.lake import Lake
from affectflow.lake.files import read_files
from affectflow.schemas import UTTERANCES

WINDOWS = "conversation_windows"
_READ = [
    *("utterance_id", "conversation_id", "reply_to", "source"),
    *("timestamp", "kind"),
]


def pauses_of(lake: Lake) -> dict[str, float]:
    """Returns the pause that separates conversations, in seconds, by source."""
    paths = sorted(lake.committed(WINDOWS))
    rows = read_files(lake.storage, WINDOWS, paths).to_pylist()
    return {row["source"]: row["pause_s"] for row in rows}


def in_windows(batch: pa.RecordBatch, pauses: Mapping[str, float]) -> pa.RecordBatch:
    """Returns a batch whose `conversation_id` distinguishes windows.

    As in the view `windowed_utterances`: a conversation with a reply, or that is named
    after a message of its own, stays whole; what a system says makes no pause longer.

    Args:
      batch: whole conversations, each in time order.
      pauses: seconds, by source.
    """
    if not pauses or not batch.num_rows:
        return batch
    rows = pl.DataFrame(pa.Table.from_batches([batch.select(_READ)]))
    sources = list(pauses)
    pause = pl.col("source").replace_strict(
        sources,
        [pauses[each] for each in sources],
        default=None,
        return_dtype=pl.Float64,
    )
    own = pl.col("conversation_id")
    loose = (pl.col("reply_to").count() == 0) & ~(own == pl.col("utterance_id")).any()
    said = pl.when(pl.col("kind").ne_missing("system")).then(pl.col("timestamp"))
    before = said.shift().forward_fill().over(own)
    gap = (said - before).dt.total_microseconds() / 1e6
    numbered = rows.with_columns(
        number=(gap > pause).fill_null(False).cum_sum().over(own), parts=loose.over(own)
    )
    named = numbered.select(
        pl.when(pl.col("parts") & (pl.col("number") > 0))
        .then(pl.concat_str(own, pl.lit("\0"), pl.col("number")))
        .otherwise(own)
        .alias("conversation_id")
    )
    field = UTTERANCES.field("conversation_id")
    return with_column(batch, field, pa.array(named.to_series().to_list(), field.type))
