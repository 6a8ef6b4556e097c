"""What is promised to plugin authors must fail for a plugin that breaks it."""

from dataclasses import dataclass
from typing import Any, ClassVar

import apache_beam as beam
import pyarrow as pa
import pytest

from affectflow.batches.batch import error_row, from_rows
from affectflow.kinds.transform import BatchTransform, Transform
from affectflow.schemas import SOURCE_BATCH
from affectflow.sources.chat_text import digest
from affectflow.sources.files import FileSource
from affectflow.sources.rows import batch_of_rows, in_batches
from affectflow.sources.streams import DamagedFileError, read_chunks
from affectflow.testing import check_source, check_transform, run

COUNTER = iter(range(1_000_000))


@dataclass(kw_only=True)
class Step(BatchTransform):
    provides: ClassVar[pa.Schema] = pa.schema([pa.field("more", pa.int64())])

    def process_batch(self, batch):
        return batch.append_column("more", pa.array([1] * batch.num_rows, pa.int64()))


class Fails(Step):
    def process_batch(self, batch):
        if batch.num_rows:
            raise KeyError("more")
        return super().process_batch(batch)


class FailsOnNothing(Step):
    def process_batch(self, batch):
        batch["n"].to_pylist()[0]
        return super().process_batch(batch)


class Loses(Step):
    def process_batch(self, batch):
        return super().process_batch(batch.slice(1))


class Differs(Step):
    def process_batch(self, batch):
        return batch.append_column("more", pa.array([next(COUNTER)] * batch.num_rows))


class Reorders(Step):
    def process_batch(self, batch):
        backwards = pa.array(range(batch.num_rows - 1, -1, -1))
        return super().process_batch(batch.take(backwards))


class Drops(Step):
    def process_batch(self, batch):
        return super().process_batch(batch).select(["more"])


class HoldsAFile(Step):
    def __init__(self):
        super().__init__()
        self.file = (line for line in ())


NUMBERS = pa.record_batch({"n": [1, 2, 3]})


def test_a_step_that_keeps_its_promises_passes():
    check_transform(Step(), NUMBERS)


@pytest.mark.parametrize(
    ("step", "error", "line"),
    [
        pytest.param(Fails(), AssertionError, "3 rows refused", id="fails"),
        pytest.param(
            FailsOnNothing(), IndexError, "out of range", id="fails on an empty batch"
        ),
        pytest.param(Loses(), Exception, "returned 2 rows for 3", id="loses rows"),
        pytest.param(Differs(), AssertionError, "two runs", id="differs"),
        pytest.param(Reorders(), AssertionError, "'n'.*changed", id="reorders"),
        pytest.param(Drops(), KeyError, "n", id="drops a column"),
        pytest.param(HoldsAFile(), AssertionError, "pickling", id="cannot be pickled"),
    ],
)
def test_a_broken_promise_is_found(step, error, line):
    with pytest.raises(error, match=line):
        check_transform(step, NUMBERS)


@dataclass(kw_only=True)
class Source(Transform):
    rows: tuple[dict, ...] = ()

    provides: ClassVar[pa.Schema] = SOURCE_BATCH

    def expand(self, pbegin: Any) -> Any:
        batch = from_rows([*self.rows], SOURCE_BATCH)
        return pbegin | beam.Create([batch], reshuffle=False).with_output_types(
            pa.RecordBatch
        )


LIVING = {
    "utterance_id": "jsonl:1",
    "conversation_id": "jsonl:1",
    "text": "a",
    "source": "jsonl",
    "origin": "a.jsonl:1",
}
DEAD = {"origin": "a.jsonl:2", "errors": error_row("Source", ValueError("why"))}


def test_a_source_that_keeps_its_promises_passes():
    out = check_source(Source(rows=(LIVING, DEAD)), expected_rows=2)

    assert out.num_rows == 2


def test_a_source_maps_no_batches():
    with pytest.raises(AssertionError, match="maps no batches to batches"):
        check_transform(Source(), NUMBERS)


@pytest.mark.parametrize(
    "column", ["utterance_id", "conversation_id", "text", "source"]
)
def test_a_living_row_that_lacks_what_it_needs_is_found(column):
    with pytest.raises(AssertionError, match=f"a living row has no '{column}'"):
        check_source(Source(rows=(LIVING | {column: None},)), expected_rows=1)


def test_rows_that_are_lost_are_found():
    with pytest.raises(AssertionError, match="1 row came out for 2"):
        check_source(Source(rows=(LIVING,)), expected_rows=2)


def test_a_step_that_requires_something_is_no_source():
    class Requires(Source):
        requires = pa.schema([pa.field("n", pa.int64())])

    with pytest.raises(AssertionError, match="a source requires nothing"):
        check_source(Requires(), expected_rows=0)


def test_a_run_that_gives_nothing_says_so():
    class Nothing(Transform):
        def expand(self, pcoll):
            return pcoll | beam.Filter(bool).with_output_types(pa.RecordBatch)

    empty = pa.RecordBatch.from_pylist([], schema=pa.schema([]))
    with pytest.raises(ValueError, match="Nothing returned no batch"):
        run(Nothing(), empty)


@dataclass(kw_only=True)
class Words(FileSource):
    """Reads a word a line, as a source of files should."""

    suffixes: ClassVar[tuple[str, ...]] = (".words",)

    def read_split(self, split):
        data = b"".join(read_chunks(split.uri))
        lines = data.decode("utf-8", "replace").split("\n")
        yield from in_batches(
            self.row(split.uri, number, line)
            for number, line in enumerate(lines)
            if line.strip("\ufeff \t\r")
        )

    def row(self, uri, number, line):
        id_ = f"words:{digest(line)}"
        return {
            **{"utterance_id": id_, "conversation_id": id_, "source": "words"},
            **{"text": line, "origin": f"{uri}#{number}"},
        }


@dataclass(kw_only=True)
class FailsOnBytes(Words):
    def read_split(self, split):
        b"".join(read_chunks(split.uri)).decode()
        yield from super().read_split(split)


@dataclass(kw_only=True)
class ReadsNothing(Words):
    def read_split(self, split):
        rows = list(super().read_split(split))
        yield from rows or [batch_of_rows([self.row(split.uri, 0, "nothing")])]


@dataclass(kw_only=True)
class AllOrNothing(Words):
    def read_split(self, split):
        if not b"".join(read_chunks(split.uri)).endswith(b"\n"):
            raise DamagedFileError("the last line is cut")
        yield from super().read_split(split)


@dataclass(kw_only=True)
class CutsTexts(Words):
    def row(self, uri, number, line):
        return super().row(uri, number, line[:1000])


WORDS = "".join(f"{word}\n" for word in ("alpha", "beta", "gamma", "delta", "epsilon"))


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "a.words"
    path.write_text(WORDS)
    return str(path)


def test_a_source_of_files_that_keeps_its_promises_passes(words):
    told = []

    check_source(Words(paths=words), expected_rows=5, tell=told.append)

    assert "garbage after the last row costs no row" in told


@pytest.mark.parametrize(
    ("source", "line"),
    [
        pytest.param(FailsOnBytes, "UnicodeDecodeError", id="a traceback"),
        pytest.param(ReadsNothing, "an empty file becomes a message", id="invents"),
        pytest.param(AllOrNothing, "lost 'alpha'", id="loses rows before the damage"),
        pytest.param(CutsTexts, "is cut", id="cuts long texts"),
    ],
)
def test_a_promise_about_damaged_files_that_is_broken_is_found(words, source, line):
    with pytest.raises(AssertionError, match=line):
        check_source(source(paths=words))
