"""What `affectflow report` takes on your lake: python -m tests.bench.report LAKE.

The median of five runs, each a whole process; CPU seconds count, for they depend less
on what else runs. Nothing is asserted.
"""

import argparse
import tempfile
from pathlib import Path

from tests.bench import measure


def main(lake: str, runs: int) -> None:
    """Prints what a page for anyone and a page for the owner take."""
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            reader: measure.python(
                *("affectflow", "report", lake, "--for", reader),
                *("--out", str(Path(folder, f"{reader}.html"))),
            )
            for reader in ("anyone", "owner")
        }
        measure.show(measure.in_turn(commands, runs))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lake", help="folder of the lake")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    main(given.lake, given.runs)
