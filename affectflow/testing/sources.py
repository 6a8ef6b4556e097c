"""The check of sources, on their own files and on any others."""

import dataclasses
import gzip
import itertools
import random
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import TARGET_BYTES, is_dead
from affectflow.kinds.source import Source, Split
from affectflow.kinds.transform import Transform
from affectflow.nouns import count
from affectflow.sources.bounds import LEADS_OUT
from affectflow.sources.files import FileSource
from affectflow.testing import inputs
from affectflow.testing.inputs import Tried
from affectflow.testing.rows import check_provided
from affectflow.testing.running import run
from affectflow.testing.sample import Tell, quiet
from affectflow.testing.trial import Read, Trial, named

_CUT_FILES = 3
"""Files of a source that are cut into pieces."""
_EXAMPLE_BYTES = 32 << 10
"""A larger file makes a poor example: damaging it often would take too long."""
_EXAMPLES = 3
"""Files that are tried until one has a message in it."""
_TRIES = 5
_REPEATED_BYTES = 300_000
_LONG = 200_000


def check_source(
    source: Transform,
    *,
    expected_rows: int | None = None,
    seed: int = 0,
    tell: Tell = quiet,
) -> pa.RecordBatch:
    """Checks what every source must do, and returns what it read.

    It provides its columns; every row lives, with an id and a text, or is dead with a
    reason; two runs, and pieces of a file cut anywhere, give the same rows; it never
    fails to say how sure it is of a file. A source of files is also handed one of its
    files damaged, deep, long, in other words and types, and the files of others: there
    is only an affectflow error, in one line, and no row before the damage is lost.

    Args:
      source: a transform that requires nothing.
      expected_rows: living and dead rows together; any number if None.
      seed: another one damages the file at other places.
      tell: is called with each promise that is kept.

    Raises:
      AssertionError: names the promise that was broken.
    """
    assert not len(source.columns_required), "a source requires nothing"
    if isinstance(source, Source):
        _check_looks(source, seed, tell)
    first, second = run(source), run(source)
    assert sorted(first["origin"].to_pylist()) == sorted(second["origin"].to_pylist())
    tell("two runs give the same rows")
    if isinstance(source, Source):
        _check_ranges(source, seed, tell)
    if isinstance(source, FileSource) and dataclasses.is_dataclass(source):
        _check_any_file(source, seed, tell)
    check_provided(source.columns_provided, first)
    tell("it provides its columns with their types")
    if expected_rows is not None:
        assert first.num_rows == expected_rows, (
            f"{count(first.num_rows, 'row')} came out for {expected_rows:,}"
        )
    living = first.filter(pc.invert(is_dead(first)))
    for name in ("utterance_id", "conversation_id", "text", "source", "origin"):
        assert living.column(name).null_count == 0, f"a living row has no {name!r}"
    tell(
        f"{living.num_rows} of {first.num_rows} rows live, and have ids, text and place"
    )
    return first


def _check_looks(source: Source, seed: int, tell: Tell) -> None:
    heads = [b"", b"\x00\xff" * 500, b'[{"a": 1}]', b"a,b\n1,2\n"]
    heads += [each.data for each in inputs.foreign()]
    for example in _examples(source)[:1]:
        data = example.read_bytes()
        damaged = inputs.flipped(data, random.Random(seed), _TRIES)
        heads += [each.data for each in damaged]
    for head in heads:
        try:
            sure = source.recognises("file.bin", head)
        except Exception as error:
            raise AssertionError(
                f"`recognises` fails at {head[:8]!r}: {named(error)}"
            ) from error
        assert 0 <= sure <= 1, f"`recognises` answers {sure} to {head[:8]!r}"
    tell("it says of any file how sure it is, from 0 to 1")


def _check_ranges(source: Source, seed: int, tell: Tell) -> None:
    """Checks that pieces of a file, wherever it is cut, give the rows of the whole."""
    files = [file for pattern in source.patterns for file in source.files(pattern)]
    # As if it were large: a source that reads from the middle says so by its splits.
    cut = [
        file
        for file in files
        if 0 < file.size <= TARGET_BYTES
        and len(source.split_file(file._replace(size=3 * TARGET_BYTES))) > 1
    ]
    rng = random.Random(seed)
    for file in cut[:_CUT_FILES]:
        whole = _origins(source, source.split_file(file))
        for pieces in (2, 3, 7, 20):
            inner = {rng.randrange(1, file.size) for _ in range(pieces - 1)}
            bounds = [0, *sorted(inner), file.size]
            splits = [
                Split(file.uri, start, end, file.size)
                for start, end in itertools.pairwise(bounds)
            ]
            found = _origins(source, splits)
            assert found == whole, (
                f"{file.uri!r} cut at {bounds[1:-1]} gives other rows"
            )
    if cut:
        tell("a file split anywhere gives the same rows")


