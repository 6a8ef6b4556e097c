"""Tracks: measurements over time, and the turns of speech that they belong to.

Times are integer microseconds from the beginning of a recording: a window of 0.2 s ends
where the next one begins, in the first hour and in the last.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import conform_like
from affectflow.schemas.columns import STRING, table
from affectflow.storage import uncompressed

US = 1_000_000
"""Microseconds in a second."""
_END = np.iinfo(np.int64).max

TRACKS = table(
    ("recording", STRING, "the recording measured; null: the one named after the file"),
    (
        "speaker",
        STRING,
        "the account of the person measured; null: the current speaker",
    ),
    ("channel", STRING, "what was measured: AU12, loudness, arousal, ..."),
    ("start_us", pa.int64(), "start of the measurement, microseconds"),
    ("end_us", pa.int64(), "end, exclusive, microseconds"),
    ("value", pa.float64(), "the value measured; NaN or null: nothing was measured"),
    (
        "confidence",
        pa.float64(),
        "0..1, confidence of the instrument; null if it gives none",
    ),
)

TURNS = table(
    ("utterance_id", STRING, "whose turn it is"),
    ("recording", STRING, "name of the recording, without folder and ending"),
    ("media_uri", STRING, "the recording"),
    ("source", STRING, "where the utterance comes from"),
    ("speaker_id", STRING, "pseudonym of the speaker"),
    ("start_us", pa.int64(), "start of the turn, microseconds"),
    ("end_us", pa.int64(), "end, exclusive, microseconds"),
)


def microseconds(seconds: pa.Array | npt.NDArray[np.float64]) -> pa.Array:
    """Returns times in microseconds, to the nearest one; null for what is not a time.

    >>> microseconds(pa.array([0.2, 29.97, None, float("inf")])).to_pylist()
    [200000, 29970000, None, None]
    """
    given = pa.array(seconds, pa.float64(), from_pandas=True)
    times = pc.round(pc.multiply(given, float(US)))
    fits = pc.less(pc.abs(times), float(2**53))  # a float holds each of these
    return pc.if_else(fits, times, None).cast(pa.int64())


def recording_of(uri: str) -> str:
    """Returns the name of a recording: that of its file, without folder and ending.

    >>> recording_of("s3://calls/2024/Call 7.wav")
    'Call 7'
    >>> recording_of("au/Call 7.csv.gz")
    'Call 7'
    """
    name = uncompressed(uri.replace("\\", "/").rstrip("/").rpartition("/")[2])
    stem, dot, ending = name.rpartition(".")
    return stem if dot and stem and ending.isalnum() else name


def turns_of(batch: pa.RecordBatch) -> pa.Table:
    """Returns the turns of a batch of utterances that are part of a recording.

    An utterance without a recording's address goes with the recording that its
    conversation is named after. One with a recording and no times lasts as long as it.

    Args:
      batch: with the columns of `utterances` that tell of recordings.
    """
    uris = batch.column("media_uri")
    start, end = (microseconds(batch.column(f"{name}_s")) for name in ("start", "end"))
    timed = pc.and_(pc.is_valid(start), pc.is_valid(end))
    names = pc.coalesce(uris, batch.column("conversation_id")).to_pylist()
    turns = {
        **{name: batch.column(name) for name in ("utterance_id", "media_uri")},
        **{name: batch.column(name) for name in ("source", "speaker_id")},
        "recording": pa.array([name and recording_of(_own(name)) for name in names]),
        "start_us": pc.if_else(timed, start, 0),
        "end_us": pc.if_else(timed, end, _END),
    }
    rows = pa.RecordBatch.from_pydict(turns)
    kept = rows.filter(pc.or_(timed, pc.is_valid(uris)))
    return pa.Table.from_batches([conform_like(kept, TURNS)])


def _own(name: str) -> str:
    """Returns a name without the source that begins it, as ids have one."""
    return name if "//" in name else name.partition(":")[2] or name


def overlap(
    start: npt.NDArray[np.int64], end: npt.NDArray[np.int64], turn: dict[str, Any]
) -> npt.NDArray[np.int64]:
    """Returns how many microseconds of each stretch lie within a turn.

    Args:
      start: shape (n,), microseconds.
      end: likewise, exclusive.
      turn: a row of `TURNS`.
    """
    first = np.maximum(start, turn["start_us"])
    last = np.minimum(end, turn["end_us"])
    return np.asarray(np.maximum(last - first, 0))
