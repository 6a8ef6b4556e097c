"""Whether a lake's themes are those that a clustering would give now.

After a clustering, `_work/themes/newest.json` has digests of its inputs and of the
files it wrote. Files of a lake never change, so equal names mean equal rows.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from affectflow.kinds.clusterer import Clusterer
from affectflow.lake import Lake
from affectflow.lake.tables import FileEntry
from affectflow.source_code import code_digest
from affectflow.stages.runs.receipts import WORK
from affectflow.stages.runs.request import Request
from affectflow.stages.themes.units import families, units

NOTE = (WORK, "themes", "newest.json")
_TABLES = ("themes", "theme_members")


def note(
    lake: Lake,
    request: Request,
    clusterer: Clusterer,
    *,
    read: list[Any],
    gave: Mapping[str, Iterable[FileEntry]],
    causes: int,
) -> None:
    """Records the inputs of a clustering once its themes are committed.

    Args:
      lake: that holds them.
      request: the run.
      clusterer: that grouped the causes.
      read: the units that it read, as `units` gave them.
      gave: its files, by table: another run may have replaced them a moment ago.
      causes: of all families together.
    """
    paths = [sorted(file.path for file in gave[table]) for table in _TABLES]
    made_of = _made_of(request, read, code_digest(type(clusterer).__module__))
    made = {"made_of": made_of, "files": _digest(paths), "causes": causes}
    lake.storage.write(json.dumps(made).encode(), *NOTE)


def unchanged_causes(
    lake: Lake, request: Request, clusterer: Clusterer, vectors_of: str = ""
) -> int | None:
    """Returns how many causes are in the themes if they are up to date, else None.

    They are if the causes and their utterances, settings, code and libraries are those
    of the last clustering, and the lake still has its themes.
    """
    code = code_digest(type(clusterer).__module__)
    if not code or not lake.storage.exists(*NOTE):
        return None
    try:
        noted: dict[str, Any] = json.loads(lake.storage.read(*NOTE))
    except ValueError:  # a power cut has emptied it
        return None
    there = [sorted(lake.committed(table)) for table in _TABLES]
    read = units(lake, vectors_of)
    now = {"made_of": _made_of(request, read, code), "files": _digest(there)}
    if not now.items() <= noted.items() or not _on_disk(lake, there):
        return None
    return int(noted["causes"])


def _made_of(request: Request, read: list[Any], code: str) -> str:
    return _digest([request.config, read, code, families()])


def _on_disk(lake: Lake, paths: list[list[str]]) -> bool:
    """Returns whether all files of the tables are still there."""
    return all(
        set(paths_) <= set(lake.storage.names(table))
        for table, paths_ in zip(_TABLES, paths, strict=True)
    )


def _digest(content: Any) -> str:
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()
