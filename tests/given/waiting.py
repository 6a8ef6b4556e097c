"""Waiting, within a bound, for what another thread or process does."""

import time
from collections.abc import Callable


def wait_for(
    ready: Callable[[], bool],
    what: str,
    timeout_s: float = 60.0,
    *,
    every_s: float = 0.02,
) -> None:
    """Waits until something is true.

    Raises:
      TimeoutError: it did not come about in time.
    """
    end = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {timeout_s:.0f} s for {what}")
        time.sleep(every_s)
