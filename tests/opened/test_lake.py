"""An open lake: a DuckDB connection that also lists, plots and reports."""

import altair
import duckdb
import pandas as pd
import polars as pl
import pytest

import affectflow
from affectflow.errors import LakeError, UsageError
from affectflow.opened.plots import PLOTS
from affectflow.opened.tables import ONE_ROW
from affectflow.schemas import TABLES
from tests.given.factories import utterances
from tests.given.stage_runs import store


@pytest.fixture
def lake(demo):
    _, folder = demo
    with affectflow.open_lake(folder) as opened:
        yield opened


@pytest.fixture
def unlabelled(tmp_path):
    """Two messages <b>of a page</b> that nobody has labelled."""
    uri = str(tmp_path / "<b>lake")
    store(uri, utterances("it broke", "thanks"))
    with affectflow.open_lake(uri) as opened:
        yield opened


def test_a_path_and_a_text_open_the_same_lake(demo):
    _, folder = demo
    asked = "SELECT count(*) FROM utterances"
    with affectflow.open_lake(folder) as one, affectflow.open_lake(str(folder)) as two:
        assert one.sql(asked).fetchall() == two.sql(asked).fetchall() == [(482,)]


def test_an_answer_converts_to_pandas_polars_and_arrow(lake):
    relation = lake.sql(
        "SELECT utterance_id, labels FROM emotions LIMIT $n", params={"n": 3}
    )

    assert isinstance(relation.df(), pd.DataFrame)
    assert isinstance(relation.pl(), pl.DataFrame)
    assert relation.to_arrow_table().num_rows == 3


def test_sql_finds_the_tables_of_whoever_asks(lake):
    mine = pl.DataFrame({"container": ["harborline/skiff"]})

    found = lake.sql("SELECT count(*) FROM utterances SEMI JOIN mine USING (container)")

    assert mine.height == 1
    assert found.fetchall()[0][0] > 300


def test_it_is_a_connection_still(lake):
    lake.execute("SET threads = 1")

    assert lake.execute("SELECT 1").fetchall() == [(1,)]
    assert lake.table("emotions").columns[0] == "utterance_id"
    assert {"execute", "table", "plot", "report"} <= set(dir(lake))
    with pytest.raises(AttributeError):
        _ = lake.nothing


def test_it_is_closed_at_the_end_of_its_block(demo):
    with affectflow.open_lake(demo[1]) as lake:
        pass

    with pytest.raises(duckdb.ConnectionException):
        lake.sql("SELECT 1").fetchall()


def test_tables_says_what_there_is_and_what_one_row_is(lake):
    found = {row[0]: row[1:] for row in lake.tables().fetchall()}

    assert found["utterances"] == ("table", 482, "one message or spoken turn")
    kind, counted, said = found["frustration_causes"]
    assert (kind, counted) == ("view", None)
    assert said.startswith("one theme:")
    assert set(ONE_ROW) == set(TABLES) <= set(found)


def test_no_lake_is_said_so(tmp_path):
    with pytest.raises(LakeError, match="no lake at"):
        affectflow.open_lake(tmp_path / "nothing")


def test_it_says_what_it_is_in_a_console_and_in_a_notebook(lake):
    assert "482 messages by 64 people in 62 conversations, github" in repr(lake)
    assert "<td style='text-align:left'>482 messages by 64 people" in lake._repr_html_()


def test_hostile_names_do_not_become_markup(unlabelled):
    assert "<b>lake" not in unlabelled._repr_html_()
    assert "&lt;b&gt;lake" in unlabelled._repr_html_()


# -- plots -----------------------------------------------------------------------------


def drawn(chart) -> list[dict]:
    """Returns the rows that a chart draws."""
    (rows,) = chart.to_dict()["datasets"].values()
    return rows


def titles(chart) -> list[str]:
    title = chart.to_dict()["title"]
    return [title["text"], *title["subtitle"]]


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_an_altair_chart_that_says_by_whom_and_that_nobody_checked(
    lake, name
):
    chart = lake.plot(name)

    assert chart.to_dict()["$schema"].startswith(
        "https://vega.github.io/schema/vega-lite"
    )
    assert "EmbeddedEmotions@" in titles(chart)[1]
    assert "not validated here" in titles(chart)[1]


@pytest.mark.parametrize("name", PLOTS)
def test_without_gold_no_plot_holds_a_share(lake, name):
    values = [v for row in drawn(lake.plot(name)) for v in row.values()]

    numbers = [v for v in values if not isinstance(v, str)]
    assert numbers
    assert all(isinstance(number, int) for number in numbers)


