"""Chats without replies: conversations by channel and pause.

The lake stores the length of the pause, not which message is in which window: the view
`windowed_utterances` derives that from the messages. So a late message that closes a
pause joins two windows, whatever order the messages came in.
"""

import hashlib
import re

import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.files import write_file
from affectflow.schemas import CONVERSATION_WINDOWS
from affectflow.stages.runs.windows import WINDOWS, pauses_of

_PAUSE = re.compile(r"pause=(\d+(?:\.\d+)?)(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def pause_of(said: str) -> float | None:
    """Returns the seconds of `--conversations`, such as `pause=30m`; None: replies.

    Raises:
      UsageError: the value is neither.
    """
    if said == "replies":
        return None
    found = _PAUSE.fullmatch(said)
    if not found or not float(found[1]):
        raise UsageError(
            f"--conversations must be pause=30m (or 90s, 2h, 1d), or replies, got "
            f"{said!r}"
        )
    return float(found[1]) * _SECONDS[found[2]]


def set_pause(lake: Lake, source: str, pause_s: float | None) -> None:
    """Stores the pause that separates a source's conversations; None: no windows.

    Args:
      lake: that the source goes to.
      source: as in the column `source`.
      pause_s: seconds.
    """
    present, known = sorted(lake.committed(WINDOWS)), pauses_of(lake)
    wanted = {name: pause for name, pause in known.items() if name != source}
    if pause_s is not None:
        wanted[source] = pause_s
    if wanted == known:
        return
    said = [{"source": n, "pause_s": wanted[n]} for n in sorted(wanted)]
    table = pa.Table.from_pylist(said, schema=CONVERSATION_WINDOWS)
    name = hashlib.blake2b(repr(said).encode(), digest_size=8).hexdigest()
    added = write_file(lake.storage, WINDOWS, f"{name}.parquet", table)
    commit(lake.storage, WINDOWS, [added], present)
