"""How fast this machine is: `python -m tests.given.yardstick` prints a ratio.

1.0 is the machine on which the limits of `.ci/run` were measured; 2.0 takes twice its
core-seconds. The work is of the kind that tests do, and both cores do it at once,
because two that are one core's threads are slower together.
"""

import json
import re
import subprocess
import sys
import time
import zlib
from statistics import median

NOMINAL_S = 0.167
"""What `work` takes on the machine of the limits."""
ROUNDS = 9


def work() -> float:
    """Does a fixed piece of work; returns its CPU seconds."""
    began = time.process_time()
    rows = [
        {"id": n, "text": f"row {n} of many, {n % 97} words"} for n in range(60_000)
    ]
    text = json.dumps(rows)
    kept = [row for row in json.loads(text) if re.search(r"\b9\d words", row["text"])]
    kept.sort(key=lambda row: (row["text"], -row["id"]))
    compile("\n".join(f"x{n} = {n} + {n} * 2" for n in range(8_000)), "work", "exec")
    zlib.compress(text.encode(), 6)
    return time.process_time() - began


def ratio() -> float:
    """Returns how many times the nominal core-seconds this machine takes."""
    command = [sys.executable, __file__, "work"]
    beside = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    took = median(work() for _ in range(ROUNDS))
    beside.wait(timeout=120)
    return took / NOMINAL_S


def main(arguments: list[str]) -> None:
    """Prints the ratio; with `work`, only keeps a core busy meanwhile."""
    if arguments:
        for _ in range(2 * ROUNDS):
            work()
    else:
        print(f"{ratio():.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
