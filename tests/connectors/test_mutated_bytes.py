"""Any bytes: rows, dead rows or one line, in bounded time; never a traceback."""

import resource
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.testing.inputs import Tried
from affectflow.testing.trial import Trial
from tests.given.proving import in_proof
from tests.given.reading import error_types, rows_of
from tests.given.source_examples import FOLDER, example, file_sources, largest

SOURCES = file_sources()
MOST_GROWTH_KB = 400 << 10
# What the formats are made of, and what none of them expects.
TOKENS = [
    *(b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\n", b"\r", b"\n\n", b"\t"),
    *(b"<", b"</", b"/>", b"&", b"&amp;", b"-->", b">", b"#", b"From ", b"--- "),
    *(b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b"),
    *(b"null", b"1e999", b"-1", b"NaN", b"[]", b"{}", b'"\\ud800"', b"99999999999999"),
    *(b"0001-01-01", b"9999-12-31T23:59:60Z", b"24:61", b"31/13/2023, 25:00 - A: "),
]


class Edit(NamedTuple):
    """A stretch of a file that becomes other bytes; its place in thousandths."""

    place: int
    length: int
    put: bytes
    times: int = 1

    def of(self, data: bytes) -> bytes:
        at = len(data) * self.place // 1000
        return data[:at] + self.put * self.times + data[at + self.length :]


EDITS = st.lists(
    st.builds(
        Edit,
        st.integers(0, 1000),
        st.sampled_from([0, 0, 1, 2, 17, 300]),
        st.sampled_from(TOKENS) | st.binary(max_size=6),
        st.sampled_from([1, 1, 1, 2, 4000]),
    ),
    min_size=1,
    max_size=5,
)


@pytest.fixture(scope="module", params=SOURCES)
def trial(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trial]:
    """The example of a source, which bytes of all kinds take the place of."""
    path = example(request.param, tmp_path_factory.mktemp("example"))
    source = SOURCES[request.param](paths=str(path))
    made = Trial(source, largest(path), tmp_path_factory.mktemp("mutated"))
    before = _peak_kb()
    yield made
    assert _peak_kb() - before < MOST_GROWTH_KB


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.slow
@settings(max_examples=in_proof(2_000, 8), deadline=None)
@given(edits=EDITS)
def test_mutated_bytes_become_rows_dead_rows_or_one_line(
    trial: Trial, edits: list[Edit]
) -> None:
    data = trial.data
    for edit in edits:
        data = edit.of(data)

    trial.read(Tried(f"{edits}", data))


def test_a_charset_that_is_not_a_name_costs_no_mail(tmp_path: Path) -> None:
    data = (FOLDER / "mbox" / "list.mbox").read_bytes()
    path = tmp_path / "a.mbox"
    path.write_bytes(data.replace(b"charset=windows", b"charset=\x00windows"))

    rows = rows_of(SOURCES["mbox"], path)

    assert error_types(rows) == ["", "", ""]
