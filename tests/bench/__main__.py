"""Benchmarks, one after the other: `python -m tests.bench [NAME ...]`.

Without a name all of these run; those of scale are last, and take hours on two cores.
"""

import argparse
import ast
from collections.abc import Callable, Sequence
from pathlib import Path


def _start_up() -> None:
    from tests.bench import start_up

    start_up.main(11)


def _cues() -> None:
    from tests.bench import cues

    cues.main(5)


def _embedded_emotions() -> None:
    from tests.bench import embedded_emotions

    embedded_emotions.main(5)


def _four_ways() -> None:
    from tests.bench import four_ways

    four_ways.main(1_000_000, 5)


def _ingest() -> None:
    from tests.bench import ingest

    ingest.main(300_000, 5, [])


def _scale() -> None:
    from tests.bench import scale

    for command in ("limits", "files", "growth", "skew", "table"):
        print(f"\nscale {command}")
        scale.main([command])


def _spark() -> None:
    from tests.bench import spark

    spark.main(spark.ROWS, spark.PARTS, 1)


BENCHES: dict[str, Callable[[], None]] = {
    "start_up": _start_up,
    "cues": _cues,
    "embedded_emotions": _embedded_emotions,
    "four_ways": _four_ways,
    "ingest": _ingest,
    "scale": _scale,
    "spark": _spark,
}


def listed() -> list[str]:
    """Returns a line for each benchmark: its name, and what it measures."""
    own = {path.stem: path for path in sorted(Path(__file__).parent.glob("*.py"))}
    alone = [name for name, path in own.items() if _is_alone(name, path)]
    return [
        *(f"{name}: {_about(own[name])}" for name in BENCHES),
        "By themselves, as `python -m tests.bench.NAME`:",
        *(f"{name}: {_about(own[name])}" for name in alone),
    ]


def _is_alone(name: str, path: Path) -> bool:
    """Returns whether a file is a benchmark that runs by itself only."""
    runs = '__name__ == "__main__"' in path.read_text("utf-8")
    return runs and name not in BENCHES and not name.startswith("_")


def _about(path: Path) -> str:
    said = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return said.partition("\n")[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the benchmarks that are named, or lists them."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="all if none is given")
    parser.add_argument("--list", action="store_true", help="say which there are")
    given = parser.parse_args(arguments)
    if given.list:
        print("\n".join(listed()))
        return
    if unknown := [name for name in given.names if name not in BENCHES]:
        parser.error(
            f"no benchmark {unknown[0]!r} here; there are {', '.join(BENCHES)}"
        )
    for name in given.names or BENCHES:
        print(f"\n{name}")
        BENCHES[name]()


if __name__ == "__main__":
    main()
