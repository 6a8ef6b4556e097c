"""Worker processes of a local run: watched, and never left behind.

Beam's local runner waits forever for a worker process that dies before it has
connected, and says "channel closed" if one dies later. Here every worker is watched: if
one dies, the run ends with one line. A worker also ends when its driver is gone.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator

from apache_beam.portability import python_urns
from apache_beam.runners.portability.fn_api_runner import worker_handlers

from affectflow.errors import WorkerDiedError

STOP_S = 30.0
_EVERY_S = 0.2
_BEAMS_OWN = b"apache_beam.runners.worker.sdk_worker_main"
# Beam's worker, and before its long imports a thread that waits for the driver's end.
# Its records go to the driver, so the terminal is spared.
_WORKER = """
import logging, os, threading

logging.getLogger().addHandler(logging.NullHandler())

def end_with_the_driver():
    while os.read(0, 1):
        pass
    os._exit(1)

threading.Thread(target=end_with_the_driver, daemon=True).start()
from apache_beam.runners.worker import sdk_worker_main
sdk_worker_main.main([])
"""


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Starts the worker processes of runs inside so that a death ends the run.

    Raises:
      WorkerDiedError: a worker process died; says how, and what to do.
    """
    register = worker_handlers.WorkerHandler.register_environment
    register(python_urns.SUBPROCESS_SDK, bytes)(_Handler)
    _DEATHS.clear()
    try:
        yield
    except Exception as error:
        # Beam's message about a death depends on timing: the end of its stream or of
        # ours.
        if _DEATHS:
            raise WorkerDiedError(_DEATHS[0]) from error
        raise


_DEATHS: list[str] = []
_HANDLERS: "weakref.WeakSet[_Handler]" = weakref.WeakSet()


class _Handler(worker_handlers.SubprocessSdkWorkerHandler):
    """Starts one worker process, and ends the whole run if it dies."""

    def start_worker(self) -> None:
        self._closing = threading.Event()
        self._killed = False
        if _BEAMS_OWN not in self._worker_command_line:
            super().start_worker()
            return
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WORKER],
            stdin=subprocess.PIPE,  # never written to: it ends with this process
            env={**os.environ, **self._contract()},
        )
        _HANDLERS.add(self)
        self.worker_thread = threading.Thread(
            name="watch_worker", target=self._watch, daemon=True
        )
        self.worker_thread.start()

    def _contract(self) -> dict[str, str]:
        # The variables that every worker of Beam reads.
        from google.protobuf import json_format, text_format

        options = self.provision_info.provision_info.pipeline_options
        control = self.control_api_service_descriptor()
        logging = self.logging_api_service_descriptor()
        return {
            "CONTROL_API_SERVICE_DESCRIPTOR": text_format.MessageToString(control),
            "LOGGING_API_SERVICE_DESCRIPTOR": text_format.MessageToString(logging),
            "PIPELINE_OPTIONS": json_format.MessageToJson(options),
            "WORKER_ID": self.worker_id,
        }

    def _watch(self) -> None:
        code = self._process.wait()
        if self._killed or (code == 0 and self._closing.is_set()):
            return
        _DEATHS.append(_said(code))
        # Other workers would finish their share for nothing.
        for other in list(_HANDLERS):
            if other is not self and other._grpc_server is self._grpc_server:
                other.kill()
        self._release(_DEATHS[-1])

    def kill(self) -> None:
        """Ends the process; the run no longer waits for it."""
        self._killed = True
        self._process.kill()
        why = _DEATHS[-1] if _DEATHS else "ended"
        threading.Thread(target=self._release, args=[why], daemon=True).start()

    def _release(self, why: str) -> None:
        """Fails what the run waits for, and what it will wait for until it ends."""
        self.data_conn._exception = WorkerDiedError(why)
        while not self._closing.wait(_EVERY_S):
            for future in list(self.control_conn._futures_by_id.values()):
                future.abort(WorkerDiedError(why))

    def close(self) -> None:
        self._closing.set()
        super().close()

    def stop_worker(self) -> None:
        self.worker_thread.join(STOP_S)
        if self.worker_thread.is_alive() and self in _HANDLERS:
            self._killed = True
            self._process.kill()
            self.worker_thread.join()


def _said(code: int) -> str:
    how = f"ended with code {code}"
    if code < 0 or code > 128:  # a shell reports signal 9 as 137
        number = -code if code < 0 else code - 128
        with contextlib.suppress(ValueError):
            how = f"was killed by {signal.Signals(number).name}"
    cause = " (usually out of memory)" if code in (-9, 137) else ""
    return (
        f"a worker process {how}{cause}; run the same command again, it continues "
        "where it stopped; fewer workers need less memory: -- --direct_num_workers=1"
    )
