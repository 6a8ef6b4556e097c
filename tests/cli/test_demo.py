"""The bundled conversations, end to end: the same answer on every local engine."""

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.given.command_line import Outcome, affectflow
from tests.given.factories import utterances
from tests.given.proving import in_proof, rotated
from tests.given.stage_runs import ask, reconciles, store

ENGINES = {
    "several threads": (
        "--direct_running_mode=multi_threading",
        "--direct_num_workers=2",
    ),
    "several processes": (
        "--direct_running_mode=multi_processing",
        "--direct_num_workers=2",
    ),
    "retried bundles": ("--direct_runner_bundle_repeat=1",),
    "portable": (
        "--runner=PortableRunner",
        "--job_endpoint=embed",
        "--environment_type=LOOPBACK",
    ),
}


# Of a demo by worker processes every stage starts two of them; CI has others.
IN_THIS_PROCESS = [engine for engine in ENGINES if engine != "several processes"]


@pytest.fixture(scope="module")
def lake(demo: tuple[Outcome, Path]) -> str:
    return str(demo[1])


def test_the_demo_ends_well_and_names_the_report_and_a_question(demo):
    outcome, folder = demo

    assert "report.html" in outcome.err
    assert (folder / "report.html").stat().st_size > 20_000
    (hint,) = [line for line in outcome.err.splitlines() if "with quotes:" in line]
    answer = affectflow(*shlex.split(hint)[3:])
    assert answer.code == 0, answer.err
    assert "stale bot" in answer.out
    (bundled,) = re.findall(r"ingest: (\d+) in", outcome.err)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"light install, {bundled} bundled messages" in readme


def test_the_demo_holds_what_the_issue_asks_for(lake):
    found = ask(
        lake,
        "SELECT count(*) >= 300, count(DISTINCT conversation_id) >= 40, "
        "count(DISTINCT container) FROM utterances",
    )

    assert found == [(True, True, 2)]


def test_every_row_is_accounted_for_at_every_stage(lake):
    columns = ["stage", "rows_in", "rows_out", "rows_dead"]
    columns += ["rows_duplicate", "rows_unchanged"]
    rows = [
        dict(zip(columns, row, strict=True))
        for row in ask(lake, f"SELECT {', '.join(columns)} FROM runs ORDER BY started")
    ]

    assert [row["stage"] for row in rows] == ["ingest", "annotate", "mine", "themes"]
    assert all(reconciles(row) for row in rows)


def test_broken_rows_are_dead_letters_with_a_reason(lake):
    found = ask(
        lake, "SELECT error_type, count(*) FROM dead_letters GROUP BY 1 ORDER BY 1"
    )

    assert found == [
        ("invalid_json", 1),
        ("invalid_utf8", 1),
        ("missing_field", 1),
        ("no_text", 1),
        ("unknown_shape", 1),
    ]


def test_every_cause_that_has_a_span_verifies(lake):
    found = ask(
        lake,
        "SELECT count(*) > 50, count(*) FILTER (substr(u.text, c.start + 1, "
        'c."end" - c.start) IS DISTINCT FROM c.cause_text) FROM causes c '
        "JOIN utterances u ON u.utterance_id = c.cause_utterance_id "
        "WHERE c.status = 'ok'",
    )

    assert found == [(True, 0)]


@pytest.mark.rotated
def test_the_demo_run_again_does_nothing_new(lake, tmp_path):
    again = shutil.copytree(lake, tmp_path / "again")
    before = affectflow("digest", again).out

    outcome = affectflow("demo", "--to", again)

    assert outcome.code == 0
    assert affectflow("digest", again).out == before
    query = "SELECT rows_out, model_calls FROM runs ORDER BY started DESC LIMIT 4"
    assert ask(str(again), query) == [(0, 0)] * 4


def test_the_demo_is_not_mixed_with_messages_of_others(tmp_path):
    uri = str(tmp_path / "lake")
    store(uri, utterances("mine, and nobody made it up"))

    outcome = affectflow("demo", "--to", uri)

    assert outcome.code == 2
    assert re.search(r"\(1\).* another folder", outcome.err)
    assert ask(uri, "SELECT count(*) FROM utterances") == [(1,)]


@pytest.mark.slow
@pytest.mark.portable
@pytest.mark.parametrize("engine", in_proof(list(ENGINES), rotated(IN_THIS_PROCESS)))
def test_the_digest_is_the_same_on_every_engine(lake, tmp_path, engine):
    outcome = affectflow("demo", "--to", tmp_path / "demo", "--", *ENGINES[engine])

    assert outcome.code == 0, outcome.err
    assert affectflow("digest", tmp_path / "demo").out == affectflow("digest", lake).out


def test_the_lake_is_read_by_others_as_plain_delta(lake):
    import polars

    frame = polars.read_delta(os.path.join(lake, "annotations"))

    assert frame.height == ask(lake, "SELECT count(*) FROM annotations")[0][0]


@pytest.mark.parametrize("shape", ["csv", "json"])
def test_sql_gives_rows_in_machine_shapes(lake, shape):
    outcome = affectflow("sql", lake, "SELECT 1 AS a, 'x,y' AS b", "--format", shape)

    expected = {"csv": 'a,b\n1,"x,y"\n', "json": '{"a": 1, "b": "x,y"}\n'}
    assert outcome.out == expected[shape]


def test_sql_writes_parquet(lake, tmp_path):
    import pyarrow.parquet as pq

    out = tmp_path / "answer.parquet"
    query = "SELECT label, sum(chosen) AS n FROM emotion_daily GROUP BY 1"

    assert affectflow("sql", lake, query, "--format", "parquet", "--out", out).code == 0
    assert pq.read_table(out).column_names == ["label", "n"]


def test_status_and_cite_tell_what_was_done(lake):
    assert "utterances" in affectflow("status", lake).out
    said = affectflow("cite", lake).out
    assert "EmbeddedEmotions" in said
    assert "GoEmotions" in said


def test_source_auto_looks_at_the_file(tmp_path, lake):
    file = tmp_path / "input.csv"
    file.write_text("utterance_id,text\n1,hello there\n2,good bye\n")

    assert affectflow("ingest", file, "--to", tmp_path / "lake").code == 0
    assert ask(str(tmp_path / "lake"), "SELECT min(source) FROM utterances") == [
        ("csv",)
    ]
