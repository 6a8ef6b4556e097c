import bz2
import errno
import gzip
import io
import itertools
import lzma
import subprocess
import sys

import pytest
import zstandard
from fsspec.implementations.local import LocalFileSystem
from hypothesis import given
from hypothesis import strategies as st

from affectflow import registry
from affectflow.cli.sources import made_with, plugin_for
from affectflow.errors import MissingExtraError, StorageError, UsageError
from affectflow.kinds.source import Split, recognised
from affectflow.sources.lines import blocks
from affectflow.testing import run
from affectflow_connectors.csv import ReadCsv
from affectflow_connectors.github.archive import ReadGharchive
from affectflow_connectors.github.rest import ReadGithub
from affectflow_connectors.jsonl import ReadJsonl
from affectflow_connectors.parquet import ReadParquet

POST = b'{"utterance_id": "a", "text": "good"}\n'


def surest(name, head):
    source, _ = recognised(name, head)
    return registry.kebab(source.__name__)


def rows(source):
    return [
        row
        for pattern in source.patterns
        for split in source.splits(pattern)
        for batch in source.read(split)
        for row in batch.to_pylist()
    ]


def error_types(found):
    return [row["errors"][0]["error_type"] if row["errors"] else "" for row in found]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        pytest.param(
            "x.jsonl",
            "no such file: '{}'; give a path, a glob or an fsspec URL",
            id="file",
        ),
        pytest.param("*.jsonl", "no such file: '{}'", id="glob"),
        pytest.param("", "no .jsonl, .ndjson, .json file in folder '{}'", id="folder"),
    ],
)
def test_a_path_that_matches_nothing_is_named_with_the_cure(tmp_path, pattern, message):
    path = str(tmp_path / pattern)

    with pytest.raises(UsageError) as raised:
        ReadJsonl(paths=path).check()

    assert message.format(path) in str(raised.value)


@pytest.mark.parametrize(
    ("paths", "error", "words"),
    [
        pytest.param("quux://a/b.jsonl", UsageError, "unknown protocol 'quux'", id="1"),
        pytest.param([], UsageError, "no path given", id="no path"),
        pytest.param(["a", " "], UsageError, "a path is empty", id="empty path"),
        pytest.param("s3://b/k.jsonl", MissingExtraError, "affectflow[s3]", id="extra"),
    ],
)
def test_a_path_that_cannot_be_read_says_what_to_do(paths, error, words, monkeypatch):
    if error is MissingExtraError:  # as if it were not installed, and never loaded
        monkeypatch.setitem(sys.modules, "s3fs", None)
        loaded = sys.modules["fsspec.registry"]._registry
        monkeypatch.delitem(loaded, "s3", raising=False)
    with pytest.raises(error) as raised:
        ReadJsonl(paths=paths).check()

    assert words in str(raised.value)


def refuse(self, path, *arguments, **options):
    raise PermissionError(errno.EACCES, "Permission denied", path)


@pytest.mark.parametrize("source", ["auto", "jsonl", "csv", "parquet", "github"])
def test_a_file_that_may_not_be_read_is_one_line(tmp_path, monkeypatch, source):
    path = tmp_path / "x.json"
    path.write_bytes(POST)
    monkeypatch.setattr(LocalFileSystem, "_open", refuse)

    with pytest.raises(StorageError) as raised:
        made_with(plugin_for([str(path)], source), [str(path)]).check()

    assert str(raised.value) == (
        f"cannot read '{path}': Permission denied; make it readable, or leave it out"
    )


class FailingDisk(io.BytesIO):
    def read(self, size=-1):
        raise OSError(errno.EIO, "Input/output error")


def test_a_disk_that_fails_in_mid_file_is_one_line(tmp_path, monkeypatch):
    path = tmp_path / "x.jsonl"
    path.write_bytes(POST)
    monkeypatch.setattr(LocalFileSystem, "_open", lambda *_, **__: FailingDisk())

    with pytest.raises(StorageError, match=r"x\.jsonl': Input/output error; make"):
        rows(ReadJsonl(paths=str(path)))


