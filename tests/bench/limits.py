"""What breaks first: single steps of a stage that see all parts, at many sizes.

    python -m tests.bench.scale limits [--sizes 1e3,1e4,1e5] [--only commit,...]

Each step and size is a process of its own; what is printed is what the step itself
took: seconds of CPU, and growth of the largest resident set.
"""

import json
import logging
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import log
from pathlib import Path
from typing import Any

from tests.bench import measure

TEXT = "the build keeps failing again and nobody knows why, please help. " * 2

Taken = dict[str, float]


@contextmanager
def _timed(taken: Taken, name: str = "seconds") -> Iterator[None]:
    begun = time.process_time()
    yield
    taken[name] = time.process_time() - begun


def _lake(folder: Path, buckets: int = 16) -> Any:
    from affectflow.lake import Lake

    key = str(folder / "key")
    return Lake.create(str(folder / "lake"), speaker_key_uri=key, buckets=buckets)


def _entries(table: str, n: int, folder: str = "", buckets: int = 16) -> list[Any]:
    from affectflow.lake.tables import FileEntry

    names = (f"{folder}b{i % buckets:05d}-{i:016x}.parquet" for i in range(n))
    return [FileEntry(table, name, 10**7, 50_000) for name in names]


def commit(n: int, folder: Path) -> Taken:
    """Commits n files to an empty table, in one version."""
    from affectflow.lake.commits import commit as commit_files

    lake, taken = _lake(folder), Taken()
    with _timed(taken):
        commit_files(lake.storage, "utterances", _entries("utterances", n))
    log_file = lake.storage.path("utterances", "_delta_log", f"{1:020d}.json")
    taken["log_bytes"] = Path(log_file).stat().st_size
    return taken


def committed(n: int, folder: Path) -> Taken:
    """Reads which files a table of n files has: mine does, for each of its parts."""
    from affectflow.lake.commits import commit as commit_files

    lake, taken = _lake(folder), Taken()
    commit_files(lake.storage, "utterances", _entries("utterances", n))
    with _timed(taken):
        lake.committed("utterances")
    return taken


