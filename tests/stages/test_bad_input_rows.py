"""Rows and files that cannot be read are counted, and their neighbours live."""

import gzip
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affectflow import cli
from tests.given.command_line import affectflow_process
from tests.given.proving import in_proof
from tests.given.refusals import GOOD, MAP, ingest, one_line
from tests.given.stage_runs import ask, reconciles

pytestmark = pytest.mark.rotated


def dead(lake: Path) -> list[str]:
    return [r[0] for r in ask(str(lake), "SELECT error_type FROM dead_letters")]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "input.jsonl"


@pytest.mark.parametrize(
    ("damaged", "error_type"),
    [
        pytest.param(b'{"id": 2, "body": "trunc', "invalid_json", id="truncated json"),
        pytest.param(b'{"id": 2, "body": "\xff\xfe"}', "invalid_utf8", id="no utf-8"),
        pytest.param(b'{"id": 2}', "no_text", id="no text"),
        pytest.param(b'{"body": "no id"}', "no_id", id="no id"),
        pytest.param(b'{"id": 1, "body": "another"}', "duplicate_id", id="one id"),
    ],
)
@pytest.mark.rotated
def test_a_damaged_row_is_a_dead_letter_and_its_neighbours_live(
    file, lake, damaged, error_type
):
    others = b"".join(b'{"id": %d, "body": "fine"}\n' % n for n in range(10, 50))
    file.write_bytes(GOOD.encode() + damaged + b"\n" + others)

    assert ingest(file, lake).code == 0
    assert dead(lake) == [error_type]
    assert ask(str(lake), "SELECT count(*) FROM utterances") == [(41,)]


def test_a_nul_in_a_text_crashes_nothing(file, lake):
    file.write_bytes(b'{"id": 1, "body": "a\\u0000b"}\n{"id": 2, "body": "c\x00d"}\n')

    ingest(file, lake)

    counted = ask(str(lake), "SELECT rows_in, rows_out + rows_dead FROM runs")
    assert counted == [(2, 2)]
    assert ask(str(lake), "SELECT count(*) FROM utterances WHERE text = 'ab'") == [(1,)]


@pytest.mark.slow
@pytest.mark.proof
def test_a_line_of_100_megabytes_is_a_dead_letter(file, lake):
    long = json.dumps({"id": 2, "body": "a" * 100_000_000})
    rest = "".join(json.dumps({"id": n, "body": "fine"}) + "\n" for n in range(3, 60))
    file.write_text(GOOD + long + "\n" + rest)

    # A process of its own: its peak is not that of the tests before.
    outcome = affectflow_process(
        *("ingest", file, "--to", lake, "--source", "jsonl", "--map", MAP)
    )

    assert outcome.code == 0, outcome.err
    assert dead(lake) == ["too_large"]
    peak = ask(str(lake), "SELECT max(peak_rss_bytes) FROM runs")[0][0]
    assert peak < 1_500_000_000


def test_more_refused_rows_than_the_budget_end_in_exit_code_1(file, lake):
    file.write_text(GOOD + "not json\n")

    outcome = ingest(file, lake)

    assert one_line(outcome, 1, "refused 1 of 2 rows,", "dead_letter_summary")
    assert ask(str(lake), "SELECT count(*) FROM utterances") == [(1,)]


