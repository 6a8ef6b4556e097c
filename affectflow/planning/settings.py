"""The settings of each stage of an analysis of files, before there is a lake."""

from typing import Any

from affectflow.errors import UsageError
from affectflow.planning.rehearse import Analysis
from affectflow.stages.annotate import config_of
from affectflow.stages.ingest.ingest import ingest_config
from affectflow.stages.mine import mine_config
from affectflow.stages.runs.answers import TEXTUALIZE
from affectflow.stages.runs.request import config_digest
from affectflow.stages.textualize import textualize_config
from affectflow.stages.themes.pipeline import themes_config


def check_reads_no_answers(analysis: Analysis) -> None:
    """Raises UsageError if the model of an analysis reads another annotator."""
    cascade = analysis.only_below is not None
    if analysis.over or cascade or analysis.handler().reads_answers:
        raise UsageError(
            f"{analysis.model!r} reads another annotator's answers, which files do not "
            "have: ingest and annotate them, then run `affectflow plan LAKE`"
        )


def digests_of(source: Any, analysis: Analysis) -> dict[str, str]:
    """Returns the digests of the settings of each stage."""
    handler, step = analysis.handler(), analysis.step()
    configs = {
        "ingest": ingest_config(source),
        "annotate": config_of(handler),
        "mine": mine_config(step, handler.annotator()["annotator_id"]),
        "themes": themes_config(analysis.grouping()),
    }
    if (renderer := analysis.rendering()) is not None:
        configs[TEXTUALIZE] = textualize_config(analysis.renderer, renderer)
    return {stage: config_digest(stage, config) for stage, config in configs.items()}
