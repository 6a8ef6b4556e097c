"""How time, memory and files grow with the lake.

    python -m tests.bench.scale growth [--rows 1e5,1e6] [--stages ingest,annotate,...]
                                       [--buckets N] [--json FILE]
    python -m tests.bench.scale skew   [--rows 2e6] [--turns 1e6]
    python -m tests.bench.scale files  [--rows 1e5] [--files 10000]
    python -m tests.bench.scale limits [--sizes 1e3,1e4,1e5] [--only commit,...]
    python -m tests.bench.scale table  [--costs FILE] [--price-per-hour X] ...

Every stage is a process of its own, on one core and with the local runner, over
generated conversations. Options of Beam go after a `--`.
"""

import argparse
import itertools
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import log
from pathlib import Path
from typing import Any

from tests.bench import corpora, limits, measure, table

STAGES = ("ingest", "annotate", "mine", "themes")
START_ROWS = 1_000
"""So few rows show what a stage takes to start and to commit."""
TARGET = 1.05
BUCKETS = 16
"""Of a lake in which one bucket is to be ten times the mean."""


@dataclass(frozen=True)
class Size:
    """What a corpus of one size took, by stage, and what its lake holds."""

    rows: int
    bytes_in: int
    stages: dict[str, measure.Figure]
    lake: dict[str, Any]


def go(
    source: Path, lake: Path, stages: Sequence[str], buckets: int, options: list[str]
) -> dict[str, measure.Figure]:
    """Runs stages one after the other, and returns what each took."""
    made = {}
    settings = {**measure.ONE_CORE, "XDG_CONFIG_HOME": str(lake.parent)}
    for stage in stages:
        more = [str(source), f"--buckets={buckets}"] if stage == "ingest" else []
        command = measure.python("tests.bench.steps", stage, str(lake), *more)
        behind = ["--", *options] if options else []
        figures = measure.in_turn({stage: [*command, *behind]}, 1, settings)
        made[stage] = _with_workers(figures[stage], lake, stage)
    return made


def _with_workers(figure: measure.Figure, lake: Path, stage: str) -> measure.Figure:
    """Returns the figure with the peak of the largest worker, also in another run."""
    from affectflow.lake import open_lake

    with open_lake(str(lake)) as connection:
        query = f"SELECT max(peak_rss_bytes) FROM runs WHERE stage = '{stage}'"
        peak = connection.sql(query).fetchall()[0][0] or 0
    return measure.Figure(
        figure.seconds, figure.cpu_seconds, max(figure.peak_mb, peak / 1e6)
    )


def contents(lake: Path) -> dict[str, Any]:
    """Returns files and bytes at rest of each table, and counts of rows."""
    from affectflow.lake import Lake, open_lake
    from affectflow.schemas import TABLES

    opened = Lake.open(str(lake))
    held = {name: opened.committed(name).values() for name in TABLES}
    with open_lake(str(lake)) as connection:
        causes, texts = connection.sql(
            "SELECT (SELECT count(*) FROM causes WHERE status = 'ok'), "
            "(SELECT sum(strlen(text)) FROM utterances)"
        ).fetchall()[0]
    return {
        "buckets": opened.buckets,
        "files": {name: len(found) for name, found in held.items() if found},
        "bytes": {n: sum(f.size for f in found) for n, found in held.items() if found},
        "causes": causes,
        "text_bytes": texts,
    }


# -- growth ------------------------------------------------------------------------


def growth(
    rows: list[int], stages: list[str], buckets: int, keep: str, options: list[str]
) -> list[Size]:
    """Prints seconds and memory at each size, and how they grow."""
    found = []
    for count in [START_ROWS, *rows]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            size = corpora.write(folder / "in", count)
            lake = folder / "lake"
            figures = go(folder / "in", lake, stages, buckets, options)
            found.append(Size(count, size, figures, contents(lake)))
        _print_size(found[-1])
        if keep:
            sizes = [asdict(size) for size in found]
            Path(keep).write_text(json.dumps(sizes, indent=1), "utf-8")
    print()
    for before, after in itertools.pairwise(found[1:]):
        _print_slopes(found[0], before, after)
    return found


def _print_size(size: Size) -> None:
    files = sum(size.lake["files"].values())
    note = "  (what it takes to start)" if size.rows == START_ROWS else ""
    print(
        f"{size.rows:,} utterances, {size.bytes_in / 1e6:,.0f} MB, "
        f"{size.lake['buckets']} buckets, {files} files{note}"
    )
    measure.show(size.stages, size.rows)
    sys.stdout.flush()


