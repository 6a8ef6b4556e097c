"""Every failure that a user can cause ends in one line that names the cure.

Real files, a real disk that is full, real processes that are killed.
"""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affectflow import cli
from tests.command_line import Outcome, affectflow
from tests.stage_runs import ask, reconciles

GOOD = '{"id": 1, "body": "This build is so annoying!"}\n'
MAP = "utterance_id=id,text=body"


def ingest(path: Path, lake: Path, source: str = "jsonl", **rest: str) -> Outcome:
    arguments = ["ingest", path, "--to", lake, "--source", source]
    if source in ("jsonl", "csv", "parquet"):
        arguments += ["--map", MAP]
    return affectflow(*arguments, **rest)


def one_line(outcome: Outcome, code: int, *words: str) -> bool:
    """Returns whether a command ended with this code and one line with these words."""
    assert outcome.code == code, outcome.err
    assert "Traceback" not in outcome.err
    line = outcome.last_line
    assert line.startswith("affectflow: "), outcome.err
    assert all(word in line for word in words), line
    return True


def dead(lake: Path) -> list[str]:
    return [r[0] for r in ask(str(lake), "SELECT error_type FROM dead_letters")]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "input.jsonl"


def test_a_missing_path(tmp_path, lake):
    assert one_line(ingest(tmp_path / "none.jsonl", lake), 2, "no such file")
    assert not lake.exists()


def test_an_empty_file_is_no_row_and_no_error(file, lake):
    file.write_text("")

    assert ingest(file, lake).code == 0
    assert ask(str(lake), "SELECT rows_in FROM runs") == [(0,)]


def test_an_empty_file_is_analyzed_to_an_empty_report(file, lake):
    file.write_text("")

    outcome = affectflow(
        *("analyze", file, "--to", lake, "--source", "jsonl", "--map", MAP)
    )

    assert outcome.code == 0, outcome.err
    assert (lake / "report.html").exists()


def test_a_lake_inside_the_folder_that_is_read(file, lake):
    file.write_text(GOOD)

    assert one_line(ingest(file.parent, lake), 2, "is inside", "--to")
    assert not lake.exists()


def test_a_wrong_source_names_the_right_one(tmp_path, lake):
    table = tmp_path / "input.csv"
    table.write_text("id,body\n1,hello there\n2,good bye\n")

    assert one_line(ingest(table, lake), 2, "--source csv")


def test_an_unknown_source_answers_with_the_nearest(file, lake):
    file.write_text(GOOD)

    assert one_line(ingest(file, lake, "jsnol"), 2, "'jsnol'", "jsonl")


def test_a_map_to_an_unknown_column_answers_with_the_nearest(file, lake):
    file.write_text(GOOD)

    outcome = affectflow("ingest", file, "--to", lake, "--map", "txet=body")

    assert one_line(outcome, 2, "txet", "text")


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
def test_a_line_of_100_megabytes_is_a_dead_letter(file, lake):
    long = json.dumps({"id": 2, "body": "a" * 100_000_000})
    rest = "".join(json.dumps({"id": n, "body": "fine"}) + "\n" for n in range(3, 60))
    file.write_text(GOOD + long + "\n" + rest)

    assert ingest(file, lake).code == 0
    assert dead(lake) == ["too_large"]
    peak = ask(str(lake), "SELECT max(peak_rss_bytes) FROM runs")[0][0]
    assert peak < 1_500_000_000


def test_more_refused_rows_than_the_budget_end_in_exit_code_1(file, lake):
    file.write_text(GOOD + "not json\n")

    outcome = ingest(file, lake)

    assert one_line(outcome, 1, "1 of 2 rows were refused", "dead_letter_summary")
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
        assert "1 files cut" in said
        assert f"'{table}' cannot be read to the end" in said
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
    assert "2 timestamp not read (such as '-1')" in said[0]
    assert "5 start_s not read (such as 'soon')" in said[0]
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
    assert "ids repeat over files" in ingested(two, lake, MAP)

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
    assert "2 files left out, of other kinds: README.md, licence" in said
    assert ask(str(lake), "SELECT count(*) FROM utterances") == [(1,)]


def test_a_new_key_is_told(file, lake, tmp_path, capsys):
    file.write_text(GOOD)
    key = tmp_path / "misspelt"
    command = ["ingest", str(file), "--to", str(lake), "--map", MAP]

    assert cli.run([*command, "--speaker-key-uri", str(key)]) == 0
    assert f"a new key of the pseudonyms was made at '{key}'" in capsys.readouterr().err

    assert cli.run([*command, "--speaker-key-uri", str(key)]) == 0
    assert "a new key" not in capsys.readouterr().err


def test_a_folder_that_is_no_lake(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"x")

    assert one_line(affectflow("sql", tmp_path, "SELECT 1"), 2, "not a lake")
    assert one_line(affectflow("annotate", tmp_path), 2, "not a lake")


def test_a_folder_with_other_things_is_not_made_a_lake(tmp_path, file):
    home = tmp_path / "home"
    home.mkdir()
    (home / "photo.jpg").write_bytes(b"x")
    file.write_text(GOOD)

    assert one_line(ingest(file, home), 2, "photo.jpg", "--to")
    assert os.listdir(home) == ["photo.jpg"]


