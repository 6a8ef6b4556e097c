"""`affectflow sql`: one question at a time, and nothing but questions."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from affectflow.cli import lakes, show
from affectflow.errors import StorageError, UsageError
from affectflow.lake import Lake
from tests.given.command_line import affectflow


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, own_configuration: None) -> str:
    return Lake.create(str(tmp_path_factory.mktemp("sql") / "lake")).uri


def ask(lake: str, query: str) -> int:
    return lakes.sql(lake, query, "csv", None)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        pytest.param("SELECT 1; SELECT 2", "2 statements .* one at a time", id="two"),
        pytest.param("-- nothing", "has no statement", id="none"),
        pytest.param("CREATE TABLE x AS SELECT 1", "CREATE is refused", id="create"),
        pytest.param("ATTACH ':memory:' AS x", "ATTACH is refused", id="attach"),
        pytest.param("SET threads = 1", "SET is refused", id="set"),
        pytest.param(
            "WITH x AS (SELECT 1) INSERT INTO runs FROM x", "INSERT", id="insert"
        ),
        pytest.param(
            "CREATE TABLE x AS PIVOT runs ON stage USING count(*)",
            "the query fails",
            id="a pivot that writes",
        ),
    ],
)
def test_what_is_no_single_question_is_refused(
    lake: str, query: str, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        ask(lake, query)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        pytest.param(
            "SELECT txet FROM folds",
            "the query fails: no column 'txet'; folds has from_vocabulary, from_label, "
            "to_vocabulary, to_label, weight, version",
            id="column",
        ),
        pytest.param(
            "SELECT c.txet FROM conversation_merges AS c",
            "no column 'txet'; conversation_merges has conversation_id, into",
            id="column of an alias",
        ),
        pytest.param(
            "FROM utterance", "no table or view 'utterance'; did you mean", id="table"
        ),
        pytest.param("SELEC 1", "did you mean 'SELECT'?", id="first word"),
        pytest.param(
            "SELECT 1 FRM runs", 'fails: syntax error at or near "runs"', id="syntax"
        ),
        pytest.param(
            "WITH a AS (SELECT 1 AS b) SELECT c FROM a",
            'fails: Referenced column "c" not found in FROM clause! Candidate bindings',
            id="column of a table of its own",
        ),
    ],
)
def test_a_query_that_fails_is_one_plain_line(lake: str, query: str, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        ask(lake, query)

    assert told in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "Error:" not in str(raised.value)


@pytest.mark.parametrize("prefix", ["", "EXPLAIN ANALYZE ", "EXPLAIN (FORMAT json) "])
def test_no_query_writes_a_file(lake: str, prefix: str, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"

    with pytest.raises(UsageError, match="COPY is refused"):
        ask(lake, f"{prefix}COPY runs TO '{file}'")

    assert not file.exists()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1;",
        "WITH x AS (SELECT 1) FROM x",
        "FROM runs",
        "VALUES (1)",
        "DESCRIBE runs",
        "SHOW TABLES",
        "SUMMARIZE folds",
        "EXPLAIN SELECT 1",
        "PIVOT folds ON to_vocabulary USING count(*)",
    ],
)
def test_questions_of_every_shape_are_answered(
    lake: str, query: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(lake, query) == 0
    assert capsys.readouterr().out


def test_a_table_that_is_piped_is_as_wide_as_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = [f"a_column_with_a_long_name_{number}" for number in range(12)]

    show.table(names, [["word " * 40] * 12])

    head, _, row = capsys.readouterr().out.splitlines()
    assert [cell.strip() for cell in head.split("┃")] == names
    assert row.count(("word " * 40).strip()) == 12


@pytest.mark.parametrize("shape", ["csv", "json", "parquet"])
def test_a_file_that_cannot_be_written_is_one_line(
    lake: str, shape: Any, tmp_path: Path
) -> None:
    file = tmp_path / "no folder" / "out"

    with pytest.raises(StorageError, match="name another file"):
        lakes.sql(lake, "SELECT 1", shape, file)


@pytest.mark.parametrize("shape", ["csv", "json"])
def test_a_file_holds_what_is_printed_of_values_of_any_type(
    lake: str, shape: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = f"SELECT [{{'a': 1}}] AS x, INTERVAL 1 DAY AS d, '{'0' * 32}'::UUID AS u"

    lakes.sql(lake, query, shape, None)
    lakes.sql(lake, query, shape, tmp_path / "out")

    assert (tmp_path / "out").read_text() == capsys.readouterr().out


def test_columns_of_one_name_are_told_apart(
    lake: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "SELECT 1 AS n, 2 AS n, 3 AS n_2"

    lakes.sql(lake, query, "json", None)
    printed = capsys.readouterr()
    lakes.sql(lake, query, "parquet", tmp_path / "out")

    assert json.loads(printed.out) == {"n": 1, "n_3": 2, "n_2": 3}
    assert "some are called n_3" in printed.err
    assert pq.read_schema(tmp_path / "out").names == ["n", "n_3", "n_2"]


def test_what_parquet_cannot_hold_is_one_line(lake: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cast them in the query"):
        lakes.sql(lake, "SELECT INTERVAL 1 DAY", "parquet", tmp_path / "out")


@pytest.mark.parametrize("vertical", [False, True])
def test_an_answer_without_rows_says_so_beside_it(
    lake: str, vertical: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    lakes.sql(lake, "FROM runs", "table", None, vertical)

    assert capsys.readouterr().err == "sql: no rows\n"


def test_a_view_that_does_not_run_is_one_line_on_stderr(lake: str, bring: Any) -> None:
    folder = bring({"views/mine.sql": "SELECT nothing FROM utterances"})

    outcome = affectflow("sql", lake, "SELECT 1 AS a", "--format", "csv")

    assert (outcome.code, outcome.out) == (0, "a\n1\n")
    (line,) = outcome.err.splitlines()
    assert line.startswith(
        f"affectflow: view left out: {folder}/views/mine.sql: Binder"
    )
    assert line.endswith("; fix the file, or uninstall 'stranger 1.0'")
