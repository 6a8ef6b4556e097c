"""Views: the connection, what is shipped, what plugins add."""

from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affectflow.errors import LakeError, LeftOutWarning
from affectflow.lake import views
from affectflow.schemas import TABLES
from tests.given.view_lakes import NOON, FolderLake, rows, utterance


@pytest.fixture
def lake(tmp_path):
    return FolderLake(tmp_path)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return views.connect(FolderLake(tmp_path_factory.mktemp("empty")))


# -- the connection --------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_table_has_the_columns_and_types_of_its_schema(empty, table):
    answer = empty.sql(f"SELECT * FROM {table}").to_arrow_table()

    assert answer.num_rows == 0
    assert answer.schema.names == TABLES[table].names
    assert answer.schema.field(0).type == TABLES[table].field(0).type


def test_times_come_back_in_utc(lake):
    connection = views.connect(lake.write(utterances=[utterance("u1")]))

    (row,) = rows(connection, "SELECT timestamp, typeof(timestamp) t FROM utterances")

    assert row == {"timestamp": NOON, "t": "TIMESTAMP WITH TIME ZONE"}
    assert row["timestamp"].utcoffset() == timedelta(0)


@pytest.mark.parametrize("name", ["it's", "a[1]", "50%*", "day=3", 'qu"ote; --'])
def test_any_folder_name_is_a_path_and_never_a_pattern_or_sql(tmp_path, name):
    lake = FolderLake(tmp_path / name).write(utterances=[utterance("u1")])

    connection = views.connect(lake)

    assert rows(connection, "SELECT count(*) n FROM utterances") == [{"n": 1}]
    assert "day" not in connection.sql("SELECT * FROM utterances").columns


def test_a_column_that_an_older_file_lacks_is_null(lake):
    lake.write(utterances=[utterance("new")])
    old = pa.table({"utterance_id": ["old"], "text": ["hi"]})
    pq.write_table(old, lake.folder / "utterances" / "old.parquet")

    answer = rows(views.connect(lake), "SELECT utterance_id, source FROM utterances")

    assert sorted(answer, key=str) == [
        {"utterance_id": "new", "source": "s"},
        {"utterance_id": "old", "source": None},
    ]


def test_a_missing_file_is_an_error_that_names_its_table(lake):
    lake.files = lambda table: ["/nowhere/x.parquet"] if table == "causes" else []

    with pytest.raises(LakeError, match="table 'causes' cannot be read"):
        views.connect(lake)


@pytest.mark.parametrize("name", sorted(views.shipped_views()))
def test_every_shipped_view_says_what_one_row_is_and_answers_on_an_empty_lake(
    empty, name
):
    sql = views.shipped_views()[name]

    assert views.describe_view(sql).startswith("one row is ")
    assert rows(empty, f"SELECT * FROM {name}") == []


def test_a_view_comes_after_the_views_that_it_mentions():
    order = list(
        views.in_order(
            {"a": "SELECT * FROM c -- not b", "b": "SELECT * FROM a", "c": "SELECT 1"}
        )
    )

    assert [name for name, _ in order] == ["c", "a", "b"]


def test_a_lake_opened_for_queries_has_only_the_views_that_they_need(lake):
    connection = views.connect(lake, queries=["SELECT theme FROM theme_trend"])
    there = rows(connection, "SELECT view_name FROM duckdb_views() WHERE NOT internal")
    names = {each["view_name"] for each in there}

    assert names - set(TABLES) == {
        *("theme_trend", "theme_utterances", "placed_utterances"),
        *("merged_conversations", "windowed_utterances", "health_annotators"),
    }


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        # (k + z²/2)/(n + z²) -+ z sqrt(k(n-k)/n + z²/4)/(n + z²), z² = 3.8415
        pytest.param(5, 10, 0.2366, 0.7634, id="half"),
        pytest.param(0, 10, 0.0, 0.2775, id="none"),
        pytest.param(10, 10, 0.7225, 1.0, id="all"),
        pytest.param(0, 0, None, None, id="nothing asked"),
    ],
)
def test_the_interval_is_wilsons(empty, k, n, low, high):
    (row,) = rows(empty, f"SELECT wilson_low({k}, {n}) low, wilson_high({k}, {n}) high")

    assert row["low"] == pytest.approx(low, abs=1e-4) if n else row["low"] is None
    assert row["high"] == pytest.approx(high, abs=1e-4) if n else row["high"] is None


# -- views of plugins ------------------------------------------------------------

VIEWS = {
    "good.sql": "SELECT count(*) AS n FROM utterances",
    "above.sql": "-- one row is the lake\nSELECT n + 1 AS n FROM good;\n",
    "bad.sql": "SELECT * FROM no_such_table",
    "not_text.sql": b"SELECT '\xff'",
    "hen.sql": "SELECT * FROM egg",
    "egg.sql": "SELECT * FROM hen",
    "emotions.sql": "SELECT 1",
    "causes.sql": "SELECT 1",
}


def test_a_failing_view_of_a_plugin_is_said_and_the_others_go_on(lake, bring):
    folder = bring({f"views/{name}": text for name, text in VIEWS.items()})

    with pytest.warns(LeftOutWarning, match="view left out: ") as caught:
        connection = views.connect(lake.write(utterances=[utterance("u1")]))

    lines = [str(warning.message) for warning in caught]
    said = {
        name: [line for line in lines if str(folder / "views" / name) in line]
        for name in VIEWS
    }
    assert {name for name, found in said.items() if found} == {
        *("bad.sql", "not_text.sql", "hen.sql", "egg.sql", "emotions.sql", "causes.sql")
    }
    assert all(
        len(found) <= 1 and "\n" not in "".join(found) for found in said.values()
    )
    assert "no_such_table" in said["bad.sql"][0]
    assert rows(connection, "SELECT n FROM above") == [{"n": 2}]
    assert rows(connection, "SELECT * FROM emotions") == []
    assert rows(connection, "SELECT * FROM causes") == []