def test_a_file_of_another_source_is_named(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("id,text\n1,good\n2,bad\n")

    with pytest.raises(UsageError) as raised:
        ReadJsonl(paths=str(path)).check()

    assert str(raised.value) == (
        f"'{path}' looks like csv, not jsonl; type --source csv"
    )


@pytest.mark.parametrize(
    ("name", "head", "source"),
    [
        pytest.param("a.jsonl", POST, "jsonl", id="lines"),
        pytest.param("a.txt", POST * 2, "jsonl", id="lines under another name"),
        pytest.param("a.jsonl.gz", gzip.compress(POST), "jsonl", id="compressed"),
        pytest.param("a.csv", b"id,text\n1,a\n2,b\n", "csv", id="commas"),
        pytest.param("a", b"id\ttext\n1\ta\n2\tb\n", "csv", id="tabs"),
        pytest.param("a", b"PAR1....", "parquet", id="parquet"),
        pytest.param(
            "a.json",
            b'{"id":"1","type":"PushEvent","actor":{},"repo":{},"payload":{}}\n',
            "gharchive",
            id="events",
        ),
    ],
)
def test_auto_picks_the_source_from_the_first_bytes(name, head, source):
    assert surest(name, head) == source


@pytest.mark.parametrize(
    "name", ["rest_list_issues.json", "webhook_issues.opened.json"]
)
def test_auto_knows_github(shared_data, name):
    path = shared_data / "raw_github" / name

    assert surest(name, path.read_bytes()[: 64 << 10]) == "github"


def test_auto_knows_the_archive(shared_data):
    path = shared_data / "raw_gharchive" / "events.json.gz"

    assert surest(path.name, path.read_bytes()) == "gharchive"


def test_a_folder_gives_its_files_in_order_without_hidden_ones(tmp_path):
    for name in ("b.jsonl", "a/c.ndjson.gz", "_SUCCESS", ".d.jsonl", "e.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(POST) if name.endswith("gz") else POST)

    found = ReadJsonl(paths=str(tmp_path)).files(str(tmp_path))

    assert [file.uri for file in found] == [
        str(tmp_path / "a" / "c.ndjson.gz"),
        str(tmp_path / "b.jsonl"),
    ]


def test_a_file_whose_name_is_a_glob_is_itself(tmp_path):
    (tmp_path / "a[1].jsonl").write_bytes(POST)
    (tmp_path / "a1.jsonl").write_bytes(POST * 3)

    assert len(rows(ReadJsonl(paths=str(tmp_path / "a[1].jsonl")))) == 1


def test_a_file_in_an_archive_is_read_through_a_chained_url(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.jsonl", POST)

    found = rows(ReadJsonl(paths=f"zip://*.jsonl::{tmp_path}/x.zip"))

    assert [row["utterance_id"] for row in found] == ["jsonl:a"]


COMPRESSORS = {
    "gz": gzip.compress,
    "gz of two members": lambda b: gzip.compress(b[:50]) + gzip.compress(b[50:]),
    "gz padded with zeros": lambda b: gzip.compress(b) + b"\0" * 512,
    "zst": zstandard.ZstdCompressor().compress,
    "zst of two frames": lambda b: (
        zstandard.compress(b[:50]) + zstandard.compress(b[50:])
    ),
    "zst with a long window": zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=30)
    ).compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("name", COMPRESSORS)
def test_compressed_and_plain_files_give_the_same_rows(tmp_path, name):
    plain = b"".join(
        b'{"utterance_id": "%d", "text": "good %d"}\n' % (i, i) for i in range(500)
    )
    (tmp_path / "a.jsonl").write_bytes(plain)
    path = tmp_path / f"a.jsonl.{name.split()[0]}"
    path.write_bytes(COMPRESSORS[name](plain))

    def without_file(found):
        return [row | {"origin": row["origin"].split("#")[1]} for row in found]

    expected = rows(ReadJsonl(paths=str(tmp_path / "a.jsonl")))
    assert len(expected) == 500
    assert without_file(rows(ReadJsonl(paths=str(path)))) == without_file(expected)


def test_a_compressed_file_without_the_suffix_is_read_to_its_end(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(gzip.compress(POST * 5000))

    assert len(rows(ReadJsonl(paths=str(path)))) == 5000


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_byte_order_mark_names_the_encoding(tmp_path, encoding):
    path = tmp_path / "a.jsonl"
    text = '{"utterance_id": "%d", "text": "naïve 😂"}\n'
    path.write_bytes("".join(text % i for i in range(2000)).encode(encoding))

    source = ReadJsonl(paths=str(path))
    source.check()
    found = rows(source)

    assert len(found) == 2000
    assert {row["text"] for row in found} == {"naïve 😂"}


@pytest.mark.parametrize("name", ["gz", "zst", "bz2", "xz"])
@pytest.mark.rotated
def test_a_truncated_file_gives_its_rows_and_says_so(tmp_path, name):
    plain = b"".join(
        b'{"utterance_id": "%d", "text": "good %d"}\n' % (i, i * i % 977)
        for i in range(60_000)
    )
    whole = COMPRESSORS[name](plain)
    path = tmp_path / f"a.jsonl.{name}"
    path.write_bytes(whole[: len(whole) * 2 // 3])

    found = rows(ReadJsonl(paths=str(path)))

    assert found[-1]["errors"][0]["error_type"] == "truncated_file"
    assert "fetch the file again" in found[-1]["errors"][0]["message"]
    assert found[0]["utterance_id"] == "jsonl:0"
    assert error_types(found[:500]) == [""] * 500


def test_a_corrupt_gzip_gives_the_rows_before_the_damage(tmp_path):
    line = b'{"utterance_id": "%d", "text": "x"}\n'
    plain = b"".join(line % i for i in range(30_000))
    whole = bytearray(gzip.compress(plain))
    middle = len(whole) // 2
    whole[middle : middle + 64] = b"\xff" * 64
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(whole)

    assert error_types(rows(ReadJsonl(paths=str(path))))[-1] == "damaged_file"


@given(
    st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\n", b"")), max_size=12),
    st.booleans(),
    st.lists(st.integers(0, 150), max_size=6),
    st.integers(1, 9),
)
def test_byte_ranges_partition_the_lines(lines, ended, cuts, chunk_size):
    data = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    bounds = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})

    def read(start, end):
        body = data[max(start - 1, 0) :]
        chunks = [body[i : i + chunk_size] for i in range(0, len(body), chunk_size)]
        return list(blocks(chunks, start=start, end=end, block_bytes=16))

    pieces = [read(a, b) for a, b in itertools.pairwise(bounds)]

    found = [block for piece in pieces for block in piece]
    assert b"".join(block.data for block in found) == data
    assert all(data[b.offset :].startswith(b.data) for b in found)
    assert all(b.offset == 0 or data[b.offset - 1 : b.offset] == b"\n" for b in found)


def test_a_line_above_the_limit_does_not_touch_its_neighbours():
    data = b"a\n" + b"x" * 100 + b"\nb\n"
    chunks = [data[i : i + 7] for i in range(0, len(data), 7)]

    found = list(blocks(chunks, block_bytes=8, max_line_bytes=40))

    assert [(b.offset, b.too_large) for b in found if b.too_large] == [(2, True)]
    assert b"".join(b.data for b in found if not b.too_large) == b"a\nb\n"


@pytest.mark.parametrize(
    "source", [ReadJsonl, ReadCsv, ReadGithub, ReadGharchive], ids=lambda s: s.__name__
)
def test_an_empty_file_gives_no_rows_and_no_error(tmp_path, source):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"")
    source(paths=str(path)).check()

    assert rows(source(paths=str(path))) == []


def test_a_source_runs_in_a_pipeline_with_typed_edges(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.jsonl").write_bytes(
            POST.replace(b'"a"', b'"%s"' % name.encode())
        )

    batch = run(ReadJsonl(paths=[str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")]))

    assert sorted(batch.column("utterance_id").to_pylist()) == ["jsonl:a", "jsonl:b"]


def test_splits_are_plain_tuples_that_name_the_bytes(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(POST)

    assert ReadJsonl(paths=str(path)).splits(str(path)) in (
        [Split(str(path), 0, -1, len(POST))],
        [Split(str(path), 0, len(POST), len(POST))],
    )


def test_importing_the_sources_loads_neither_polars_nor_torch():
    code = (
        "import sys, affectflow_connectors.jsonl, affectflow_connectors.parquet, "
        "affectflow_connectors.github.archive, affectflow_connectors.csv; "
        "print(sorted({'polars', 'torch'} & set(sys.modules)))"
    )

    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert out.stdout.strip() == "[]"


def test_parquet_is_read_in_a_pipeline(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"utterance_id": ["1", "2"], "text": ["a", "b"]})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=1)

    batch = run(ReadParquet(paths=str(tmp_path / "a.parquet")))

    assert sorted(batch.column("text").to_pylist()) == ["a", "b"]
