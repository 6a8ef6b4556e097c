"""What CI runs of the exhaustive proofs: one case of each kind, another each day.

`make prove` sets PROVE=1, and the same tests take all their cases. Without it the cases
are chosen by a seed, the day of the year, which pytest prints in its header;
AFFECTFLOW_SEED=N repeats a day.
"""

import os
import zlib
from collections.abc import Sequence
from datetime import date
from typing import Any

DAYS = 3
"""In so many days CI has run every test that is marked `rotated`."""
PROVE = os.environ.get("PROVE") == "1"
# Set for the workers of xdist and for scripts too: midnight must not part them.
SEED = int(os.environ.setdefault("AFFECTFLOW_SEED", f"{date.today():%j}"))


def rotated(cases: Sequence[Any], keep: int = 1) -> list[Any]:
    """Returns all cases in a proof; else `keep` neighbours, others each day."""
    if PROVE:
        return list(cases)
    first = SEED * keep % len(cases)
    return [cases[(first + n) % len(cases)] for n in range(min(keep, len(cases)))]


def is_todays(name: str) -> bool:
    """Returns whether a test that is marked `rotated` is run on the day of the seed."""
    return zlib.crc32(name.encode()) % DAYS == SEED % DAYS


def in_proof(full: Any, otherwise: Any) -> Any:
    """Returns how much is tried: `full` in a proof."""
    return full if PROVE else otherwise
