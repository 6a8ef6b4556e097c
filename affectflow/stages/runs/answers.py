"""Where a lake keeps the answers of annotators and miners."""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectflow import people, registry
from affectflow.batches.batch import one_batch
from affectflow.errors import UsageError
from affectflow.kinds.identity import ids_in
from affectflow.lake import Lake
from affectflow.lake.commits import SERIAL, commit, retry
from affectflow.lake.files import entry_of, read_file, write_file
from affectflow.lake.tables import FileEntry, part_of
from affectflow.schemas import ANNOTATORS
from affectflow.stages.runs.reading import INLINE
from affectflow.stages.runs.receipts import WORK, read_receipt
from affectflow.stages.runs.rollups import rollups

TEXTUALIZE, ANNOTATE, MINE = "textualize", "annotate", "mine"
ANNOTATED = ("annotations", "rollups", "vectors")
"""The tables that annotators write."""
EMOTIONS = ("emotion", "frustration")
"""The tasks whose labels are mined for causes."""
_BODILY = ("voice", "face", "body", "gaze", "physiology")
"""Modalities of cues that are biometric, where their renderer is not installed."""


def tables_of(
    batch: pa.RecordBatch, rows: Callable[[str], pa.RecordBatch]
) -> dict[str, pa.Table]:
    """Returns the rows of the tables that an annotator writes for a batch.

    Args:
      batch: what was answered.
      rows: gives the annotator's own rows in a column of the batch.
    """
    found: dict[str, pa.Table] = {}
    for name in ("annotations", "vectors"):
        if name in batch.schema.names:
            found[name] = pa.Table.from_batches([rows(name)])
    if "annotations" in found:
        found["rollups"] = rollups(one_batch(found["annotations"]))
    return found


def folder_of(annotator_id: str) -> str:
    """Returns the folder of an annotator's results, one for each id."""
    digest = hashlib.blake2b(annotator_id.encode(), digest_size=4).hexdigest()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", annotator_id)[:60] + "-" + digest


def mined_folder(miner_id: str, annotator_id: str) -> str:
    """Returns the folder of what a miner found in an annotator's labels."""
    return folder_of(f"{miner_id} on {annotator_id}")


def label_files(
    lake: Lake, annotator_id: str, part: str, tables: Sequence[str] = ("annotations",)
) -> list[FileEntry]:
    """Returns the files with an annotator's answers of a part, in some tables."""
    labels = read_receipt(lake, ANNOTATE, folder_of(annotator_id), part)
    files = [f for f in labels.files if f.table in tables] if labels else []
    path = f"{INLINE}/{part}.parquet"
    for table in tables:
        if lake.storage.exists(table, *path.split("/")):
            files.append(FileEntry(table, path, 0, 1))
    return files


def cue_files(
    lake: Lake, part: str, read: str = "all", but: Collection[str] = ()
) -> tuple[str, ...]:
    """Returns the files of cues that renderers have found in a part since it came.

    Args:
      lake: that holds them.
      part: its name.
      read: `all` cues, those of the `text`, or `none`.
      but: folders whose cues are excluded.
    """
    found = []
    for folder in lake.storage.names(WORK, TEXTUALIZE):
        if folder in but:
            continue
        receipt = read_receipt(lake, TEXTUALIZE, folder, part)
        files = receipt.files if receipt else []
        found += [file.path for file in files if file.table == "cues" and file.rows]
    return tuple(sorted(_read_of(lake, found, read)))


