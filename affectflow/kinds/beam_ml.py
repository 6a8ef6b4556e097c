"""Beam's `ModelHandler` and `RunInference`, imported without torch.

Beam's model manager imports torch if it is installed, which takes seconds and is
useless here. Beam imports it properly when a pipeline asks for a manager.
"""

import sys
import types

_MANAGER = "apache_beam.ml.inference.model_manager"
_stand_in = types.ModuleType(_MANAGER)
_stand_in.ModelManager = None  # type: ignore[attr-defined]
sys.modules.setdefault(_MANAGER, _stand_in)
try:
    from apache_beam.ml.inference.base import ModelHandler as ModelHandler
    from apache_beam.ml.inference.base import RunInference as RunInference
finally:
    if sys.modules[_MANAGER] is _stand_in:
        del sys.modules[_MANAGER]