def test_frustration_counts_what_sql_counts(lake):
    flagged = [
        row["n"] for row in drawn(lake.plot("frustration")) if row["which"] == "flagged"
    ]
    everything = [
        row["n"] for row in drawn(lake.plot("frustration")) if row["which"] == "all"
    ]

    counted = "SELECT count(*), count(timestamp) FROM frustration"
    assert sum(flagged) == lake.sql(counted).fetchall()[0][1] > 20
    assert sum(everything) > 10 * sum(flagged) / 2
    assert len(flagged) == 8  # September to April, a month without messages among them


def test_containers_count_what_sql_counts(lake):
    rows = drawn(lake.plot("containers"))

    sql = "SELECT container, count(*) FROM frustration GROUP BY 1"
    assert {r["group"]: r["n"] for r in rows if r["which"] == "flagged"} == dict(
        lake.sql(sql).fetchall()
    )


def test_themes_are_those_of_frustration_the_largest_first(lake):
    rows = drawn(lake.plot("themes"))

    sql = "SELECT theme, count FROM frustration_causes ORDER BY count DESC, theme"
    assert [(r["theme"], r["messages"]) for r in rows] == lake.sql(sql).fetchall()


@pytest.mark.rotated
def test_a_small_container_is_not_drawn(tmp_path):
    uri = str(tmp_path / "lake")
    ids = [f"test:{n}" for n in range(30)]
    store(
        uri,
        utterances(
            *["this is so annoying, it is broken again!"] * 30,
            utterance_id=ids,
            container=["wide"] * 24 + ["narrow"] * 6,
            speaker_id=[f"person-{n % 6}" for n in range(30)],
        ),
    )
    from affectflow.stages import annotate_lake

    annotate_lake(uri)

    with affectflow.open_lake(uri) as lake:
        chart = lake.plot("containers")

    assert {row["group"] for row in drawn(chart)} == {"wide"}
    assert titles(chart)[2] == "1 of 2 containers"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("frustratoin", "did you mean 'frustration'"),
        ("emotions", "run `affectflow annotate`"),
        ("frustration", "run `affectflow annotate`"),
        ("containers", "run `affectflow annotate`"),
        ("themes", "run `affectflow mine LAKE`"),
    ],
)
def test_what_cannot_be_plotted_says_what_is_missing(unlabelled, name, said):
    with pytest.raises(UsageError, match=said):
        unlabelled.plot(name)


def test_a_chart_is_saved_without_a_network(lake, tmp_path):
    lake.plot("emotions").save(tmp_path / "emotions.svg")

    assert "annoyance" in (tmp_path / "emotions.svg").read_text()


def test_a_notebook_shows_a_chart_without_a_network(lake):
    shown = lake.plot("themes").properties(width=300)._repr_mimebundle_()

    assert list(shown) == ["image/svg+xml"]
    assert "flaky tests" in shown["image/svg+xml"]


def test_a_renderer_that_was_enabled_is_used(lake):
    with altair.renderers.enable("html"):
        assert "text/html" in lake.plot("themes")._repr_mimebundle_()


# -- the report ------------------------------------------------------------------------


@pytest.mark.rotated
def test_the_report_is_shown_in_a_frame_of_its_own(lake):
    page = lake.report(title="Ours")

    assert page.html.lower().startswith("<!doctype html>")
    assert "Ours" in page.html
    assert page._repr_html_().startswith("<iframe srcdoc=")
    assert 'sandbox=""' in page._repr_html_()
    assert '"' not in page._repr_html_().split('srcdoc="')[1].split('" sandbox')[0]


@pytest.mark.rotated
def test_the_report_is_written_where_it_is_asked_for(lake, tmp_path):
    page = lake.report(tmp_path / "report.html")

    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page.html
    assert page.out == str(tmp_path / "report.html")
    (tmp_path / "mine.html").write_text("my own")
    with pytest.raises(UsageError, match="not a report"):
        lake.report(tmp_path / "mine.html")


def test_a_lake_that_grows_is_seen_when_it_is_opened_again(tmp_path):
    uri = tmp_path / "lake"
    store(str(uri), utterances("one"))
    with affectflow.open_lake(uri) as before:
        store(str(uri), utterances("two", utterance_id=["test:later"]))
        after = affectflow.open_lake(uri)
        asked = "SELECT count(*) FROM utterances"
        assert [lake.sql(asked).fetchall() for lake in (before, after)] == [
            [(1,)],
            [(2,)],
        ]
        after.close()