def visible_cues(
    lake: Lake, read: str = "all", but: Collection[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Returns the committed files of such cues, by part; see above."""
    found: dict[str, list[str]] = {}
    if read != "none" and lake.storage.names(WORK, TEXTUALIZE):
        unread = {INLINE, *but}
        paths = lake.committed("cues")
        later = (p for p in paths if p.rpartition("/")[0] not in unread)
        for path in sorted(_read_of(lake, list(later), read)):
            found.setdefault(part_of(path), []).append(path)
    return {part: tuple(paths) for part, paths in found.items()}


def _read_of(lake: Lake, paths: list[str], read: str) -> list[str]:
    """Returns the files that a model reads."""
    if read == "text":
        return [path for path in paths if _tells_of_text(lake, path)]
    return paths if read == "all" else []


def _tells_of_text(lake: Lake, path: str) -> bool:
    # Reactions accompany the cues that the same renderer has found in a text.
    modality = read_file(lake.storage, "cues", path, ["modality"]).column(0)
    return bool(pc.any(pc.equal(modality, "text")).as_py())


def _head(lake: Lake, path: str) -> dict[str, Any]:
    rows = read_file(lake.storage, "cues", path, ["renderer_id", "modality"])
    (first,) = rows.slice(0, 1).to_pylist()
    return dict(first)


def check_use(lake: Lake, annotator_id: str) -> None:
    """Raises UsageError if an annotator's answers must not be read for this purpose.

    They touch what the annotator touches, what the annotators it reads touch, and what
    the renderers of the cues it has read touch.
    """
    folder, columns = folder_of(annotator_id), ["touches", "over", "renderer_ids"]
    for name in lake.storage.names("annotators", folder):
        path = f"{folder}/{name}"
        (row,) = read_file(lake.storage, "annotators", path, columns).to_pylist()
        people.check_touches(row["touches"] or (), f"the annotator {annotator_id}")
        for renderer_id in row["renderer_ids"] or ():
            read = f"the annotator {annotator_id}, which has read {renderer_id},"
            people.check_touches(_touched(renderer_id), read)
        for each in ids_in(row["over"]):
            check_use(lake, each)


def came_in(lake: Lake, table: str, part: str, **ids: str) -> pa.Array:
    """Returns the ids of a part's utterances with unsigned answers that came with them.

    Args:
      lake: that holds the part.
      table: of the answers.
      part: its name.
      **ids: columns that name who answered, and about whom, which may be left open.
    """
    path = f"{INLINE}/{part}.parquet"
    if not lake.storage.exists(table, *path.split("/")):
        return pa.array([], pa.string())
    rows = read_file(lake.storage, table, path, ["utterance_id", *ids])
    for name, value in ids.items():
        same = pc.equal(rows.column(name), value)
        rows = rows.filter(pc.fill_null(same, name != "annotator_id"))
    return rows.column("utterance_id").combine_chunks()


def write_annotator(lake: Lake, row: Mapping[str, Any]) -> FileEntry:
    """Writes an annotator's row, to be committed: one file for each id.

    The first writer decides its content. Committing a path again changes nothing, so an
    annotator has one row, whichever stages and runs it takes part in.
    """
    path = f"{folder_of(row['annotator_id'])}/row.parquet"
    if lake.storage.exists("annotators", *path.split("/")):
        return entry_of(lake.storage, "annotators", path)
    first = {**row, "since": datetime.now(UTC)}
    rows = pa.Table.from_pylist([first], schema=ANNOTATORS)
    return write_file(lake.storage, "annotators", path, rows)


def renderers_read(
    lake: Lake, read: str = "all", but: Collection[str] = ()
) -> list[str]:
    """Returns the ids of the renderers whose committed cues came later."""
    return sorted(modalities(lake, read, but))


def check_cues(lake: Lake) -> None:
    """Raises UsageError if the cues of a lake must not be read for this purpose.

    Cues touch what their renderer touches.
    """
    for renderer_id, modality in sorted(modalities(lake, "all").items()):
        try:
            read = f"a model that reads the cues of {renderer_id}"
            people.check_touches(_touched(renderer_id, modality), read)
        except UsageError as error:
            cure = "--set cues=as_written reads none"
            raise UsageError(f"{error}; {cure}") from error


def modalities(lake: Lake, read: str, but: Collection[str] = ()) -> dict[str, str]:
    """Returns the renderers whose cues came later, and the modality of each."""
    paths = {
        p.rpartition("/")[0]: p
        for own in visible_cues(lake, read, but).values()
        for p in own
    }
    heads = [_head(lake, path) for path in paths.values()]
    return {row["renderer_id"]: row["modality"] or "" for row in heads}


def _touched(renderer_id: str, modality: str = "") -> tuple[str, ...]:
    """Returns what a renderer touches: by its plugin, or its cues if not installed."""
    name = renderer_id.partition("@")[0]
    for each in registry.names("renderers"):
        renderer = registry.load("renderers", each)
        if renderer.renderer_id.partition("@")[0] == name:
            said: tuple[str, ...] = renderer.card.touches
            return said
    return ("biometric",) if modality in _BODILY else ()


def note_renderers(lake: Lake, annotator_id: str, renderer_ids: Sequence[str]) -> None:
    """Records in an annotator's row whose cues, found after the ingest, it has read.

    The annotator always has one row, even if others write it at the same time.

    Raises:
      ConflictError: other runs kept committing first.
    """
    retry(partial(_note, lake, annotator_id, list(renderer_ids)))


def _note(lake: Lake, annotator_id: str, renderer_ids: list[str]) -> None:
    present, folder = lake.committed("annotators"), folder_of(annotator_id)
    own = sorted(path for path in present if path.startswith(f"{folder}/"))
    if not own:
        return
    (row,) = read_file(lake.storage, "annotators", own[0]).to_pylist()
    if (row["renderer_ids"] or []) == renderer_ids and len(own) == 1:
        return
    said = json.dumps(renderer_ids).encode()
    path = f"{folder}/row-{hashlib.blake2b(said, digest_size=4).hexdigest()}.parquet"
    new = [{**row, "renderer_ids": renderer_ids}]
    rows = pa.Table.from_pylist(new, schema=ANNOTATORS)
    entry = write_file(lake.storage, "annotators", path, rows)
    commit(lake.storage, "annotators", [entry], own, serial=SERIAL, expected=present)
