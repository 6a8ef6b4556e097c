"""The regression of PyPI's alpaca_eval, and the seeded table that it is tried on.

The package's own import asks for clients of several services; only its `metrics` are
read here. Of what it downloads, a table of ours takes the place.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest


def glm(patch: pytest.MonkeyPatch, folder: Path, gamed: Any) -> ModuleType:
    """Returns the package's `glm_winrate`, which reads `gamed` for its download."""
    import pandas as pd

    spec = importlib.util.find_spec("alpaca_eval")
    assert spec is not None
    for name in [each for each in sys.modules if each.startswith("alpaca_eval")]:
        patch.delitem(sys.modules, name)
    package = ModuleType("alpaca_eval")
    package.__path__ = list(spec.submodule_search_locations or [])
    shells = {
        name: ModuleType(f"alpaca_eval.{name}") for name in ("constants", "types")
    }
    shells["utils"] = ModuleType("alpaca_eval.utils")
    vars(shells["types"])["AnyLoadableDF"] = Any
    vars(shells["constants"]).update(
        DATASETS_TOKEN=None, DATASETS_FORCE_DOWNLOAD=False, DEFAULT_CACHE_DIR=None
    )
    vars(shells["utils"]).update(
        convert_to_dataframe=lambda rows: pd.DataFrame(rows),
        validate_alpacaeval_preference=lambda each, **_: 1 <= each <= 2,
    )
    patch.setitem(sys.modules, "alpaca_eval", package)
    for name, shell in shells.items():
        patch.setitem(sys.modules, f"alpaca_eval.{name}", shell)
        setattr(package, name, shell)
    found = importlib.import_module("alpaca_eval.metrics.glm_winrate")
    path = folder / "gamed.csv"
    gamed.to_csv(path, index=False)
    patch.setattr(found, "hf_hub_download", lambda **_: str(path))
    return found


def seeded(rows: int = 805) -> dict[str, Any]:
    """Returns a table whose length effect is known, with the rate without it.

    Drawn in this order: difficulties; of two gamed baselines differences and noise-free
    preferences; lengths of baseline and model.
    """
    draw = np.random.default_rng(0)
    difficulty = draw.normal(size=rows)
    gamed = [shift + draw.normal(0, 0.3, rows) for shift in (-1, 1)]
    baseline = draw.integers(800, 1600, rows)
    model = np.clip(1.5 * baseline + draw.normal(0, 300, rows), 50, None).astype(int)
    off = (baseline - model) / np.std(baseline - model, ddof=1)
    return {
        "difficulty": difficulty,
        "gamed": gamed,
        "gamed_preference": [_logistic(-1.6 * np.tanh(each)) for each in gamed],
        "baseline": baseline,
        "model": model,
        "standard": off,
        "preference": _logistic(-0.3 - 1.6 * np.tanh(off) + 0.7 * difficulty),
        "truth": float(np.mean(_logistic(-0.3 + 0.7 * difficulty))),
    }


def _logistic(logit: Any) -> Any:
    return 1 / (1 + np.exp(-logit))
