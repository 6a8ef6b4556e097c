"""Designs: a sample and its top-ups, each drawn from messages new at the time.

Each sample keeps which messages could be drawn, as 8 bytes of the MD5 of their ids, in
`_samples/<sample_id>.parquet`. A top-up is drawn from the other messages that can be
drawn now. So its samples are strata that share no message and together make up the lake
(Sarndal, Swensson and Wretman 1992, chapter 3), and the inclusion probability of a
message is the one in its own stratum.
"""

import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from affectflow.errors import UsageError
from affectflow.gold.asking.samples import FOLDER, Sample, ids_of
from affectflow.gold.targets.labels import Target
from affectflow.lake import Lake
from affectflow.lake.ask import ask
from affectflow.schemas import PEOPLE

MESSAGES = pa.schema([("message", pa.uint64())])
"""Messages that could be drawn: the lower half of the MD5 of each id, sorted."""

_DRAWABLE = """
SELECT md5_number_lower(utterance_id) AS message FROM drawable ORDER BY message"""
_GIVEN = f"""
SELECT sample_id, count(*) FROM annotations
WHERE sample_id IS NOT NULL AND annotator_id IN {PEOPLE} GROUP BY sample_id"""


class Design(NamedTuple):
    """A sample, and the samples that top it up."""

    first: Sample
    rest: list[Sample]

    @property
    def samples(self) -> list[Sample]:
        """All of them."""
        return [self.first, *self.rest]

    @property
    def messages(self) -> int:
        """How many messages could be drawn for any of them."""
        return sum(sample.messages for sample in self.samples)


def design_of(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    task: str,
    targets: Sequence[Target] = (),
) -> Design:
    """Returns the design to top up: the one drawn from the most messages.

    Ties go to the one with the most answers.

    Args:
      lake: that it was drawn from.
      connection: to the lake.
      task: that people were asked.
      targets: labels that people were asked; any if empty.

    Raises:
      UsageError: no such sample was drawn.
    """
    given = dict(connection.execute(_GIVEN).fetchall())
    found = [
        each
        for each in _designs(lake)
        if each.first.task == task
        and (not targets or each.first.targets == list(targets))
    ]
    if not found:
        of = ", ".join(target.label for target in targets)
        raise UsageError(
            f"no sample of {of or task} to top up in {lake.uri!r}: draw one with "
            f"`affectflow sample {lake.uri} --task {task} --out sheet.csv`"
        )
    return max(found, key=lambda design: _rank(design, given))


def _rank(design: Design, given: Mapping[str, int]) -> tuple[int, int, str]:
    answers = sum(given.get(sample.sample_id, 0) for sample in design.samples)
    return design.messages, answers, design.first.sample_id


def _designs(lake: Lake) -> list[Design]:
    samples = [Sample.read(lake, sample_id) for sample_id in ids_of(lake)]
    return [
        Design(first, [each for each in samples if each.tops_up == first.sample_id])
        for first in samples
        if not first.tops_up
    ]


def keep_drawable(
    lake: Lake, connection: duckdb.DuckDBPyConnection, sample_id: str
) -> None:
    """Stores which messages could be drawn for a sample; `drawable` has them."""
    content = io.BytesIO()
    messages = ask(connection, _DRAWABLE).cast(MESSAGES)
    pq.write_table(messages, content, compression="zstd")
    lake.storage.write_once(content.getvalue(), FOLDER, f"{sample_id}.parquet")


def drawable_before(lake: Lake, design: Design) -> pa.Table:
    """Returns the messages that could be drawn for a design, schema `MESSAGES`.

    Raises:
      UsageError: a sample of it was drawn by a version that did not store them.
    """
    for sample in design.samples:
        if not lake.storage.exists(FOLDER, f"{sample.sample_id}.parquet"):
            raise UsageError(
                f"sample {sample.sample_id} was drawn by an older version that did "
                "not record what it was drawn from, so it cannot be topped up: draw "
                "another sample without --top-up"
            )
    return pa.concat_tables(
        lake.storage.read_parquet(FOLDER, f"{sample.sample_id}.parquet")
        for sample in design.samples
    )
