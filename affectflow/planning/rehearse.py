"""An ingest in small: a sample of the input through all that an ingest does with it."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import concat_unlike, is_dead, split
from affectflow.batches.grouping import Claim, gather, spill
from affectflow.lake import Lake
from affectflow.lake.speakers import read_key
from affectflow.lake.tables import FileEntry, stem
from affectflow.planning.estimate import Terms
from affectflow.planning.ledger import StagePlan, wall
from affectflow.planning.measure import SMALL, Watch, fit, rss_bytes
from affectflow.planning.sample import SourceSample, sample_source
from affectflow.stages.ingest.buckets import PART_BYTES, PART_ROWS, write_bucket
from affectflow.stages.ingest.ingest import ingest_config, ingest_steps
from affectflow.stages.ingest.seal import seal
from affectflow.stages.runs.deadletters import refused
from affectflow.stages.runs.request import new_request
from affectflow.storage import Storage

_WARM_UP = 8
_TRIAL_RUN = "plan"


@dataclass
class IngestSample:
    """What a sample of the input became, and what each step took.

    Args:
      digest: of the ingest's settings.
      source: the sample, as it was read.
      seconds: to normalise, write out cues, seal and spill all of the sample.
      cold_seconds: that the first rows took beyond that.
      dead: rows of the sample that were refused.
      living: rows of the sample that were written.
      conversations: that these rows are of.
      part_names: of the parts that were written.
      row_bytes: of a row in memory.
      file_bytes: of a row in `utterances`.
      bucket_seconds: to write buckets: rows and seconds of each.
      bucket_bytes: to write buckets: rows and bytes of each, all tables together.
      growth: of memory with a row of a bucket, bytes.
      rss: of this process before it wrote buckets, bytes.
    """

    digest: str
    source: SourceSample
    seconds: float = 0.0
    cold_seconds: float = 0.0
    dead: int = 0
    living: int = 0
    conversations: int = 0
    part_names: list[str] = field(default_factory=list)
    row_bytes: float = 1.0
    file_bytes: float = 0.0
    bucket_seconds: list[tuple[int, float]] = field(default_factory=list)
    bucket_bytes: list[tuple[int, float]] = field(default_factory=list)
    growth: float = 0.0
    rss: int = 0

    @classmethod
    def take(cls, source: Any, trial: Lake, folder: Storage, terms: Terms) -> Self:
        """Reads a sample and puts it through an ingest into a lake for trial.

        Args:
          source: that reads files.
          trial: an empty lake; nothing is committed to it.
          folder: that holds the trial lake's key, and what is spilled.
          terms: of the plan.
        """
        sample = sample_source(source, rows=terms.sample, seconds=terms.seconds / 4)
        digest = new_request(trial, "ingest", ingest_config(source)).digest
        found = cls(digest, sample)
        batches = list(gather(found._spill(trial, folder), folder))
        if batches:
            found._write(trial, concat_unlike(batches))
        return found

    def _spill(self, trial: Lake, folder: Storage) -> list[Claim]:
        key = read_key(trial.settings, folder.url("key"))
        steps, claims = ingest_steps(), []
        for step in steps:
            step.setup()
        begun = time.perf_counter()
        for batch in self.source.batches[:1]:
            list(_sealed(batch.slice(0, _WARM_UP), steps, key))
        self.cold_seconds = time.perf_counter() - begun
        begun = time.perf_counter()
        for batch in self.source.batches:
            for sealed in _sealed(batch, steps, key):
                living = sealed.filter(pc.invert(is_dead(sealed)))
                claims += [claim for _, claim in spill(living, folder)]
                self.dead += refused(sealed).num_rows
                self.living += living.num_rows
        self.seconds = time.perf_counter() - begun
        return claims

    def _write(self, trial: Lake, batch: pa.RecordBatch) -> None:
        """Writes the sample as one bucket, after two small ones."""
        self.conversations = pc.count_distinct(batch["conversation_id"]).as_py()
        self.row_bytes = max(1.0, batch.nbytes / batch.num_rows)
        write_bucket(trial, 0, [batch.slice(0, _WARM_UP)], _TRIAL_RUN)
        self.rss = rss_bytes()
        for rows in (*(n for n in SMALL if n < batch.num_rows), batch.num_rows):
            with Watch() as watch:
                receipt = write_bucket(trial, 0, [batch.slice(0, rows)], _TRIAL_RUN)
            size = sum(file.size for file in receipt.files)
            self.bucket_seconds.append((rows, watch.seconds))
            self.bucket_bytes.append((rows, float(size)))
            self.growth = watch.growth / rows
        parts = [file for file in receipt.files if file.table == "utterances"]
        self.part_names = [stem(file.path) for file in parts]
        self.file_bytes = sum(f.size for f in parts) / batch.num_rows

    def plan(self, buckets: int, terms: Terms) -> StagePlan:
        """Returns the plan of the ingest: the sample, scaled up to all of the input.

        Args:
          buckets: of the lake.
          terms: of the plan.
        """
        scale, splits = self.source.scale, self.source.splits
        used = _used(buckets, self.conversations * scale)
        reading = (self.source.seconds + self.seconds) * scale
        living = self.living * scale
        each = fit(self.bucket_seconds)
        writing = each.at(living, used)
        cold = self.source.cold_seconds + self.cold_seconds
        largest = each.at(living / used) if used else 0.0
        wall_seconds = wall(reading, 0.0, splits, terms.workers)
        wall_seconds += wall(writing, largest, used, terms.workers)
        return StagePlan(
            stage="ingest",
            config_digest=self.digest,
            files=self.source.files,
            units=splits,
            rows=round((self.living + self.dead) * scale),
            bytes_in=self.source.size,
            bytes_out=round(fit(self.bucket_bytes).at(living, used)),
            load_seconds=cold,
            work_seconds=reading + writing,
            wall_seconds=cold + wall_seconds,
            workers=terms.workers,
            price_per_hour=terms.price_per_hour,
            peak_rss_bytes=round(self.rss + self.growth * living / max(1, used)),
            sample_rows=self.living + self.dead,
        )

    def expected_parts(self, buckets: int) -> list[FileEntry]:
        """Returns parts as the ingest is expected to write them, all of one size."""
        rows = self.living * self.source.scale
        used = _used(buckets, self.conversations * self.source.scale)
        if not used:
            return []
        most = max(1.0, min(PART_ROWS, PART_BYTES / self.row_bytes))
        count = used * math.ceil(rows / used / most)
        size = round(self.file_bytes * rows / count)
        return [
            FileEntry("utterances", f"b00000-{number}.parquet", size, each)
            for number, each in enumerate(_shared(round(rows), count))
        ]


def _sealed(
    batch: pa.RecordBatch, steps: list[Any], key: bytes
) -> Iterator[pa.RecordBatch]:
    for step in steps:
        batch = step.apply(batch)
    for piece in split(batch):
        yield seal(piece, key, 1)


def _used(buckets: int, conversations: float) -> int:
    """Returns how many buckets get a conversation, if each gets one by chance."""
    return round(buckets * (1 - (1 - 1 / buckets) ** conversations))


def _shared(rows: int, count: int) -> list[int]:
    """Returns `rows` in `count` numbers that differ by one at most."""
    return [rows // count + (number < rows % count) for number in range(count)]
