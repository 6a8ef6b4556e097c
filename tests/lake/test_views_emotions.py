"""Views: what was felt, by utterance and by day."""

from datetime import date

import pytest

from affectflow.lake import views
from tests.given.view_lakes import FolderLake, fold, label, rows, utterance


@pytest.fixture
def lake(tmp_path):
    return FolderLake(tmp_path)


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
