"""What a lake of any size would take, from measured unit costs.

python -m tests.bench.scale table --rows 1e10 --price-per-hour 0.05 --tokens-per-s 2e5
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COSTS = Path(__file__).with_name("unit_costs.json")
BATCH_ROWS, BATCH_BYTES = 16_384, 8 << 20
ROW_BYTES = 90
"""Of a row in memory beside its text: ids, times, offsets."""
CLAIM_BYTES = 60
"""Of a claim in the shuffle: bucket, name of 38 characters, number, framing."""


@dataclass(frozen=True)
class Scale:
    """A lake that is not there yet."""

    rows: float
    text_bytes: float
    turns: float
    costs: dict[str, Any]

    @property
    def bytes_in(self) -> float:
        """Of the input: texts, and what stands around them."""
        around = self.costs["input_bytes_per_row"] - self.costs["text_bytes_per_row"]
        return self.rows * (self.text_bytes + around)

    @property
    def buckets(self) -> int:
        """As the first ingest would fix them."""
        from affectflow.lake.layout import buckets_for

        return buckets_for(int(self.bytes_in))

    @property
    def parts(self) -> float:
        """Parts of 50,000 rows or 64 MB, and a rest in each bucket."""
        from affectflow.stages.ingest.buckets import PART_BYTES, PART_ROWS

        each = min(PART_ROWS, PART_BYTES / (self.text_bytes + ROW_BYTES))
        return self.buckets * max(1.0, -(-self.rows / self.buckets // each))

    @property
    def batches(self) -> float:
        """Batches that the readers make."""
        each = min(BATCH_ROWS, BATCH_BYTES / (self.text_bytes + ROW_BYTES))
        return self.rows / each

    @property
    def claims(self) -> float:
        """Pieces that batches fall into: one for each bucket that one has rows of."""
        groups = self.rows / self.batches / self.turns
        hit = self.buckets * (1 - (1 - 1 / self.buckets) ** groups)
        return self.batches * hit

    def cpu_hours(self, stage: str) -> float:
        """Of a stage; its cost is taken to grow with the length of texts."""
        longer = self.text_bytes / self.costs["text_bytes_per_row"]
        cost: float = self.costs["cpu_us_per_row"][stage]
        return self.rows * cost * longer / 1e6 / 3600

    def at_rest(self, table: str) -> float:
        """Bytes of a table; that of texts grows with their length."""
        longer = self.text_bytes / self.costs["text_bytes_per_row"]
        cost: float = self.costs["bytes_per_row"].get(table, 0.0)
        return self.rows * cost * (longer if table == "utterances" else 1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what the table is made for."""
    parser.add_argument("--costs", type=Path, default=COSTS)
    parser.add_argument("--from-growth", type=Path, help="make --costs from its --json")
    parser.add_argument("--rows", type=float, default=1e10)
    parser.add_argument("--text-bytes", type=float, default=300)
    parser.add_argument("--turns", type=float, default=5)
    parser.add_argument("--tokens-per-s", type=float, default=2e5)
    parser.add_argument("--bytes-per-token", type=float, default=4)
    parser.add_argument("--price-per-hour", type=float, default=0.05, help="of a core")
    parser.add_argument("--gpu-price-per-hour", type=float, default=0.8)
    parser.add_argument("--price-per-tb-month", type=float, default=23)


def render(said: argparse.Namespace) -> str:
    """Returns the table, in Markdown."""
    if said.from_growth:
        sizes = json.loads(said.from_growth.read_text("utf-8"))
        said.costs.write_text(json.dumps(costs_of(sizes), indent=1) + "\n", "utf-8")
    costs = json.loads(said.costs.read_text("utf-8"))
    scale = Scale(said.rows, said.text_bytes, said.turns, costs)
    lines = [f"| {said.rows:,.0f} utterances | |", "|---|---:|"]
    lines += [f"| {name} | {value} |" for name, value in _rows(scale, said)]
    return "\n".join(lines)


def costs_of(sizes: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns unit costs: those of a size without what it takes to start."""
    start, last = sizes[0], sizes[-1]
    more = last["rows"] - start["rows"]
    return {
        "measured_at_rows": last["rows"],
        "cpu_us_per_row": {
            stage: round(
                (figure["cpu_seconds"] - start["stages"][stage]["cpu_seconds"])
                / more
                * 1e6,
                1,
            )
            for stage, figure in last["stages"].items()
        },
        "peak_mb": {s: round(f["peak_mb"]) for s, f in last["stages"].items()},
        "bytes_per_row": {
            table: round(size / last["rows"], 2)
            for table, size in last["lake"]["bytes"].items()
            if size / last["rows"] >= 0.01
        },
        "causes_per_row": round(last["lake"]["causes"] / last["rows"], 4),
        "text_bytes_per_row": round(last["lake"]["text_bytes"] / last["rows"], 1),
        "input_bytes_per_row": round(last["bytes_in"] / last["rows"], 1),
    }


def _rows(scale: Scale, said: argparse.Namespace) -> Iterator[tuple[str, str]]:
    kinds = ("utterances", "cues", "annotations", "rollups", "causes")
    tables = [t for t in kinds if t in scale.costs["bytes_per_row"]]
    yield "input, not compressed", f"{scale.bytes_in / 1e12:,.2f} TB"
    yield "buckets", f"{scale.buckets:,}"
    mean = scale.bytes_in / scale.buckets / (1 << 20)
    yield "a bucket", f"{mean:,.0f} MB, {scale.rows / scale.buckets:,.0f} rows"
    yield "parts", f"{scale.parts:,.0f}"
    files = scale.parts * len(tables) + scale.buckets
    yield "Parquet files of one annotator", f"{files:,.0f}"
    yield "receipts", f"{scale.parts * 2:,.0f}"
    for table in tables:
        yield f"at rest: `{table}`", f"{scale.at_rest(table) / 1e12:,.2f} TB"
    rest = sum(map(scale.at_rest, tables))
    price = rest / 1e12 * said.price_per_tb_month
    yield "at rest, together", f"{rest / 1e12:,.2f} TB, {price:,.0f} $ a month"
    yield "batches spilled", f"{scale.batches:,.0f}"
    yield "claims through the shuffle", f"{scale.claims:,.2e}"
    yield "shuffle", f"{scale.claims * CLAIM_BYTES / 1e9:,.0f} GB"
    yield from _hours(scale, said)


def _hours(scale: Scale, said: argparse.Namespace) -> Iterator[tuple[str, str]]:
    total = 0.0
    for stage in ("ingest", "annotate", "mine", "themes"):
        hours = scale.cpu_hours(stage)
        total += hours
        yield f"CPU hours: {stage}", _paid(hours, said.price_per_hour)
    yield "CPU hours, together", _paid(total, said.price_per_hour)
    tokens = scale.rows * scale.text_bytes / said.bytes_per_token
    hours = tokens / said.tokens_per_s / 3600
    name = f"GPU hours of a transformer at {said.tokens_per_s:,.0f} tokens/s (assumed)"
    yield name, _paid(hours, said.gpu_price_per_hour)
    causes = scale.rows * scale.costs["causes_per_row"]
    yield "causes", f"{causes:,.2e}"


def _paid(hours: float, price: float) -> str:
    return f"{hours:,.0f} h, {hours * price:,.0f} $"