def _print_slopes(start: Size, before: Size, after: Size) -> None:
    print(f"from {before.rows:,} to {after.rows:,} utterances:")
    for stage in after.stages:
        first, small, large = (s.stages[stage] for s in (start, before, after))
        slopes = [
            _slope(before, after, small.seconds, large.seconds),
            _slope(before, after, small.cpu_seconds, large.cpu_seconds),
            _slope(
                before,
                after,
                small.cpu_seconds - first.cpu_seconds,
                large.cpu_seconds - first.cpu_seconds,
            ),
        ]
        print(
            f"  {stage:<10} slope of time {slopes[0]:.2f}  ({TARGET})   of CPU "
            f"{slopes[1]:.2f}   of CPU without start {slopes[2]:.2f}   memory "
            f"{large.peak_mb / small.peak_mb:.2f} times"
        )


def _slope(before: Size, after: Size, small: float, large: float) -> float:
    if small <= 0 or large <= 0:
        return float("nan")
    return log(large / small) / log(after.rows / before.rows)


# -- uneven inputs -----------------------------------------------------------------

Write = Callable[[Path], int]


def compare(
    inputs: dict[str, Write],
    rows: int,
    stages: Sequence[str],
    options: list[str],
    buckets: int = 0,
) -> None:
    """Prints each input's stages, and their ratio to those of the first input."""
    found: dict[str, dict[str, measure.Figure]] = {}
    for name, write in inputs.items():
        with tempfile.TemporaryDirectory() as where:
            folder = Path(where)
            write(folder / "in")
            found[name] = go(folder / "in", folder / "lake", stages, buckets, options)
            parts = contents(folder / "lake")["files"].get("utterances", 0)
        print(f"{name}: {rows:,} utterances, {parts} parts")
        measure.show(found[name], rows)
        sys.stdout.flush()
    even = next(iter(inputs))
    for name in list(inputs)[1:]:
        for stage in stages:
            one, other = found[even][stage], found[name][stage]
            print(
                f"{name}, {stage}: {other.seconds / one.seconds:.2f} times the time "
                f"of {even}, {other.cpu_seconds / one.cpu_seconds:.2f} the CPU, "
                f"{other.peak_mb / one.peak_mb:.2f} the memory"
            )


def skew(rows: int, turns: int, options: list[str]) -> None:
    """One conversation of very many turns; one bucket ten times the mean."""
    inputs: dict[str, Write] = {
        "even": lambda folder: corpora.write(folder, rows),
        f"{turns:,} turns": lambda folder: corpora.write(
            folder, rows, long_conversation=turns
        ),
        # With the sixteenth of the others that makes ten sixteenths of all.
        "a hot bucket": lambda folder: corpora.write(
            folder, rows, hot_bucket=(BUCKETS, 0.6)
        ),
    }
    compare(inputs, rows, STAGES[:3], options, BUCKETS)


def many_files(rows: int, files: int, options: list[str]) -> None:
    """The same rows in very many small files."""
    inputs: dict[str, Write] = {
        "files of 100 MB": lambda folder: corpora.write(folder, rows),
        f"{files:,} files": lambda folder: corpora.write(folder, rows, files=files),
    }
    compare(inputs, rows, STAGES[:1], options)


# -- the command -------------------------------------------------------------------


def _count(text: str) -> int:
    return int(float(text))


def _counts(text: str) -> list[int]:
    return [_count(each) for each in text.split(",")]


def _names(text: str) -> list[str]:
    return text.split(",")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    grow = commands.add_parser("growth")
    grow.add_argument("--rows", type=_counts, default=[10**5, 10**6])
    grow.add_argument("--stages", type=_names, default=list(STAGES))
    grow.add_argument("--buckets", type=int, default=0, help="0: as ingest decides")
    grow.add_argument("--json", default="", help="keep what was measured in this file")
    uneven = commands.add_parser("skew")
    uneven.add_argument("--rows", type=_count, default=2 * 10**6)
    uneven.add_argument("--turns", type=_count, default=10**6)
    small = commands.add_parser("files")
    small.add_argument("--rows", type=_count, default=10**5)
    small.add_argument("--files", type=_count, default=10_000)
    limit = commands.add_parser("limits")
    limit.add_argument("--sizes", type=_counts, default=[10**3, 10**4, 10**5])
    limit.add_argument("--only", default="", help=", ".join(limits.STEPS))
    table.add_arguments(commands.add_parser("table"))
    return parser


def main(arguments: Sequence[str]) -> None:
    """Runs the benchmark that the command line names."""
    given, options = list(arguments), []
    if "--" in given:
        at = given.index("--")
        given, options = given[:at], given[at + 1 :]
    said = _parser().parse_args(given)
    if said.command == "growth":
        growth(said.rows, said.stages, said.buckets, said.json, options)
    elif said.command == "skew":
        skew(said.rows, said.turns, options)
    elif said.command == "files":
        many_files(said.rows, said.files, options)
    elif said.command == "limits":
        limits.run(said.sizes, said.only.split(",") if said.only else [])
    else:
        print(table.render(said))


if __name__ == "__main__":
    main(sys.argv[1:])
