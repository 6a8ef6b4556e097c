"""Ingest, annotate, mine, measure: lake in, lake out, resumable by part.

The names are imported on first use, because observers of a running stage need none.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from affectflow.stages.annotate import annotate_lake as annotate_lake
    from affectflow.stages.ingest.ingest import ingest_source as ingest_source
    from affectflow.stages.measure import measure_file as measure_file
    from affectflow.stages.measure import measure_lake as measure_lake
    from affectflow.stages.mine import annotator_ids as annotator_ids
    from affectflow.stages.mine import mine_config as mine_config
    from affectflow.stages.mine import mine_lake as mine_lake
    from affectflow.stages.preview import preview_lake as preview_lake
    from affectflow.stages.textualize import textualize_lake as textualize_lake
    from affectflow.stages.themes.pipeline import cluster_themes as cluster_themes

_HOMES = {
    "annotate_lake": "affectflow.stages.annotate",
    "annotator_ids": "affectflow.stages.mine",
    "cluster_themes": "affectflow.stages.themes.pipeline",
    "ingest_source": "affectflow.stages.ingest.ingest",
    "measure_file": "affectflow.stages.measure",
    "measure_lake": "affectflow.stages.measure",
    "mine_config": "affectflow.stages.mine",
    "mine_lake": "affectflow.stages.mine",
    "preview_lake": "affectflow.stages.preview",
    "textualize_lake": "affectflow.stages.textualize",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
