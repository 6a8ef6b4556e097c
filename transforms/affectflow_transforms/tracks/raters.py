"""Ratings over time as files have them: one row each, or a column for each rater."""

from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.tracks import TRACKS, US, recording_of
from affectflow.kinds.account import account
from affectflow.kinds.renderer import UnmeasuredError
from affectflow.schemas.columns import STRING, table
from affectflow_transforms.tracks.gold import Way, gold_standard
from affectflow_transforms.tracks.tables import (
    SPEAKERS,
    column_among,
    ends_of,
    long_tracks,
    measured,
    starts_of,
    table_of,
)
from affectflow_transforms.tracks.windows import codes_of

RATINGS = table(
    ("recording", STRING, "what was rated"),
    ("dimension", STRING, "what was rated of it: arousal, valence, ..."),
    ("rater", STRING, "who rated"),
    ("time", pa.float64(), "when, seconds in the recording"),
    ("value", pa.float64(), "the rating"),
    ("unread", STRING, "why a file gave no rating"),
)
RATERS, VALUES = ("rater", "annotator", "annotator_id"), ("value", "rating")
DIMENSIONS = ("dimension", "dim", "emotion_dimension")
KNOWN = (
    *("arousal", "valence", "dominance", "power", "expectancy", "intensity"),
    *("liking", "likability", "agreement", "engagement", "trustworthiness"),
)
"""Names of folders that say what is rated in the files in them, as RECOLA's do."""


_MOSTLY = 0.5
"""Share of the cells that makes a column one of ratings, or of times."""


def ratings_of(uri: str, dimension: str = "") -> pa.Table:
    """Returns the ratings of a file.

    A file has a row for each rating, with columns `rater`, `value` and a time; or a
    column for each rater, as RECOLA and the AVEC challenges have them. It is of the
    recording that it is called after, unless a column says so.

    Args:
      uri: of a file that `table_of` reads.
      dimension: what is rated, if no column says so; empty for the name of the folder
        where that is one of `KNOWN`.

    Raises:
      UnmeasuredError: it has no ratings, or its times go backwards.
    """
    # A cell that is not a number is refused alone, not with its file.
    found = table_of(uri, share=_MOSTLY, faulty="nan")
    is_long = column_among(found, RATERS) and column_among(found, VALUES)
    rows = _long(found) if is_long else _wide(found)
    folder = PurePosixPath(uri.replace("\\", "/")).parent.name.lower()
    rated = dimension or (folder if folder in KNOWN else "rating")
    filled = {
        "recording": pc.fill_null(rows["recording"], recording_of(uri)),
        "dimension": pc.fill_null(rows["dimension"], rated),
    }
    return pa.table({**{n: rows[n] for n in rows.column_names}, **filled}).cast(RATINGS)


def agreed(tracks: pa.Table, dimension: str, way: Way) -> pa.Table:
    """Returns what raters, whose ratings are the channels of tracks, say together.

    Recordings whose raters do not agree, or that have one, say nothing and are counted.

    Args:
      tracks: of `TRACKS`; all raters of a recording at the same times.
      dimension: what is rated: the channel of what is returned.
      way: as `gold_standard` takes it.
    """
    found = [TRACKS.empty_table()]
    of = codes_of(tracks, ("recording", "speaker"))
    for code in np.unique(of):
        rows = tracks.filter(pa.array(of == code))
        raters = rows["channel"].combine_chunks().dictionary_encode()
        starts = np.asarray(rows["start_us"])
        _, first, place = np.unique(starts, return_index=True, return_inverse=True)
        ratings = np.full((len(raters.dictionary), len(first)), np.nan)
        values = pc.fill_null(rows["value"], np.nan)
        ratings[np.asarray(raters.indices), place] = np.asarray(values)
        gold = gold_standard(ratings, way)
        if gold.why:
            account().tally("no_cue_raters_without_agreement")
            continue
        heads = rows.take(pa.array(first)).drop_columns(["channel", "value"])
        said = {"channel": pa.repeat(dimension, len(first)), "value": gold.values}
        columns = {name: heads[name] for name in heads.column_names} | said
        found.append(pa.table(columns).select(TRACKS.names).cast(TRACKS))
    return pa.concat_tables(found)


def unread(uri: str, reason: str) -> pa.Table:
    """Returns one row that stands for a file without ratings, by a word for why."""
    about = {"recording": recording_of(uri), "dimension": "", "rater": ""}
    row = {**about, "time": 0.0, "value": 0.0, "unread": reason}
    return pa.Table.from_pylist([row], RATINGS)


def _wide(found: pa.Table) -> pa.Table:
    starts = starts_of(found)
    raters = measured(found)
    if not raters:
        raise UnmeasuredError("no_numbers", "no column of ratings")
    # Ends are not needed, but order is.
    ends_of(found.filter(pc.is_valid(starts)), starts.drop_null())
    tracks = long_tracks(found, raters, starts, starts)
    return _table(
        tracks["recording"],
        pa.nulls(tracks.num_rows, pa.string()),
        tracks["channel"],
        pc.divide(tracks["start_us"].cast(pa.float64()), float(US)),
        tracks["value"],
    )


def _long(found: pa.Table) -> pa.Table:
    starts = starts_of(found)
    nameless = pa.nulls(found.num_rows, pa.string())
    about = []
    for names in (("recording", "file", "name", *SPEAKERS), DIMENSIONS, RATERS):
        name = column_among(found, names)
        about.append(found[name].cast(pa.string()) if name else nameless)
    value = found[column_among(found, VALUES)]
    if not (pa.types.is_floating(value.type) or pa.types.is_integer(value.type)):
        raise UnmeasuredError("no_numbers", "ratings must be numbers")
    seconds = pc.divide(starts.cast(pa.float64()), float(US))
    return _table(*about, seconds, value)


def _table(*columns: "pa.Array | pa.ChunkedArray") -> pa.Table:
    unread = pa.nulls(len(columns[0]), pa.string())
    found = pa.table(dict(zip(RATINGS.names, (*columns, unread), strict=True)))
    return found.cast(RATINGS)
