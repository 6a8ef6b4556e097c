"""How long the command line takes to answer, against what it is made of.

python -m tests.bench.start_up [RUNS]
"""

import sys

from tests.bench import measure


def main(runs: int) -> None:
    """Prints the medians and the ratio."""
    commands = {
        "affectflow --help": measure.python("affectflow", "--help"),
        "import typer, rich": [sys.executable, "-c", "import typer, rich"],
    }
    figures = measure.in_turn(commands, runs)
    measure.show(figures)
    ratio = figures["affectflow --help"].seconds / figures["import typer, rich"].seconds
    print(f"help / imports  {ratio:.2f}  (under 2)")


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["11"])[0]))
