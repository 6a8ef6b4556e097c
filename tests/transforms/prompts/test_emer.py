"""Row 8 of the literature: a description first, then any number of emotions."""

from affectflow.kinds.prompt import Prompt
from tests.given.asked import asked
from tests.given.scripted import utterances


def test_the_description_is_a_row_and_the_labels_come_from_it_by_a_second_question():
    def script(question, request):
        if question.endswith("Emotions:"):
            return "[Worried, hopeful]" if "voice shakes" in question else "[]"
        return "Their voice shakes." if "shipping" in question else "They count."

    rows, model = asked("emer", script, utterances("I am shipping it", "1, 2, 3"))

    found = [[(r["task"], r["label"], r["status"]) for r in row] for row in rows]
    assert found == [
        [
            ("emotion_description", "description", "ok"),
            ("emotion_open", "worried", "ok"),
            ("emotion_open", "hopeful", "ok"),
        ],
        [
            ("emotion_description", "description", "ok"),
            ("emotion_open", None, "abstained"),
        ],
    ]
    assert rows[0][0]["raw"] == "Their voice shakes."
    assert "shipping" not in model.questions[2]


def test_a_judge_gives_the_first_number_from_1_to_10():
    pair = "She smiles.\n---\nShe looks glad."
    says = {"clues": "7, and 3 are missing", "emotions": "Score: 11"}

    def script(question, request):
        return says["clues" if "How many clues" in question else "emotions"]

    rows, _ = asked("overlap10", script, utterances(pair))

    assert [(r["task"], r["value"], r["status"]) for r in rows[0]] == [
        ("clue_overlap", 7.0, "ok"),
        ("label_overlap", None, "out_of_range"),
    ]


def test_the_open_question_has_no_closed_set():
    describe, name = Prompt.load("emer").steps

    assert not describe.labels
    assert not name.labels
    assert name.parser == "open_set"
