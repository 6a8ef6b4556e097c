"""One job, four ways: JSONL, normalise, two lexicon counts, Parquet.

Ours through Beam, a dict per row through Beam, plain Polars, DuckDB; in turn, in one
run, each as a process of its own. Also ours on four times the input, for memory.

    python -m tests.bench.four_ways [ROWS] [RUNS]
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench import measure
from tests.bench.posts import generate

MODULE = "tests.bench.four_ways"
PLEASED = ("thanks", "great", "love", "works")
CROSS = ("slow", "broken", "hate", "annoying", "crash", "error", "never")
LINK = r"https?://\S+"
MENTION = r"@\w+"


def _any(words: tuple[str, ...]) -> str:
    return r"\b(?:" + "|".join(words) + r")\b"


# One thread more than cores: while one waits for the disk or the GIL, others work.
THREADS = ("--direct_running_mode=multi_threading", "--direct_num_workers=3")


def ours(source: str, out: str) -> None:
    """Batches of Arrow through Beam, with our source, three worker threads."""
    _ours(source, out, THREADS)


def ours_one_worker(source: str, out: str) -> None:
    """The same in one worker, which is the default."""
    _ours(source, out, ())


def _ours(source: str, out: str, options: tuple[str, ...]) -> None:
    import apache_beam as beam
    import pyarrow as pa

    from affectflow import runners
    from affectflow_connectors.jsonl import ReadJsonl

    mapping = {"utterance_id": "id", "text": "body", "timestamp": "created_at"}

    def build(pipeline: beam.Pipeline) -> Any:
        return (
            pipeline
            | ReadJsonl(paths=[source], mapping={**mapping, "speaker_id": "user"})
            | "Count" >> beam.Map(_counted).with_output_types(pa.RecordBatch)
            | "Write" >> beam.Map(_write, out).with_output_types(int)
        )

    runners.run(build, options)


def _counted(batch: Any) -> Any:
    import polars as pl
    import pyarrow as pa

    columns = ["utterance_id", "speaker_id", "timestamp", "text"]
    frame = _count(pl.DataFrame(batch.select(columns)), "text")
    table = frame.to_arrow()
    arrays = [table.column(name).combine_chunks() for name in table.column_names]
    return pa.RecordBatch.from_arrays(arrays, names=table.column_names)


def _count(frame: Any, text: str) -> Any:
    import polars as pl

    masked = (
        pl.col(text)
        .str.replace_all(LINK, "")
        .str.replace_all(MENTION, "[USER]")
        .str.to_lowercase()
    )
    return frame.with_columns(masked.alias(text)).with_columns(
        pl.col(text).str.count_matches(_any(PLEASED)).alias("pleased"),
        pl.col(text).str.count_matches(_any(CROSS)).alias("cross"),
    )


def _write(batch: Any, out: str) -> int:
    import hashlib

    import pyarrow as pa
    import pyarrow.parquet as pq

    name = hashlib.blake2b(str(batch["utterance_id"][0]).encode(), digest_size=8)
    path = Path(out, f"{name.hexdigest()}.parquet")
    pq.write_table(pa.Table.from_batches([batch]), path, compression="zstd")
    return int(batch.num_rows)


def rows_through_beam(source: str, out: str) -> None:
    """A dict per row through Beam."""
    import apache_beam as beam
    import pyarrow as pa

    from affectflow import runners

    schema = pa.schema(
        [
            ("utterance_id", pa.string()),
            ("speaker_id", pa.string()),
            ("timestamp", pa.string()),
            ("text", pa.string()),
            ("pleased", pa.int64()),
            ("cross", pa.int64()),
        ]
    )

    def build(pipeline: beam.Pipeline) -> Any:
        return (
            pipeline
            | beam.io.ReadFromText(source)
            | "Row" >> beam.ParDo(_row_fn())
            | beam.io.WriteToParquet(f"{out}/rows", schema, codec="zstd")
        )

    runners.run(build)


def _row_fn() -> Any:
    import json

    import apache_beam as beam

    link, mention = re.compile(LINK), re.compile(MENTION)
    pleased, cross = re.compile(_any(PLEASED)), re.compile(_any(CROSS))

    class Row(beam.DoFn):
        def process(self, element: str) -> Iterator[dict[str, Any]]:
            post = json.loads(element)
            text = mention.sub("[USER]", link.sub("", post["body"])).lower()
            yield {
                "utterance_id": str(post["id"]),
                "speaker_id": post["user"],
                "timestamp": post["created_at"],
                "text": text,
                "pleased": len(pleased.findall(text)),
                "cross": len(cross.findall(text)),
            }

    return Row()


def polars(source: str, out: str) -> None:
    """Plain Polars, streaming."""
    import polars as pl

    frame = pl.scan_ndjson(source)
    _count(frame, "body").sink_parquet(f"{out}/polars.parquet", compression="zstd")


def duckdb(source: str, out: str) -> None:
    """DuckDB."""
    import duckdb as engine

    masked = f"lower(regexp_replace(regexp_replace(body, '{LINK}', '', 'g'), "
    masked += f"'{MENTION}', '[USER]', 'g'))"
    engine.execute(
        f"COPY (SELECT *, len(regexp_extract_all(text, '{_any(PLEASED)}')) AS pleased, "
        f"len(regexp_extract_all(text, '{_any(CROSS)}')) AS cross FROM (SELECT id, "
        f"\"user\", created_at, {masked} AS text FROM read_ndjson_auto('{source}'))) "
        f"TO '{out}/duckdb.parquet' (COMPRESSION zstd)"
    )


WAYS = {
    f.__name__: f for f in (ours, ours_one_worker, rows_through_beam, polars, duckdb)
}


def main(rows: int, runs: int) -> None:
    """Prints the table and the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "posts.jsonl"), Path(folder, "large.jsonl")
        generate(small, rows)
        generate(large, 4 * rows)
        out = Path(folder, "out")
        out.mkdir()
        commands = {
            name: measure.python(
                "tests.bench.four_ways", "--way", name, str(small), str(out)
            )
            for name in WAYS
        }
        figures = measure.in_turn(commands, runs)
        fourfold = measure.python(
            "tests.bench.four_ways", "--way", "ours", str(large), str(out)
        )
        figures["ours, 4 times the input"] = measure.in_turn({"": fourfold}, 1)[""]
    measure.show(figures)
    mine = figures["ours"].seconds
    print(f"rows / ours    {figures['rows_through_beam'].seconds / mine:.2f}  (7)")
    print(f"duckdb / ours  {figures['duckdb'].seconds / mine:.2f}  (0.6)")
    print(f"polars / ours  {figures['polars'].seconds / mine:.2f}")
    grown = figures["ours, 4 times the input"].peak_mb / figures["ours"].peak_mb
    print(f"memory of ours, 4 times the input  {grown:.2f}")


if __name__ == "__main__":
    if "--way" in sys.argv:
        WAYS[sys.argv[2]](sys.argv[3], sys.argv[4])
    else:
        main(*(int(a) for a in [*sys.argv[1:], "1000000", "5"][:2]))
