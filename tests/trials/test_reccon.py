"""RECCON's figures of spans, as its published scorer has them and as they should be."""

import math

import pytest

from affectflow.trials.reccon import Answer, figures, run_f1, squad_f1

EQUAL = Answer("the build fails", "the build fails")
INSIDE = Answer("the build fails again", "build fails")
EMPTY = Answer("my laptop broke", "")
OVERLAPS = Answer("we lost the match", "the match was long")
RIGHTLY_EMPTY, INVENTED = Answer("", ""), Answer("", "the weather")


def named(answers, mode):
    return {name: value for name, _, value in figures(answers, mode)}


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        # F1 pos: (1 + 4/5 + 0 + 0) / 4; neg: 2 of 2 + (1 + 1) empty, 2 of 3 turns.
        pytest.param(
            "paper",
            {
                "EM pos": 1 / 4,
                "F1 pos": 9 / 20,
                "F1 pos, common run": (1 + 2 / 3) / 4,
                "F1 neg": 4 / 7,
                "F1": (9 / 5 + 2) / 7,
            },
            id="as published",
        ),
        # F1 pos: the overlap counts by 1/3; neg: 2 of 2 + 1 empty, 2 of 3 turns.
        pytest.param(
            "fixed",
            {
                "EM pos": 1 / 4,
                "F1 pos": (9 / 5 + 1 / 3) / 4,
                "F1 pos, common run": (1 + 2 / 3 + 1 / 2) / 4,
                "F1 neg": 2 / 3,
                "F1": (9 / 5 + 1 / 3 + 2) / 7,
            },
            id="fixed",
        ),
    ],
)
def test_figures_worked_out_by_hand(mode, expected):
    answers = [EQUAL, INSIDE, EMPTY, OVERLAPS, RIGHTLY_EMPTY, RIGHTLY_EMPTY, INVENTED]

    assert named(answers, mode) == pytest.approx(expected)


def test_the_published_f1_of_turns_without_a_cause_hangs_on_the_order():
    empty_last = [INSIDE, EMPTY, OVERLAPS, RIGHTLY_EMPTY]
    empty_first = [EMPTY, INSIDE, OVERLAPS, RIGHTLY_EMPTY]

    assert named(empty_last, "paper")["F1 neg"] == pytest.approx(1 / 2)
    assert named(empty_first, "paper")["F1 neg"] == pytest.approx(2 / 3)
    assert named(empty_last, "fixed") == named(empty_first, "fixed")


@pytest.mark.parametrize(
    ("marked", "found", "squad", "run"),
    [
        ("The build fails!", "build fails", 1.0, 4 / 5),
        ("up", "me", 0.0, 0.0),
        ("red red blue", "red", 1 / 2, 1 / 2),
        ("I lost my keys", "keys I lost", 6 / 7, 4 / 7),
    ],
)
def test_f1_of_two_spans(marked, found, squad, run):
    assert squad_f1(marked, found) == pytest.approx(squad)
    assert run_f1(marked, found) == pytest.approx(run)


def test_a_full_stop_more_is_an_exact_match_but_in_the_paper():
    answers = [Answer("The build fails .", "the build fails")]

    assert named(answers, "fixed")["EM pos"] == 1.0
    assert named(answers, "paper")["EM pos"] == 0.0


def test_an_empty_answer_does_not_find_an_article():
    assert named([Answer("the", "")], "fixed")["F1 pos"] == 0.0


def test_without_causes_their_figures_are_no_numbers():
    said = named([RIGHTLY_EMPTY], "fixed")

    assert math.isnan(said["EM pos"])
    assert said["F1 neg"] == said["F1"] == 1.0
