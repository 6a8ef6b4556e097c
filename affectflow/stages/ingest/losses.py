"""Losses without a refused row: truncated files, and unreadable values."""

import json
from collections.abc import Iterator
from typing import TypedDict

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.lake import Lake
from affectflow.schemas import FILE_ERRORS, UTTERANCES, raw_name
from affectflow.sources.keys import KEYS
from affectflow.sources.rows import TIMES
from affectflow.sources.times import doubtful
from affectflow.stages.runs.receipts import FILES_CUT, WORK, Receipt

EXAMPLES = (WORK, "examples")
NOT_READ = "_not_read"
"""Suffix of the counters of values that could not be read, by column."""
DOUBTFUL = "dates_doubtful"
"""Counts dates, among those not read, that may begin with their day or their month."""

# What a source parses from text, which may fail; in keys, words such as `nan`.
_READ = {
    raw_name(field.name): field.name
    for field in UTTERANCES
    if field.name in KEYS
    or not (pa.types.is_string(field.type) or pa.types.is_nested(field.type))
}


def losses(living: pa.RecordBatch, dead: pa.RecordBatch) -> Receipt:
    """Returns what the rows of an ingest say is lost, counted, with an example each.

    A file that cannot be read to the end is one loss; its number of rows is unknown. A
    value that could not be read is one loss, by column.
    """
    receipt = Receipt()
    files = list(_cut_files(dead))
    if files:
        receipt.counters[FILES_CUT] = len(files)
        receipt.examples[FILES_CUT] = min(files)
    for column, values in _unread(living.column("attrs")):
        receipt.counters[column + NOT_READ] = len(values)
        receipt.examples[column + NOT_READ] = pc.min(values).as_py()
        if column in TIMES and len(dates := doubtful(values)):
            receipt.counters[DOUBTFUL] = receipt.counters.get(DOUBTFUL, 0) + len(dates)
            receipt.examples[DOUBTFUL] = pc.min(dates).as_py()
    for column in _READ.values():
        receipt.values_read[column] = len(living) - living.column(column).null_count
    return receipt


def _cut_files(dead: pa.RecordBatch) -> Iterator[str]:
    origins = dead.column("origin").to_pylist()
    for origin, errors in zip(origins, dead.column("errors").to_pylist(), strict=True):
        if errors[0]["error_type"] in FILE_ERRORS:
            yield origin or ""


def _unread(attrs: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """Yields columns of which values could not be read, and those values."""
    # Keys and items are those of the array that a slice was taken of.
    start, end = attrs.offsets[0].as_py(), attrs.offsets[-1].as_py()
    names, values = (
        each.slice(start, end - start) for each in (attrs.keys, attrs.items)
    )
    for name in pc.unique(names).to_pylist():
        if name in _READ:
            yield _READ[name], values.filter(pc.equal(names, name))


class Shown(TypedDict):
    """What a command shows beside the counts of an ingest.

    `examples` has one for some of the counters; `never_read` names columns that had
    values, none of which could be read.
    """

    examples: dict[str, str]
    never_read: list[str]


def write_examples(lake: Lake, run: str, summed: Receipt) -> None:
    """Writes the examples of an ingest, if there are any."""
    if summed.examples:
        shown = Shown(examples=summed.examples, never_read=_never_read(summed))
        lake.storage.write(json.dumps(shown).encode(), *EXAMPLES, f"{run}.json")


def take_examples(lake: Lake, run: str) -> Shown:
    """Returns the examples of an ingest, and removes them."""
    name = f"{run}.json"
    if name not in lake.storage.names(*EXAMPLES):
        return Shown(examples={}, never_read=[])
    found: Shown = json.loads(lake.storage.read(*EXAMPLES, name))
    lake.storage.remove_tree(*EXAMPLES, name)
    return found


def _never_read(summed: Receipt) -> list[str]:
    columns = (name.removesuffix(NOT_READ) for name in summed.counters)
    return [name for name in columns if summed.values_read.get(name) == 0]
