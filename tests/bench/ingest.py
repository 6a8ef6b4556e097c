"""The whole of `affectflow ingest` against DuckDB reading and writing the same file.

One and two workers, DuckDB, and the parts of an ingest, in turn, in one run; then
compressed and as CSV, for what their readers cost. CPU seconds tell where other things
run beside it, wall clock where nothing does. Memory is that of all processes together.

Posts are generated: 190 characters, two in three with a link, an account or an emoji,
so that nearly all rules are tried. With `--short` they are those of GoEmotions: 68
characters, as people write them.

    python -m tests.bench.ingest [--posts N] [--runs N] [--short] [--memory POSTS ...]
"""

import argparse
import atexit
import contextlib
import csv
import gzip
import io
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tests.bench import measure
from tests.bench.posts import generate

MODULE = "tests.bench.ingest"
MAPPING = {
    "utterance_id": "id",
    "text": "body",
    "speaker_id": "user",
    "timestamp": "created_at",
}
TWO = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")
QUIET = "import logging; logging.disable(); "
NOTHING = [sys.executable, "-c", QUIET + "import apache_beam"]
_Answer = TypeVar("_Answer")


# -- the commands ------------------------------------------------------------------


def ours(source: Path, *options: str) -> list[str]:
    """Returns the command of an ingest into a lake of its own."""
    return measure.python(MODULE, "--as", "ours", str(source), *options)


def run_ours(source: str, *options: str) -> None:
    """Ingests as the command line does, into a lake that is thrown away."""
    from affectflow import cli

    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    kind = "csv" if source.endswith(".csv") else "jsonl"
    named = ",".join(f"{column}={field}" for column, field in MAPPING.items())
    key = ["--speaker-key-uri", f"{folder}/key"]
    words = ["ingest", source, "--source", kind, "--to", f"{folder}/lake", *key]
    with contextlib.redirect_stderr(io.StringIO()):
        cli.main([*words, "--map", named, "--", *options])


def run_duckdb(source: str) -> None:
    """Reads the file and writes Parquet, as far as DuckDB does what we do."""
    import duckdb

    reader = "read_csv_auto" if source.endswith(".csv") else "read_ndjson_auto"
    with tempfile.TemporaryDirectory() as folder:
        duckdb.execute(
            f"COPY (FROM {reader}('{source}')) TO '{folder}/out.parquet' "
            "(COMPRESSION zstd)"
        )


# -- the parts of an ingest --------------------------------------------------------


class Clock:
    """CPU seconds of this process, by what it did."""

    def __init__(self) -> None:
        self.taken: dict[str, float] = defaultdict(float)

    def __call__(
        self, name: str, function: Callable[..., _Answer], *given: Any
    ) -> _Answer:
        begun = time.process_time()
        try:
            return function(*given)
        finally:
            self.taken[name] += time.process_time() - begun


def run_parts(source: str) -> None:
    """Does in one process, without Beam, what the stage does; prints its parts."""
    clock = Clock()
    clock("import apache_beam", __import__, "apache_beam")
    clock("other imports", _imports)
    with tempfile.TemporaryDirectory() as folder:
        _ingest(clock, source, folder)
    print(json.dumps(clock.taken))


def _imports() -> None:
    import polars  # noqa: F401

    from affectflow.cli import app, pipelines  # noqa: F401
    from affectflow.stages.ingest import ingest  # noqa: F401
    from affectflow_connectors import jsonl  # noqa: F401


def _ingest(clock: Clock, source: str, folder: str) -> None:
    from affectflow.lake import Lake
    from affectflow.stages.ingest import store
    from affectflow.stages.ingest.ingest import ingest_steps
    from affectflow.stages.runs.receipts import Receipt
    from affectflow.stages.runs.request import new_request
    from affectflow_connectors.jsonl import ReadJsonl

    key = f"{folder}/key"
    lake = clock("the lake", lambda: Lake.create(f"{folder}/lake", speaker_key_uri=key))
    request = new_request(lake, "ingest", {}, speaker_key_uri=key)
    reader = ReadJsonl(paths=[source], mapping=MAPPING)
    steps = clock("rules are read", ingest_steps)
    spilling, receipts = store._SpillFn(request), []
    writing = store._WriteBucketFn(request)
    claims: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for batch in _clocked(clock, "read", _batches(reader, source)):
        for step in steps:
            batch = clock(type(step).__name__, step.apply, batch)
        for found in clock("spill", lambda b=batch: list(spilling.process(b))):
            if isinstance(found, tuple):
                claims[found[0]].append(found[1])
            else:
                receipts.append(found.value)
    for each in sorted(claims.items()):
        receipts += clock("buckets", lambda e=each: list(writing.process(e)))
    found = [Receipt.from_json(each) for each in receipts]
    clock("commit", store.commit_ingest, request, found)


