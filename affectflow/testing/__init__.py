"""What a plugin author's tests need: `run`, and one check for each kind of plugin.

A check raises AssertionError, which names the promise that is broken, and passes each
promise that is kept to `tell`. `affectflow plugins test NAME` runs them.
"""

from affectflow.testing.code import (
    check_clusterer,
    check_plugin,
    check_renderer,
    check_trainer,
)
from affectflow.testing.measures import check_measure, check_splits
from affectflow.testing.objectives import check_objective
from affectflow.testing.prompts import ANSWERS, check_parser, check_prompt
from affectflow.testing.rows import (
    check_miner,
    check_model,
    check_transform,
)
from affectflow.testing.running import LOCAL, WITH_RETRIES, check_edges, run
from affectflow.testing.sample import TEXTS, sample_batch, sample_causes, sample_rows
from affectflow.testing.sources import check_source

__all__ = [
    "ANSWERS",
    "LOCAL",
    "TEXTS",
    "WITH_RETRIES",
    "check_clusterer",
    "check_edges",
    "check_measure",
    "check_miner",
    "check_model",
    "check_objective",
    "check_parser",
    "check_plugin",
    "check_prompt",
    "check_renderer",
    "check_source",
    "check_splits",
    "check_trainer",
    "check_transform",
    "run",
    "sample_batch",
    "sample_causes",
    "sample_rows",
]
