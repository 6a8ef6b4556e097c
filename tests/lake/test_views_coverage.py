"""Views: conversations, annotators, coverage, dead letters."""

from datetime import timedelta

import duckdb
import pytest

from affectflow.lake import views
from tests.given.view_lakes import NOON, FolderLake, days, label, rows, utterance


@pytest.fixture
def lake(tmp_path):
    return FolderLake(tmp_path)


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


@pytest.mark.rotated
def test_a_connection_reads_thousands_of_files(lake):
    lake.write(utterances=[utterance("u1")])
    (only,) = lake.files("utterances")
    lake.files = lambda table: [only] * 3000 if table == "utterances" else []

    connection = views.connect(lake)

    assert isinstance(connection, duckdb.DuckDBPyConnection)
    assert rows(connection, "SELECT count(*) n FROM utterances") == [{"n": 3000}]