def test_a_file_that_is_cut_fails_the_run_until_it_comes_in_whole(
    tmp_path, lake, capsys
):
    table = tmp_path / "table.csv.gz"
    rows = "".join(f"{n},fine {n * n % 977}\n" for n in range(9_000))
    whole = gzip.compress(f"id,body\n{rows}".encode())
    arguments = ["ingest", str(table), "--to", str(lake), "--source", "csv"]
    arguments += ["--map", MAP]
    table.write_bytes(whole[: len(whole) * 2 // 3])

    for _ in range(2):  # the second time the lake has the letter already
        assert cli.run(arguments) == 1
        said = capsys.readouterr().err
        assert "1 file cut" in said
        assert f"'{table}' is cut off or damaged and cannot be read to the end" in said
    assert ask(str(lake), "SELECT DISTINCT state FROM runs") == [("over_budget",)]

    table.write_bytes(whole)

    assert cli.run(arguments) == 0
    assert ask(str(lake), "SELECT count(*) FROM utterances") == [(9_000,)]


def test_values_that_cannot_be_read_are_counted_and_shown(file, lake, capsys):
    times = ["yesterday", "2024-05-01", "-1", "", None]
    rows = [
        {"id": n, "body": "fine", "timestamp": t, "start_s": "soon"}
        for n, t in enumerate(times)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    assert cli.run(["ingest", str(file), "--to", str(lake), "--map", MAP]) == 0

    said = capsys.readouterr().err.splitlines()
    (counted,) = [line for line in said if line.startswith("ingest: 5 in")]
    assert "2 timestamp not read (such as '-1')" in counted
    assert "5 start_s not read (such as 'soon')" in counted
    assert [line for line in said if "no start_s of this input could be read" in line]
    assert not [line for line in said if "no timestamp" in line]
    counted = "SELECT element_at(counters, 'timestamp_not_read')[1] FROM runs"
    assert ask(str(lake), counted) == [(2,)]


def test_ids_that_repeat_over_files_are_told_and_a_source_keeps_them_apart(
    tmp_path, lake, capsys
):
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("id,body\n1,good day\n2,hello\n")
    two.write_text("id,body\n1,bye\n2,good night\n")

    def ingested(file: Path, to: Path, mapping: str) -> str:
        command = ["ingest", str(file), "--to", str(to), "--map", mapping]
        assert cli.run(command) == 0
        return capsys.readouterr().err

    ingested(one, lake, MAP)
    assert "ids repeat across files" in ingested(two, lake, MAP)

    apart = tmp_path / "apart"
    ingested(one, apart, f"{MAP},source='one'")
    assert "ids repeat" not in ingested(two, apart, f"{MAP},source='two'")
    ids = ask(str(apart), "SELECT utterance_id FROM utterances ORDER BY 1")
    assert ids == [("one:1",), ("one:2",), ("two:1",), ("two:2",)]


def test_files_of_other_kinds_in_a_folder_are_left_out_and_counted(
    tmp_path, lake, capsys
):
    folder = tmp_path / "dump"
    folder.mkdir()
    (folder / "README.md").write_text("What this is, and who made it.\n")
    (folder / "licence").write_text("Free.\n")
    (folder / "rows.jsonl").write_text(GOOD)

    assert cli.run(["ingest", str(folder), "--to", str(lake), "--map", MAP]) == 0

    said = capsys.readouterr().err
    assert "2 files of other kinds left out: README.md, licence" in said
    assert ask(str(lake), "SELECT count(*) FROM utterances") == [(1,)]


@settings(
    max_examples=in_proof(30, 3),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    cuts=st.lists(
        st.tuples(st.integers(0, 4000), st.sampled_from(["flip", "cut", "insert"])),
        max_size=12,
    ),
    junk=st.binary(min_size=1, max_size=6),
)
def test_counts_reconcile_under_random_damage(tmp_path_factory, cuts, junk):
    folder = tmp_path_factory.mktemp("damage")
    good = b"".join(
        json.dumps({"id": n, "body": f"line {n} is fine 🎉"}).encode() + b"\n"
        for n in range(80)
    )
    data = bytearray(good)
    for place, how in cuts:
        at = place % max(1, len(data))
        if how == "flip":
            data[at] ^= 0x5A
        elif how == "cut":
            del data[at : at + 3]
        else:
            data[at:at] = junk
    file = folder / "input.jsonl"
    file.write_bytes(bytes(data))

    row = ingest_here(file, str(folder / "lake"))

    lines = [line for line in bytes(data).split(b"\n") if line.strip(b" \t\r")]
    assert reconciles(row)
    assert row["rows_in"] == len(lines)
    intact = set(good.splitlines()) & set(bytes(data).split(b"\n"))
    assert row["rows_out"] >= len(intact)
    shutil.rmtree(folder)


def ingest_here(file: Path, lake: str) -> dict[str, object]:
    """Ingests in this process: a new one for each example would take minutes."""
    from affectflow import stages
    from affectflow_connectors.jsonl import ReadJsonl

    source = ReadJsonl(
        paths=[str(file)], mapping={"utterance_id": "id", "text": "body"}
    )
    return stages.ingest_source(source, lake, budget=1.0)