def _origins(source: Source, splits: list[Split]) -> list[Any]:
    return [
        row
        for split in splits
        for batch in source.read(split)
        for row in batch.select(["origin", "utterance_id", "text"]).to_pylist()
    ]


# -- any file --------------------------------------------------------------------------


def _examples(source: Source) -> list[Path]:
    """Returns local files that are small enough to be damaged often, largest first."""
    files = [file for pattern in source.patterns for file in source.files(pattern)]
    small = [file for file in files if 0 < file.size <= _EXAMPLE_BYTES]
    paths = [Path(file.uri) for file in sorted(small, key=lambda each: -each.size)]
    return [path for path in paths if path.is_file()][:_EXAMPLES]


def _check_any_file(source: FileSource, seed: int, tell: Tell) -> None:
    for example in _examples(source):
        with tempfile.TemporaryDirectory(prefix="affectflow-") as folder:
            trial = Trial(source, example, Path(folder))
            if trial.whole.living:
                for check, promise in _CHECKS.items():
                    check(trial, random.Random(seed))
                    tell(promise)
                return
    size = _EXAMPLE_BYTES >> 10
    tell(f"nothing was damaged: no local file of {size} KB or less has a message in it")


def _check_said(trial: Trial, tried: Tried, found: Read) -> None:
    """Checks that lost rows were reported: damaged JSON can always be noticed."""
    fewer = len(found.living) < len(trial.whole.living)
    if trial.is_json and fewer and not inputs.is_json(tried.data):
        more = found.says - trial.whole.says
        assert more, f"{found.what}: rows were lost without a word"


def _check_cuts(trial: Trial, rng: random.Random) -> None:
    most = 0
    for tried in inputs.cut(trial.data, rng, _TRIES):
        found = trial.read(tried)
        _check_said(trial, tried, found)
        strange = [key for key in found.living if key not in trial.whole.living]
        assert len(strange) <= trial.loose, f"{found.what}: invents {strange[-1][0]!r}"
        more = len(found.living)
        assert more >= most - trial.loose, (
            f"{found.what}: {more} rows live, {most} of fewer bytes"
        )
        most = max(most, more)


def _check_flips(trial: Trial, rng: random.Random) -> None:
    for tried in inputs.flipped(trial.data, rng, 2 * _TRIES):
        _check_said(trial, tried, trial.read(tried))


def _check_garbage(trial: Trial, rng: random.Random) -> None:
    found = trial.read(Tried("garbage behind it", trial.data + inputs.GARBAGE))
    if trial.is_binary or found.refused:
        return
    living = trial.whole.living
    kept = living[: max(0, len(living) - trial.loose)]
    lost = [key for key in kept if key not in found.living]
    assert not lost, f"{found.what}: lost {lost[0][0]!r}, which stands before"
    assert not trial.is_json or found.says - trial.whole.says, (
        "garbage after the last row is skipped without a word"
    )


def _check_blank(trial: Trial, rng: random.Random) -> None:
    for what, data in inputs.BLANK.items():
        found = trial.read(Tried(what, data))
        assert not found.living, f"{what} becomes a message"


