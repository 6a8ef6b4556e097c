"""Causes of emotions: mined from conversations, and grouped into themes."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from affectflow_transforms.causes.mine import MineCauses as MineCauses
    from affectflow_transforms.causes.rules import RuleMiner as RuleMiner
    from affectflow_transforms.causes.themes import ClusterThemes as ClusterThemes

_HOMES = {"ClusterThemes": "themes", "MineCauses": "mine", "RuleMiner": "rules"}

__all__ = ["ClusterThemes", "MineCauses", "RuleMiner"]


def __getattr__(name: str) -> Any:
    # Themes are clustered without Beam; MineCauses alone needs it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
