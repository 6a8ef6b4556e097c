"""The causes of a lake in units of work, each for one part or one bucket."""

import threading
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, cast

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.lake import Lake, open_tables
from affectflow.lake.files import read_files
from affectflow.lake.tables import bucket_of_path, part_of
from affectflow.lake.views import shipped_views
from affectflow.vocabularies import folds, known

if TYPE_CHECKING:
    import duckdb

_GRATEFUL = ("gratitude", "grateful")
_PLEASED = ("gratitude", "happiness")
_DISPLEASED = ("anger", "frustration", "irritation")
_OF_THREAD = threading.local()
_CAUSES = (
    *("cause_id", "utterance_id", "label", "vocabulary", "cause_utterance_id"),
    *("start", "end", "cause_text", "summary", "status", "score", "annotator_id"),
)
_UTTERANCES = ("utterance_id", "conversation_id", "speaker_id", "title", "is_bot")


class Unit(NamedTuple):
    """Files of `causes`, and of the `utterances` that they belong to.

    All causes of an utterance are in one unit, regardless of who found them. `people`
    are the annotators of the lake whose causes do not count; `miner` is the only one
    whose do, empty for all others. `vectors` are the files with those of `vectors_of`,
    if any.
    """

    name: str
    causes: tuple[str, ...]
    utterances: tuple[str, ...]
    rows: int
    people: tuple[str, ...] = ()
    miner: str = ""
    vectors: tuple[str, ...] = ()
    vectors_of: str = ""


def units(lake: Lake, vectors_of: str = "") -> list[Unit]:
    """Returns the units of a lake, by name; with vectors, if an annotator's are wanted.

    A unit is a part. While causes of a bucket belong to a part that is gone, because
    its messages moved to another, the bucket is one unit.
    """
    files = lake.committed("causes")
    parts = lake.committed("utterances")
    causes = groupby(sorted(files, key=bucket_of_path), bucket_of_path)
    utterances = {
        bucket: sorted(paths)
        for bucket, paths in groupby(sorted(parts, key=bucket_of_path), bucket_of_path)
    }
    vectors: dict[int, list[str]] = {}
    for path in sorted(lake.committed("vectors")) if vectors_of else ():
        vectors.setdefault(bucket_of_path(path), []).append(path)
    found, people, miner = [], _people(lake), _miner(lake)
    for bucket, paths in causes:
        for name, own, spoken in _units_of(
            bucket, sorted(paths), utterances.get(bucket, [])
        ):
            rows = sum(files[path].rows for path in own)
            read = tuple(own), tuple(spoken), rows, people, miner
            near = tuple(vectors.get(bucket, ()))
            found.append(Unit(name, *read, near, vectors_of))
    return found


def _people(lake: Lake) -> tuple[str, ...]:
    paths = sorted(lake.committed("annotators"))
    rows = read_files(lake.storage, "annotators", paths, ["annotator_id", "kind"])
    ids = rows.filter(pc.equal(rows.column("kind"), "person")).column("annotator_id")
    return tuple(sorted(set(ids.to_pylist())))


def _miner(lake: Lake) -> str:
    """Returns the miner that `mine` ran last; empty if it never ran.

    Scores of two miners are not on the same scale, and where one finds a clause another
    takes the whole turn, so together they would count one reason twice.
    """
    with open_tables(lake.uri, only=("runs",)) as connection:
        found = connection.sql(shipped_views()["last_miner"]).fetchall()
    return str(found[0][0]) if found else ""


def _units_of(
    bucket: int, causes: list[str], utterances: list[str]
) -> Iterator[tuple[str, list[str], list[str]]]:
    live = {part_of(path): path for path in utterances}
    if not live.keys() >= {part_of(path) for path in causes}:
        yield f"b{bucket:05d}", causes, utterances
        return
    for part, paths in groupby(sorted(causes, key=part_of), part_of):
        yield part, list(paths), [live[part]]


def families() -> dict[str, list[tuple[str, str]]]:
    """Returns the labels whose causes are clustered together, by family.

    A family is a label of a vocabulary with `families`: `irritation`, `happiness`,
    Ekman's six. What people are grateful for is a separate family, whatever gratitude
    folds to.
    """
    grouped: dict[str, list[tuple[str, str]]] = {
        "frustration": [("frustration", "frustration")]
    }
    for fold in folds():
        if known()[fold.to_vocabulary].families:
            pair = (fold.from_vocabulary, fold.from_label)
            grateful = fold.from_label in _GRATEFUL
            family = "gratitude" if grateful else fold.to_label
            grouped.setdefault(family, []).append(pair)
    return grouped


