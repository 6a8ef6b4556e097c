import warnings
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import EntryPoint

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affectflow import registry
from affectflow.errors import LakeError
from affectflow.lake import views
from affectflow.schemas import TABLES

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


class FolderLake:
    """What `connect` needs of a lake: the Parquet files of each table in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, **tables):
        for name, rows in tables.items():
            folder = self.folder / name
            folder.mkdir(parents=True, exist_ok=True)
            table = pa.Table.from_pylist(rows, schema=TABLES[name])
            pq.write_table(table, folder / f"{len(list(folder.iterdir()))}.parquet")
        return self

    def files(self, table):
        return sorted(str(path) for path in (self.folder / table).glob("*.parquet"))


@pytest.fixture
def lake(tmp_path):
    return FolderLake(tmp_path)


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return views.connect(FolderLake(tmp_path_factory.mktemp("empty")))


def rows(connection, sql):
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def utterance(name, **more):
    return {
        "utterance_id": name,
        "conversation_id": "c1",
        "speaker_id": "ada",
        "is_bot": False,
        "source": "s",
        "container": "repo",
        "timestamp": NOON,
        "text": "too slow, sorry",
        "visibility": "public",
        "url": f"https://example.org/{name}",
        **more,
    }


def label(name, label, **more):
    return {
        "utterance_id": name,
        "annotator_id": "m1",
        "task": "emotion",
        "vocabulary": "goemotions",
        "label": label,
        "score": 0.5,
        "rank": 1,
        "chosen": True,
        "status": "ok",
        "conversation_id": "c1",
        "timestamp": NOON,
        "source": "s",
        "container": "repo",
        "speaker_id": "ada",
        **more,
    }


def fold(label, target="irritation"):
    return {
        "from_vocabulary": "goemotions",
        "from_label": label,
        "to_vocabulary": target,
        "to_label": target,
        "weight": 1.0,
        "version": "1",
    }


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

GOOD = "SELECT count(*) AS n FROM utterances"
BAD = "SELECT * FROM no_such_table"


def CALLED():  # noqa: N802
    return "-- one row is the lake\nSELECT n + 1 AS n FROM good_view;"


def test_a_failing_view_of_a_plugin_warns_and_the_others_go_on(lake, monkeypatch):
    points = {
        name: [EntryPoint(name, f"{__name__}:{attribute}", "affectflow.views")]
        for name, attribute in {
            "good_view": "GOOD",
            "called_view": "CALLED",
            "bad_view": "BAD",
            "absent_view": "ABSENT",
            "emotions": "GOOD",
        }.items()
    }
    plugins = {"GOOD": GOOD, "BAD": BAD, "CALLED": CALLED}
    monkeypatch.setattr(EntryPoint, "load", lambda self: plugins[self.attr])
    monkeypatch.setattr(registry, "_found", lambda kind: points)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        connection = views.connect(lake.write(utterances=[utterance("u1")]))

    said = sorted(str(w.message).split("'")[1] for w in caught)
    assert said == ["absent_view", "bad_view", "emotions"]
    assert rows(connection, "SELECT n FROM called_view") == [{"n": 2}]
    assert rows(connection, "SELECT * FROM emotions") == []


# -- emotions --------------------------------------------------------------------


def test_emotions_lists_the_chosen_labels_by_rank(lake):
    lake.write(
        annotations=[
            label("u1", "joy", rank=2, score=0.4),
            label("u1", "gratitude", rank=1, score=0.75),
            label("u1", "neutral", rank=3, score=0.1, chosen=False),
            label("u2", None, rank=None, chosen=False, status="no_author_text"),
        ]
    )

    answer = rows(
        views.connect(lake),
        "SELECT utterance_id, labels, label, score, answered, status FROM emotions "
        "ORDER BY 1",
    )

    assert answer == [
        {
            "utterance_id": "u1",
            "labels": ["gratitude", "joy"],
            "label": "gratitude",
            "score": 0.75,
            "answered": True,
            "status": "ok",
        },
        {
            "utterance_id": "u2",
            "labels": [],
            "label": None,
            "score": None,
            "answered": False,
            "status": "no_author_text",
        },
    ]


@pytest.mark.parametrize(
    ("merges", "expected"),
    [
        pytest.param([], "c1", id="no merge"),
        pytest.param([("c1", "c2")], "c2", id="one merge"),
        pytest.param([("c1", "c2"), ("c2", "c3")], "c3", id="a merge of a merge"),
        pytest.param([("c1", "c1")], "c1", id="into itself"),
    ],
)
def test_late_merges_move_an_utterance_to_its_last_conversation(lake, merges, expected):
    lake.write(
        utterances=[utterance("u1")],
        annotations=[label("u1", "joy")],
        conversation_merges=[{"conversation_id": a, "into": b} for a, b in merges],
    )

    connection = views.connect(lake)

    for view in ("placed_utterances", "emotions", "conversation_arc"):
        found = rows(connection, f"SELECT conversation_id FROM {view}")
        assert found == [{"conversation_id": expected}], view


def test_a_circle_of_merges_ends(lake):
    circle = [
        {"conversation_id": "a", "into": "b"},
        {"conversation_id": "b", "into": "a"},
    ]
    connection = views.connect(lake.write(conversation_merges=circle))

    answer = rows(connection, "SELECT * FROM merged_conversations ORDER BY 1")

    assert answer == [
        {"conversation_id": "a", "root": "b"},
        {"conversation_id": "b", "root": "a"},
    ]


def test_emotion_daily_divides_by_all_answers_of_the_day(lake):
    day = {
        "day": date(2024, 3, 1),
        "source": "s",
        "container": "repo",
        "annotator_id": "m1",
        "task": "emotion",
    }
    # Two parts; the second met no joy, so only one row of joy, with half the answers.
    lake.write(
        rollups=[
            day | {"label": "joy", "n": 2, "chosen": 1, "score_sum": 0.5},
            day | {"label": "fear", "n": 2, "chosen": 2, "score_sum": 1.0},
        ],
        annotations=[
            label("u1", "joy"),
            label("u2", "neutral", speaker_id="bob"),
            label("u3", "fear", conversation_id="c2"),
            label("u4", "fear", conversation_id="c2"),
            label("u5", None, chosen=False, status="no_author_text"),
        ],
    )

    answer = rows(views.connect(lake), "SELECT * FROM emotion_daily ORDER BY label")

    assert [(r["label"], r["n"], r["chosen"], r["share"]) for r in answer] == [
        ("fear", 4, 2, 0.5),
        ("joy", 4, 1, 0.25),
    ]
    joy = answer[1]
    assert (joy["n_utterances"], joy["n_conversations"], joy["n_speakers"]) == (4, 2, 2)
    # z² = 3.8415: (1 + 1.92073 -+ 1.95996 sqrt(0.75 + 0.96036)) / 7.8415
    assert joy["low"] == pytest.approx(0.0456, abs=1e-4)
    assert joy["high"] == pytest.approx(0.6994, abs=1e-4)


# -- frustration and irritation --------------------------------------------------


def test_irritation_is_the_fold_of_chosen_labels_and_not_of_bots(lake):
    lake.write(
        utterances=[
            utterance("u1"),
            utterance("u2"),
            utterance("u3"),
            utterance("bot", is_bot=True),
        ],
        annotations=[
            label("u1", "annoyance", score=0.3),
            label("u1", "anger", score=0.7, rank=2),
            label("u2", "annoyance", chosen=False),
            label("u3", "joy"),
            label("bot", "anger"),
        ],
        folds=[fold("annoyance"), fold("anger"), fold("joy", "ekman")],
    )

    answer = rows(
        views.connect(lake), "SELECT utterance_id, labels, score, text FROM irritation"
    )

    assert answer == [
        {
            "utterance_id": "u1",
            "labels": ["anger", "annoyance"],
            "score": pytest.approx(0.7),
            "text": "too slow, sorry",
        }
    ]


def test_frustration_is_empty_until_its_own_task_has_run(lake):
    lake.write(
        utterances=[utterance("u1"), utterance("u2")],
        annotations=[label("u1", "anger")],
        folds=[fold("anger")],
    )
    assert rows(views.connect(lake), "SELECT * FROM frustration") == []
    own = {"task": "frustration", "vocabulary": "frustration", "annotator_id": "f1"}

    lake.write(
        annotations=[
            label("u1", "frustration", **own),
            label("u2", "frustration", **own, chosen=False),
        ]
    )

    answer = rows(views.connect(lake), "SELECT utterance_id FROM frustration")
    assert answer == [{"utterance_id": "u1"}]


# -- causes and themes -----------------------------------------------------------


def cause(name, utterance_id, **more):
    return {
        "cause_id": name,
        "utterance_id": utterance_id,
        "label": "anger",
        "emotion_annotator_id": "m1",
        "cause_utterance_id": utterance_id,
        "start": 0,
        "end": 8,
        "cause_text": "too slow",
        "status": "ok",
        **more,
    }


def theme(name, members, family="irritation"):
    clustering = f"{family}-0a1b"
    return (
        {
            "clustering_id": clustering,
            "theme_id": name,
            "title": name.upper(),
            "keywords": [name],
            "size": len(members),
            "exemplar_ids": members[-1:],
        },
        [
            {
                "cause_id": member,
                "theme_id": name,
                "clustering_id": clustering,
                "membership": 0.5,
            }
            for member in members
        ],
    )


def days(n):
    return NOON + timedelta(days=n)


@pytest.fixture
def mined(lake):
    """Theme `slow`: u0..u7, the first on day 0, the others late; `docs`: u8, u9."""
    when = [0, *[90 + i for i in range(7)], 1, 100]
    slow, slow_members = theme("slow", [f"k{i}" for i in range(8)] + ["again"])
    docs, docs_members = theme("docs", ["k8", "k9", "of a bot"])
    return lake.write(
        utterances=[
            *[
                utterance(f"u{i}", timestamp=days(d), speaker_id=f"p{i % 3}")
                for i, d in enumerate(when)
            ],
            utterance("bot", is_bot=True, timestamp=days(50)),
        ],
        causes=[
            *[cause(f"k{i}", f"u{i}") for i in range(10)],
            cause("again", "u7", start=10, end=15, cause_text="sorry"),
            cause("of a bot", "bot"),
        ],
        themes=[slow, docs],
        theme_members=[*slow_members, *docs_members],
    )


def test_a_theme_counts_distinct_utterances_of_people(mined):
    answer = rows(
        views.connect(mined),
        "SELECT theme, position, count, n_conversations, n_speakers "
        "FROM irritation_causes ORDER BY position",
    )

    assert answer == [
        {
            "theme": "SLOW",
            "position": 1,
            "count": 8,
            "n_conversations": 1,
            "n_speakers": 3,
        },
        {
            "theme": "DOCS",
            "position": 2,
            "count": 2,
            "n_conversations": 1,
            "n_speakers": 2,
        },
    ]


def test_trend_compares_the_halves_of_the_time_span(mined):
    # Span: day 0 to day 100. slow: 1 before day 50, 7 after; 6 >= 1.96 sqrt(8) = 5.54.
    answer = rows(
        views.connect(mined),
        "SELECT theme_id, earlier, later, trend FROM irritation_causes",
    )

    assert sorted(answer, key=lambda r: r["theme_id"]) == [
        {"theme_id": "docs", "earlier": 1, "later": 1, "trend": "unknown"},
        {"theme_id": "slow", "earlier": 1, "later": 7, "trend": "rising"},
    ]


def test_a_share_is_null_until_its_annotator_is_validated(mined):
    sql = "SELECT share, low, high FROM irritation_causes ORDER BY position"
    nothing = {"share": None, "low": None, "high": None}
    assert rows(views.connect(mined), sql) == [nothing, nothing]
    validation = {"kind": "validation", "unit_type": "annotator", "unit_id": "m1"}

    mined.write(measures=[validation | {"label": "joy"}])
    assert rows(views.connect(mined), sql) == [nothing, nothing]
    mined.write(measures=[validation | {"label": "irritation"}])

    slow, docs = rows(views.connect(mined), sql)
    assert (slow["share"], docs["share"]) == (0.8, 0.2)
    assert slow["low"] == pytest.approx(0.4902, abs=1e-4)
    assert slow["high"] == pytest.approx(0.9433, abs=1e-4)


def test_quotes_are_public_exact_and_led_by_the_exemplar(mined):
    private = [utterance("u0", visibility="private"), utterance("u1", text="edited")]
    kept = [utterance(f"u{i}") for i in range(2, 10)]
    (mined.folder / "utterances" / "0.parquet").unlink()
    mined.write(utterances=[*private, *kept])

    answer = rows(
        views.connect(mined),
        "SELECT utterance_id, quote FROM theme_quotes WHERE theme_id = 'slow' "
        "ORDER BY position",
    )

    assert answer[0] == {"utterance_id": "u7", "quote": "sorry"}
    assert [r["utterance_id"] for r in answer[1:]] == ["u2", "u3", "u4", "u5", "u6"]


def test_only_three_quotes_stand_beside_a_theme(mined):
    answer = rows(
        views.connect(mined), "SELECT quotes FROM irritation_causes WHERE position = 1"
    )

    assert [quote["quote"] for quote in answer[0]["quotes"]] == [
        "sorry",
        "too slow",
        "too slow",
    ]


def test_themes_of_frustration_and_irritation_stay_apart(mined):
    replaced, members = theme("old", ["k1"], "frustration")
    mined.write(themes=[replaced | {"replaced_by": "slow"}], theme_members=members)
    own, members = theme("mine", ["k2"], "frustration")
    mined.write(themes=[own], theme_members=members)

    connection = views.connect(mined)

    answer = rows(connection, "SELECT theme FROM frustration_causes")
    assert answer == [{"theme": "MINE"}]
    answer = rows(connection, "SELECT theme FROM irritation_causes ORDER BY theme")
    assert answer == [{"theme": "DOCS"}, {"theme": "SLOW"}]


# -- conversations, annotators, coverage, dead letters ---------------------------


def test_conversation_arc_carries_the_state_over_neutral_turns(lake):
    lake.write(
        utterances=[
            utterance("s:10", timestamp=None),
            utterance("s:9", timestamp=None, speaker_id="bob"),
            utterance("s:2"),
            utterance("s:1", timestamp=NOON - timedelta(hours=1)),
        ],
        annotations=[
            label("s:1", "anger"),
            label("s:2", "neutral"),
            label("s:9", "joy", speaker_id="bob"),
        ],
    )

    answer = rows(
        views.connect(lake),
        "SELECT turn, utterance_id, label, state, speaker_state FROM conversation_arc "
        "ORDER BY turn",
    )

    assert [tuple(row.values()) for row in answer] == [
        (1, "s:1", "anger", "anger", "anger"),
        (2, "s:2", "neutral", "anger", "anger"),
        (3, "s:9", "joy", "joy", "joy"),
        (4, "s:10", None, "joy", "anger"),
    ]


def test_annotator_agreement_is_cohens_kappa(lake):
    # Cohen's table for joy: both 4, only a 1, only b 2, neither 3; n = 10.
    # observed 0.7; by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5; kappa 0.2 / 0.5 = 0.4.
    a = ["joy"] * 4 + ["joy"] + ["fear"] * 2 + ["fear"] * 3
    b = ["joy"] * 4 + ["fear"] + ["joy"] * 2 + ["fear"] * 3
    lake.write(
        annotations=[
            *[label(f"u{i}", one) for i, one in enumerate(a)],
            *[label(f"u{i}", one, annotator_id="m2") for i, one in enumerate(b)],
            label("alone", "joy"),
            label("u0", "joy", annotator_id="m3", task="other"),
        ]
    )

    (joy,) = rows(
        views.connect(lake), "SELECT * FROM annotator_agreement WHERE label = 'joy'"
    )

    assert (joy["annotator_a"], joy["annotator_b"]) == ("m1", "m2")
    cells = [joy[k] for k in ("n", "both", "only_a", "only_b", "neither")]
    assert cells == [10, 4, 1, 2, 3]
    assert joy["observed"] == pytest.approx(0.7)
    assert joy["kappa"] == pytest.approx(0.4)
    assert joy["low"] < 0.7 < joy["high"]


def test_kappa_is_null_where_both_always_choose_the_label(lake):
    lake.write(annotations=[label("u1", "joy"), label("u1", "joy", annotator_id="m2")])

    (row,) = rows(
        views.connect(lake), "SELECT observed, kappa FROM annotator_agreement"
    )

    assert row == {"observed": 1.0, "kappa": None}


def test_coverage_adds_up(lake):
    lake.write(
        utterances=[utterance(f"s:{i}", is_bot=i == 0) for i in range(5)],
        annotations=[
            label("s:0", "joy"),
            label("s:1", None, chosen=False, status="no_author_text"),
            label("s:2", None, chosen=False, status="unsupported_language"),
            label("s:3", None, chosen=False, status="unparsed"),
            label("s:3", None, chosen=False, status="no_author_text", task="other"),
        ],
        dead_letters=[
            {"utterance_id": "s:4", "status": "open"},
            {"utterance_id": "s:99", "status": "open"},
            {"utterance_id": "s:98", "status": "replayed"},
        ],
    )

    answer = rows(
        views.connect(lake),
        "SELECT container, utterances, bots, annotated, silent, unsupported, "
        "unanswered, unannotated, dead_letters FROM coverage "
        "ORDER BY container NULLS LAST",
    )

    assert [tuple(row.values()) for row in answer] == [
        ("repo", 5, 1, 1, 2, 1, 0, 1, 1),
        (None, 0, 0, 0, 0, 0, 0, 0, 1),
    ]


def test_dead_letters_are_summed_by_step_and_reason(lake):
    letter = {"step": "ReadX", "error_type": "bad_json", "status": "open"}
    lake.write(
        dead_letters=[
            letter | {"origin": "f:2", "message": "later", "at": days(1)},
            letter | {"origin": "f:1", "message": "first", "at": days(0)},
            letter | {"origin": "f:3", "at": days(2), "status": "replayed"},
        ]
    )

    (row,) = rows(views.connect(lake), "SELECT * FROM dead_letter_summary")

    assert (row["n"], row["n_replayed"]) == (2, 1)
    assert (row["example_message"], row["example_origin"]) == ("first", "f:1")
    assert row["last_at"] - row["first_at"] == timedelta(days=2)


def test_a_connection_reads_thousands_of_files(lake):
    lake.write(utterances=[utterance("u1")])
    (only,) = lake.files("utterances")
    lake.files = lambda table: [only] * 3000 if table == "utterances" else []

    connection = views.connect(lake)

    assert isinstance(connection, duckdb.DuckDBPyConnection)
    assert rows(connection, "SELECT count(*) n FROM utterances") == [{"n": 3000}]
