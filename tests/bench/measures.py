"""What measures take beside their bare GROUP BY, and what bootstrap draws take.

    python -m tests.bench.measures --rows 1e7

Each measure reads generated observations from Parquet, and so does DuckDB with the
measure's `state` alone, each in a process of its own; importing affectflow alone is
taken off both. In turn, medians of five, CPU seconds. Nothing is asserted.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import duckdb

from affectflow import people, registry, vocabularies
from affectflow.stages.measure import measure_file
from tests.bench.measure import in_turn

UNITS, DRAWS = 100_000, 1_000
_LABELS = list(vocabularies.get("goemotions").labels)
_ROWS = {
    "PreferenceBias": "$labels[1 + (hash(i) % 28)::INTEGER] AS gold, "
    "$labels[1 + (hash(i, 1) % 28)::INTEGER] AS label, 'm' AS annotator_id",
    "BradleyTerry": "'m' || hash(i) % 40 AS model, 'n' || hash(i, 1) % 40 AS baseline, "
    "(hash(i, 2) % 3) / 2.0 AS preference",
    "GroupDifference": "'g' || hash(i, 9) % 2 AS part, 'AU' || i % 4 AS channel, "
    "(hash(i) % 1000) / 1000.0 AS value",
    "PersonalScale": "'r' || hash(i) % 1000 AS rater, 'i' || hash(i, 1) % 10000 AS "
    "item, (hash(i, 2) % 5) + 1.0 AS value, (hash(i, 1) % 5) + 1.0 AS base",
    "ExplanationQuality": "(hash(i) % 4)::VARCHAR AS fluency, "
    "(hash(i, 1) % 4)::VARCHAR AS completeness, "
    "(hash(i, 2) % 4)::VARCHAR AS reliability, (hash(i, 3) % 4)::VARCHAR AS overall",
    # As a leaderboard has them: each model answers the same 805 instructions.
    "LengthControlled": "'i' || i % 805 AS item, 'm' || i // 805 % 200 AS model, "
    "'b' AS baseline, (hash(i) % 101) / 100.0 AS preference, "
    "(hash(i, 1) % 3000)::DOUBLE AS length, "
    "(hash(i % 805, 2) % 3000)::DOUBLE AS baseline_length",
    "DriverImportance": "(hash(i) % 2)::DOUBLE AS frustrated, "
    "(hash(i, 1) % 500)::VARCHAR AS wait_hours, (hash(i, 2) % 9)::VARCHAR AS turns, "
    "'r' || hash(i, 3) % 5 AS role",
}
"""Of each measure the observations that are generated."""
_OPTIONS = {
    "DriverImportance": {
        "outcome": "frustrated",
        "factors": ["wait_hours", "turns", "role"],
    },
}
"""What a measure is told, if it does not go without."""


def main(rows: int, runs: int) -> None:
    """Prints ratios, and what draws take."""
    with tempfile.TemporaryDirectory() as folder:
        for name in _ROWS:
            path = _written(Path(folder), name, rows)
            commands = {
                way: [sys.executable, "-m", __spec__.name, way, name, str(path)]
                for way in ("nothing", "bare", "measure")
            }
            taken = in_turn(commands, runs)
            start = taken["nothing"].cpu_seconds
            bare = taken["bare"].cpu_seconds - start
            ours = taken["measure"].cpu_seconds - start
            print(
                f"{name}: {rows:,} observations, bare {bare:.2f} CPU s, measure "
                f"{ours:.2f}: {ours / bare:.2f} times; {taken['measure'].peak_mb:,.0f} "
                f"MB (bare {taken['bare'].peak_mb:,.0f})"
            )
        path = _written(Path(folder), "PreferenceBias", UNITS)
        drawn = [sys.executable, "-m", __spec__.name, "draws", "PreferenceBias"]
        seconds = in_turn({"draws": [*drawn, str(path)]}, runs)["draws"].cpu_seconds
        print(f"{DRAWS:,} draws of {UNITS:,} units: {seconds:.1f} CPU s, all told")


def _written(folder: Path, name: str, rows: int) -> Path:
    path = folder / f"{name}-{rows}.parquet"
    select = f"SELECT 'c' || hash(i, 9) % {UNITS} AS unit, {_ROWS[name]}"
    duckdb.sql(
        f"COPY ({select} FROM range({rows}) AS t(i)) TO '{path}'",
        params={"labels": _LABELS} if "$labels" in select else None,
    )
    return path


def _one(way: str, name: str, path: str) -> None:
    with people.using(purpose="a bench", allow_person_level=True):
        _run(way, name, path)


def _run(way: str, name: str, path: str) -> None:
    options = _OPTIONS.get(name, {})
    measure = registry.make("measures", name, options)
    if way == "measure":
        measure_file(path, name, options=options)
    elif way == "draws":
        measure_file(path, name, options=options, draws=DRAWS)
    elif way == "bare":
        _bare(measure, path)


def _bare(measure: "registry.Plugin", path: str) -> None:
    """Runs a measure's `state` over a file, and nothing else."""
    with duckdb.connect() as connection:
        for each, table in measure.tables().items():
            connection.register(each, table)
        there = connection.sql(f"FROM '{path}'").columns
        rest = [f"NULL AS {n}" for n in measure.reads.names if n not in there]
        columns = ", ".join(["*", *rest])
        connection.sql(f"CREATE VIEW observations AS SELECT {columns} FROM '{path}'")
        connection.sql(
            measure.state, params=measure.bound(measure.state)
        ).to_arrow_table()


if __name__ == "__main__":
    if len(sys.argv) == 4 and not sys.argv[1].startswith("-"):
        _one(*sys.argv[1:])
    else:
        parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
        parser.add_argument("--rows", type=float, default=1e7)
        parser.add_argument("--runs", type=int, default=5)
        given = parser.parse_args()
        main(int(given.rows), given.runs)
