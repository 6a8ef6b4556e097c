"""Who felt what, how strongly, because of what: tables from conversations.

The public names are imported on first use, so that `import affectflow` loads neither
Beam nor torch nor Polars.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from affectflow.inference import BatchModelHandler as BatchModelHandler
    from affectflow.lake import Lake as Lake
    from affectflow.lake import open_lake as open_lake
    from affectflow.registry import Card as Card
    from affectflow.transform import BatchTransform as BatchTransform
    from affectflow.transform import Chain as Chain
    from affectflow.transform import ConversationTransform as ConversationTransform
    from affectflow.transform import Transform as Transform

__version__ = "0.1.0"

_HOMES = {
    "BatchModelHandler": "affectflow.inference",
    "BatchTransform": "affectflow.transform",
    "Card": "affectflow.registry",
    "Chain": "affectflow.transform",
    "ConversationTransform": "affectflow.transform",
    "Lake": "affectflow.lake",
    "Transform": "affectflow.transform",
    "open_lake": "affectflow.lake",
}

__all__ = [
    "BatchModelHandler",
    "BatchTransform",
    "Card",
    "Chain",
    "ConversationTransform",
    "Lake",
    "Transform",
    "open_lake",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
