"""Models on workers, each loaded once per process."""

import threading
import time
from typing import Any

from affectflow.kinds.model import BatchModelHandler
from affectflow.logs import Log
from affectflow.stages.runs.request import Request


class LoadedOnce:
    """A model that is loaded at its first part, once in a process.

    Not during worker setup, because Spark waits three minutes for a failure there.
    """

    def __init__(self, handler: BatchModelHandler[Any], request: Request):
        self._handler = handler
        self._log = Log(request.run_id, request.stage)
        self._lock = threading.Lock()
        self._loaded: list[Any] = []

    def loaded(self) -> Any:
        """Returns the model."""
        with self._lock:
            if not self._loaded:
                begun = time.perf_counter()
                self._loaded.append(self._handler.load_model())
                self._log.event(
                    "model_loaded",
                    model=type(self._handler).__name__,
                    seconds=time.perf_counter() - begun,
                )
        return self._loaded[0]
