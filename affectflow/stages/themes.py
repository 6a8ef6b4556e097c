"""The stage themes: causes grouped over the whole lake."""

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import Any

import apache_beam as beam
import pyarrow as pa

from affectflow.lake import Lake, open_lake
from affectflow.lake.tables import FileEntry
from affectflow.schemas import TABLES
from affectflow.stages.receipts import Receipt, peak_rss_bytes, total
from affectflow.stages.runs import Request, write_run
from affectflow.stages.serial import Change, commit_serially
from affectflow.stages.storing import CommitOnce
from affectflow.vocabularies import FOLDS


def families() -> dict[str, list[tuple[str, str]]]:
    """Returns the labels whose causes are clustered together, by family.

    A family is a fold: `irritation`, and each of Ekman's six.
    """
    grouped: dict[str, list[tuple[str, str]]] = {
        "frustration": [("frustration", "frustration")]
    }
    for fold in FOLDS:
        if fold.to_vocabulary in ("irritation", "ekman"):
            pair = (fold.from_vocabulary, fold.from_label)
            grouped.setdefault(fold.to_label, []).append(pair)
    return grouped


def causes_by_family(lake: Lake) -> pa.Table:
    """Returns the causes of a lake that have a span, once for each family.

    Columns: `cause_id`, `label`, `family`, `cause_text`, `summary`,
    `conversation_id`, `title`. A span that two labels of one utterance share counts
    once in a family.
    """
    pairs = [
        {"family": family, "vocabulary": vocabulary, "label": label}
        for family, group in families().items()
        for vocabulary, label in group
    ]
    connection = open_lake(lake.uri)
    connection.register("af_families", pa.Table.from_pylist(pairs))
    try:
        found = connection.sql(_CAUSES_BY_FAMILY).to_arrow_table()
    finally:
        connection.close()
    return found


_CAUSES_BY_FAMILY = """
    SELECT min(c.cause_id) AS cause_id, min(c.label) AS label, f.family,
      c.cause_text, min(c.summary) AS summary, min(u.conversation_id) AS
      conversation_id, min(u.title) AS title
    FROM causes c
    JOIN af_families f USING (vocabulary, label)
    JOIN utterances u ON u.utterance_id = c.utterance_id
    WHERE c.status = 'ok' AND NOT coalesce(u.is_bot, false)
    GROUP BY f.family, c.utterance_id, c.cause_utterance_id, c.start, c."end",
      c.cause_text
    ORDER BY f.family, cause_id
"""


def cluster_lake(pipeline: beam.Pipeline, request: Request, clusterer: Any) -> Any:
    """Adds the stage themes to a pipeline: a reduction over the whole lake.

    Args:
      pipeline: to add to.
      request: the run.
      clusterer: has `cluster(causes) -> (themes, theme_members)`.
    """
    return (
        pipeline
        | "Request" >> beam.Create([""], reshuffle=False).with_output_types(str)
        | "Cluster" >> beam.Map(_cluster, request, clusterer).with_output_types(str)
        | "Themes" >> CommitOnce(request, commit_themes)
    )


def _cluster(_: str, request: Request, clusterer: Any) -> str:
    lake = request.open_lake()
    causes = causes_by_family(lake)
    themes, members = clusterer.cluster(causes)
    receipt = Receipt(unit="themes", rows={"rows_in": 0, "rows_out": 0})
    for name, rows in (("themes", themes), ("theme_members", members)):
        receipt.files.append(_write_whole(lake, name, rows))
    receipt.counters = {
        "causes": causes.num_rows,
        "themes": themes.num_rows,
        "theme_members": members.num_rows,
    }
    receipt.peak_rss_bytes = peak_rss_bytes()
    return receipt.to_json()


def _write_whole(lake: Lake, table: str, rows: pa.Table) -> FileEntry:
    rows = rows.cast(TABLES[table])
    said = repr(rows.to_pydict()).encode()
    path = f"{hashlib.blake2b(said, digest_size=8).hexdigest()}.parquet"
    size = lake.storage.write_parquet(rows, table, path)
    return FileEntry(table, path, size, rows.num_rows)


def commit_themes(request: Request, receipts: list[Receipt]) -> dict[str, Any]:
    """Replaces the themes of the lake by those of this clustering."""
    lake = request.open_lake()
    for table in ("theme_members", "themes"):
        adds = [f for r in receipts for f in r.files if f.table == table]
        commit_serially(lake, table, partial(_replaced, adds))
    return write_run(lake, request, total(receipts))


def _replaced(
    adds: list[FileEntry], present: Mapping[str, FileEntry], _: set[str]
) -> Change:
    """Returns the change that leaves these files only, whoever came first."""
    return adds, sorted(set(present) - {file.path for file in adds})
