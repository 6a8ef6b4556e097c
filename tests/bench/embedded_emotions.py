"""The embedded model on one core: utterances file to annotations file.

    python -m tests.bench.embedded_emotions [RUNS]

Short utterances: GoEmotions' texts where the shared data are there (68 characters on
average), else generated ones. Starting the process is not counted.
"""

import csv
import gzip
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.measure import ONE_CORE

ROWS = 50_000


def texts() -> list[str]:
    """Returns 50,000 short texts."""
    root = Path(__file__).resolve().parents[3] / "shared" / "data" / "goemotions"
    if not root.is_dir():
        return [f"this is the short text number {n}, so annoying" for n in range(ROWS)]
    with gzip.open(root / "train.tsv.gz", "rt", encoding="utf-8") as file:
        found = [row[0] for row in csv.reader(file, delimiter="\t")]
    return (found * 2)[:ROWS]


def work(folder: Path) -> dict[str, float]:
    """Reads the file, labels it, writes the annotations; returns seconds by part."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from affectflow.batches.batch import one_batch
    from affectflow.batches.nesting import unnest
    from affectflow_transforms.models.emotions.embedded import EmbeddedEmotions

    handler = EmbeddedEmotions()
    model = handler.load_model()
    begun = time.perf_counter()
    batch = one_batch(pq.read_table(folder / "utterances.parquet"))
    read = time.perf_counter()
    answered = handler.apply(batch, model)
    predicted = time.perf_counter()
    rows = unnest(answered, "annotations")
    table = pa.Table.from_batches([rows])
    pq.write_table(table, folder / "annotations.parquet", compression="zstd")
    written = time.perf_counter()
    return {
        "read": read - begun,
        "predict": predicted - read,
        "write": written - predicted,
        "all": written - begun,
    }


def prepare(folder: Path) -> None:
    """Writes the utterances file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from affectflow.schemas import UTTERANCES

    said = texts()
    table = pa.Table.from_pylist(
        [
            {"utterance_id": f"b:{n}", "conversation_id": f"b:{n // 5}", "text": text}
            for n, text in enumerate(said)
        ],
        schema=UTTERANCES,
    )
    pq.write_table(table, folder / "utterances.parquet", compression="zstd")


def main(runs: int) -> None:
    """Prints the median of each part, and the rate."""
    os.environ.update(ONE_CORE)
    os.sched_setaffinity(0, {0})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        work(folder)  # the first run warms caches
        taken = [work(folder) for _ in range(runs)]
    for part in taken[0]:
        seconds = statistics.median(each[part] for each in taken)
        print(f"{part:<10}{seconds:8.2f} s{ROWS / seconds:>12,.0f} utterances/s")


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["5"])[0]))