def _batches(reader: Any, source: str) -> Iterator[Any]:
    for split in reader.splits(source):
        yield from reader.read(split)


def _clocked(clock: Clock, name: str, items: Iterator[Any]) -> Iterator[Any]:
    while (item := clock(name, next, items, None)) is not None:
        yield item


def parts(source: Path) -> dict[str, float]:
    """Returns the parts of one ingest, as a process of its own."""
    command = measure.python(MODULE, "--as", "parts", str(source))
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def show_parts(runs: Sequence[Mapping[str, float]], whole: float, rows: int) -> None:
    """Prints medians of the parts, and what is left for Beam and the command line."""
    medians = {n: statistics.median(run[n] for run in runs) for n in runs[0]}
    medians["Beam, command line"] = whole - sum(medians.values())
    for name, seconds in medians.items():
        print(
            f"  {name:<22}{seconds:8.2f} CPU s{100 * seconds / whole:6.0f} %"
            f"{seconds / rows * 1e6:8.1f} us a row"
        )


# -- the comparison ----------------------------------------------------------------


def main(rows: int, runs: int, memory: Sequence[int], texts: Sequence[str]) -> None:
    """Prints the table, the ratios to DuckDB, the parts, and memory."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "posts.jsonl")
        generate(source, rows, texts=texts)
        show(source, rows, runs)
        others = _other_forms(source)
        commands = {name: ours(path) for name, path in others.items()}
        plain = {"posts.jsonl": ours(source)}
        print("other forms of the file")
        figures = measure.in_turn({**plain, **commands}, max(1, runs // 2))
        measure.show(figures, rows)
        for each in memory:
            grown = Path(folder, "grown.jsonl")
            generate(grown, each, texts=texts)
            size = grown.stat().st_size / 1e6
            figures = measure.in_turn({f"{size:,.0f} MB of posts": ours(grown)}, 1)
            measure.show(figures, each)


def show(source: Path, rows: int, runs: int) -> None:
    """Prints one and two workers, DuckDB, and the parts of an ingest."""
    commands = {
        "import apache_beam": NOTHING,
        "duckdb": measure.python(MODULE, "--as", "duckdb", str(source)),
        "one worker": ours(source),
        "two workers": ours(source, *TWO),
    }
    taken: list[dict[str, measure.Figure]] = []
    split = []
    for _ in range(runs):  # the parts in turn with the others
        taken.append(measure.in_turn(commands, 1))
        split.append(parts(source))
    figures = {n: measure.median([each[n] for each in taken]) for n in commands}
    measure.show(figures, rows)
    theirs = figures["duckdb"]
    for name in ("one worker", "two workers"):
        mine = figures[name]
        print(
            f"{name} / duckdb  {mine.seconds / theirs.seconds:.1f} of the clock, "
            f"{mine.cpu_seconds / theirs.cpu_seconds:.1f} of the CPU  (5)"
        )
    two = figures["two workers"].seconds / figures["one worker"].seconds
    print(f"two workers / one  {two:.2f} of the clock  (at most 1)")
    show_parts(split, figures["one worker"].cpu_seconds, rows)


def _other_forms(source: Path) -> dict[str, Path]:
    import zstandard

    forms = {e: source.with_suffix(e) for e in (".jsonl.gz", ".jsonl.zst", ".csv")}
    content = source.read_bytes()
    forms[".jsonl.gz"].write_bytes(gzip.compress(content, 6))
    forms[".jsonl.zst"].write_bytes(zstandard.compress(content))
    with (
        source.open(encoding="utf-8") as lines,
        forms[".csv"].open("w", encoding="utf-8", newline="") as file,
    ):
        records = map(json.loads, lines)
        first = next(records)
        table = csv.DictWriter(file, list(first))
        table.writeheader()
        table.writerows([first, *records])
    return {path.name: path for path in forms.values()}


COMMANDS: dict[str, Callable[..., None]] = {
    "ours": run_ours,
    "duckdb": run_duckdb,
    "parts": run_parts,
}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as"]:
        COMMANDS[sys.argv[2]](*sys.argv[3:])
    else:
        parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
        parser.add_argument("--posts", type=int, default=20_000)
        parser.add_argument("--runs", type=int, default=5)
        parser.add_argument("--memory", type=int, nargs="*", default=[])
        parser.add_argument("--short", action="store_true")
        said = parser.parse_args()
        texts: list[str] = []
        if said.short:
            from tests.bench.text import short_posts  # DuckDB is timed without it

            texts = short_posts()
        main(said.posts, said.runs, said.memory, texts)