def test_a_lake_that_is_not_there_names_the_command_that_makes_one(lake):
    assert one_line(affectflow("mine", lake), 2, "affectflow ingest")


def test_mining_before_annotating_names_the_step_before(file, lake):
    file.write_text(GOOD)
    ingest(file, lake)

    assert one_line(affectflow("mine", lake), 2, "affectflow annotate")


def test_a_wrong_query_is_one_line(file, lake):
    file.write_text(GOOD)
    ingest(file, lake)

    outcome = affectflow("sql", lake, "SELECT txet FROM utterances")

    assert one_line(outcome, 2, "txet")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ingset"], ["ingset"]),
        (["ingest"], ["Missing argument"]),
        (["annotate", "LAKE", "--modle", "x"], ["--modle"]),
        (["plugins", "EmbededEmotions"], ["EmbededEmotions"]),
    ],
)
def test_a_mistyped_command_line_is_one_line(arguments, words):
    assert one_line(affectflow(*arguments), 2, *words)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        pytest.param("EmbededEmotions", ["EmbeddedEmotions"], id="a typo"),
        pytest.param("some-org/some-model", ["revision"], id="no pinned revision"),
        pytest.param("./nowhere", ["nowhere"], id="no such folder"),
    ],
)
def test_a_model_that_cannot_be_had_is_one_line(file, lake, model, words):
    file.write_text(GOOD)
    ingest(file, lake)

    assert one_line(affectflow("annotate", lake, "--model", model), 2, *words)


@pytest.mark.torch
def test_a_model_folder_without_weights_is_one_line(tmp_path, file, lake):
    pytest.importorskip("torch", reason="pip install 'affectflow[torch]'")
    file.write_text(GOOD)
    ingest(file, lake)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "bert"}')

    outcome = affectflow("annotate", lake, "--model", folder)

    assert one_line(outcome, 2, "safetensors")


def test_a_plugin_that_does_not_import_is_reported_and_the_others_go_on(tmp_path):
    (tmp_path / "broken_plugin.py").write_text("import a_module_that_is_not_there\n")
    info = tmp_path / "broken_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: broken-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[affectflow.transforms]\nBrokenStep = broken_plugin:BrokenStep\n"
    )

    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    outcome = affectflow("plugins", "--json", PYTHONPATH=path)

    rows = {row["name"]: row for row in json.loads(outcome.out)}
    assert "a_module_that_is_not_there" in rows["BrokenStep"]["summary"]
    assert "BROKEN" not in rows["NormalizeText"]["summary"]
    assert outcome.code == 0
    assert affectflow("doctor", PYTHONPATH=path).code == 2


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 600 kB that is really there."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    made = subprocess.run(mount, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"needs the right to mount a small disk: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_one_line_and_the_next_run_goes_on(file, small_disk):
    words = "".join(
        json.dumps({"id": n, "body": os.urandom(300).hex()}) + "\n" for n in range(3000)
    )
    file.write_text(words)
    lake = small_disk / "lake"

    assert one_line(ingest(file, lake), 2, "no space left", "same")

    grow = ["mount", "-o", "remount,size=64m", str(small_disk)]
    subprocess.run(grow, check=True)
    assert ingest(file, lake).code == 0
    assert ask(str(lake), "SELECT count(*) FROM utterances") == [(3000,)]


def test_a_read_only_folder_is_one_line(file, small_disk):
    file.write_text(GOOD)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    assert one_line(ingest(file, small_disk / "lake"), 2, "read-only")


def test_two_runs_on_one_lake_at_once_both_finish(file, lake):
    rows = [{"id": n, "body": f"text {n}"} for n in range(500)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "-m", "affectflow", "ingest", str(file), "--to"]
    command += [str(lake), "--source", "jsonl", "--map", MAP]
    ingest(file, lake)  # the lake is there; what races is the work
    rows += [{"id": n, "body": f"text {n}"} for n in range(500, 900)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    both = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    codes = [process.wait(timeout=120) for process in both]

    assert codes == [0, 0], [p.stderr.read() for p in both if p.stderr]
    found = ask(
        str(lake), "SELECT count(*), count(DISTINCT utterance_id) FROM utterances"
    )
    assert found == [(900, 900)]


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.8, 1.2, 1.6, 2.0, 2.5, 3.0])
def test_a_killed_run_started_again_gives_the_same_lake(
    tmp_path, file, lake, shared_data, after_s
):
    lines = (shared_data / "goemotions" / "dev.tsv").read_text().splitlines()
    rows = [{"id": n, "body": line.split("\t")[0]} for n, line in enumerate(lines)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    undisturbed = tmp_path / "undisturbed"
    everything = ["--source", "jsonl", "--map", MAP]
    affectflow("analyze", file, "--to", undisturbed, *everything)

    killed = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "affectflow",
            "analyze",
            file,
            "--to",
            lake,
            *everything,
        ],
        stderr=subprocess.DEVNULL,
    )
    time.sleep(after_s)
    killed.send_signal(signal.SIGKILL)
    killed.wait(timeout=30)
    again = affectflow("analyze", file, "--to", lake, *everything)

    assert again.code == 0, again.err
    same = [affectflow("digest", each).out for each in (undisturbed, lake)]
    assert same[0] == same[1]


@settings(
    max_examples=8,
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
    return stages.ingest(source, lake, budget=1.0)