def renewed(n: int, folder: Path) -> Taken:
    """A second ingest looks whether its buckets changed: n parts, 13 a bucket."""
    from affectflow.lake.tables import by_bucket
    from affectflow.stages.ingest.store import _renewed
    from affectflow.stages.runs.receipts import Receipt

    buckets = max(1, n // 13)
    present = {f.path: f for f in _entries("utterances", n, buckets=buckets)}
    bases = by_bucket(sorted(present))
    receipts = [Receipt(unit=f"bucket {b}", base=bases[b]) for b in range(buckets)]
    lake, taken = _lake(folder), Taken()
    with _timed(taken):
        now = by_bucket(sorted(present))
        for receipt in receipts:
            _renewed(lake, None, receipt, now)  # type: ignore[arg-type]
    return taken


def receipts(n: int, folder: Path) -> Taken:
    """Reads n receipts of buckets, grouped into one element, as a commit does."""
    from affectflow.stages.runs.receipts import Receipt, total

    files = _entries("utterances", 13) + _entries("cues", 13, "inline/")
    one = Receipt(unit="bucket 7", files=files).to_json()
    group, taken = [one] * n, Taken(bytes=float(len(one)))
    with _timed(taken):
        total([Receipt.from_json(text) for text in sorted(group) if text])
    return taken


def listing(n: int, folder: Path) -> Taken:
    """Lists a folder of n receipts, as every plan does."""
    from affectflow.storage import Storage

    work = folder / "lake" / "_work" / "annotate" / "model"
    work.mkdir(parents=True)
    for number in range(n):
        (work / f"b{number % 16:05d}-{number:016x}.json").touch()
    storage, taken = Storage(str(folder / "lake")), Taken()
    with _timed(taken):
        storage.names("_work", "annotate", "model")
    return taken


def follow(n: int, folder: Path) -> Taken:
    """Commits n small files that came in with the utterances (`cues`)."""
    import pyarrow as pa

    from affectflow.lake.commits import commit as commit_files
    from affectflow.schemas import CONVERSATIONS, TABLES
    from affectflow.stages.ingest import store as storing

    lake, taken = _lake(folder), Taken()
    commit_files(lake.storage, "utterances", _entries("utterances", n))
    empty = pa.schema(TABLES["cues"]).empty_table()
    names = [entry.path for entry in _entries("cues", n)]
    lake.storage.write_parquet(empty, "cues", "inline", names[0])
    first = Path(lake.storage.path("cues", "inline", names[0]))
    for name in names[1:]:
        shutil.copyfile(first, first.with_name(name))
    assert CONVERSATIONS is TABLES["conversations"]
    storing.follow_conversations = lambda _: None  # another step; not timed here
    with _timed(taken):
        storing.follow(lake)
    return taken


def spill(n: int, folder: Path) -> Taken:
    """Spills one batch of 16,384 rows to n buckets, and gathers 200 of its claims."""
    from affectflow.batches.grouping import gather
    from affectflow.batches.grouping import spill as spill_batch
    from affectflow.storage import Storage

    batch, storage, taken = _sealed(n), Storage(str(folder / "staging")), Taken()
    taken["batch_bytes"] = batch.nbytes
    with _timed(taken):
        claims = [claim for _, claim in spill_batch(batch, storage)]
    with _timed(taken, "gather_200_seconds"):
        list(gather(claims[:200], storage))
    taken["claims"] = len(claims)
    taken["file_bytes"] = sum(f.stat().st_size for f in (folder / "staging").iterdir())
    return taken


def _sealed(buckets: int, rows: int = 16_384) -> Any:
    import pyarrow as pa

    from affectflow.batches.batch import conform
    from affectflow.schemas import UTTERANCES
    from affectflow.stages.ingest.seal import seal

    columns = {
        "utterance_id": pa.array([f"jsonl:{i}" for i in range(rows)]),
        "conversation_id": pa.array([f"jsonl:c{i // 5}" for i in range(rows)]),
        "speaker_id": pa.array([f"user{i % 900}" for i in range(rows)]),
        "source": pa.array(["jsonl"] * rows),
        "text": pa.array([TEXT] * rows),
    }
    return seal(conform(pa.record_batch(columns), UTTERANCES), b"k" * 32, buckets)


def _causes(n: int) -> Iterator[Any]:
    """Yields n causes of one family, 50,000 a part."""
    import random

    import pyarrow as pa

    from tests.bench.corpora import _sentences

    chance = random.Random(7)
    pool = _sentences(chance)
    for first in range(0, n, 50_000):
        numbers = range(first, min(n, first + 50_000))
        none = pa.nulls(len(numbers), pa.string())
        yield pa.table(
            {
                "cause_id": [f"{i:024x}" for i in numbers],
                "family": ["irritation"] * len(numbers),
                "cause_text": [" ".join(chance.choices(pool, k=2)) for _ in numbers],
                "summary": none,
                "conversation_id": [f"c{i // 2}" for i in numbers],
                "title": none,
            }
        )


def themes(n: int, folder: Path) -> Taken:
    """Clusters n causes of one family, part by part, in one process."""
    return _clustered("WordClusterer", _causes(n), n, folder)


def vector_themes(n: int, folder: Path) -> Taken:
    """Clusters n causes by vectors of 384 numbers around 500 subjects."""
    import numpy as np
    import pyarrow as pa

    from affectflow.schemas import VECTORS

    chance = np.random.default_rng(7)
    subjects = chance.normal(size=(500, 384))

    def causes() -> Iterator[Any]:
        for part in _causes(n):
            of = subjects[chance.integers(0, len(subjects), part.num_rows)]
            near = of + chance.normal(scale=0.5, size=of.shape)
            rows = pa.FixedSizeListArray.from_arrays(near.ravel(), 384)
            yield part.append_column("vector", rows.cast(VECTORS.field("vector").type))

    return _clustered("VectorClusterer", causes(), n, folder)


def _clustered(name: str, tables: Iterator[Any], n: int, folder: Path) -> Taken:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from affectflow.steps import themes as hosting

    for number, causes in enumerate(tables):
        pq.write_table(causes, folder / f"{number}.parquet")
    clusterer = hosting.ClusterThemes(clusterer=name).load_clusterer()
    files, taken = sorted(folder.glob("*.parquet")), Taken()

    def parts() -> Iterator[Any]:
        read = (pq.ParquetFile(file).read() for file in files)
        return (hosting.prepare(each, clusterer.requires) for each in read)

    with _timed(taken):
        counts = {"irritation": n}
        samples = [hosting.sampled(clusterer, each, counts) for each in parts()]
        with _timed(taken, "fit_seconds"):
            model = hosting.fit(clusterer, pa.concat_tables(samples), n)
        models = {"irritation": model}
        found = [hosting.assign(clusterer, models, each) for each in parts()]
        tallies = [tally["irritation"] for _, tally in found if tally]
        if tallies:
            whole = hosting.merge(tallies)
            hosting.name_themes(clusterer, "irritation", model, whole)
    taken["tally_bytes"] = max(map(len, tallies), default=0)
    return taken


def views(n: int, folder: Path) -> Taken:
    """Opens a lake with n files of annotations, and counts them by label."""
    import pyarrow as pa

    from affectflow.lake import open_lake
    from affectflow.lake.commits import commit as commit_files
    from affectflow.lake.tables import FileEntry
    from affectflow.schemas import TABLES

    lake, taken = _lake(folder), Taken()
    empty = pa.schema(TABLES["annotations"]).empty_table()
    names = [entry.path for entry in _entries("annotations", n)]
    size = lake.storage.write_parquet(empty, "annotations", names[0])
    first = Path(lake.storage.path("annotations", names[0]))
    for name in names[1:]:
        shutil.copyfile(first, first.with_name(name))
    entries = [FileEntry("annotations", name, size, 0) for name in names]
    commit_files(lake.storage, "annotations", entries)
    with _timed(taken, "open_seconds"):
        connection = open_lake(lake.uri)
    with _timed(taken), connection:
        connection.sql("SELECT label, count(*) FROM annotations GROUP BY 1").fetchall()
    return taken


STEPS: dict[str, Callable[[int, Path], Taken]] = {
    step.__name__: step
    for step in (
        *(commit, committed, renewed, receipts, listing),
        *(follow, spill, themes, vector_themes, views),
    )
}
SIZES = {"spill": [16, 256, 4096, 16_384]}
LARGEST = {"follow": 10_000, "views": 10_000, "receipts": 20_000}


def sizes_of(name: str, sizes: list[int]) -> list[int]:
    """Returns the sizes at which a step is tried."""
    asked = SIZES.get(name, sizes)
    return [n for n in asked if n <= LARGEST.get(name, 10**9)]


def run(sizes: list[int], only: list[str]) -> dict[str, dict[str, Taken]]:
    """Returns and prints what each step took at each size."""
    found: dict[str, dict[str, Taken]] = {}
    for name in only or STEPS:
        before: tuple[int, float] | None = None
        for n in sizes_of(name, sizes):
            taken = _apart(name, n)
            found.setdefault(name, {})[str(n)] = taken
            print(_line(name, n, taken, before), flush=True)
            before = n, taken["seconds"]
    return found


def _line(name: str, n: int, taken: Taken, before: tuple[int, float] | None) -> str:
    line = f"{name:<10}{n:>9,}{taken['seconds']:10.3f} CPU s"
    line += f"{taken['grown_mb']:8.0f} MB"
    if before is not None and before[1] > 0 and taken["seconds"] > 0:
        slope = log(taken["seconds"] / before[1]) / log(n / before[0])
        line += f"  slope {slope:.2f}"
    rest = {k: v for k, v in taken.items() if k not in ("seconds", "grown_mb")}
    return line + "".join(f"  {k} {v:,.3g}" for k, v in rest.items())


def _apart(name: str, n: int) -> Taken:
    command = measure.python("tests.bench.limits", name, str(n))
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    taken: Taken = json.loads(done.stdout.splitlines()[-1])
    return taken


def main(name: str, n: int) -> None:
    """Runs one step in this process, and prints what it took as JSON."""
    from affectflow.stages.runs.receipts import peak_rss_bytes

    step = STEPS[name]
    with tempfile.TemporaryDirectory() as folder:
        tried, real = Path(folder, "tried"), Path(folder, "real")
        tried.mkdir()
        real.mkdir()
        step(16, tried)  # imports and first use are not counted
        before = peak_rss_bytes()
        taken = step(n, real)
    taken["grown_mb"] = (peak_rss_bytes() - before) / 1e6
    print(json.dumps(taken))


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    main(sys.argv[1], int(sys.argv[2]))