def _check_many(trial: Trial, rng: random.Random) -> None:
    if trial.is_binary:
        return
    times = max(2, _REPEATED_BYTES // len(trial.data))
    found = trial.read(Tried("the file many times", trial.data * times))
    least = (times - 1) * (len(trial.whole.living) - trial.loose)
    assert len(found.living) >= least or found.says, (
        f"{len(found.living)} rows live of a file {times} times"
    )


def _check_words(trial: Trial, rng: random.Random) -> None:
    """Checks a very long text, emoji and writing from right to left."""
    if trial.is_binary or not (word := _word_of(trial)):
        return
    count = len(trial.whole.living)
    for new in (inputs.UNUSUAL, f"{word} " * (_LONG // len(word)) + word):
        data = trial.data.replace(word.encode(), new.encode(), 1)
        found = trial.read(Tried(f"a text with {new[:40]!r}", data))
        assert len(found.living) == count, f"{found.what}: {len(found.living)} rows"
        texts = " ".join(text for _, text in found.living)
        tokens = new.split()
        carried = all(token in texts for token in tokens[:9])
        # What is declared to be Latin-1 carries nothing else.
        assert carried or b"charset" in data.lower(), (
            f"{found.what}: the text is not kept"
        )
        assert not carried or texts.count(tokens[-1]) >= tokens.count(tokens[-1]), (
            f"{found.what}: is cut"
        )


def _word_of(trial: Trial) -> str:
    """Returns a long word of a message's text that may be replaced, or nothing."""
    words = {word for _, text in trial.whole.living for word in text.split()}
    once = [
        word
        for word in words
        if word.isalpha() and word.isascii() and trial.data.count(word.encode()) == 1
    ]
    for word in sorted(once, key=lambda word: (-len(word), word)):
        data = trial.data.replace(word.encode(), word[::-1].encode())
        found = trial.read(Tried("a text with another word", data))
        if any(word[::-1] in text for _, text in found.living):
            return word
    return ""


def _check_deep(trial: Trial, rng: random.Random) -> None:
    for tried in inputs.deepened(trial.data):
        trial.read(tried)


def _check_types(trial: Trial, rng: random.Random) -> None:
    for tried in inputs.retyped(trial.data, rng, 2 * _TRIES):
        found = trial.read(tried)
        fewer = len(found.living) < len(trial.whole.living)
        if fewer and not tried.empties:
            more = found.says - trial.whole.says
            assert more, f"{found.what}: a row was lost without a word"


def _check_order(trial: Trial, rng: random.Random) -> None:
    """Checks files in another order, and the same file compressed."""
    other = trial.beside("b")
    other.write_bytes(trial.data)
    trial.path.write_bytes(trial.data)
    paths = [trial.path, other]
    one, two = trial.read_all(paths), trial.read_all(paths[::-1])
    assert sorted(one.living) == sorted(two.living), (
        "files in another order give other rows"
    )
    other.unlink()


def _check_compressed(trial: Trial, rng: random.Random) -> None:
    if trial.is_binary:
        return
    packed = Tried("compressed with gzip", gzip.compress(trial.data))
    found = trial.read(packed, f"{trial.path.name}.gz")
    assert found.living == trial.whole.living, f"{found.what}: other rows"
    cut = Tried("gzip that is cut", packed.data[: len(packed.data) * 2 // 3])
    assert trial.read(cut, f"{trial.path.name}.gz").says, "a cut file is not reported"


def _check_archives(trial: Trial, rng: random.Random) -> None:
    """Checks that an archive is a folder, and that no name in it is a path."""
    if trial.is_binary:  # archives in archives are left out
        return
    archive = trial.path.with_name("export.zip")
    name = trial.path.name
    with zipfile.ZipFile(archive, "w") as opened:
        for inner in (f"inner/{name}", f"../../out/{name}"):
            opened.writestr(inner, trial.data)
    found = trial.read_all([archive])
    archive.unlink()
    assert len(found.living) == len(trial.whole.living), (
        f"{len(found.living)} rows of an archive live, not {len(trial.whole.living)}"
    )
    assert any(LEADS_OUT in said for said in found.says), (
        "a name in an archive that points outside it is skipped without a word"
    )


def _check_foreign(trial: Trial, rng: random.Random) -> None:
    for tried in inputs.foreign():
        trial.read(tried)


_CHECKS: dict[Callable[[Trial, random.Random], None], str] = {
    _check_cuts: "of a cut file, the rows before the cut are read",
    _check_flips: "a damaged byte costs no more than its row",
    _check_garbage: "garbage after the last row costs no row",
    _check_blank: "an empty file gives no rows",
    _check_many: "a file repeated many times is read many times",
    _check_words: "a text may be long, of emoji, or from right to left",
    _check_deep: "10,000 levels of brackets are refused",
    _check_types: "a field of another type costs its own row at most",
    _check_order: "files in another order give the same rows",
    _check_compressed: "a compressed file gives the same rows; a cut one is reported",
    _check_archives: "an archive gives its files' rows; no name points outside it",
    _check_foreign: "files of other kinds are refused, or give dead rows",
}
