"""What reading takes beside the decompressor or the parser that it stands on.

One file of generated posts as plain, gzip and zstd lines, and as a dump of Stack
Exchange; each is read by its source into batches, without rules for texts, and by what
it stands on alone: the decompressor, or expat. In turn, CPU seconds, medians.

    python -m tests.bench.readers [--posts N] [--runs N]
"""

import argparse
import gzip
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from affectflow_connectors.jsonl import ReadJsonl
from affectflow_connectors.stack_exchange.source import ReadStackExchange
from tests.bench.ingest import MAPPING
from tests.bench.posts import generate

_Timed = Callable[[], Any]


def forms_of(lines: Path) -> dict[str, Path]:
    """Writes the posts in other forms; returns the files by what they are."""
    import zstandard

    content = lines.read_bytes()
    packed = {".jsonl.gz": gzip.compress(content, 6)}
    packed[".jsonl.zst"] = zstandard.compress(content)
    files = {"lines": lines}
    for ending, data in packed.items():
        files[ending.rpartition(".")[2]] = path = lines.with_suffix(ending)
        path.write_bytes(data)
    files["xml"] = lines.with_name("Posts.xml")
    with files["xml"].open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<posts>\n')
        file.writelines(map(_row, content.decode().splitlines()))
        file.write("</posts>\n")
    return files


def _row(line: str) -> str:
    post = json.loads(line)
    body = quoteattr(f"<p>{post['body']}</p>")
    return (
        f'  <row Id="{post["id"] + 1}" PostTypeId="1" Score="0" Body={body} '
        f'CreationDate="{post["created_at"][:-1]}" OwnerUserId="7" />\n'
    )


def read(source: Any, path: Path) -> int:
    """Returns the rows of a file, read as an ingest does."""
    splits = source.splits(str(path))
    return sum(batch.num_rows for each in splits for batch in source.read(each))


def gunzip(path: Path) -> None:
    """Decompresses a file, and drops what comes out."""
    with gzip.open(path) as file:
        _drained(file)


def unzstd(path: Path) -> None:
    """Decompresses a file, and drops what comes out."""
    import zstandard

    with path.open("rb") as file:
        _drained(zstandard.ZstdDecompressor().stream_reader(file))


def _drained(file: Any) -> None:
    while file.read(1 << 20):
        pass


def parse_xml(path: Path) -> None:
    """Parses a file, and hands the attributes of each row to Python."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: None
    with path.open("rb") as file:
        parser.ParseFile(file)


def main(posts: int, runs: int) -> None:
    """Prints CPU seconds of each, and what reading takes of what it stands on."""
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder, "posts.jsonl")
        generate(lines, posts)
        files = forms_of(lines)
        of_lines = ReadJsonl(paths=[folder], mapping=MAPPING)
        of_dumps = ReadStackExchange(paths=[folder], site_name="a.example")
        timed: dict[str, _Timed] = {
            "lines": lambda: read(of_lines, files["lines"]),
            "gz": lambda: read(of_lines, files["gz"]),
            "gzip alone": lambda: gunzip(files["gz"]),
            "zst": lambda: read(of_lines, files["zst"]),
            "zstd alone": lambda: unzstd(files["zst"]),
            "xml": lambda: read(of_dumps, files["xml"]),
            "expat alone": lambda: parse_xml(files["xml"]),
        }
        show(timed, posts, runs)


def show(timed: dict[str, _Timed], posts: int, runs: int) -> None:
    """Times in turn; prints medians, and the ratios."""
    taken: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(runs + 1):
        for name, function in timed.items():
            begun = time.process_time()
            function()
            taken[name].append(time.process_time() - begun)
    seconds = {name: statistics.median(each[1:]) for name, each in taken.items()}
    for name, each in seconds.items():
        print(f"{name:<12}{each:8.2f} CPU s{each / posts * 1e6:8.1f} us a post")
    for name, alone in (
        *(("gz", "gzip alone"), ("zst", "zstd alone"), ("xml", "expat alone")),
    ):
        added = seconds[name] - seconds["lines"]
        beside = f", {added:+.2f} CPU s beside plain lines" if name != "xml" else ""
        ratio = seconds[name] / seconds[alone]
        print(f"{name} / {alone}  {ratio:.1f}{beside}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    said = parser.parse_args()
    main(said.posts, said.runs)
