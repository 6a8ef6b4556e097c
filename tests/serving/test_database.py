"""What the box for SQL can reach: the lake's tables, and nothing else."""

import threading
import time

import duckdb
import pytest
from duckdb.sqltypes import BOOLEAN as BOOL
from duckdb.sqltypes import INTEGER as INT

from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.serving.database import ServedLake, Snapshot
from tests.given.report_lakes import tables, utterance
from tests.given.served_lakes import lake_of, rows_added


@pytest.fixture(scope="module")
def lake_uri(tmp_path_factory, own_configuration):
    # A name with what a pattern of paths would take for itself.
    return lake_of(tmp_path_factory.mktemp("of") / "it's a [lake]*", tables())


@pytest.fixture(scope="module")
def snapshot(lake_uri):
    return Snapshot(Lake.open(lake_uri))


def answer(snapshot, query, rows=10, seconds=30.0):
    return snapshot.answer(query, rows=rows, seconds=seconds)


def test_tables_and_views_are_answered(snapshot):
    assert answer(snapshot, "SELECT count(*) AS n FROM utterances") == (["n"], [(32,)])
    columns, rows = answer(snapshot, "SELECT theme, count FROM emotion_causes")
    assert (columns, len(rows)) == (["theme", "count"], 2)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_blob('/proc/self/environ')",
        "SELECT * FROM glob('/etc/*')",
        "FROM '{lake}/lake.json'",
        "FROM read_parquet('{lake}/../*/*.parquet')",
        "FROM parquet_metadata('/etc/hostname')",
        "FROM sniff_csv('/etc/hostname')",
        "FROM 'http://127.0.0.1:1/a.csv'",
        "FROM duckdb_secrets()",
        "FROM query('SELECT * FROM read_text(''/etc/hostname'')')",
        "EXPLAIN ANALYZE SELECT * FROM read_text('/etc/hostname')",
    ],
)
def test_no_other_file_and_no_network_is_reached(snapshot, lake_uri, query):
    with pytest.raises(duckdb.Error, match="disabled by configuration"):
        answer(snapshot, query.format(lake=lake_uri.replace("'", "''")))


def test_python_variables_are_out_of_reach(snapshot):
    tables_of_mine = duckdb.sql("SELECT 1")

    with pytest.raises(duckdb.CatalogException):
        answer(snapshot, "FROM tables_of_mine")
    assert tables_of_mine is not None


@pytest.mark.parametrize(
    "query",
    [
        "SET enable_external_access = true",
        "COPY (SELECT 1) TO '/tmp/x.csv'",
        "ATTACH '/tmp/x.db' AS x",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE TABLE x AS SELECT 1",
        "DROP VIEW utterances",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "SELECT 1; SELECT 2",
        "",
    ],
)
def test_what_does_more_than_read_is_refused(snapshot, query):
    with pytest.raises((UsageError, duckdb.Error)):
        answer(snapshot, query)
    assert answer(snapshot, "SELECT count(*) FROM utterances")[1] == [(32,)]


@pytest.mark.parametrize("word", ["INSTALL", "LOAD"])
def test_a_refusal_names_the_statement_that_was_typed(snapshot, word):
    with pytest.raises(UsageError, match=f"so {word} is refused"):
        answer(snapshot, f"{word.lower()} httpfs")


def test_the_locks_hold_even_for_what_is_not_refused(snapshot):
    cursor = snapshot._connection.cursor()

    for statement in (
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/hostname']",
        "RESET lock_configuration",
        "COPY (SELECT 1) TO '/tmp/affectflow-written.csv'",
        "ATTACH '/tmp/affectflow-written.db'",
    ):
        with pytest.raises(duckdb.Error):
            cursor.execute(statement)


def test_only_the_first_rows_of_an_endless_answer_are_made(snapshot):
    _, rows = answer(snapshot, "FROM range(1000000000000)", rows=3)

    assert rows == [(0,), (1,), (2,)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT sum(a.range * b.range) FROM range(10000000) AS a, range(10000000) AS b",
        "SELECT count(*) FROM range(100000000000) WHERE hash(range) = 1",
    ],
)
def test_a_query_that_takes_too_long_is_stopped(snapshot, query):
    start = time.monotonic()

    with pytest.raises(duckdb.InterruptException):
        answer(snapshot, query, seconds=0.2)
    assert time.monotonic() - start < 20


def test_the_answer_is_on_time_though_a_query_cannot_be_stopped_yet(lake_uri):
    snapshot = Snapshot(Lake.open(lake_uri))
    go_on = threading.Event()
    # An interrupt waits for what a function makes of a batch of rows.
    snapshot._connection.create_function("held", lambda _: go_on.wait(60), [INT], BOOL)

    try:
        with pytest.raises(duckdb.InterruptException):
            answer(snapshot, "SELECT held(1)", seconds=0.1)
        with pytest.raises(UsageError, match="still being stopped"):
            answer(snapshot, "SELECT 1")
    finally:
        go_on.set()
    snapshot._overdue.join(60)
    assert answer(snapshot, "SELECT 1")[1] == [(1,)]


def test_explain_and_pivot_are_answered(snapshot):
    assert answer(snapshot, "EXPLAIN SELECT 1")[1]
    pivot = "PIVOT (SELECT container, kind FROM utterances) ON container"
    assert answer(snapshot, pivot)[1]


def test_a_lake_is_opened_again_only_once_it_has_changed(lake_uri, tmp_path):
    uri = lake_of(tmp_path / "growing", tables())
    served = ServedLake(uri)
    before = served.now()
    assert served.now() is before

    rows_added(Lake.open(uri), "utterances", [utterance(99)], "more")

    after = served.now()
    counts = [
        answer(each, "SELECT count(*) FROM utterances")[1] for each in (before, after)
    ]
    assert counts == [[(32,)], [(33,)]]
