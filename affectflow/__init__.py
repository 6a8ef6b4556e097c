"""Turn conversations into tables: who felt what, how strongly, because of what.

The public names are imported on first use, so that `import affectflow` loads neither
Beam nor torch nor Polars.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from affectflow.frames import annotate as annotate
    from affectflow.kinds.model import BatchModelHandler as BatchModelHandler
    from affectflow.kinds.transform import BatchTransform as BatchTransform
    from affectflow.kinds.transform import Chain as Chain
    from affectflow.kinds.transform import (
        ConversationTransform as ConversationTransform,
    )
    from affectflow.kinds.transform import Transform as Transform
    from affectflow.lake import Lake as Lake
    from affectflow.opened import OpenLake as OpenLake
    from affectflow.opened import analyze as analyze
    from affectflow.opened import open_lake as open_lake
    from affectflow.registry import Card as Card
    from affectflow.steps.rows import BatchesToRows as BatchesToRows
    from affectflow.steps.rows import RowsToBatches as RowsToBatches


_OF_NO_CONCERN = ("apitools not found", "Dependencies required for Interactive Beam")
_IN_NOTEBOOKS = "apache_beam.runners.interactive.interactive_environment"


def _concerns_us(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_OF_NO_CONCERN)


# Beam says so at every import where Google's libraries are not installed, and in every
# notebook where those that draw its own graphs are not.
for _name in (None, _IN_NOTEBOOKS):
    logging.getLogger(_name).addFilter(_concerns_us)

__version__ = "0.1.0"

_HOMES = {
    "BatchModelHandler": "affectflow.kinds.model",
    "BatchTransform": "affectflow.kinds.transform",
    "BatchesToRows": "affectflow.steps.rows",
    "Card": "affectflow.registry",
    "Chain": "affectflow.kinds.transform",
    "ConversationTransform": "affectflow.kinds.transform",
    "Lake": "affectflow.lake",
    "OpenLake": "affectflow.opened",
    "RowsToBatches": "affectflow.steps.rows",
    "Transform": "affectflow.kinds.transform",
    "analyze": "affectflow.opened",
    "annotate": "affectflow.frames",
    "open_lake": "affectflow.opened",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