def causes_of(lake: Lake, unit: Unit) -> pa.Table:
    """Returns the causes of a unit that have a span, once for each family.

    Columns: `cause_id`, `family`, `cause_text`, `summary`, `conversation_id`,
    `speaker_id` of whom it moved, `title`, `cause_utterance_id`; and `vector`, if the
    unit has vectors.
    A span that two labels of one utterance share counts once in a family. Gratitude and
    happiness leave out utterances that have a cause of displeasure, and causes said in
    one: who laughs at a complaint is not happy about it.
    If there are several miners, the one that `mine` ran last counts. Causes imported
    with the utterances may come from several: where two overlap, the more certain one
    is taken.
    Causes of bots' emotions do not count, nor do causes marked by people: those check a
    miner, on messages drawn for that purpose.
    """
    causes = read_files(lake.storage, "causes", unit.causes, _CAUSES)
    people = pa.array(unit.people, pa.string())
    by = causes.column("annotator_id")
    counts = pc.invert(pc.is_in(by, value_set=people))
    if unit.miner:
        counts = pc.equal(by, unit.miner)
    told = once_in_a_family(
        causes.filter(counts),
        read_files(lake.storage, "utterances", unit.utterances, _UTTERANCES),
    )
    return _with_vectors(lake, unit, told) if unit.vectors_of else told


def _with_vectors(lake: Lake, unit: Unit, causes: pa.Table) -> pa.Table:
    """Returns causes with the vector of the utterance that each is said in."""
    columns = ["utterance_id", "annotator_id", "vector"]
    rows = read_files(lake.storage, "vectors", unit.vectors, columns)
    mine = rows.filter(pc.equal(rows.column("annotator_id"), unit.vectors_of))
    place = pc.index_in(
        causes.column("cause_utterance_id"), mine.column("utterance_id")
    )
    vectors = mine.column("vector").combine_chunks().take(place.combine_chunks())
    return causes.append_column("vector", vectors)


def once_in_a_family(causes: pa.Table, utterances: pa.Table) -> pa.Table:
    """Returns what `causes_of` returns, of causes and utterances in memory."""
    connection = _connection()
    found = causes.filter(pc.equal(causes.column("status"), "ok"))
    connection.register("causes", found)
    connection.register("utterances", utterances)
    try:
        return connection.sql(_ONCE_IN_A_FAMILY).to_arrow_table()
    finally:
        connection.unregister("causes")
        connection.unregister("utterances")


def _connection() -> "duckdb.DuckDBPyConnection":
    """Returns this thread's connection; a new one for each unit was 14 % of a stage."""
    import duckdb

    if not hasattr(_OF_THREAD, "connection"):
        _OF_THREAD.connection = duckdb.connect(config={"threads": 1})
        _OF_THREAD.connection.register("af_families", _pairs())
    return cast("duckdb.DuckDBPyConnection", _OF_THREAD.connection)


def _pairs() -> pa.Table:
    rows = [
        {"family": family, "vocabulary": vocabulary, "label": label}
        for family, group in families().items()
        for vocabulary, label in group
    ]
    return pa.Table.from_pylist(rows)


# Two miners rarely agree on where a cause begins, so overlapping spans count as one.
_ONCE_IN_A_FAMILY = f"""
    WITH spans AS MATERIALIZED (
      SELECT min(c.cause_id) AS cause_id, f.family, c.cause_text,
        min(c.summary) AS summary, min(u.conversation_id) AS conversation_id,
        min(u.speaker_id) AS speaker_id, min(u.title) AS title, c.utterance_id,
        c.cause_utterance_id, c.start, c."end",
        max(c.score) AS score, list(DISTINCT c.annotator_id) AS miners
      FROM causes c
      JOIN af_families f USING (vocabulary, label)
      JOIN utterances u ON u.utterance_id = c.utterance_id
      WHERE NOT coalesce(u.is_bot, false)
      GROUP BY f.family, c.utterance_id, c.cause_utterance_id, c.start, c."end",
        c.cause_text
    ), displeased AS (
      SELECT DISTINCT utterance_id FROM spans WHERE family IN {_DISPLEASED}
    )
    SELECT cause_id, family, cause_text, summary, conversation_id, speaker_id, title,
      cause_utterance_id
    FROM spans
    ANTI JOIN spans AS surer
      ON spans.family = surer.family
      AND spans.utterance_id = surer.utterance_id
      AND spans.cause_utterance_id = surer.cause_utterance_id
      AND spans.start < surer."end" AND surer.start < spans."end"
      AND NOT list_has_any(spans.miners, surer.miners)
      AND (coalesce(spans.score, 0), spans.cause_id)
        < (coalesce(surer.score, 0), surer.cause_id)
    WHERE spans.family NOT IN {_PLEASED} OR (
      spans.utterance_id NOT IN (FROM displeased)
      AND coalesce(spans.cause_utterance_id, '') NOT IN (FROM displeased)
    )
    ORDER BY family, cause_id
"""
